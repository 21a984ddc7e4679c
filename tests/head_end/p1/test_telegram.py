from __future__ import annotations

import io

import pytest

from head_end.p1.framing import frames_of
from head_end.p1.tariffs import country_of, tariff_meaning
from head_end.p1.telegram import Telegram
from tests.head_end.p1.captures import GAS, METER, V5, changed, sent

DUTCH = ("0-0:96.14.0(0001)", "1-0:1.8.1(1*kWh)", "1-0:1.8.2(1*kWh)")


def telegram(*lines: str) -> Telegram:
    (frame,) = frames_of(io.BytesIO(sent(lines or V5)))
    return Telegram.of(frame)


class TestIdentity:
    def test_a_meter_and_its_devices_are_named_as_written(self):
        found = telegram()
        assert (found.equipment_id, found.device_id(1), found.device_type(1)) == (METER, GAS, 3)
        assert (found.device_id(2), found.device_type(2)) == (None, None)

    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            (("0-0:96.1.1(A)", "0-0:42.0.0(B)"), "A"),
            (("0-0:96.1.0(C)", "0-0:42.0.0(B)"), "B"),
            (("0-0:96.1.0(C)",), "C"),
            (("1-0:0.0.0*255(D)",), "D"),
            (("0-0:96.1.1()", "0-0:96.1.0(C)"), "C"),
            (("0-0:96.1.4(50217)",), None),
            ((), None),
        ],
    )
    def test_the_first_object_that_names_the_meter_counts(self, lines, expected):
        assert telegram("/TST5", *lines, "1-0:1.8.0(1*kWh)").equipment_id == expected

    @pytest.mark.parametrize(
        ("lines", "two"),
        [
            (("0-0:96.1.1(A)", "0-0:96.1.1(B)"), True),
            (("0-0:96.1.1(A)", "0-0:96.1.1(A)"), False),
            (("0-0:96.1.1(A)", "0-0:42.0.0(B)"), False),
            (("0-1:96.1.0(A)", "0-1:96.1.0(B)"), True),
            (("0-1:96.1.0(A)", "0-2:96.1.0(B)"), False),
            (("0-0:1.0.0(260115120000W)", "0-0:1.0.0(260115120001W)"), True),
            (("0-0:1.0.0(260115120000W)", "0-0:1.0.0(260115120000W)"), False),
        ],
    )
    def test_an_object_that_is_spliced_is_known(self, lines, two):
        assert telegram("/TST5", *lines).is_spliced is two

    @pytest.mark.parametrize(
        ("text", "bad"), [("A" * 96, False), ("A" * 97, True), ("0012", False), ("A B", False), ("\x1b[2J", True)]
    )
    def test_an_identifier_nobody_can_print_is_known(self, text, bad):
        assert telegram("/TST5", f"0-0:96.1.1({text})").has_bad_id is bad


class TestVersion:
    @pytest.mark.parametrize(
        ("lines", "version"),
        [
            (("1-3:0.2.8(42)",), 4),
            (("1-3:0.2.8(50)",), 5),
            (("0-0:96.1.4(50217)",), 5),
            (("0-0:1.0.0(260115120000W)",), 4),
            ((), None),
            (("1-3:0.2.8(x)",), None),
        ],
    )
    def test_it_says_whether_a_crc_is_due(self, lines, version):
        found = telegram("/TST5", *lines)
        assert (found.version, found.should_have_crc) == (version, version is not None)


class TestTariffs:
    @pytest.mark.parametrize(
        ("lines", "country"),
        [
            (("/TST5", "1-3:0.2.8(50)", *DUTCH), "NL"),
            (("/TST5", *DUTCH), "NL"),
            (("/FLU5\\253769484_A", *DUTCH), "BE"),
            (("/TST5", "0-0:96.1.4(50217)", *DUTCH), "BE"),
            (("/EST5\\253710000_A", "1-3:0.2.8(50)", "1-0:1.8.0(2*kWh)", *DUTCH), None),
            (("/TST5", "1-0:1.8.0(2*kWh)"), None),
        ],
    )
    def test_the_country_is_that_of_the_standard_it_follows(self, lines, country):
        assert country_of(telegram(*lines)) == country

    @pytest.mark.parametrize(
        ("country", "tariff", "meaning"),
        [
            ("NL", 1, "low"),
            ("NL", 2, "normal"),
            ("BE", 1, "day"),
            ("BE", 2, "night"),
            ("BE", 0, None),
            (None, 1, None),
            ("SE", 1, None),
        ],
    )
    def test_tariff_1_is_low_in_the_netherlands_and_day_in_belgium(self, country, tariff, meaning):
        assert tariff_meaning(country, tariff) == meaning


def test_lines_can_be_changed_for_a_test():
    assert changed(**{"1-0:1.7.0": None}) == tuple(line for line in V5 if "1.7.0" not in line)
