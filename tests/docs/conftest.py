from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pipelines.lakehouse.settings import StoreSettings
from pipelines.lakehouse.store import Store
from pipelines.operations.flow import FlowRequest, run_flow
from pipelines.operations.master_data import store_master_data
from pipelines.operations.opening import make_store
from pipelines.operations.tariff_documents import store_tariffs
from pipelines.plan import BillingRequest
from pipelines.synthetic.files import write_utility

NOW = datetime(2026, 2, 9, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def small_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store of twenty service points, billed for January 2026."""
    root = tmp_path_factory.mktemp("docs")
    made = write_utility(root / "utility", seed=1, service_points=20)
    store = make_store(root / "store", StoreSettings(zone="Australia/Sydney", currency="AUD", buckets=1), lambda: NOW)
    store_master_data(store, [made.masterdata], lambda: NOW)
    store_tariffs(store, sorted(made.tariffs.glob("*.yaml")), lambda: NOW)
    january = BillingRequest(date(2026, 1, 1), date(2026, 2, 1), date(2026, 2, 10))
    run_flow(store, FlowRequest("run", (made.inbox,), billing=january, workers=1), lambda: NOW)
    return store
