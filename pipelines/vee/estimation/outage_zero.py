"""Zero where the supply was out for the whole slot."""

from __future__ import annotations

from pipelines.vee.estimation.filling import Estimates, Filling, Step
from schemas.codes import Method, SlotFlag


def outage_zero(filling: Filling, estimates: Estimates) -> Estimates:
    """Put zero into missing slots with a confirmed outage (Elhub's outage flag; California working group; ERCOT)."""
    out = filling.block.has(SlotFlag.OUTAGE)
    if out is None:
        return estimates
    at = estimates.open
    return estimates.put(at[out.reshape(-1)[estimates.flat[at]]], 0, Method.OUTAGE_ZERO)


OUTAGE_ZERO = Step(
    "outage_zero", Method.OUTAGE_ZERO, None, "Elhub outage flag; California working group 1998; ERCOT", outage_zero
)
