"""Thresholds of the estimation ladder."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from pipelines.vee.profile.fields import Share, Thresholds


class EstimationThresholds(Thresholds):
    """Which steps the ladder has, and what each may lean on."""

    ladder: tuple[str, ...] = Field(
        default=("outage_zero", "linear", "like_days"),
        min_length=1,
        strict=False,
        description="steps in order, names of the ladder's catalogue; catalogue 7.1",
    )
    linear_max_minutes: int = Field(
        default=120, ge=0, description="longest gap filled by a straight line [min]; California VEE 1999 section 4.1: 2 hours"
    )
    like_day_count: int = Field(
        default=3, ge=1, description="like days that are averaged; Elhub, Itron's historical method, ERCOT's Oncor"
    )
    like_day_window_days: int = Field(
        default=28, ge=1, description="how far back like days are looked for [d]; four weeks, AEMO method 15"
    )
    max_estimated_share: Share = Field(
        default=Decimal("0.25"), description="a bill with more estimated energy than this share is held; project default"
    )
