"""OBIS codes: what their groups say, after IEC 62056-61."""

from __future__ import annotations

import pytest

from schemas.codes import Direction, ReadKind
from schemas.obis import Obis, measured_by, obis_of_bytes, parse_obis, unit_of


@pytest.mark.parametrize(
    ("code", "quantity", "direction", "kind", "unit"),
    [
        ("1-0:1.8.0", "active_energy", Direction.IMPORT, ReadKind.INDEX, "kWh"),
        ("1-0:2.8.2", "active_energy", Direction.EXPORT, ReadKind.INDEX, "kWh"),
        ("1.8.1", "active_energy", Direction.IMPORT, ReadKind.INDEX, "kWh"),
        ("1-0:3.8.0", "reactive_energy", Direction.IMPORT, ReadKind.INDEX, "kvarh"),
        ("1-0:4.8.0", "reactive_energy", Direction.EXPORT, ReadKind.INDEX, "kvarh"),
        ("1-0:9.8.0", "apparent_energy", Direction.IMPORT, ReadKind.INDEX, "kVAh"),
        ("1-1:1.29.0*255", "active_energy", Direction.IMPORT, ReadKind.PERIOD, "kWh"),
        ("1-1:2.9.0", "active_energy", Direction.EXPORT, ReadKind.PERIOD, "kWh"),
        ("1-1:1.10.0", "active_energy", Direction.IMPORT, ReadKind.PERIOD, "kWh"),
        ("1-0:1.7.0", "power", Direction.IMPORT, ReadKind.INSTANT, "kW"),
        ("1-0:22.7.0", "power", Direction.EXPORT, ReadKind.INSTANT, "kW"),
        ("1-0:1.6.0", "power", Direction.IMPORT, ReadKind.INSTANT, "kW"),
        ("1-0:32.7.0", "voltage", Direction.NONE, ReadKind.INSTANT, "V"),
        ("1-0:71.7.0", "current", Direction.NONE, ReadKind.INSTANT, "A"),
        ("1-0:13.7.0", "power_factor", Direction.NONE, ReadKind.INSTANT, None),
        ("1-0:14.7.0", "frequency", Direction.NONE, ReadKind.INSTANT, "Hz"),
        ("7-0:3.0.0", "volume", Direction.IMPORT, ReadKind.INDEX, "m3"),
        ("8-0:1.0.0", "volume", Direction.IMPORT, ReadKind.INDEX, "m3"),
        ("6-0:1.0.0", "heat", Direction.IMPORT, ReadKind.INDEX, None),
    ],
)
def test_the_groups_say_what_is_measured(code, quantity, direction, kind, unit):
    assert measured_by(parse_obis(code)) == (quantity, direction, kind, unit)


@pytest.mark.parametrize("code", ["0-0:1.0.0", "0-0:96.1.1", "0-1:24.2.1", "1-0:0.0.0", "1-0:99.97.0", "1-0:32.32.0"])
def test_what_the_groups_do_not_say_is_not_guessed(code):
    assert measured_by(parse_obis(code)) is None


@pytest.mark.parametrize("text", ["E1", "1-0:1", "1-0:1.8.0.0", "256-0:1.8.0", "1-0:1.8.256", "", "1-0:1.8.0*", "\uff11.8.0"])
def test_what_is_no_code_is_none(text):
    assert parse_obis(text) is None


def test_the_channel_leaves_out_the_current_billing_period():
    assert parse_obis("1-0:1.8.0*255").channel == "1-0:1.8.0"
    assert parse_obis("1-0:1.8.0*01").channel == "1-0:1.8.0*1"
    assert obis_of_bytes(bytes([1, 0, 1, 8, 0, 255])).channel == "1-0:1.8.0"
    assert obis_of_bytes(b"\x01\x00") is None


def test_a_unit_is_the_sources_or_the_one_its_code_implies():
    code = Obis(1, 0, 1, 8, 0, 255)
    assert unit_of(code, "Wh").exponent == -3
    assert unit_of(code, None).unit == "kWh"
    assert unit_of(code, "furlong") is None
    assert unit_of(Obis(0, 0, 96, 1, 0, 255), None) is None
