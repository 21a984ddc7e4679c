"""Thresholds of the rules that look at runs of slots."""

from __future__ import annotations

from pydantic import Field

from pipelines.vee.profile.fields import Thresholds


class ZeroRunSlots(Thresholds):
    """Shortest run of zeros worth a look [slots], by commodity; 0 switches the rule off."""

    electricity: int = Field(
        default=96,
        ge=0,
        description="mako's V05 has 4, which a home with a gas boiler passes every night: two days of half hours",
    )
    gas: int = Field(default=48, ge=0, description="mako V05")
    water: int = Field(default=720, ge=0, description="mako V05")
    heat: int = Field(default=720, ge=0, description="mako V05")


class RunThresholds(Thresholds):
    """How long the same may go on."""

    zero_run_slots: ZeroRunSlots = Field(default=ZeroRunSlots(), description="see ZeroRunSlots")
