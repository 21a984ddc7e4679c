from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from head_end.event_codes import COMPANIONS, event_type_of
from schemas.event_types import MEANINGS, EventType

DISAGREE = [
    # code, then what it is for dsmr4, idis, is15959, smr5: each family of meters has its own list
    (7, ("battery", None, "over_voltage", "battery")),
    (9, ("tariff_change", None, None, "tariff_change")),
    (47, ("configuration_change", None, None, "configuration_change")),
    (76, ("data_requested", "under_voltage", None, "data_requested")),
    (77, ("under_voltage", "under_voltage", None, "under_voltage")),
    (79, ("under_voltage", "over_voltage", None, "under_voltage")),
    (80, ("sag", "over_voltage", None, "over_voltage")),
    (82, ("sag", "missing_voltage", None, "over_voltage")),
    (83, ("swell", "missing_voltage", None, "voltage_normal")),
    (85, ("swell", "voltage_normal", None, "voltage_normal")),
    (92, ("phase_restoration", "voltage_quality", None, "phase_restoration")),
    (93, ("sag", "voltage_quality", None, "sag")),
]


class TestCodes:
    @pytest.mark.parametrize(("code", "expected"), DISAGREE)
    def test_a_code_means_what_its_companion_standard_says(self, code, expected):
        assert tuple(event_type_of(companion, code) for companion in COMPANIONS) == expected

    @pytest.mark.parametrize("code", [80, "80", " 80 ", "0x50", "0X50", "080"])
    def test_a_code_may_be_a_number_or_a_text_decimal_or_hexadecimal(self, code):
        assert event_type_of("dsmr4", code) == "sag"

    @pytest.mark.parametrize("companion", ["smr5", "SMR5", " Smr5 "])
    def test_the_name_of_a_standard_has_no_case(self, companion):
        assert event_type_of(companion, 80) == "over_voltage"

    @pytest.mark.parametrize(
        ("companion", "code"),
        [
            ("dsmr4", 9999), ("dsmr4", ""), ("dsmr4", "x"), ("dsmr4", "0x"), ("dsmr4", "-1"), ("dsmr4", "8\u0660"),
            ("", 80), ("dsmr 4", 80), ("../smr5", 80),
        ],
    )  # fmt: skip
    def test_an_unknown_pair_is_never_guessed(self, companion, code):
        assert event_type_of(companion, code) is None

    @given(st.sampled_from(COMPANIONS) | st.text(max_size=8), st.text(max_size=12))
    def test_no_text_breaks_it(self, companion, code):
        assert event_type_of(companion, code) in {None, *EventType}


class TestPublicList:
    def test_every_code_of_the_public_list_is_there_under_its_name(self, reference_data):
        text = (reference_data / "real_data" / "events_pq" / "dsmr_event_types.csv").read_text("utf-8")
        listed = list(csv.reader(text.splitlines()))
        assert len(listed) == 299  # PROVENANCE.md
        companions = {"": ("dsmr4", "smr5"), "DSMR": ("dsmr4",), "SMR": ("smr5",)}
        missing = [row for row in listed for companion in companions[row[1]] if event_type_of(companion, row[0]) is None]
        assert missing == []


def test_every_type_is_told_in_a_sentence():
    assert set(MEANINGS) == set(EventType)
