"""The whole flow on one screen: delivered files in, validated readings, bills and CRM records out.

Elements are units of work, never readings: a work item of files, then a bucket of service points. Ingest deals rows out
to buckets through the store, and what Beam groups are references. From there a bucket's work is one fused chain: its
readings are read once, and determinants, charge lines and bills come out. Workers write files; the last step commits.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.bill.transforms import Settle
from pipelines.ingest.delivered_files import IngestWork
from pipelines.ingest.transforms import Reconcile, TakeIn, by_bucket
from pipelines.lakehouse.data_files import DataFile
from pipelines.plan import RunPlan
from pipelines.publish.failures import noted_failure
from pipelines.publish.transforms import Publish
from pipelines.vee.transforms import Validate

logging.getLogger("apache_beam").setLevel(logging.ERROR)

Dealt = tuple[int, DataFile | None]
"""What is grouped by bucket. Branches that join have one type: a runner outside Python joins bytes, not objects."""


def meter_to_bill(
    root: beam.Pipeline, plan: RunPlan, work: Sequence[IngestWork], command: str, now: Callable[[], datetime]
) -> beam.PCollection:
    """Lay out the flow; the one element that comes out is the id of the run it published.

    Args:
        root: the pipeline.
        plan: what the run was asked to do.
        work: files to take in; empty to go on from what was delivered before.
        command: the command's name in ``runs``.
        now: the command line's clock, for the commit.
    """
    taken, not_taken = attempt(root | "List files" >> beam.Create(list(work)), "Take in", TakeIn(plan))
    dealt = taken | "Deal by bucket" >> beam.FlatMap(by_bucket).with_output_types(Dealt)
    every = root | "List buckets" >> beam.Create([(b, None) for b in range(plan.settings.buckets)]).with_output_types(Dealt)
    segments = (dealt, every) | "Join" >> beam.Flatten() | "Group by bucket" >> beam.GroupByKey()
    accounted, not_accounted = attempt(segments, "Reconcile", Reconcile(plan))
    validated, not_validated = attempt(accounted, "Validate", Validate(plan))
    settled, not_settled = attempt(validated, "Settle", Settle(plan))
    results = settled | "Leave the readings" >> beam.Map(lambda result: result.without_rows())
    begun = root | "Start the run" >> beam.Create([None])
    return (
        (begun, taken, results, not_taken, not_accounted, not_validated, not_settled)
        | "Join all" >> beam.Flatten()
        | "Make one" >> beam.Map(lambda part: (0, part)).with_output_types(tuple[int, Any])
        | "Collect" >> beam.GroupByKey()
        | "Publish" >> beam.ParDo(Publish(plan, command, now))
    )


def attempt(units: beam.PCollection, label: str, stage: beam.DoFn) -> tuple[beam.PCollection, beam.PCollection]:
    """Apply ``stage``; return its results and, as text, its failures: an element it fails on stops no other."""
    done, failed = units | label >> beam.ParDo(stage).with_exception_handling()
    return done, failed | f"{label}: describe failures" >> beam.Map(describe_failure).with_output_types(Any)


def describe_failure(failure: tuple[Any, tuple[type, str, list[str]]]) -> str:
    """Return a dead letter as text: what failed, on which element."""
    element, (_, text, trace) = failure
    unit = f"bucket {element.bucket}" if hasattr(element, "bucket") else str(element)[:100]
    return f"{text[:1000]} while working on {unit}\n{''.join(trace)[-2000:]}"


def run_locally(
    plan: RunPlan,
    work: Sequence[IngestWork],
    command: str,
    now: Callable[[], datetime],
    *,
    workers: int = 2,
    mode: str = "multi_threading",
) -> None:
    """Run the flow on Beam's own local runner, named explicitly: the default one tries a download first.

    Args:
        plan: what the run was asked to do.
        work: files to take in.
        command: the command's name in ``runs``.
        now: the command line's clock.
        workers: workers side by side.
        mode: ``in_memory``, ``multi_threading`` or ``multi_processing``.

    Raises:
        MeterToBillError: what stopped the commit.
    """
    options = ("--runner=FnApiRunner", f"--direct_num_workers={workers}", f"--direct_running_mode={mode}")
    run_portably(plan, work, command, now, options)


def run_portably(
    plan: RunPlan, work: Sequence[IngestWork], command: str, now: Callable[[], datetime], options: Sequence[str]
) -> None:
    """Run the same flow where ``options`` say: Flink's mini-cluster, a cluster, another portable runner.

    Args:
        plan: what the run was asked to do.
        work: files to take in.
        command: the command's name in ``runs``.
        now: the command line's clock.
        options: Beam's own options, such as ``--runner=FlinkRunner``.

    Raises:
        MeterToBillError: what stopped the commit, whatever the runner made of it.
    """
    try:
        with beam.Pipeline(options=PipelineOptions(list(options))) as root:
            meter_to_bill(root, plan, work, command, now)
    except Exception as failure:
        noted = noted_failure(plan)
        if noted is None:
            raise
        raise noted from failure
