"""Thresholds of registers, and of intervals held against them."""

from __future__ import annotations

from pydantic import Field

from pipelines.vee.profile.fields import Share, Thresholds
from pipelines.vee.registers import ROLLOVER_GUARD


class RegisterThresholds(Thresholds):
    """What a register may say."""

    sum_check_steps: int = Field(
        default=2, ge=0, description="sum check tolerance [register steps times multiplier]; California: two multiplier units"
    )
    sum_check_permille: int = Field(default=0, ge=0, description="sum check tolerance [per mille of the register's advance]")
    negative_scaling: bool = Field(
        default=False, description="spread a negative register residual over the gap; Itron's switch, off: the period is blocked"
    )
    rollover_guard: Share = Field(
        default=ROLLOVER_GUARD, description="a register below this share of its capacity does not roll over; project default"
    )
