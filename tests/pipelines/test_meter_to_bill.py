"""The flow as a whole: it reads as a sentence, publishes all or nothing, and ends the same whatever happens on the way."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import apache_beam as beam
import pytest

from pipelines.ingest.delivered_files import Delivery
from pipelines.lakehouse.store import Store, orphans
from pipelines.meter_to_bill import meter_to_bill
from pipelines.operations.flow import FlowRequest, make_plan, run_flow
from pipelines.operations.opening import utc_now
from pipelines.results import BucketResult
from pipelines.vee import transforms as vee
from schemas.errors import InvariantError
from schemas.tables import DATA_TABLES

KILLS = 6


@pytest.fixture(scope="session")
def expected(january_billed: Store, canonical_rows):
    rows = canonical_rows(january_billed)
    assert rows["bills"]
    assert rows["crm_records"]
    return rows


class TestTheGraph:
    @pytest.fixture
    def labels(self, loaded_store: Store, january: FlowRequest) -> list[str]:
        base = loaded_store.snapshot()
        plan = make_plan(loaded_store, base, replace(january, paths=()), Delivery((), ()), utc_now)
        root = beam.Pipeline(runner="FnApiRunner")
        meter_to_bill(root, plan, [], "run", utc_now)
        return [part.full_label for part in root.transforms_stack[0].parts]

    def test_reads_as_a_sentence(self, labels):
        sentence = ["Take in", "Deal by bucket", "Group by bucket", "Reconcile", "Validate", "Settle", "Collect", "Publish"]
        assert [label for label in labels if label in sentence] == sentence

    def test_has_a_dead_letter_after_every_stage_that_works_on_rows(self, labels):
        described = [label.removesuffix(": describe failures") for label in labels if label.endswith(": describe failures")]
        assert described == ["Take in", "Reconcile", "Validate", "Settle"]


class TestAPoisonedBucket:
    @pytest.fixture
    def poisoned(self, monkeypatch):
        """Make validation fail on one of the four buckets."""
        healthy = vee.validate_bucket

        def validate(plan, result: BucketResult) -> BucketResult:
            if result.bucket == 2:
                message = "the kernel broke"
                raise ArithmeticError(message)
            return healthy(plan, result)

        monkeypatch.setattr(vee, "validate_bucket", validate)

    def test_publishes_nothing(self, poisoned, loaded_store, january):
        before = loaded_store.runs()
        with pytest.raises(InvariantError):
            run_flow(loaded_store, january)
        assert loaded_store.runs().equals(before)

    def test_is_named_with_what_it_died_of(self, poisoned, loaded_store, january):
        options = ("--runner=FnApiRunner", "--direct_running_mode=in_memory")
        with pytest.raises(InvariantError, match=r"ArithmeticError\('the kernel broke'\) while working on bucket 2"):
            run_flow(loaded_store, replace(january, runner_options=options))

    def test_is_named_by_a_runner_in_another_process_too(self, poisoned, loaded_store, january, prism):
        with pytest.raises(InvariantError, match=r"ArithmeticError\('the kernel broke'\) while working on bucket 2"):
            run_flow(loaded_store, replace(january, runner_options=prism))


class TestTheSameRows:
    def test_when_run_again(self, loaded_store, january, expected, canonical_rows):
        run_flow(loaded_store, january)
        first = loaded_store.snapshot()
        run_flow(loaded_store, january)
        assert canonical_rows(loaded_store) == expected
        assert loaded_store.snapshot().pins == first.pins

    def test_when_the_files_come_in_another_order_under_other_names(
        self, loaded_store, january, tmp_path, expected, canonical_rows
    ):
        (inbox,) = january.paths
        files = sorted(inbox.iterdir())
        random.Random(5).shuffle(files)  # noqa: S311 - a test that can be repeated
        for number, path in enumerate(files):
            shutil.copy(path, tmp_path / f"{number:02}{''.join(path.suffixes)}")
        run_flow(loaded_store, replace(january, paths=(tmp_path,)))
        assert canonical_rows(loaded_store) == expected

    def test_with_more_workers_than_work(self, loaded_store, january, expected, canonical_rows):
        run_flow(loaded_store, replace(january, workers=5))
        assert canonical_rows(loaded_store) == expected


class TestKilledAtRandomMoments:
    """One store, killed once in every sixth of a run's time; what the killed runs wrote lies about when the next begins."""

    @pytest.fixture(scope="class")
    @classmethod
    def survived(cls, new_store: Callable[[], Store], january: FlowRequest) -> Store:
        processes = multiprocessing.get_context("forkserver")
        processes.set_forkserver_preload(["pipelines.meter_to_bill", "pipelines.operations.flow"])
        seconds_of(processes.Process(target=utc_now))  # the first process waits for all that is imported beforehand
        whole = seconds_of(processes.Process(target=run_flow, args=(new_store(), january)))
        store, chance = new_store(), random.Random(20260210)  # noqa: S311 - a test that can be repeated
        for part in range(KILLS):
            run = processes.Process(target=run_flow, args=(store, january))
            run.start()
            run.join((part + chance.random()) / KILLS * whole)
            run.kill()
            run.join()
        run_flow(store, january)
        return store

    def test_ends_in_the_rows_of_a_run_that_nothing_disturbed(self, survived, expected, canonical_rows):
        assert canonical_rows(survived) == expected

    def test_leaves_files_that_nobody_reads(self, survived):
        assert orphans(survived.snapshot())

    def test_reads_only_what_a_finished_run_wrote(self, survived):
        finished = set(survived.runs()["run_id"].to_pylist())
        snapshot = survived.snapshot()
        names = [Path(file.path).name for table in DATA_TABLES for file in snapshot.files(table)]
        assert {name.rpartition("-")[0] for name in names} <= finished


def seconds_of(run: multiprocessing.process.BaseProcess) -> float:
    """Return how long a process takes when nobody disturbs it [s]."""
    begun = time.monotonic()
    run.start()
    run.join()
    assert run.exitcode == 0
    return time.monotonic() - begun
