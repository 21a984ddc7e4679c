"""Charge tables of the Danish DataHub: information periods, price points and links, as CSV files packed in one ZIP.

A tariff's point is the price of its hour or day alone; a subscription's or fee's holds until the next one. Links say which
metering points have a charge, and how many of it: each charge then stands for agreements that carry an option of its name.

Source: Energinet DataHub, opengeh-wholesale, input tables of the wholesale calculation.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from schemas.errors import TariffError
from tariffs.importers.carried_fields import CarriedField, Fate
from tariffs.importers.danish_charges import (
    FEE,
    MISSING_PRICES,
    SUBSCRIPTION,
    TARIFF,
    ZONE,
    DanishCharge,
    FeeDay,
    PriceList,
    PriceRange,
    Prices,
    clipped,
    filled,
    invalid,
    joined,
    local_midnight,
    names_of,
    price_profile,
    spans_overlap,
    tell_columns,
    unsupported,
)
from tariffs.importers.exact_json import MAX_BYTES
from tariffs.importers.importer import SYNTAX, UNKNOWN
from tariffs.importers.urdb_values import price_of

INFORMATION = "charge_price_information_periods"
POINTS = "charge_price_points"
LINKS = "charge_link_periods"
_KEY = ("charge_code", "charge_type", "charge_owner_id")
_COLUMNS = {
    INFORMATION: (*_KEY, "resolution", "is_tax", "from_date", "to_date"),
    POINTS: (*_KEY, "charge_price", "charge_time"),
    LINKS: (*_KEY, "metering_point_id", "quantity", "from_date", "to_date"),
}
_FATES = {
    "charge_code": (Fate.CARRIED, "id of the charge"),
    "charge_type": (Fate.CARRIED, "kind of charge"),
    "charge_owner_id": (Fate.INFORMATION, "who receives the charge"),
    "resolution": (Fate.CARRIED, "one price, or one for each hour"),
    "is_tax": (Fate.INFORMATION, "whether the charge is a levy; it is priced as any other"),
    "from_date": (Fate.CARRIED, "versions; dates of fees"),
    "to_date": (Fate.CARRIED, "versions"),
    "charge_price": (Fate.CARRIED, "price"),
    "charge_time": (Fate.CARRIED, "versions and periods"),
    "metering_point_id": (Fate.INFORMATION, "whose agreement carries the option"),
    "quantity": (Fate.CARRIED, "a charge, and an option, for each quantity"),
}
_RESOLUTIONS = {TARIFF: ("PT1H", "P1D"), SUBSCRIPTION: ("P1M",), FEE: ("P1M", "P1D")}
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?")
_COUNT = re.compile(r"[1-9][0-9]{0,5}")
_MOST_DAYS = 40_000
"""Days that points of one charge may span: a century."""

Key = tuple[str, ...]


class _Row(NamedTuple):
    """A row of a table: its key, its cells and where it stands."""

    key: Key
    cells: Mapping[str, str]
    where: str


class _Period(NamedTuple):
    """When a charge exists, and how its prices are laid out in time."""

    start: date
    after: date | None
    resolution: str


def is_archive(content: bytes) -> bool:
    """Tell whether a file is a ZIP with a table of price points."""
    if not content.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return any(_table_name(name) == POINTS for name in archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError):
        return False


def read_tables(content: bytes, without: frozenset[str], where: str) -> PriceList:
    """Return the charges of packed tables.

    Raises:
        TariffError: ``import.syntax``, ``import.invalid``, ``import.unsupported``, ``import.unknown``.
    """
    tables = _tables(content, where)
    information = _information(tables[INFORMATION])
    points: dict[Key, dict[datetime, Decimal]] = {}
    for row in tables[POINTS]:
        instant = _instant(row, "charge_time")
        prices = points.setdefault(row.key, {})
        if instant in prices:
            raise invalid(row.where, f"a second price of {row.key[0]} at {instant:%Y-%m-%d %H:%M} UTC")
        prices[instant] = _price(row)
    stray = next((key for key in points if key not in information), None)
    if stray is not None:
        raise invalid(POINTS, f"{stray[0]} has prices and no row in {INFORMATION}")
    links = _links(tables[LINKS]) if LINKS in tables else None
    names = names_of(list(information))
    wanted = {key: periods for key, periods in information.items() if key[0] not in without}
    leave_out = MISSING_PRICES in without
    charges = [
        _charge(key, names[key], periods, points.get(key, {}), links, leave_out=leave_out) for key, periods in wanted.items()
    ]
    lasting = {names[key]: [(each.start, each.after) for each in periods] for key, periods in wanted.items()}
    done = tuple(filled(charges, lambda charge: lasting[charge.id], POINTS, leave_out=leave_out))
    owners = {key[2] for key in wanted}
    fields = [field for table in tables for field in tell_columns(_FATES, _COLUMNS[table], table)]
    fields += [
        CarriedField(f"charge {key[0]}", Fate.LEFT_OUT, "left out on request")
        if key not in wanted
        else CarriedField(f"charge {key[0]}", Fate.CARRIED, f"charge {names[key]}")
        for key in information
    ]
    if leave_out:
        fields.append(CarriedField(MISSING_PRICES, Fate.LEFT_OUT, "days and hours without a price are charged nothing"))
    return PriceList(done, owners.pop() if len(owners) == 1 else "", tuple(fields), tuple(_notes(charges, done, links)))


def _notes(charges: Sequence[DanishCharge], done: Sequence[DanishCharge], links: object) -> Iterator[str]:
    for before, after in zip(charges, done, strict=True):
        if before.ranges and before.ranges[-1].end is not None and after.ranges[-1].end is None:
            yield f"prices of {after.code} are known until {before.ranges[-1].end}; the last ones hold on"
    if links is not None:
        yield "each charge stands for agreements that carry an option of its name; NAME.x2 is for two of it"


def _tables(content: bytes, where: str) -> dict[str, list[_Row]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = {info: _table_name(info.filename) for info in archive.infolist() if not info.is_dir()}
            unknown = next((info.filename for info, name in infos.items() if name not in _COLUMNS), None)
            if unknown is not None:
                what = f"{unknown}: not one of {', '.join(_COLUMNS)}, so nobody knows whether it has prices"
                raise TariffError(UNKNOWN, what, "pack the tables alone", unknown)
            if sum(info.file_size for info in infos) > MAX_BYTES:
                raise TariffError(SYNTAX, f"{where} holds more than {MAX_BYTES:,} bytes", "split the file", where)
            if len(set(infos.values())) < len(infos):
                raise invalid(where, "holds a table twice")
            tables = {name: archive.read(info) for info, name in infos.items()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        raise TariffError(SYNTAX, f"{where} is no ZIP that can be read", "", where) from None
    for name in (INFORMATION, POINTS):
        if name not in tables:
            raise invalid(name, f"{where} does not hold this table")
    return {name: list(_rows(tables[name], name)) for name in _COLUMNS if name in tables}


def _table_name(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".csv")


def _rows(content: bytes, table: str) -> Iterator[_Row]:
    try:
        lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";", strict=True)
        header = next(lines, [])
        columns = _COLUMNS[table]
        for name in header:
            if name not in columns:
                what = f"{table}.{name}: the table has no such column here, and it may have a price"
                raise TariffError(UNKNOWN, what, "remove the column", f"{table}.{name}")
        missing = [name for name in columns if header.count(name) != 1]
        if missing:
            column = f"{table}.{missing[0]}"
            raise invalid(column, "the table has this column once")
        for cells in lines:
            if cells:
                where = f"{table}:{lines.line_num}"
                if len(cells) != len(header):
                    raise invalid(where, f"{len(cells)} cells in place of {len(header)}")
                row = dict(zip(header, cells, strict=True))
                if row["charge_type"] not in _RESOLUTIONS:
                    raise invalid(where, f"charge_type {row['charge_type']!r:.20} is none of {', '.join(_RESOLUTIONS)}")
                yield _Row(tuple(row[name] for name in _KEY), row, where)
    except UnicodeDecodeError:
        raise TariffError(SYNTAX, f"{table} is not written in UTF-8", "", table) from None
    except csv.Error as error:
        what = f"{table}:{lines.line_num}: {error}"
        raise TariffError(SYNTAX, what, "", table) from None


def _information(rows: Sequence[_Row]) -> dict[Key, list[_Period]]:
    found: dict[Key, list[_Period]] = {}
    for row in rows:
        resolution = row.cells["resolution"]
        if resolution not in _RESOLUTIONS[row.key[1]]:
            raise unsupported(row.where, f"resolution {resolution!r:.20} of a {row.key[1]}", way_out=row.key[0])
        if row.cells["is_tax"] not in ("true", "false"):
            raise invalid(row.where, f"is_tax {row.cells['is_tax']!r:.20} is not true or false")
        found.setdefault(row.key, []).append(_Period(*_span(row), resolution))
    for key, periods in found.items():
        if len({period.resolution for period in periods}) > 1:
            raise unsupported(INFORMATION, f"{key[0]} changes its resolution", way_out=key[0])
        if spans_overlap([(period.start, period.after) for period in periods]):
            raise invalid(INFORMATION, f"two periods of {key[0]} overlap")
    return found


class _Link(NamedTuple):
    """Metering points that have a charge: from when to when (the days of a fee only), and how many of it."""

    quantity: int
    start: date | None = None
    after: date | None = None


def _links(rows: Sequence[_Row]) -> dict[Key, list[_Link]]:
    found: dict[Key, list[_Link]] = {}
    for row in rows:
        if not _COUNT.fullmatch(row.cells["quantity"]):
            raise invalid(row.where, f"quantity {row.cells['quantity']!r:.20} is no whole number above 0")
        quantity = int(row.cells["quantity"])
        link = _Link(quantity, *_span(row)) if row.key[1] == FEE else _Link(quantity)
        if link.start is None and row.cells["to_date"] and _instant(row, "to_date") <= _instant(row, "from_date"):
            raise invalid(row.where, "to_date is not after from_date")
        found.setdefault(row.key, []).append(link)
    return found


def _charge(
    key: Key,
    charge_id: str,
    periods: Sequence[_Period],
    points: Mapping[datetime, Decimal],
    links: Mapping[Key, list[_Link]] | None,
    *,
    leave_out: bool,
) -> DanishCharge:
    code, kind, _ = key
    resolution = periods[0].resolution if kind == TARIFF else "P1M"
    lay_out = {"PT1H": _by_hour, "P1D": _by_day, "P1M": _until_next}[resolution]
    ranges = joined(list(clipped(lay_out(points, code), [(each.start, each.after) for each in periods])), POINTS)
    if leave_out:
        ranges = tuple(each._replace(prices=tuple(price or Decimal(0) for price in each.prices)) for each in ranges)
    if not ranges and not leave_out:
        raise unsupported(POINTS, f"{code} has no price", way_out=MISSING_PRICES)
    own = None if links is None else links.get(key, [])
    if kind != FEE:
        quantities = None if own is None else tuple(sorted({link.quantity for link in own}))
        charge = DanishCharge(charge_id, code, kind, ranges, quantities=quantities)
        return replace(charge, points=tuple(sorted(points.items())), twofold=_twofold(points)) if resolution == "PT1H" else charge
    if own is None:
        raise unsupported(POINTS, f"{code} is a fee, and without {LINKS} nobody knows when it is paid", way_out=code)
    return DanishCharge(
        charge_id, code, kind, ranges, fee_days=tuple(sorted(set(_fee_days(own, ranges, code, leave_out=leave_out))))
    )


def _fee_days(links: Sequence[_Link], ranges: Sequence[PriceRange], code: str, *, leave_out: bool) -> Iterator[FeeDay]:
    for quantity, start, after in links:
        if start is None or after != start + timedelta(days=1):
            raise unsupported(LINKS, f"{code} from {start} to {after}: a fee is linked to one day", way_out=code)
        if any(each.holds_on(start) for each in ranges):
            yield FeeDay(start, quantity)
        elif not leave_out:
            raise unsupported(POINTS, f"{code} has no price on {start}", way_out=MISSING_PRICES)


def _until_next(points: Mapping[datetime, Decimal], code: str) -> list[PriceRange]:
    days = {_day(instant, code): price for instant, price in points.items()}
    order = sorted(days)
    ends: list[date | None] = [*order[1:], None][: len(order)]
    return [PriceRange(day, end, (days[day],)) for day, end in zip(order, ends, strict=True)]


def _by_day(points: Mapping[datetime, Decimal], code: str) -> list[PriceRange]:
    days = {_day(instant, code): price for instant, price in points.items()}
    return [PriceRange(day, day + timedelta(days=1), (days[day],)) for day in sorted(days)]


def _by_hour(points: Mapping[datetime, Decimal], code: str) -> list[PriceRange]:
    for instant in points:
        if instant.minute or instant.second or instant.microsecond:
            raise invalid(POINTS, f"{code} has a price at {instant:%H:%M:%S}, which is not the beginning of an hour")
    days = sorted({instant.astimezone(ZONE).date() for instant in points})
    found: list[PriceRange] = []
    before: Prices | None = None
    for day in days:
        prices, _ = price_profile(points, day, before, POINTS)
        alike = len(set(prices)) == 1
        found.append(PriceRange(day, day + timedelta(days=1), prices[:1] if alike else prices))
        before = prices
    if days and (days[-1] - days[0]).days > _MOST_DAYS:
        raise invalid(POINTS, f"{code} has prices from {days[0]} to {days[-1]}")
    return found


def _twofold(points: Mapping[datetime, Decimal]) -> tuple[date, ...]:
    """Return the local dates that have an hour twice with two prices."""
    days = sorted({instant.astimezone(ZONE).date() for instant in points})
    return tuple(day for day in days if not price_profile(points, day, None, POINTS)[1])


def _day(instant: datetime, code: str) -> date:
    day = instant.astimezone(ZONE).date()
    if local_midnight(day) != instant:
        raise invalid(POINTS, f"{code} has a price at {instant:%Y-%m-%d %H:%M} UTC, which is not the beginning of a Danish day")
    return day


def _price(row: _Row) -> Decimal:
    text = row.cells["charge_price"]
    if not _DECIMAL.fullmatch(text):
        raise invalid(row.where, f"charge_price {text!r:.40} is no decimal")
    return price_of(Decimal(text), row.where)


def _span(row: _Row) -> tuple[date, date | None]:
    start = _day_of(row, "from_date")
    after = _day_of(row, "to_date") if row.cells["to_date"] else None
    if after is not None and after <= start:
        raise invalid(row.where, f"to_date {after} is not after from_date {start}")
    return start, after


def _day_of(row: _Row, name: str) -> date:
    instant = _instant(row, name)
    day = instant.astimezone(ZONE).date()
    if local_midnight(day) != instant:
        raise invalid(row.where, f"{name} {row.cells[name]} is not the beginning of a Danish day")
    return day


def _instant(row: _Row, name: str) -> datetime:
    text = row.cells[name]
    try:
        instant = datetime.fromisoformat(text)
        return instant.astimezone(UTC) if instant.tzinfo is not None else _no_offset(row, name)
    except (ValueError, OverflowError):
        raise invalid(row.where, f"{name} {text!r:.40} is no instant such as 2026-01-31T23:00:00Z") from None


def _no_offset(row: _Row, name: str) -> datetime:
    raise invalid(row.where, f"{name} {row.cells[name]!r:.40} has no offset from UTC")
