"""How a failure of ours gets from a worker to the command line with its code.

A runner that talks to its workers over a wire brings back the text of an exception, not the exception. The one that stopped
the commit is therefore noted in the run's journal, where the command line finds it again, whatever ran the flow.
"""

from __future__ import annotations

from pipelines.journal import note, read_journal
from pipelines.plan import RunPlan
from schemas import errors
from schemas.errors import MeterToBillError

STAGE = "failed"


def note_failure(plan: RunPlan, error: MeterToBillError) -> None:
    """Note in the journal what stopped the run."""
    facts = {"code": error.code, "message": error.message, "hint": error.hint, "where": error.where}
    note(plan.root, plan.run_id, STAGE, error=type(error).__name__, **facts)


def noted_failure(plan: RunPlan) -> MeterToBillError | None:
    """Return what stopped the run; None when nothing of ours did."""
    noted = [line for line, _ in read_journal(plan.root, plan.run_id) if line["stage"] == STAGE]
    if not noted:
        return None
    last = noted[-1]
    kind: type[MeterToBillError] = getattr(errors, last["error"])
    return kind(last["code"], last["message"], last["hint"], last["where"])
