"""The same graph on other engines: the same rows, byte for byte."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.utils.timestamp import Timestamp

from pipelines.arrivals.transforms import WatchInbox
from pipelines.ingest.delivered_files import deal, look_at
from pipelines.lakehouse.store import Store
from pipelines.meter_to_bill import meter_to_bill
from pipelines.micro_batches.batch import StreamSettings
from pipelines.operations.flow import FlowRequest, make_plan, run_flow
from pipelines.operations.opening import utc_now
from pipelines.stream import meter_to_bill_stream

OPERATING = Path(__file__).parents[2] / "docs" / "operating"
GROUP_BY_KEY = common_urns.primitives.GROUP_BY_KEY.urn
STABLE_KEYS = {common_urns.coders.VARINT.urn, common_urns.coders.STRING_UTF8.urn}


def local(mode: str, workers: int) -> tuple[str, ...]:
    return ("--runner=FnApiRunner", f"--direct_running_mode={mode}", f"--direct_num_workers={workers}")


class TestTheSameRowsOn:
    @pytest.fixture
    def rows_on(self, new_store: Callable[[], Store], january: FlowRequest, canonical_rows):
        def run(options: tuple[str, ...]):
            store = new_store()
            run_flow(store, replace(january, runner_options=options))
            return canonical_rows(store)

        return run

    @pytest.fixture
    def expected(self, january_billed, canonical_rows):
        rows = canonical_rows(january_billed)
        assert rows["bills"]
        assert rows["crm_records"]
        return rows

    @pytest.mark.parametrize(
        ("mode", "workers"),
        [("in_memory", 1), ("multi_threading", 1), ("multi_processing", 2)],
    )
    def test_the_local_runner_in_every_mode(self, rows_on, expected, mode, workers):
        assert rows_on(local(mode, workers)) == expected

    def test_prism(self, rows_on, expected, prism):
        assert rows_on(prism) == expected

    @pytest.mark.flink
    def test_flink(self, rows_on, expected, flink):
        assert rows_on(flink) == expected


class TestTheGraphGoesOverTheWire:
    """A runner that is not Python joins and groups encoded elements, without looking inside."""

    @pytest.fixture(params=["batch", "stream"])
    def components(self, request, loaded_store: Store, january: FlowRequest) -> beam_runner_api_pb2.Components:
        root = beam.Pipeline(runner="FnApiRunner")
        if request.param == "batch":
            delivery = look_at(january.paths, known=())
            plan = make_plan(loaded_store, loaded_store.snapshot(), january, delivery, utc_now)
            meter_to_bill(root, plan, deal(delivery.fresh), "run", utc_now)
        else:
            settings = StreamSettings(loaded_store.root, january)
            meter_to_bill_stream(root, WatchInbox(january.paths[0], 10, Timestamp(0)), settings, utc_now)
        return root.to_runner_api().components

    def test_collections_that_are_joined_have_one_coder(self, components):
        joins = [t for t in components.transforms.values() if t.spec.urn == common_urns.primitives.FLATTEN.urn]
        assert joins
        for join in joins:
            joined = [*join.inputs.values(), *join.outputs.values()]
            assert len({components.pcollections[name].coder_id for name in joined}) == 1, join.unique_name

    def test_what_is_grouped_or_has_state_has_a_key_that_encodes_the_same_everywhere(self, components):
        keyed = [t for t in components.transforms.values() if t.spec.urn == GROUP_BY_KEY or _has_state(t)]
        assert keyed
        for transform in keyed:
            (collection,) = transform.inputs.values()
            pair = components.coders[components.pcollections[collection].coder_id]
            assert pair.spec.urn == common_urns.coders.KV.urn, transform.unique_name
            assert components.coders[pair.component_coder_ids[0]].spec.urn in STABLE_KEYS, transform.unique_name


def _has_state(transform: beam_runner_api_pb2.PTransform) -> bool:
    if transform.spec.urn != common_urns.primitives.PAR_DO.urn:
        return False
    return bool(beam_runner_api_pb2.ParDoPayload.FromString(transform.spec.payload).state_specs)


@pytest.mark.parametrize("page", ["streaming.md"])
def test_the_program_that_a_page_shows_finds_what_it_names(page, tmp_path):
    text = (OPERATING / page).read_text("utf-8")
    program = tmp_path / "program.py"
    program.write_text(text.split("```python\n")[1].split("```")[0], "utf-8")
    assert runpy.run_path(str(program), run_name="documented")["FLINK"][0] == "--runner=FlinkRunner"
