"""Thresholds of the rules that look at single slots and days."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from pipelines.vee.profile.fields import Thresholds


class SlotThresholds(Thresholds):
    """What a slot or a day may be."""

    fuse_factor: Decimal = Field(
        default=Decimal("1.2"), gt=0, description="energy above the main fuse's rating times this is impossible; mako V12"
    )
    spike_percent: int = Field(
        default=180, gt=0, description="highest above third highest slot of a day [%]; California VEE section 3.4, Oracle"
    )
    spike_floor: Decimal = Field(
        default=Decimal("0.5"), ge=0, description="a slot up to this energy is no spike [the channel's unit]; project default"
    )
