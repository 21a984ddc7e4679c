"""The thresholds that hold for one channel in one month: what the kernels of validation and estimation take.

No threshold is a truth: each is a parameter that a utility signs off. The defaults suit homes with half-hourly or
quarter-hourly electricity. Which thresholds hold for whom and when, ``pipelines.vee.profile.book`` says.
"""

from __future__ import annotations

from pydantic import Field

from pipelines.vee.profile.estimation_thresholds import EstimationThresholds
from pipelines.vee.profile.period_thresholds import PeriodThresholds
from pipelines.vee.profile.register_thresholds import RegisterThresholds
from pipelines.vee.profile.run_thresholds import RunThresholds
from pipelines.vee.profile.signal_thresholds import SignalThresholds
from pipelines.vee.profile.slot_thresholds import SlotThresholds

OFF = "off"


class VeeProfile(SignalThresholds, PeriodThresholds, RegisterThresholds, RunThresholds, SlotThresholds, EstimationThresholds):
    """Every parameter of the rules and of the ladder, resolved: one value each."""

    severities: dict[str, str] = Field(
        default={}, description="rule to info, warn, est, block or off, where it differs from the rule's own"
    )

    def is_on(self, rule: str) -> bool:
        """Tell whether a rule is judged at all."""
        return self.severities.get(rule) != OFF
