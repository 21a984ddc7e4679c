"""The stream gives the rows that one run over the same files gives, whatever came late, twice or at once."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import apache_beam as beam
import pyarrow.compute as pc
import pytest
from apache_beam.coders import StrUtf8Coder
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.testing.test_pipeline import TestPipeline
from apache_beam.testing.test_stream import TestStream as Events
from apache_beam.testing.util import assert_that, equal_to
from apache_beam.transforms.window import TimestampedValue
from apache_beam.utils.timestamp import Timestamp

from pipelines.arrivals.transforms import AtRest, Identify, WatchInbox, looks
from pipelines.ingest.delivered_files import FileRef, identify
from pipelines.lakehouse.lock import writer_lock
from pipelines.lakehouse.store import Store
from pipelines.micro_batches.batch import Batch, StreamSettings, make_batch, plan_of
from pipelines.micro_batches.transforms import Gather, PublishBatch, work_through
from pipelines.operations.flow import FlowRequest, run_flow
from pipelines.operations.opening import utc_now
from pipelines.publish.failures import noted_failure
from pipelines.stream import meter_to_bill_stream, run_stream
from schemas.errors import InvariantError, StoreBusyError
from schemas.files import FILES

NOON = 1_770_638_400
"""2026-02-09 12:00 UTC."""
CLOSED_AT = datetime(2026, 2, 9, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def delivered(small_utility) -> list[str]:
    """The small utility's files, by name."""
    return sorted(str(path) for path in small_utility.inbox.iterdir())


@pytest.fixture(scope="session")
def watch(january: FlowRequest) -> FlowRequest:
    """What a stream is asked to do: bill January as far as it came."""
    return FlowRequest("watch", billing=january.billing)


@pytest.fixture(scope="session")
def watch_only() -> FlowRequest:
    """Take files in, and neither validate nor bill: enough where it matters which files are in the store."""
    return FlowRequest("watch", validates=False)


@pytest.fixture(scope="session")
def expected(january_billed: Store, canonical_rows):
    return canonical_rows(january_billed, by_arrival=False)


def play(events: Events, settings: StreamSettings) -> None:
    """Play ``events`` to the stream until it has nothing left to do."""
    root = beam.Pipeline(runner=BundleBasedDirectRunner(), options=PipelineOptions(["--streaming"]))
    meter_to_bill_stream(root, events, settings, utc_now)
    root.run().wait_until_finish()


def found_at(seconds: int, *paths: str) -> list[TimestampedValue]:
    """Return paths as found some seconds after noon."""
    return [TimestampedValue(path, NOON + seconds) for path in paths]


def watched_runs(store: Store) -> list[dict[str, object]]:
    """Return the runs that the stream published."""
    return [run for run in store.runs().to_pylist() if run["command"] == "watch"]


def two_windows(delivered: list[str]) -> Events:
    """Return six files in the first minute, one of them in time for the second only; the rest in the second, with a copy."""
    straggler, *first = delivered[1:6] + delivered[:1]
    return (
        Events(coder=StrUtf8Coder())
        .advance_watermark_to(NOON)
        .add_elements(found_at(5, *first))
        .advance_watermark_to(NOON + 61)
        .add_elements(found_at(62, *delivered[6:], first[-1]))
        .add_elements(found_at(30, straggler))
        .advance_watermark_to_infinity()
    )


@pytest.fixture(scope="session")
def streamed(new_store: Callable[[], Store], delivered: list[str], watch: FlowRequest) -> Store:
    store = new_store()
    play(two_windows(delivered), StreamSettings(store.root, watch))
    return store


class TestTwoWindowsAStragglerAndACopy:
    def test_end_in_the_rows_of_one_run_over_all_files(self, streamed, expected, canonical_rows):
        assert canonical_rows(streamed, by_arrival=False) == expected

    def test_are_a_run_for_each_window_and_one_for_the_straggler(self, streamed):
        files = streamed.snapshot().read(FILES)
        taken = [files.filter(pc.field("run_id") == run["run_id"]).num_rows for run in watched_runs(streamed)]
        assert sorted(taken) == [1, 4, 6]

    def test_take_every_content_once(self, streamed, delivered):
        known = streamed.snapshot().read(FILES)["file_id"].to_pylist()
        assert sorted(known) == sorted({identify(Path(path)).sha256 for path in delivered})

    def test_played_again_publish_nothing(self, streamed, delivered, watch):
        before = streamed.runs()
        play(two_windows(delivered), StreamSettings(streamed.root, watch))
        assert streamed.runs().equals(before)


