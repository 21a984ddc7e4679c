"""Beam shell of billing."""

from collections.abc import Iterator

import apache_beam as beam
from apache_beam.metrics import Metrics

from pipelines.bill.settle import settle_bucket
from pipelines.journal import note
from pipelines.plan import RunPlan
from pipelines.results import BucketResult


class Settle(beam.DoFn):
    """The validated readings of a bucket become usage, charge lines, bills, holds and CRM records."""

    def __init__(self, plan: RunPlan) -> None:
        """Carry the plan to the worker."""
        self.plan = plan

    def process(self, element: BucketResult) -> Iterator[BucketResult]:
        """Bill what is due in the bucket."""
        result = settle_bucket(self.plan, element)
        Metrics.counter("bill", "bills").inc(result.counters["bills_made"])
        Metrics.counter("bill", "holds").inc(result.counters["holds_open"])
        note(self.plan.root, self.plan.run_id, "bill", bucket=result.bucket, bills=result.counters["bills_made"])
        yield result
