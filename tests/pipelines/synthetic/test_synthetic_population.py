from __future__ import annotations

import re
from collections import Counter

import pytest

from pipelines.synthetic.population import (
    REGIONS,
    Kind,
    has_controlled_load,
    has_solar,
    interval_minutes_of,
    kind_of,
    meter_id,
    region_of,
    service_point_id,
)
from schemas.errors import InputRefusedError


def test_of_sixty_service_points_forty_eight_are_homes_nine_businesses_and_three_have_accumulation_meters():
    assert Counter(kind_of(index) for index in range(60)) == {Kind.HOME: 48, Kind.BUSINESS: 9, Kind.ACCUMULATION: 3}


def test_a_quarter_of_the_homes_have_panels():
    assert sum(has_solar(index) for index in range(240)) == 48


def test_only_homes_have_panels_or_a_water_heater_of_their_own():
    special = [index for index in range(240) if has_solar(index) or has_controlled_load(index)]
    assert {kind_of(index) for index in special} == {Kind.HOME}


def test_about_a_tenth_of_the_homes_have_a_controlled_load():
    assert sum(has_controlled_load(index) for index in range(240)) == 18


def test_most_meters_are_half_hourly_and_some_finer():
    assert Counter(interval_minutes_of(index) for index in range(60)) == {30: 55, 15: 3, 5: 2}


@pytest.mark.parametrize("index", [0, 59, 1_000_000 - 1])
def test_an_nmi_has_ten_characters_and_neither_o_nor_i(index):
    assert re.fullmatch(r"[0-9A-HJ-NP-Z]{10}", service_point_id(index))


def test_ids_are_unique():
    assert len({service_point_id(index) for index in range(5000)} | {meter_id(index) for index in range(5000)}) == 10_000


def test_an_exchanged_meter_has_another_serial():
    assert meter_id(4, 1) != meter_id(4)


def test_a_zone_outside_the_market_is_refused_by_name():
    with pytest.raises(InputRefusedError, match="Europe/Berlin") as refused:
        region_of("Europe/Berlin")
    assert refused.value.code == "synthetic.zone"
    assert all(zone in refused.value.hint for zone in REGIONS)
