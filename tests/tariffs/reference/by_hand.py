"""A bill of the reference from a few lines: a document without the checks of loading, a few intervals in local time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from tariffs.load import read_yaml
from tariffs.model import Tariff
from tariffs.reference.billing import bill
from tariffs.reference.given import Agreement, Line, ReferenceBill
from tests.tariffs.reference.engines import intervals_between

HEAD = "tariff: t\ncurrency: EUR\nclock: Europe/Berlin\n"
EXACT = "rounding: {line: none, total: {places: 2, mode: half_up}}\n"
NOBODY = Agreement()


def document(body: str, *, head: str = HEAD, rounding: str = EXACT) -> Tariff:
    """A tariff of one version, from the text of that version's fields; or of several, where the text begins with ``versions``."""
    versions = body if body.startswith("versions") else "versions:\n- from: 2020-01-01\n" + _indented(body)
    return Tariff.model_validate(read_yaml(head + rounding + versions, "t.yaml").value)


def _indented(body: str) -> str:
    return "".join(f"  {line}\n" for line in body.strip("\n").splitlines())


def local(text: str, clock: str) -> datetime:
    """An instant from what a clock shows, or from UTC where the text ends with ``Z``."""
    if text.endswith("Z"):
        return datetime.fromisoformat(text).astimezone(UTC)
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(clock)).astimezone(UTC)


def made(
    tariff: Tariff,
    use: Mapping[str, Mapping[str, str]],
    *,
    first: str = "2026-01-01",
    after: str = "2026-02-01",
    minutes: int = 60,
    agreement: Agreement = NOBODY,
    carried: Mapping[str, str] | None = None,
    series=None,
    billing_clock: str | None = None,
) -> ReferenceBill:
    """The bill of a billing period; intervals that are not named are zero."""
    clock = billing_clock or tariff.clock
    starts, ends = (local(text, clock) for text in (first, after))
    values = {name: {local(text, tariff.clock): Fraction(value) for text, value in rows.items()} for name, rows in use.items()}
    return bill(
        tariff,
        intervals_between(starts, ends, minutes, values),
        starts_at=starts,
        ends_at=ends,
        billing_clock=billing_clock,
        agreement=agreement,
        carried={name: Fraction(value) for name, value in (carried or {}).items()},
        series=series or {},
    )


def text(value: Fraction) -> str:
    """A number as people write it, to nine decimals."""
    shown = f"{float(round(value, 9)):.9f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


def rows(of: ReferenceBill, *wanted: str, kind: str | None = None, charge: str | None = None) -> list[tuple]:
    """Some fields of the lines of a kind or charge; numbers as text."""
    lines = [line for line in of.lines if kind in (None, line.kind) and charge in (None, line.charge_id)]
    return [tuple(_field(line, name) for name in wanted) for line in lines]


def amounts(of: ReferenceBill) -> dict[str, str]:
    """Amounts by charge, lines of one charge added up."""
    sums: dict[str, Fraction] = {}
    for line in of.lines:
        sums[line.charge_id] = sums.get(line.charge_id, Fraction(0)) + line.amount
    return {name: text(amount) for name, amount in sums.items()}


def only(of: ReferenceBill, name: str, **wanted: str) -> str:
    """A field of the one line of a kind or charge."""
    ((value,),) = rows(of, name, **wanted)
    return value


def carried(of: ReferenceBill) -> dict[str, str]:
    return {name: text(value) for name, value in of.carried.items()}


def _field(line: Line, name: str):
    value = getattr(line, name)
    return text(value) if isinstance(value, Fraction) else value


def each_hour(day: str, values: Sequence[str], *, begins: int = 0) -> dict[str, str]:
    """Values of the hours of a day, from an hour on."""
    return {f"{day}T{begins + hour:02d}:00": value for hour, value in enumerate(values)}
