"""A small utility in stores of its own, and what their tables say once all that may differ between runs is left out."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.lakehouse.data_files import write_data_file
from pipelines.lakehouse.settings import StoreSettings
from pipelines.lakehouse.store import RunRecord, Store
from pipelines.masterdata.load import load_master_data
from pipelines.masterdata.master import stored_tables
from pipelines.operations.flow import FlowRequest, run_flow
from pipelines.operations.opening import make_store
from pipelines.plan import BillingRequest
from pipelines.synthetic.files import UtilityFolders, write_utility
from schemas.master_data import TARIFFS
from schemas.tables import DATA_TABLES, TABLES

Rows = dict[str, list[dict[str, object]]]

CACHE = Path(__file__).parents[2] / ".cache"
MADE_AT = datetime(2026, 2, 9, 12, tzinfo=UTC)
JANUARY = BillingRequest(date(2026, 1, 1), date(2026, 2, 1), date(2026, 2, 10))
OF_A_RUN = {"run_id", "loaded_run_id", "batch", "delivered_at", "opened_at"}
"""Columns that say which run made a row and when."""
OF_A_FILE_NAME = {("files", "name"), ("rejections", "name")}
OF_ARRIVAL = {("files", name) for name in ("status", "rows_accepted", "rows_rejected", "rows_duplicate", "rows_superseded")}
"""Which of two copies is the copy, and which of two values came second, depends on what was taken in first."""


@pytest.fixture(scope="session")
def small_utility(tmp_path_factory: pytest.TempPathFactory) -> UtilityFolders:
    """The files of twenty service points with every planted fault that fits."""
    return write_utility(tmp_path_factory.mktemp("utility"), seed=1, service_points=20)


@pytest.fixture(scope="session")
def _loaded(small_utility: UtilityFolders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the small utility's master data and tariffs, to be copied."""
    root = tmp_path_factory.mktemp("loaded") / "store"
    store = make_store(root, StoreSettings(zone="Australia/Sydney", currency="AUD", buckets=4), lambda: MADE_AT)
    base, run_id = store.snapshot(), "20260209T120001000Z-000000"
    tables = load_master_data([small_utility.masterdata], stored_tables(base), run_id)
    tables[TARIFFS.name] = _tariff_rows(small_utility.tariffs, run_id)
    adds = [write_data_file(root, TABLES[name], rows, run_id) for name, rows in tables.items() if rows.num_rows]
    store.publish(RunRecord(run_id, "masterdata.load", MADE_AT, MADE_AT), base, adds)
    return root


def _tariff_rows(folder: Path, run_id: str) -> pa.Table:
    documents = [
        {
            "tariff_id": path.stem,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "sequence": number,
            "text": path.read_text("utf-8"),
            "loaded_run_id": run_id,
        }
        for number, path in enumerate(sorted(folder.glob("*.yaml")), 1)
    ]
    return pa.Table.from_pylist(documents, schema=TARIFFS.schema)


@pytest.fixture(scope="session")
def new_store(_loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Store]:
    """``new_store()``: another store with the small utility's master data and tariffs, nothing delivered yet."""
    return lambda: Store(shutil.copytree(_loaded, tmp_path_factory.mktemp("new") / "store"))


@pytest.fixture
def loaded_store(new_store: Callable[[], Store]) -> Store:
    """A store with the small utility's master data and tariffs, nothing delivered yet."""
    return new_store()


@pytest.fixture(scope="session")
def january(small_utility: UtilityFolders) -> FlowRequest:
    """Take the small utility's inbox from files to the bills of January."""
    return FlowRequest("run", (small_utility.inbox,), billing=JANUARY)


@pytest.fixture(scope="session")
def january_billed(new_store: Callable[[], Store], january: FlowRequest) -> Store:
    """The store after that, by one run that nothing disturbed: to be read, not changed."""
    store = new_store()
    run_flow(store, january)
    return store


@pytest.fixture(scope="session")
def canonical_rows() -> Callable[..., Rows]:
    """``canonical_rows(store)``: the business rows of every published table, sorted, without runs, times and names."""
    return _canonical_rows


def _canonical_rows(store: Store, *, by_arrival: bool = True) -> Rows:
    """Return what every table of the latest run says.

    Args:
        store: the store.
        by_arrival: False to leave out what differs when the same files are taken in by one run or by several: which row of
            two was the copy, and holds that were opened and closed on the way.
    """
    snapshot = store.snapshot()
    found: Rows = {}
    for table in DATA_TABLES:
        left_out = {name for name in table.schema.names if name in OF_A_RUN or (table.name, name) in OF_A_FILE_NAME}
        if not by_arrival:
            left_out |= {name for name in table.schema.names if (table.name, name) in OF_ARRIVAL}
        rows = snapshot.read(table, columns=[name for name in table.schema.names if name not in left_out]).to_pylist()
        if not by_arrival and table.name == "holds":
            rows = [row for row in rows if row["status"] == "open"]
        if not by_arrival and table.name == "rejections":
            rows = [row for row in rows if row["code"] != "conflict.same_version"]
        found[table.name] = sorted(rows, key=repr)
    return found


@pytest.fixture(scope="session")
def flink() -> tuple[str, ...]:
    """Options that run a pipeline on Flink's mini-cluster, inside Beam's job server."""
    jars = [Path(os.environ["M2B_FLINK_JOB_SERVER"])] if "M2B_FLINK_JOB_SERVER" in os.environ else []
    jars += sorted((CACHE / "jars").glob("beam-runners-flink-2.2-job-server-*.jar"))
    if not jars:
        pytest.skip("no Flink job server: tools/fetch_flink_job_server.sh fetches it where Maven has it")
    if shutil.which("java") is None:
        pytest.skip("no java: the Flink job server needs JDK 17")
    server = f"--flink_job_server_jar={jars[0]}"
    where = ("--flink_version=2.2", "--flink_master=[local]", "--environment_type=LOOPBACK", "--parallelism=2")
    return ("--runner=FlinkRunner", server, *where)


@pytest.fixture(scope="session")
def prism() -> tuple[str, ...]:
    """Options that run a pipeline on Prism, Beam's runner in Go."""
    program = os.environ.get("M2B_PRISM") or shutil.which("prism", path=f"{CACHE / 'bin'}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip("no prism on the path: tools/fetch_prism.sh builds it where Go is installed")
    return ("--runner=PrismRunner", f"--prism_location={program}", "--environment_type=LOOPBACK")
