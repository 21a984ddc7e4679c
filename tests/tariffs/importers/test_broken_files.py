"""Whatever stands in a field, a file is imported or refused; nothing breaks, and no field is passed over."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import TariffError
from tariffs.importers.importer import ImportOptions
from tariffs.importers.tariff_file import import_tariff
from tests.tariffs.importers.cdr_plans import FLAT, PLAN, WEEK, WEEKDAYS, demand, window
from tests.tariffs.importers.test_danish_pricelist import SUBSCRIPTION, hours, record
from tests.tariffs.importers.test_opentariff_files import HEAT_PUMP, PRODUCT, TARIFF, by_time

STEPS = {"displayName": "x", "rates": [{"unitPrice": "0.25", "volume": 10}, {"unitPrice": "0.35"}], "period": "P1D"}
CONTRACT = PLAN["electricityContract"] | {
    "tariffPeriod": [FLAT | {"singleRate": STEPS}, demand()],
    "controlledLoad": [
        {
            "displayName": "CL",
            "rateBlockUType": "timeOfUseRates",
            "timeOfUseRates": [
                {"displayName": "x", "type": "OFF_PEAK", "rates": [{"unitPrice": "0.1"}], "timeOfUse": [{"days": WEEK}]}
            ],
        }
    ],
    "discounts": [
        {
            "displayName": "d",
            "type": "CONDITIONAL",
            "category": "PAY_ON_TIME",
            "methodUType": "percentOverThreshold",
            "percentOverThreshold": {"rate": "0.1", "usageAmount": "100"},
            "endDate": "2026-12-31",
        }
    ],
    "greenPowerCharges": [
        {"displayName": "g", "scheme": "OTHER", "type": "FIXED_PER_UNIT", "tiers": [{"percentGreen": "0.25", "amount": "0.01"}]}
    ],
    "fees": [{"type": "ESTABLISHMENT", "term": "FIXED", "amount": "11"}],
    "solarFeedInTariff": [
        {
            "displayName": "f",
            "scheme": "OTHER",
            "payerType": "RETAILER",
            "tariffUType": "timeVaryingTariffs",
            "timeVaryingTariffs": [
                {"displayName": "t", "rates": [{"unitPrice": "0.1"}], "timeVariations": [window(WEEKDAYS, "10:00", "15:00")]}
            ],
        }
    ],
}
FILES: dict[str, Any] = {
    "CDR": PLAN
    | {"electricityContract": CONTRACT, "meteringCharges": [{"displayName": "m", "minimumValue": "1", "period": "P1M"}]},
    "OpenTariff": {"product": PRODUCT, "tariff": TARIFF | by_time(*HEAT_PUMP)},
    "Danish": {"records": [record(), hours((0.1, 12), (0.2, 12), ChargeTypeCode="SYS"), SUBSCRIPTION]},
}
ODD = [
    None,
    "",
    "x",
    "-1",
    "1e9999",
    "99:99",
    "9999-12-31",
    "2026-02-30",
    0,
    -1,
    1.5,
    10**30,
    True,
    [],
    {},
    [None],
    {"a": 1},
    ["MON"],
    "NaN",
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document."""
    if path:
        yield path
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield from places(value[key], (*path, key))


def set_at(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(document)
    inside = changed
    for key in path[:-1]:
        inside = inside[key]
    inside[path[-1]] = value
    return changed


def is_refused(document: Any) -> bool:
    try:
        import_tariff(json.dumps(document).encode(), ImportOptions("file.json"), imported_on=date(2026, 7, 30))
    except TariffError as refusal:
        return bool(refusal.where)
    return False


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_imported_as_they_stand(name):
    assert not is_refused(FILES[name])


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
@settings(max_examples=120)
def test_a_strange_value_anywhere_breaks_nothing(name, data):
    path = data.draw(st.sampled_from(sorted(places(FILES[name]), key=str)))
    is_refused(set_at(FILES[name], path, data.draw(st.sampled_from(ODD))))


INFORMATION = ("geography",)
"""Objects that are kept as they are: they say who may have a plan."""


@pytest.mark.parametrize("name", FILES)
def test_a_strange_field_in_any_object_refuses_the_file(name):
    for path in [(), *places(FILES[name])]:
        inside = FILES[name]
        for key in path:
            inside = inside[key]
        if isinstance(inside, dict) and path[:1] != INFORMATION:
            assert is_refused(set_at(FILES[name], (*path, "surcharge"), "0.05")), path
