"""Beam shell of the commit: one element in, one run published."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

import apache_beam as beam

from pipelines.bill.cross_check import chosen, require_agreement
from pipelines.ingest.take_in import TakenIn
from pipelines.plan import RunPlan
from pipelines.publish.failures import note_failure
from pipelines.results import BucketResult, publish
from schemas.errors import InvariantError, MeterToBillError


class Publish(beam.DoFn):
    """Everything a run made becomes one commit; nothing does when a unit of work failed."""

    def __init__(self, plan: RunPlan, command: str, now: Callable[[], datetime]) -> None:
        """Carry the plan to the worker.

        Args:
            plan: the run's plan.
            command: the command's name in ``runs``.
            now: the clock of the command line; it dates the commit and nothing else.
        """
        self.plan = plan
        self.command = command
        self.now = now

    def process(self, element: tuple[int, Iterable[object]]) -> Iterator[str]:
        """Commit, and say which run it was.

        Raises:
            InvariantError: a unit of work failed; its error is in the message.
        """
        try:
            run_id = commit_parts(self.plan, self.command, element[1], self.now())
        except MeterToBillError as error:
            note_failure(self.plan, error)
            raise
        yield run_id


def commit_parts(plan: RunPlan, command: str, parts: Iterable[object], finished_at: datetime) -> str:
    """Commit what the units of work came to and return the id of the run.

    Args:
        plan: the run's plan.
        command: the command's name in ``runs``.
        parts: a ``TakenIn`` per work item, a ``BucketResult`` per bucket, a text per failure.
        finished_at: dates the commit.

    Raises:
        InvariantError: a unit of work failed, its error is in the message; or the reference engine disagrees with a bill.
    """
    parts = list(parts)
    failed = sorted(part for part in parts if isinstance(part, str))
    if failed:
        code = "work.failed"
        raise InvariantError(
            code, f"{len(failed)} units of work failed, nothing is published: {failed[0]}", "this is a bug: report it"
        )
    taken = [part for part in parts if isinstance(part, TakenIn)]
    buckets = [part for part in parts if isinstance(part, BucketResult)]
    if plan.cross_check:
        sample = chosen([offered for bucket in buckets for offered in bucket.samples], plan.cross_check)
        require_agreement(sample)
        for bucket in buckets[:1]:
            bucket.counters["bills_cross_checked"] = len(sample)
            bucket.counters["bills_cross_checked_by_sums"] = sum(each.inputs.timeline is None for each in sample)
    return publish(plan, command, taken, buckets, finished_at).run_id
