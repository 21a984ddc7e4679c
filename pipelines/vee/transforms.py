"""Beam shell of VEE."""

from collections.abc import Iterator

import apache_beam as beam
from apache_beam.metrics import Metrics

from pipelines.journal import note
from pipelines.plan import RunPlan
from pipelines.results import BucketResult
from pipelines.vee.validate import validate_bucket


class Validate(beam.DoFn):
    """The deliveries of a bucket become validated readings and exceptions."""

    def __init__(self, plan: RunPlan) -> None:
        """Carry the plan to the worker."""
        self.plan = plan

    def process(self, element: BucketResult) -> Iterator[BucketResult]:
        """Validate the months that new rows touched or that the plan names."""
        result = validate_bucket(self.plan, element)
        Metrics.counter("vee", "readings").inc(result.counters["readings_validated"])
        note(self.plan.root, self.plan.run_id, "vee", bucket=result.bucket, readings=result.counters["readings_validated"])
        yield result
