"""What is due: the agreements of a bucket that a run is to bill, and what stands in the way of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bill.holds import HoldCode
from pipelines.masterdata.master import MasterData, by_service_point
from pipelines.masterdata.resolve import agreements_active
from pipelines.plan import RunPlan
from tariffs.load import parse_tariff
from tariffs.model import Tariff

EXPORT = "export_kwh"
"""The determinant that a feed-in agreement bills."""
READ_NEARBY = timedelta(days=1)
"""A read this near to the begin or end of an agreement opens or closes it."""


@dataclass(frozen=True)
class Due:
    """An agreement and a period.

    Attributes:
        agreement_id: the agreement.
        account_id: who pays.
        service_point_id: where.
        role: ``supply`` or ``feed_in``.
        tariff_id: name of the tariff.
        billing_clock: clock of the period's dates.
        currency: the account's.
        export_taxed: export bears tax.
        billing_basis: ``interval`` or ``register``.
        period_from: first local day.
        period_to: day after the last one.
        starts_at: first instant billed.
        ends_at: end, exclusive.
        valid_from: when the agreement began, as its row says.
        exports_elsewhere: a feed-in agreement bills the export.
        customer_id: the customer behind the account.
        began_at: when it began first: an agreement whose tariff or account changed has several rows.
        ended_at: when its last row ends; None while it goes on.
        customer_class: class of the service point's customer; None where nobody says.
    """

    agreement_id: str
    account_id: str
    service_point_id: str
    role: str
    tariff_id: str
    billing_clock: str
    currency: str
    export_taxed: bool
    billing_basis: str
    period_from: date
    period_to: date
    starts_at: datetime
    ends_at: datetime
    valid_from: datetime
    exports_elsewhere: bool
    customer_id: str
    began_at: datetime | None = None
    ended_at: datetime | None = None
    customer_class: str | None = None

    @property
    def started(self) -> bool:
        """Whether the agreement begins in this period: it is its first one ever."""
        return self._meets(self.starts_at, self.began_at)

    @property
    def ended(self) -> bool:
        """Whether the agreement ends with this period."""
        return self._meets(self.ends_at, self.ended_at)

    def _meets(self, border: datetime, instant: datetime | None) -> bool:
        """Tell whether a border of the period is that of the agreement; reads are taken about that day, not at midnight."""
        if instant is None:
            return False
        return border == instant if self.billing_basis == "interval" else abs(border - instant) <= READ_NEARBY

    def bills(self, determinant: str) -> bool:
        """Tell whether the agreement bills a determinant: feed-in bills export alone, supply all that nobody else does."""
        if determinant == EXPORT:
            return self.role == "feed_in" or not self.exports_elsewhere
        return self.role == "supply"

    @property
    def month(self) -> str:
        """The month its rows are stored under."""
        return (self.period_to - timedelta(days=1)).isoformat()[:7]

    @property
    def key(self) -> tuple[str, date, date]:
        """What makes a bill or a hold unique."""
        return self.agreement_id, self.period_from, self.period_to


@dataclass(frozen=True)
class Held:
    """An agreement and period that is not billed, and why."""

    due: Due
    code: HoldCode
    message: str


@dataclass(frozen=True)
class LoadedTariff:
    """A tariff document of the store."""

    tariff: Tariff
    sha256: str


@dataclass
class Ready:
    """What was measured for a due agreement: everything rating needs of it.

    Attributes:
        due: the agreement and period.
        energy: all energy billed [kWh].
        estimated: the part with estimated or substituted quality [kWh].
        registers: opening and closing reads, where there are any.
        volume: all gas or water billed [m3].
        estimated_volume: the part with estimated or substituted quality [m3].
    """

    due: Due
    energy: Decimal
    estimated: Decimal
    registers: list[dict[str, Any]] = field(default_factory=list)
    volume: Decimal = Decimal(0)
    estimated_volume: Decimal = Decimal(0)

    @property
    def estimated_share(self) -> Decimal:
        """Share of the energy, or of the volume of a gas or water meter, with estimated or substituted quality: six places."""
        part, whole = (self.estimated, self.energy) if self.energy else (self.estimated_volume, self.volume)
        if not whole:
            return Decimal(0)
        return (part / whole).quantize(Decimal("0.000001"))


def due_agreements(master: MasterData, plan: RunPlan) -> list[Due]:
    """Return the agreements active in the period that the plan asks for, in order of agreement and period."""
    request = plan.billing
    if request is None:
        return []
    active = agreements_active(master.agreements, master.accounts, request.first_day, request.end_day)
    points = by_service_point(master.service_points)
    rows = active.to_pylist()
    feeding: dict[str, list[tuple[datetime, datetime]]] = {}
    for row in rows:
        if row["role"] == "feed_in":
            feeding.setdefault(row["service_point_id"], []).append((row["starts_at"], row["ends_at"]))
    lives = _lives(master.agreements)
    asked = _asked_for(master.agreements, request.tariffs)
    return [
        _due(row, points[row["service_point_id"]], feeding, lives[row["agreement_id"]])
        for row in rows
        if row["agreement_id"] in asked
    ]


def _asked_for(agreements: pa.Table, tariffs: frozenset[str]) -> frozenset[str]:
    """Return the agreements that ever have one of the tariffs; all where none is named."""
    if tariffs:
        agreements = agreements.filter(pc.is_in(agreements["tariff_id"], value_set=pa.array(sorted(tariffs))))
    return frozenset(agreements["agreement_id"].to_pylist())


def _lives(agreements: pa.Table) -> dict[str, tuple[datetime, datetime | None]]:
    """Return when each agreement begins and ends, over all of its rows; None where one has no end."""
    wanted = [("valid_from", "min"), ("valid_to", "max"), ("valid_to", "count"), ("valid_from", "count")]
    rows = agreements.group_by("agreement_id").aggregate(wanted).to_pylist()
    return {
        row["agreement_id"]: (
            row["valid_from_min"],
            row["valid_to_max"] if row["valid_to_count"] == row["valid_from_count"] else None,
        )
        for row in rows
    }


def _due(
    row: dict[str, Any],
    point: dict[str, Any],
    feeding: dict[str, list[tuple[datetime, datetime]]],
    life: tuple[datetime, datetime | None],
) -> Due:
    others = feeding.get(row["service_point_id"], ()) if row["role"] == "supply" else ()
    names = (
        "agreement_id", "account_id", "service_point_id", "role", "tariff_id", "billing_clock", "currency",
        "period_from", "period_to", "starts_at", "ends_at", "valid_from", "customer_id",
    )  # fmt: skip
    return Due(
        **{name: row[name] for name in names},
        export_taxed=bool(row["export_tax"]),
        billing_basis=point["billing_basis"],
        customer_class=point["customer_class"],
        exports_elsewhere=any(since < row["ends_at"] and until > row["starts_at"] for since, until in others),
        began_at=life[0],
        ended_at=life[1],
    )


def loaded_tariffs(documents: pa.Table) -> dict[str, LoadedTariff]:
    """Return the newest document of each name, parsed."""
    newest: dict[str, dict[str, Any]] = {}
    for row in documents.sort_by("sequence").to_pylist():
        newest[row["tariff_id"]] = row
    return {name: LoadedTariff(parse_tariff(row["text"], name), row["sha256"]) for name, row in newest.items()}


def first_obstacle(due: Due, plan: RunPlan, tariffs: dict[str, LoadedTariff]) -> Held | None:
    """Return what stands in the way before any reading is looked at; None where nothing does."""
    request = plan.billing
    deadline = due.period_to + timedelta(days=plan.settings.read_deadline_days)
    if request is not None and request.as_at < deadline:
        message = f"the period ends on {due.period_to} and its reads may come until {deadline}; run again from then"
        return Held(due, HoldCode.PERIOD_OPEN, message)
    loaded = tariffs.get(due.tariff_id)
    if loaded is None:
        return Held(due, HoldCode.TARIFF_MISSING, f"tariff {due.tariff_id} is not loaded: m2b tariff load FILE")
    if loaded.tariff.currency != due.currency:
        message = f"tariff {due.tariff_id} is in {loaded.tariff.currency}, account {due.account_id} in {due.currency}"
        return Held(due, HoldCode.CURRENCY, message)
    return None


def by_terms(dues: Iterable[Due]) -> list[list[Due]]:
    """Return the agreements in groups of equal tariff, period, clock and role: what is rated together, earlier periods first."""
    groups: dict[tuple[str, datetime, datetime, str, str], list[Due]] = {}
    for due in dues:
        groups.setdefault((due.tariff_id, due.starts_at, due.ends_at, due.billing_clock, due.role), []).append(due)
    return [groups[terms] for terms in sorted(groups, key=lambda terms: (terms[1], *terms))]