class TestAStragglerBeyondTheLateness:
    def test_is_taken_by_the_next_start(self, loaded_store, delivered, watch_only):
        """The runner drops it, but the store does not know it, and an inbox is looked at anew."""
        settings = StreamSettings(loaded_store.root, watch_only, lateness_seconds=60)
        first, straggler = delivered[1:3]
        events = Events(coder=StrUtf8Coder()).advance_watermark_to(NOON).add_elements(found_at(5, first))
        too_late = events.advance_watermark_to(NOON + 600).add_elements(found_at(30, straggler))
        play(too_late.advance_watermark_to_infinity(), settings)
        assert len(watched_runs(loaded_store)) == 1

        again = Events(coder=StrUtf8Coder()).advance_watermark_to(NOON + 900).add_elements(found_at(901, first, straggler))
        play(again.advance_watermark_to_infinity(), settings)
        assert loaded_store.snapshot().read(FILES).num_rows == 2


@pytest.fixture
def asked(watch_only: FlowRequest) -> FlowRequest:
    """What the stream of a test is asked to do; a class may ask for more."""
    return watch_only


@pytest.fixture
def settings(loaded_store: Store, asked: FlowRequest) -> StreamSettings:
    return StreamSettings(loaded_store.root, asked, lock_seconds=0)


@pytest.fixture
def planned(loaded_store: Store, settings: StreamSettings):
    """Files as a batch with its parts, all made on top of what the store holds now."""

    def plan(paths: list[str]) -> tuple[Batch, list[object]]:
        batch = make_batch(loaded_store.snapshot(), map(identify, map(Path, paths)), CLOSED_AT)
        assert batch is not None
        return batch, list(work_through(plan_of(settings, batch), batch))

    return plan


@pytest.fixture
def published(settings: StreamSettings):
    """Publish a batch; return the runs."""
    return lambda batch_and_parts: list(PublishBatch(settings, utc_now).process(batch_and_parts))


class TestTwoBatchesInFlight:
    @pytest.fixture
    def asked(self, watch: FlowRequest) -> FlowRequest:
        return watch

    def test_end_in_the_rows_of_one_run_over_all_files(
        self, planned, published, delivered, loaded_store, expected, canonical_rows
    ):
        first, second = planned(delivered[::2]), planned(delivered[1::2])
        assert published(second) == [second[0].run_id]
        assert published(first) == [first[0].run_id]
        assert canonical_rows(loaded_store, by_arrival=False) == expected


class TestPublishBatch:
    def test_leaves_a_batch_alone_that_is_played_again(self, planned, published, delivered, loaded_store):
        batch = planned(delivered[:2])
        published(batch)
        before = loaded_store.runs()
        assert published(batch) == []
        assert loaded_store.runs().equals(before)

    def test_leaves_files_out_that_another_run_took_meanwhile(self, planned, published, delivered, loaded_store):
        both = planned(delivered[1:3])
        run_flow(loaded_store, FlowRequest("ingest", (Path(delivered[1]),), validates=False))
        assert published(both) == [both[0].run_id]
        assert loaded_store.snapshot().read(FILES).num_rows == 2

    def test_makes_no_run_of_a_batch_of_which_another_took_everything(self, planned, published, delivered, loaded_store):
        one = planned(delivered[1:2])
        run_flow(loaded_store, FlowRequest("ingest", (Path(delivered[1]),), validates=False))
        assert published(one) == []

    def test_publishes_nothing_after_a_failure_and_says_what_failed(self, planned, published, delivered, loaded_store, settings):
        batch, parts = planned(delivered[1:2])
        before = loaded_store.runs()
        with pytest.raises(InvariantError, match="kernel broke on bucket 3"):
            published((batch, [*parts, "kernel broke on bucket 3"]))
        assert loaded_store.runs().equals(before)
        noted = noted_failure(plan_of(settings, batch))
        assert isinstance(noted, InvariantError)

    def test_fails_when_the_store_stays_busy(self, planned, published, delivered, loaded_store):
        batch = planned(delivered[1:2])
        with writer_lock(loaded_store.root), pytest.raises(StoreBusyError):
            published(batch)


class TestMakeBatch:
    @pytest.fixture
    def refs(self) -> list[FileRef]:
        return [FileRef("b.csv", 1, "22"), FileRef("a.csv", 1, "11")]

    def test_is_the_same_run_whatever_the_order(self, loaded_store, refs):
        base = loaded_store.snapshot()
        assert make_batch(base, refs, CLOSED_AT) == make_batch(base, reversed(refs), CLOSED_AT)

    def test_is_another_run_with_other_files(self, loaded_store, refs):
        base = loaded_store.snapshot()
        assert make_batch(base, refs, CLOSED_AT).run_id != make_batch(base, refs[:1], CLOSED_AT).run_id

    def test_takes_one_of_two_files_with_the_same_bytes(self, loaded_store, refs):
        batch = make_batch(loaded_store.snapshot(), [*refs, FileRef("c.csv", 1, "11")], CLOSED_AT)
        assert [file.path for file in batch.files] == ["a.csv", "b.csv"]

    def test_is_none_when_everything_is_known(self, january_billed, delivered):
        assert make_batch(january_billed.snapshot(), map(identify, map(Path, delivered)), CLOSED_AT) is None


