"""The master data of a synthetic utility, as the files of ``m2b masterdata load``.

Names are made up from lists, mail goes to ``example.com``, telephone numbers lie in ranges kept for fiction.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from pipelines.synthetic.population import Kind
from pipelines.synthetic.utility import Agreement, ServicePoint, Utility, draw

_NAME_STREAM = 307
_GIVEN = (
    "Ada",
    "Ben",
    "Cara",
    "Dev",
    "Elif",
    "Finn",
    "Gita",
    "Hugo",
    "Ines",
    "Jun",
    "Kofi",
    "Lena",
    "Milo",
    "Noor",
    "Omar",
    "Pia",
)
_FAMILY = (
    "Abbas",
    "Baker",
    "Costa",
    "Dunn",
    "Evans",
    "Farrow",
    "Huang",
    "Ivers",
    "Jovic",
    "Kelly",
    "Mbeki",
    "Novak",
    "Okafor",
    "Rossi",
    "Silva",
    "Tran",
    "Walsh",
)
_TRADE = ("Bakery", "Books", "Cafe", "Cycles", "Dental", "Florist", "Hardware", "Laundry", "Pharmacy", "Tiles")
_STREET = ("Acacia", "Banksia", "Cedar", "Daisy", "Elm", "Fern", "Grevillea", "Harbour", "Ironbark", "Jarrah")

Row = tuple[object, ...]

COLUMNS = {
    "service_points": (
        "service_point_id",
        "zone",
        "standard_offset",
        "commodity",
        "billing_basis",
        "interval_minutes",
        "fuse_kw",
        "transformer_id",
        "has_generation",
    ),
    "meters": ("meter_id", "service_point_id", "installed_from", "installed_to", "meter_type", "head_end"),
    "registers": (
        "meter_id",
        "channel",
        "role",
        "direction",
        "quantity",
        "unit",
        "determinant",
        "multiplier",
        "dials",
        "decimals",
        "intervals",
        "valid_from",
    ),
    "agreements": ("agreement_id", "account_id", "service_point_id", "role", "tariff_id", "valid_from", "valid_to"),
    "accounts": ("account_id", "customer_id", "currency", "language", "cycle", "export_tax"),
    "customers": ("customer_id", "name", "address", "email", "phone"),
}
"""The files and their columns; ``valid_from`` of an agreement is a local date, times of meters carry their offset."""


def write_master_data(folder: Path, utility: Utility) -> list[Path]:
    """Write one CSV file a table and return them.

    Args:
        folder: where to, made if it is not there.
        utility: the plan; service points nobody knows and channels nobody mapped are left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = [point for point in utility.service_points if point.known]
    rows = {
        "service_points": (_service_point(utility, point) for point in known),
        "meters": (row for point in known for row in _meters(point)),
        "registers": (row for point in known for row in _registers(point)),
        "agreements": (_agreement(point, agreement) for point in known for agreement in point.agreements),
        "accounts": (_account(agreement) for point in known for agreement in point.agreements),
        "customers": (_customer(utility, point, agreement) for point in known for agreement in point.agreements),
    }
    return [_write(folder / f"{table}.csv", COLUMNS[table], found) for table, found in rows.items()]


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[Row]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def _service_point(utility: Utility, point: ServicePoint) -> Row:
    counted = point.kind is Kind.ACCUMULATION
    return (
        point.service_point_id,
        utility.climate.zone,
        point.standard_offset,
        "electricity",
        "register" if counted else "interval",
        "" if counted else point.interval_minutes,
        point.fuse_kw,
        f"TX{point.number // 20 + 1:05d}",
        "true" if point.has_generation else "false",
    )


def _meters(point: ServicePoint) -> Iterator[Row]:
    make = "dial meter" if point.kind is Kind.ACCUMULATION else f"smart meter {point.interval_minutes} min"
    head_end = "field book" if point.kind is Kind.ACCUMULATION else "head-end one"
    for meter in point.meters:
        yield meter.meter_id, point.service_point_id, _time(meter.installed_from), _time(meter.installed_to), make, head_end


def _time(at: datetime | None) -> str:
    return at.isoformat() if at else ""


def _registers(point: ServicePoint) -> Iterator[Row]:
    for meter in point.meters:
        for register in meter.registers:
            if register.determinant is not None:
                yield (
                    meter.meter_id,
                    register.channel,
                    register.role,
                    register.direction,
                    "active_energy",
                    "kWh",
                    register.determinant,
                    register.multiplier,
                    register.dials,
                    register.decimals,
                    "primary",
                    _time(meter.installed_from),
                )


def _ids(agreement: Agreement) -> tuple[str, str, str]:
    """Return the ids of the agreement, its account and its customer."""
    return f"AG{agreement.number:08d}", f"AC{agreement.number:08d}", f"CU{agreement.number:08d}"


def _agreement(point: ServicePoint, agreement: Agreement) -> Row:
    agreement_id, account_id, _ = _ids(agreement)
    until = agreement.valid_to or ""
    return agreement_id, account_id, point.service_point_id, "supply", agreement.tariff_id, agreement.valid_from, until


def _account(agreement: Agreement) -> Row:
    _, account_id, customer_id = _ids(agreement)
    return account_id, customer_id, "AUD", "en", f"C{agreement.number % 5 + 1}", "false"


def _customer(utility: Utility, point: ServicePoint, agreement: Agreement) -> Row:
    *_, customer_id = _ids(agreement)
    rng = draw(utility.climate.seed, agreement.number, _NAME_STREAM)
    given, family, trade, street, house, digits = (int(value) for value in rng.integers(0, 10_000, 6))
    person = f"{_GIVEN[given % len(_GIVEN)]} {_FAMILY[family % len(_FAMILY)]}"
    business = f"{_FAMILY[family % len(_FAMILY)]} {_TRADE[trade % len(_TRADE)]}"
    name = business if point.kind is Kind.BUSINESS else person
    address = f"{house % 240 + 1} {_STREET[street % len(_STREET)]} Street"
    mail = f"{name.lower().replace(' ', '.')}.{agreement.number}@example.com"
    return customer_id, name, address, mail, f"+61 2 5550 {digits:04d}"
