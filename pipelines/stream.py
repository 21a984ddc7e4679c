"""The flow without an end: files as they arrive, in micro-batches, through the same stages, each batch one commit.

The mouth differs from ``meter_to_bill``; the stages are the same. What arrives within a window is a batch. It is planned
on top of the run published last, worked on bucket by bucket, and committed under the writer lock; of two batches on
their way at once the later is made again on top of the earlier. A file is known by its content, in the store: what is
delivered twice, or played again after a failure, is published once.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.transforms.trigger import AccumulationMode, AfterCount, AfterWatermark
from apache_beam.transforms.window import FixedWindows, GlobalWindows

from pipelines.arrivals.transforms import Identify
from pipelines.bill.transforms import Settle
from pipelines.ingest.transforms import Reconcile, TakeIn
from pipelines.meter_to_bill import describe_failure
from pipelines.micro_batches.batch import StreamSettings
from pipelines.micro_batches.transforms import (
    EveryBucket,
    Gather,
    InBatch,
    PerBatch,
    PlanBatch,
    PublishBatch,
    Worked,
    all_taken,
    as_bucket_work,
)
from pipelines.vee.transforms import Validate


def meter_to_bill_stream(
    root: beam.Pipeline, source: beam.PTransform, settings: StreamSettings, now: Callable[[], datetime]
) -> beam.PCollection:
    """Lay out the stream; what comes out are the ids of the runs it publishes.

    Args:
        root: the pipeline.
        source: gives paths of delivered files, stamped with the time they were found.
        settings: what the stream is asked to do.
        now: the command line's clock, for the commits.
    """
    batches = (
        root
        | "Arrive" >> source
        | "Identify" >> Identify()
        | "Open windows" >> in_windows(settings)
        | "Any" >> beam.Map(lambda file: (0, file))
        | "Close a batch" >> beam.GroupByKey()
        | "Plan" >> beam.ParDo(PlanBatch(settings))
        | "Count from here" >> beam.WindowInto(GlobalWindows())
    )
    work = batches | "List files" >> beam.FlatMap(lambda batch: [(batch, work) for work in batch.work]).with_output_types(InBatch)
    taken, not_taken = attempt(work, "Take in", PerBatch(settings, TakeIn))
    segments = (
        taken
        | "Deal by bucket" >> beam.ParDo(EveryBucket(settings)).with_output_types(tuple[str, InBatch])
        | "Gather by bucket" >> beam.ParDo(Gather(all_taken))
        | "As bucket work" >> beam.Map(as_bucket_work)
    )
    accounted, not_accounted = attempt(segments, "Reconcile", PerBatch(settings, Reconcile))
    validated, not_validated = attempt(accounted, "Validate", PerBatch(settings, Validate))
    settled, not_settled = attempt(validated, "Settle", PerBatch(settings, Settle))
    results = settled | "Leave the readings" >> in_batch(lambda part: (part[0], part[1].without_rows()))
    return (
        (taken, results, not_taken, not_accounted, not_validated, not_settled)
        | "Join all" >> beam.Flatten()
        | "By batch" >> beam.Map(lambda part: (part[0].run_id, part)).with_output_types(tuple[str, InBatch])
        | "Gather the batch" >> beam.ParDo(Gather(Worked(settings)))
        | "Publish" >> beam.ParDo(PublishBatch(settings, now))
    )


def in_windows(settings: StreamSettings) -> beam.WindowInto:
    """Return windows by time of arrival; a straggler comes out by itself as soon as it is there."""
    return beam.WindowInto(
        FixedWindows(settings.window_seconds),
        trigger=AfterWatermark(late=AfterCount(1)),
        accumulation_mode=AccumulationMode.DISCARDING,
        allowed_lateness=settings.lateness_seconds,
    )


def in_batch(function: Callable[[Any], InBatch]) -> beam.PTransform:
    """Return a map to parts of batches: branches that join have one type."""
    return beam.Map(function).with_output_types(InBatch)


def attempt(parts: beam.PCollection, label: str, stage: beam.DoFn) -> tuple[beam.PCollection, beam.PCollection]:
    """Apply ``stage``; return its results and, as text, its failures, all within their batches."""
    done, failed = parts | label >> beam.ParDo(stage).with_exception_handling()
    described = in_batch(lambda failure: (failure[0][0], describe_failure((failure[0][1], failure[1]))))
    return done, failed | f"{label}: describe failures" >> described


def run_stream(
    source: beam.PTransform, settings: StreamSettings, now: Callable[[], datetime], options: Sequence[str]
) -> beam.runners.runner.PipelineResult:
    """Start the stream where ``options`` say and return its handle: to wait for it, or to cancel it.

    Args:
        source: gives paths of delivered files.
        settings: what the stream is asked to do.
        now: the command line's clock.
        options: Beam's own options, such as ``--runner=FlinkRunner``.
    """
    root = beam.Pipeline(options=PipelineOptions([*options, "--streaming"]))
    meter_to_bill_stream(root, source, settings, now)
    return root.run()
