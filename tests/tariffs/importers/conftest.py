from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from tariffs.importers.importer import ImportOptions
from tariffs.importers.tariff_file import TariffFile, import_tariff

IMPORTED_ON = date(2026, 7, 30)


def hours(*periods: int) -> list[list[int]]:
    """A table of which every month has the same row; one period for the whole day, or 24."""
    row = list(periods) if len(periods) == 24 else list(periods) * 24
    return [row] * 12


RECORD: dict[str, Any] = {
    "utility": "Example Power Co",
    "name": "Schedule R",
    "startdate": "2026-01-01",
    "energyratestructure": [[{"rate": 0.1, "adj": 0.02, "unit": "kWh"}]],
    "energyweekdayschedule": hours(0),
    "energyweekendschedule": hours(0),
}
"""A flat rate of one period."""
MISSING = object()


def record_text(**changes: Any) -> bytes:
    """The record with fields changed, or taken away where they are MISSING."""
    record = {name: value for name, value in (RECORD | changes).items() if value is not MISSING}
    return json.dumps(record).encode()


def energy(*periods: Any) -> dict[str, Any]:
    """The fields of an energy structure whose periods take turns hour by hour."""
    table = hours(*[hour % len(periods) for hour in range(24)])
    return {"energyratestructure": list(periods), "energyweekdayschedule": table, "energyweekendschedule": table}


@pytest.fixture(scope="session")
def imported() -> Callable[..., TariffFile]:
    """Import the record with some fields changed."""

    def make(
        *, content: bytes | None = None, without: tuple[str, ...] = (), overlay: str | None = None, **changes: Any
    ) -> TariffFile:
        made = record_text(**changes) if content is None else content
        options = ImportOptions("rate.json", frozenset(without))
        return import_tariff(made, options, imported_on=IMPORTED_ON, overlay=overlay, overlay_where="overlay.yaml")

    return make


@pytest.fixture(scope="session")
def version_of(imported) -> Callable[..., Any]:
    """The one version of an import."""
    return lambda **changes: imported(**changes).tariff.versions[0]


@pytest.fixture(scope="session")
def charges_of(version_of) -> Callable[..., Mapping[str, Any]]:
    """The charges of an import, by id."""
    return lambda **changes: {charge.id: charge for charge in version_of(**changes).charges}
