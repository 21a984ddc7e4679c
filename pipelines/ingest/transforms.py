"""Beam shells of ingest: work items to segments, segments to accounts."""

from collections.abc import Iterable, Iterator

import apache_beam as beam
from apache_beam.metrics import Metrics

from pipelines.ingest.delivered_files import IngestWork
from pipelines.ingest.reconcile import reconcile
from pipelines.ingest.take_in import TakenIn, take_in
from pipelines.journal import note
from pipelines.lakehouse.data_files import DataFile
from pipelines.plan import RunPlan
from pipelines.results import BucketResult
from schemas.periods import standard_offset_minutes
from schemas.readings import DELIVERIES
from schemas.register_reads import REGISTER_READS


class TakeIn(beam.DoFn):
    """A work item of delivered files becomes files of the store."""

    def __init__(self, plan: RunPlan) -> None:
        """Carry the plan to the worker."""
        self.plan = plan

    def process(self, element: IngestWork) -> Iterator[TakenIn]:
        """Read the files and say what they became."""
        taken = take_in(element, self.plan)
        for account in taken.accounts:
            Metrics.counter("ingest", "rows_read").inc(account.rows_read)
            Metrics.counter("ingest", "rows_rejected").inc(account.rows_rejected)
        note(self.plan.root, self.plan.run_id, "ingest", files=len(element.files), bytes=sum(f.size for f in element.files))
        yield taken


def by_bucket(taken: TakenIn) -> Iterator[tuple[int, DataFile]]:
    """Deal the segments of a work item out to their buckets: references, never readings."""
    for segment in taken.segments:
        yield segment.bucket, segment.file


class Reconcile(beam.DoFn):
    """The new rows of a bucket are held against everything delivered before."""

    def __init__(self, plan: RunPlan) -> None:
        """Carry the plan to the worker."""
        self.plan = plan

    def process(self, element: tuple[int, Iterable[DataFile | None]]) -> Iterator[BucketResult]:
        """Account for the bucket's new rows."""
        bucket, segments = element
        fresh = sorted((file for file in segments if file is not None), key=lambda file: (file.table, file.path))
        result = BucketResult(bucket, fresh=fresh)
        if fresh:
            before = [file for table in (DELIVERIES, REGISTER_READS) for file in self.plan.base.files(table)]
            offset = standard_offset_minutes(self.plan.settings.zone)
            result.reconciled = reconcile(self.plan.root, bucket, fresh, before, default_offset_minutes=offset)
        yield result
