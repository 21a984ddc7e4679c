"""The demo: a small synthetic utility, taken from raw files to bills and CRM records in an own store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.lakehouse.lock import writer_lock
from pipelines.lakehouse.settings import StoreSettings
from pipelines.lakehouse.store import Store
from pipelines.operations.exports import Exported, default_path, export_crm
from pipelines.operations.flow import FlowReport, FlowRequest, run_flow
from pipelines.operations.master_data import store_master_data
from pipelines.operations.opening import Clock, make_store
from pipelines.operations.tariff_documents import store_tariffs
from pipelines.plan import BillingRequest
from pipelines.synthetic.files import UtilityFolders, write_utility
from schemas.bills import BILLS, CHARGE_LINES, HOLDS
from schemas.errors import StoreError
from schemas.periods import month_dates

STORE = "store"
UTILITY = "demo_inbox"
MARK = "demo.json"
"""Stands in a store that the demo made, and may make anew."""
MONTH = "2026-01"
AS_AT = date(2026, 2, 10)
ZONE = "Australia/Sydney"
SETTINGS = StoreSettings(zone=ZONE, currency="AUD", buckets=4)
"""Four buckets are plenty for some hundred service points, and show the work going side by side."""


@dataclass(frozen=True)
class DemoReport:
    """What the demo made.

    Attributes:
        store: the store.
        utility: the folders of the synthetic utility.
        command: what follows ``m2b`` in the nightly run, from the demo's folder.
        report: what that run came to.
        crm: the CRM export.
        bills: rows of ``BILLS``.
        holds: rows of ``HOLDS`` that are open.
        shown: a bill worth looking at, and one of its metered lines; None where no bill was made.
    """

    store: Store
    utility: UtilityFolders
    command: list[str]
    report: FlowReport
    crm: Exported
    bills: list[dict[str, Any]]
    holds: list[dict[str, Any]]
    shown: tuple[str, int] | None


def make_demo(folder: Path, service_points: int, seed: int, now: Clock, tell: Callable[[str], None]) -> DemoReport:
    """Make the demo anew in ``folder``: ``demo_inbox/`` and ``store/``.

    Args:
        folder: where to.
        service_points: size of the utility; each sixty have one of every special customer and planted fault.
        seed: of the generator: the same seed makes the same utility and the same bills.
        now: the clock.
        tell: is told what happens.

    Raises:
        StoreError: ``demo.foreign``, the store there was not made by the demo.
        StoreBusyError: another run is writing to it.
    """
    root = folder / STORE
    _clear(root, folder / UTILITY)
    tell(f"making a utility of {service_points} service points: {folder / UTILITY}")
    utility = write_utility(folder / UTILITY, seed=seed, service_points=service_points, month=MONTH, zone=ZONE)
    command = ["run", f"{UTILITY}/inbox", "--month", MONTH, "--store", STORE, "--as-at", AS_AT.isoformat()]
    root.mkdir(parents=True)
    mark = {"command": command, "inbox": f"{UTILITY}/inbox", "month": MONTH}
    (root / MARK).write_text(json.dumps(mark) + "\n", "utf-8")
    tell(f"making a store with its master data and tariffs: {root}")
    store = make_store(root, SETTINGS, now)
    store_master_data(store, [utility.masterdata], now)
    store_tariffs(store, sorted(utility.tariffs.glob("*.yaml")), now)
    tell(f"m2b {' '.join(command)}")
    report = run_flow(store, FlowRequest("run", (utility.inbox,), billing=BillingRequest(*month_dates(MONTH), AS_AT)), now)
    crm = export_crm(store, MONTH, default_path(store, "crm", MONTH, "jsonl"))
    snapshot = store.snapshot()
    bills = snapshot.read(BILLS).sort_by("bill_id").to_pylist()
    holds = [row for row in snapshot.read(HOLDS).sort_by("agreement_id").to_pylist() if row["status"] == "open"]
    return DemoReport(store, utility, command, report, crm, bills, holds, _worth_a_look(store, bills))


def _clear(root: Path, utility: Path) -> None:
    """Remove what an earlier demo made, and nothing else."""
    if root.exists() and any(root.iterdir()):
        if not (root / MARK).exists():
            code = "demo.foreign"
            raise StoreError(code, f"{root} was not made by the demo", "name another --folder, or move it away", str(root))
        with writer_lock(root):
            pass
    shutil.rmtree(root, ignore_errors=True)
    for name in UtilityFolders._fields:
        shutil.rmtree(utility / name, ignore_errors=True)


def _worth_a_look(store: Store, bills: list[dict[str, Any]]) -> tuple[str, int] | None:
    """Return a bill on intervals of which a part was estimated, and its first metered line."""
    if not bills:
        return None
    chosen = max(bills, key=lambda bill: (bill["billing_basis"] == "interval", bill["estimated_share"] > 0, bill["bill_id"]))
    lines = store.snapshot().read(CHARGE_LINES, columns=["bill_id", "line_no", "kind"]).to_pylist()
    metered = [line["line_no"] for line in lines if line["bill_id"] == chosen["bill_id"] and line["kind"] == "energy"]
    return chosen["bill_id"], min(metered, default=1)
