"""Every step of the ladder by its name in profiles."""

from __future__ import annotations

from pipelines.vee.estimation.filling import Step
from pipelines.vee.estimation.like_days import LIKE_DAYS
from pipelines.vee.estimation.linear import LINEAR
from pipelines.vee.estimation.outage_zero import OUTAGE_ZERO

STEPS: dict[str, Step] = {step.name: step for step in (OUTAGE_ZERO, LINEAR, LIKE_DAYS)}
