from __future__ import annotations

import pytest

from pipelines.ingest.tables.mapping import parse_mapping
from schemas.errors import InputRefusedError

GOOD = """
service_point_id: {from: file_name}
time: {column: start, label: start, zone: America/Chicago}
interval_minutes: 60
channels:
- {column: value, channel: off, quantity: active_energy, direction: import, unit: kWh}
- {column: GC, channel: GC, quantity: active_energy, direction: import, unit: kW, average_power: true}
"""


def test_a_mapping_is_read_with_its_scalars_as_text():
    mapping = parse_mapping(GOOD)
    assert mapping.channels[0].channel == "off"
    assert mapping.channels[1].average_power is True
    assert mapping.interval_minutes == 60


def test_the_unit_of_average_power_is_that_of_its_energy():
    assert [channel.store_unit for channel in parse_mapping(GOOD).channels] == ["kWh", "kWh"]


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("time:", "times:", "times"),
        ("{from: file_name}", "{from: name}", "service_point_id.from"),
        ("{from: file_name}", "{}", "service_point_id"),
        ("{from: file_name}", "{from: file_name, value: x}", "service_point_id"),
        ("label: start", "label: middle", "time.label"),
        ("America/Chicago", "America/Nowhere", "time.zone"),
        ("zone:", "timezone:", "time.timezone"),
        ("60", "0", "interval_minutes"),
        ("60", "an hour", "interval_minutes"),
        ("60", "9999999999", "interval_minutes"),
        ("unit: kWh", "unit: furlong", "channels.0.unit"),
        ("direction: import", "direction: in", "channels.0.direction"),
        ("unit: kW,", "unit: kWh,", "channels.1"),
        ("average_power: true", "average_power: 1.5", "channels.1.average_power"),
        ("average_power: true", "average_power: true, kind: index", "channels.1"),
        ("channel: GC", "channel: off", "mapping"),
        ("interval_minutes: 60", "delimiter: '::'", "delimiter"),
        ("interval_minutes: 60", "delimiter: '5'", "delimiter"),
        ("interval_minutes: 60", "quality: {column: q, codes: {A: good}}", "quality.codes.A"),
        ("column: GC, channel: GC", "column: GC", "channels.1.channel"),
    ],
)
def test_what_cannot_be_followed_is_refused_with_its_place(old, new, where):
    with pytest.raises(InputRefusedError) as refusal:
        parse_mapping(GOOD.replace(old, new))
    assert refusal.value.code == "mapping.invalid"
    assert f"{where}" in refusal.value.message


@pytest.mark.parametrize(
    "text", ["", "- 1", "a: b: c", "{", "a: 1\na: 2\n", "x" * 70_000, "a: &x [*x]", "service_point_id: &x {from: *x}", "\x00"]
)
def test_what_is_no_mapping_is_refused(text):
    with pytest.raises(InputRefusedError) as refusal:
        parse_mapping(text)
    assert refusal.value.code == "mapping.invalid"


def test_every_problem_is_named_at_once():
    with pytest.raises(InputRefusedError) as refusal:
        parse_mapping(GOOD.replace("label: start", "label: x").replace("unit: kWh", "unit: y"))
    assert "time.label" in refusal.value.message
    assert "channels.0.unit" in refusal.value.message