class TestGather:
    def test_waits_for_the_last_part_of_each_batch(self):
        x, y = (Batch(run_id, "base", CLOSED_AT, ()) for run_id in "xy")
        parts = [("x", (x, 1)), ("y", (y, 9)), ("x", (x, 2)), ("x", (x, 3))]
        with TestPipeline(runner="FnApiRunner") as root:
            gathered = (
                root
                | beam.Create(parts, reshuffle=False)
                | beam.ParDo(Gather(lambda _, parts: len(parts) == 3))
                | beam.Map(lambda whole: (whole[0].run_id, sorted(whole[1])))
            )
            assert_that(gathered, equal_to([("x", [1, 2, 3])]))


class Remembered:
    """Stands in for a runner's state of one key."""

    def __init__(self) -> None:
        self.value: object = None

    def read(self) -> object:
        return self.value

    def write(self, value: object) -> None:
        self.value = value


class TestAtRest:
    @pytest.mark.parametrize(
        ("sizes", "taken"),
        [
            pytest.param([5], 0, id="one look is not enough"),
            pytest.param([5, 5], 1, id="two that agree are"),
            pytest.param([5, 6], 0, id="it is still growing"),
            pytest.param([5, 6, 6], 1, id="it has stopped growing"),
            pytest.param([5, 5, 5], 1, id="it is not taken again"),
            pytest.param([5, 5, 7, 7], 2, id="it was replaced"),
        ],
    )
    def test_takes_a_file(self, sizes, taken):
        state, at_rest = Remembered(), AtRest()
        passed = [path for size in sizes for path in at_rest.process(("a.csv", (size, 0)), seen=state)]
        assert passed == ["a.csv"] * taken


class TestLooks:
    def test_hidden_and_unfinished_files_are_not_seen(self, tmp_path):
        for name in ("a.csv", ".b.csv", "c.csv.part"):
            (tmp_path / name).touch()
        assert [Path(path).name for path, _ in looks(tmp_path)] == ["a.csv"]

    def test_a_link_that_leads_nowhere_is_seen_and_stops_nothing(self, tmp_path):
        (tmp_path / "a.csv").symlink_to(tmp_path / "gone")
        assert [Path(path).name for path, _ in looks(tmp_path)] == ["a.csv"]


class TestIdentify:
    def test_passes_the_same_bytes_once(self, tmp_path):
        for name, text in (("a.csv", "x"), ("b.csv", "x"), ("c.csv", "y")):
            (tmp_path / name).write_text(text)
        paths = [str(tmp_path / name) for name in ("a.csv", "b.csv", "c.csv")]
        hashes = {identify(Path(path)).sha256 for path in paths}
        with TestPipeline(runner="FnApiRunner") as root:
            passed = root | beam.Create(paths) | Identify() | beam.Map(lambda file: file.sha256)
            assert_that(passed, equal_to(sorted(hashes)))


class TestAnInboxWatchedBy:
    """For real: a folder, the wall clock, files that arrive in two lots."""

    SECONDS = 8

    @pytest.fixture
    def rows_after_watching(self, new_store, delivered, watch, tmp_path, canonical_rows):
        def run(options: tuple[str, ...]):
            store, inbox = new_store(), tmp_path / "inbox"
            inbox.mkdir()
            _deliver(delivered[:6], inbox)
            second_lot = threading.Timer(3, _deliver, (delivered[6:], inbox))
            second_lot.start()
            begins = Timestamp.now()
            source = WatchInbox(inbox, every_seconds=0.5, begins=begins, ends=begins + self.SECONDS)
            run_stream(source, StreamSettings(store.root, watch, window_seconds=2), utc_now, options).wait_until_finish()
            second_lot.join()
            return canonical_rows(store, by_arrival=False)

        return run

    def test_prism(self, rows_after_watching, expected, prism):
        assert rows_after_watching(prism) == expected

    @pytest.mark.flink
    def test_flink(self, rows_after_watching, expected, flink):
        assert rows_after_watching((*flink, "--checkpointing_interval=2000")) == expected


def _deliver(paths: list[str], inbox: Path) -> None:
    for path in map(Path, paths):
        shutil.copy(path, inbox / f"{path.name}.part").rename(inbox / path.name)
