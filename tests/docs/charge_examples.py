"""The examples on the pages of tariffs and charges: what was used, the charges, and the sentences on the bill.

Three blocks in a row. The charges are the inside of a version of a tariff that is the same on all pages, keys of that document
(``events``, ``rounding``, ``versions``, …) beside them; or, as ``yaml tariff``, a whole document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from tariffs.calendar import combos_at
from tariffs.clock import Clock
from tariffs.exact import Exact, parts_of
from tariffs.load import parse_tariff, read_yaml
from tariffs.model import Tariff
from tariffs.rated import Determinant, RatedLines, RatingInputs
from tariffs.rating import rate
from tariffs.series import PriceSeries
from tariffs.timeline import Stretch, Timeline
from tests.docs.pages import DOCS, read, section

GIVEN, CHARGES, TARIFF, BILL = "yaml given", "yaml charges", "yaml tariff", "text bill"
DOCUMENT = "reference/tariff_document.md"
INDEX = "reference/charges/index.md"
CLOCK = Clock("Australia/Perth")
PERIODS = {"peak": [{"days": "mon-fri", "from": "15:00", "to": "21:00"}], "off": [{"else": "true"}]}
"""Of the version that the charges stand in, unless they say others."""
_TRIPLE = re.compile(
    rf"^```{GIVEN}\n(.*?)^```\n\s*^```(?:{CHARGES}|{TARIFF})\n(.*?)^```\n\s*^```{BILL}\n(.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_OF_THE_DOCUMENT = ("holidays", "rounding", "events", "versions")
_UNITS = {"kwh": "kWh", "kvarh": "kvarh", "m3": "m3"}


@dataclass(frozen=True)
class ChargeExample:
    """One example: where it stands and the text of its blocks."""

    name: str
    given: str
    charges: str
    said: list[str]


def charge_pages() -> list[str]:
    """Return the pages of charges by their path below ``docs/``; their index is none of them."""
    return sorted({page.relative_to(DOCS).as_posix() for page in DOCS.glob("reference/charges/*.md")} - {INDEX})


def examples_of(page: str, heading: str | None = None) -> list[ChargeExample]:
    """Return the examples of a page, or of what stands under one of its headings, in order."""
    text = read(page) if heading is None else section(read(page), heading)
    return [
        ChargeExample(f"{page}:{text.count(chr(10), 0, match.start()) + 1}", match[1], match[2], match[3].splitlines())
        for match in _TRIPLE.finditer(text)
    ]


def tariff_of(charges: str) -> Tariff:
    """Return the tariff that charges, or keys of a version, stand in; or the one that a whole document says."""
    value = read_yaml(charges, "example").value
    if "tariff" in value:
        return parse_tariff(charges, "example")
    inside = {"charges": value} if isinstance(value, list) else dict(value)
    outside = {key: inside.pop(key) for key in _OF_THE_DOCUMENT if key in inside}
    if "versions" in outside:
        assert not inside, f"keys of a version beside 'versions': {sorted(inside)}"
        outside["versions"] = [{"periods": PERIODS} | version for version in outside["versions"]]
    else:
        outside["versions"] = [{"from": "2020-01-01", "periods": PERIODS, "charges": [], **inside}]
    return parse_tariff(json.dumps({"tariff": "example", "currency": "AUD", "clock": CLOCK.name, **outside}), "example")


def bill_of(example: ChargeExample) -> RatedLines:
    """Rate what an example gives for one agreement."""
    tariff = tariff_of(example.charges)
    given: dict[str, Any] = dict(read_yaml(example.given, example.name).value)
    first, after = (date.fromisoformat(given.pop(key)) for key in ("from", "to"))
    starts_at, ends_at = (datetime.fromtimestamp(CLOCK.midnight(day), UTC) for day in (first, after))
    series = {name: _series(name, values) for name, values in given.pop("series", {}).items()}
    facts, carried = ({name: _exact(text) for name, text in given.pop(key, {}).items()} for key in ("facts", "carried"))
    options = {name: np.ones(1, dtype=bool) for name in given.pop("options", [])}
    started, ended = (np.array([given.pop(key, "false") == "true"]) for key in ("started", "ended"))
    minutes = int(given.pop("minutes")) if "minutes" in given else None
    starts = np.arange(int(starts_at.timestamp()), int(ends_at.timestamp()), (minutes or 60) * 60, dtype=np.int64)
    used = {name: _intervals(values, starts) for name, values in given.items()}
    instants = {"starts_at": starts_at, "ends_at": ends_at}
    values, exponents = {name: row for name, (row, _) in used.items()}, {name: exponent for name, (_, exponent) in used.items()}
    stretch = Stretch(np.array([0]), minutes or 60, starts, values, exponents)
    return rate(
        RatingInputs(
            tariff,
            **instants,
            quantities={name: _sums(tariff, name, row, exponent, starts, instants) for name, (row, exponent) in used.items()},
            export_taxed=np.zeros(1, dtype=bool),
            timeline=None if minutes is None else Timeline((stretch,)),
            series=series,
            carried=carried,
            facts=facts,
            options=options,
            started=started,
            ended=ended,
        )
    )


def sentences_of(example: ChargeExample) -> list[str]:
    """Return the sentences on the bill of an example, the one that closes its cents included."""
    return bill_of(example).bill_lines()["text"].to_pylist()


def shown_by(example: ChargeExample) -> set[str]:
    """Return what an example shows: the kinds of line on its bill, its way of metering export, and the keys that it sets."""
    kinds = set(bill_of(example).bill_lines()["kind"].to_pylist())
    for version in tariff_of(example.charges).versions:
        kinds |= {"conversion"} & version.model_fields_set
        if version.export is not None:
            kinds |= {version.export.mode} | {"carry"} & version.export.model_fields_set
    return kinds


def _instant(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=CLOCK.zone).timestamp())


def _integers(texts: list[str]) -> tuple[np.ndarray[Any, Any], int]:
    """Return decimals as integers of one scale."""
    parts = [parts_of(Decimal(text)) for text in texts]
    scale = max((places for _, places in parts), default=0)
    return np.array([number * 10 ** (scale - places) for number, places in parts], dtype=np.int64), scale


def _exact(text: str) -> Exact:
    return Exact(*_integers([text]))


def _series(name: str, values: Mapping[str, str]) -> PriceSeries:
    numbers, scale = _integers(list(values.values()))
    return PriceSeries(name, np.array([_instant(when) for when in values], dtype=np.int64), numbers, scale)


def _intervals(values: Mapping[str, str], starts: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], int]:
    """Return what was used in each interval, int64 (1, t), and its exponent."""
    numbers, scale = _integers(list(values.values()))
    row = np.zeros((1, len(starts)), dtype=np.int64)
    for when, number in zip(values, numbers, strict=True):
        (place,) = np.flatnonzero(starts == _instant(when))
        row[0, place] = number
    return row, -scale


def _sums(
    tariff: Tariff,
    name: str,
    row: np.ndarray[Any, Any],
    exponent: int,
    starts: np.ndarray[Any, Any],
    instants: Mapping[str, datetime],
) -> Determinant:
    bands, combos = combos_at(tariff, direction="export" if name == "export_kwh" else "import", starts=starts, **instants)
    sums = np.array([[int(row[0, bands == place].sum()) for place in range(len(combos))]], dtype=np.int64)
    return Determinant(combos, exponent, sums, _UNITS[name.rpartition("_")[2]])
