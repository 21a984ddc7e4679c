"""Beam shells of micro-batches: planned, taken through the stages, gathered, published.

After a batch is closed nothing depends on windows, triggers or watermarks any more: parts are counted. A straggler is a
batch of its own, and a batch is published when its last part is there, not when a clock says so.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import apache_beam as beam
from apache_beam.coders import FastPrimitivesCoder
from apache_beam.transforms.userstate import BagRuntimeState, BagStateSpec

from pipelines.bill.transforms import Settle
from pipelines.ingest.delivered_files import FileRef
from pipelines.ingest.take_in import TakenIn
from pipelines.ingest.transforms import Reconcile, TakeIn
from pipelines.journal import note
from pipelines.lakehouse.catalogue import publish_catalogue
from pipelines.lakehouse.data_files import DataFile
from pipelines.lakehouse.lock import writer_lock
from pipelines.lakehouse.store import Store
from pipelines.micro_batches.batch import Batch, StreamSettings, make_batch, plan_of, rebased
from pipelines.plan import RunPlan
from pipelines.publish.failures import note_failure
from pipelines.publish.transforms import commit_parts
from pipelines.results import BucketResult
from pipelines.vee.transforms import Validate
from schemas.errors import MeterToBillError

InBatch = tuple[Batch, Any]
"""A part of a batch: a work item, what it became, a bucket's result, the text of a failure."""


class PlanBatch(beam.DoFn):
    """The files of a window become a batch, on top of what was published by now."""

    def __init__(self, settings: StreamSettings) -> None:
        """Carry the settings to the worker."""
        self.settings = settings

    def process(self, element: tuple[int, Iterable[FileRef]], window: Any = beam.DoFn.WindowParam) -> Iterator[Batch]:  # noqa: ANN401 - Beam's
        """Leave out what is in the store, and plan the rest."""
        base = Store(self.settings.root).snapshot()
        batch = make_batch(base, element[1], window.end.to_utc_datetime(has_tz=True))
        if batch is not None:
            plan = plan_of(self.settings, batch)
            size = sum(file.size for file in batch.files)
            facts = {"buckets": plan.settings.buckets, "validates": plan.validates, "bills": plan.billing is not None}
            note(plan.root, plan.run_id, "plan", bytes=size, files=len(batch.files), **facts)
            yield batch


class PerBatch(beam.DoFn):
    """A stage of the flow, with the plan of the batch that the element belongs to."""

    def __init__(self, settings: StreamSettings, stage: Callable[[RunPlan], beam.DoFn]) -> None:
        """Carry the settings and the stage to the worker."""
        self.settings = settings
        self.stage = stage

    def process(self, element: InBatch) -> Iterator[InBatch]:
        """Do what the stage does, for this batch."""
        batch, part = element
        for made in self.stage(plan_of(self.settings, batch)).process(part):
            yield batch, made


class Gather(beam.DoFn):
    """Parts with one key are kept until all are there."""

    PARTS = BagStateSpec("parts", FastPrimitivesCoder())

    def __init__(self, complete: Callable[[Batch, list[Any]], bool]) -> None:
        """Carry what says that all are there."""
        self.complete = complete

    def process(
        self,
        element: tuple[str, InBatch],
        parts: BagRuntimeState = beam.DoFn.StateParam(PARTS),  # noqa: B008 - how Beam declares state
    ) -> Iterator[tuple[Batch, list[Any]]]:
        """Keep the part; pass all of them on with the last."""
        batch, part = element[1]
        gathered = [*parts.read(), part]
        if self.complete(batch, gathered):
            parts.clear()
            yield batch, gathered
        else:
            parts.add(part)


class EveryBucket(beam.DoFn):
    """What a work item became, told to every bucket of the store: a bucket waits for all work items of the batch."""

    def __init__(self, settings: StreamSettings) -> None:
        """Carry the settings to the worker."""
        self.settings = settings

    def process(self, element: InBatch) -> Iterator[tuple[str, InBatch]]:
        """Deal the segments out: references, never readings."""
        batch, taken = element
        for bucket in range(plan_of(self.settings, batch).settings.buckets):
            files = [segment.file for segment in taken.segments if segment.bucket == bucket]
            yield f"{batch.run_id}/{bucket}", (batch, (bucket, files))


def all_taken(batch: Batch, parts: list[tuple[int, list[DataFile]]]) -> bool:
    """Every work item of the batch told the bucket what it has for it."""
    return len(parts) == len(batch.work)


def as_bucket_work(element: tuple[Batch, list[tuple[int, list[DataFile]]]]) -> InBatch:
    """Return what the work items have for a bucket as one element of ``Reconcile``."""
    batch, parts = element
    return batch, (parts[0][0], [file for _, files in parts for file in files])


class Worked:
    """Every work item and every bucket of the batch is there, or one of them failed."""

    def __init__(self, settings: StreamSettings) -> None:
        """Carry the settings to the worker."""
        self.settings = settings

    def __call__(self, batch: Batch, parts: list[Any]) -> bool:
        """Count the parts."""
        expected = len(batch.work) + plan_of(self.settings, batch).settings.buckets
        return len(parts) == expected or any(isinstance(part, str) for part in parts)


class PublishBatch(beam.DoFn):
    """A batch becomes one commit, under the writer lock.

    A batch that was published already is played again after a failure of the runner: it is left alone. Where another run
    came first since the batch was planned, what was made of its files rests on versions that are no longer the latest: it
    is made again, here, on the latest ones.
    """

    def __init__(self, settings: StreamSettings, now: Callable[[], datetime]) -> None:
        """Carry the settings to the worker, and the clock that dates the commits."""
        self.settings = settings
        self.now = now

    def process(self, element: tuple[Batch, list[Any]]) -> Iterator[str]:
        """Commit, and say which run it was.

        Raises:
            InvariantError: a unit of work failed; its error is in the message.
            StoreBusyError: another writer kept the store for longer than the settings allow.
        """
        batch, parts = element
        try:
            with writer_lock(self.settings.root, self.settings.lock_seconds):
                run_id = self._publish(batch, parts)
        except MeterToBillError as error:
            note_failure(plan_of(self.settings, batch), error)
            raise
        if run_id is not None:
            yield run_id

    def _publish(self, batch: Batch, parts: Iterable[Any]) -> str | None:
        store = Store(self.settings.root)
        if batch.run_id in set(store.runs()["run_id"].to_pylist()):
            return None
        latest = store.snapshot()
        if latest.run_id != batch.base_run_id:
            batch = rebased(batch, latest)
            if not batch.files:
                return None
            parts = work_through(plan_of(self.settings, batch), batch)
        run_id = commit_parts(plan_of(self.settings, batch), self.settings.request.command, parts, self.now())
        publish_catalogue(store, store.snapshot())
        return run_id


def work_through(plan: RunPlan, batch: Batch) -> Iterator[TakenIn | BucketResult]:
    """Take a batch through all stages, one unit of work after another; yield what ``commit_parts`` wants."""
    taken = [made for work in batch.work for made in TakeIn(plan).process(work)]
    yield from taken
    for bucket in range(plan.settings.buckets):
        files = [segment.file for made in taken for segment in made.segments if segment.bucket == bucket]
        for accounted in Reconcile(plan).process((bucket, files)):
            for validated in Validate(plan).process(accounted):
                for settled in Settle(plan).process(validated):
                    yield settled.without_rows()
