from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.units import Unit, parse_unit


class TestParseUnit:
    @pytest.mark.parametrize(
        ("text", "unit"),
        [
            pytest.param("kWh", Unit("active_energy", "kWh", 0), id="the unit of the store"),
            pytest.param("Wh", Unit("active_energy", "kWh", -3), id="a thousandth"),
            pytest.param("MWh", Unit("active_energy", "kWh", 3), id="a thousandfold"),
            pytest.param("GWh", Unit("active_energy", "kWh", 6), id="a millionfold"),
            pytest.param("kVArh", Unit("reactive_energy", "kvarh", 0), id="reactive energy"),
            pytest.param("VAh", Unit("apparent_energy", "kVAh", -3), id="apparent energy"),
            pytest.param("kW", Unit("power", "kW", 0), id="power is no energy"),
            pytest.param("var", Unit("reactive_power", "kvar", -3), id="reactive power"),
            pytest.param("kVA", Unit("apparent_power", "kVA", 0), id="apparent power"),
            pytest.param("m³", Unit("volume", "m3", 0), id="a superscript"),
            pytest.param("GJ", Unit("energy", "GJ", 0), id="no power of ten away from kWh"),
            pytest.param("V", Unit("voltage", "V", 0), id="volts"),
            pytest.param(" kWh ", Unit("active_energy", "kWh", 0), id="spaces around it"),
        ],
    )
    def test_a_source_unit_has_its_meaning(self, text, unit):
        assert parse_unit(text) == unit

    @pytest.mark.parametrize("text", ["", " ", "k", "kk", "furlong", "kWhh", "kkWh", "hW", "Wh/h", "kWh2"])
    def test_a_unit_nobody_knows_is_not_guessed(self, text):
        assert parse_unit(text) is None

    @given(st.sampled_from(["Wh", "kWh", "MWh", "kvarh", "kVAh", "kW", "m3", "V", "A", "therm", "MJ"]), st.booleans())
    def test_case_does_not_matter(self, text, upper):
        assert parse_unit(text.upper() if upper else text.lower()) == parse_unit(text)

    @given(st.text(max_size=8))
    def test_any_text_has_a_known_unit_or_none(self, text):
        found = parse_unit(text)
        assert found is None or found.exponent in range(-3, 7)
