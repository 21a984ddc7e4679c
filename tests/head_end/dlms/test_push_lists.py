from __future__ import annotations

import pytest

from head_end.dlms.axdr import decode
from head_end.dlms.errors import ListError
from head_end.dlms.push_lists import read_attribute, read_list
from head_end.dlms.units import Scale
from schemas.obis import Obis
from tests.head_end.dlms.meter_bytes import METER, array, clock, code, hourly_list, octets, register, scale, structure, u16, u32

TIME = octets(clock("2026-01-31 14:00:00", -60))
PUSH_SETUP, DATA, REGISTER, EXTENDED, PROFILE, CLOCK = 40, 1, 3, 4, 7, 8


def text(value: str) -> bytes:
    return b"\x0a" + bytes([len(value)]) + value.encode()


def pushed(class_id: int, name: str, attribute: int = 2) -> bytes:
    """One line of a push setup's list of objects."""
    return structure(u16(class_id), code(name), b"\x0f" + bytes([attribute]), u16(0))


def rows(body: bytes) -> list[tuple[str, int, Scale | None]]:
    return [(one.code.channel, one.value, one.scale) for one in read_list(decode(body)[0]).registers]


class TestKaifa:
    NAMES = (octets(b"KFM_001"), octets(b"6970631400000001"), octets(b"MA304H3E"))

    def test_the_position_decides(self):
        body = structure(*self.NAMES, *(u32(n) for n in range(1, 11)))
        assert rows(body) == [
            ("1-0:1.7.0", 1, Scale(0, 27)),
            ("1-0:2.7.0", 2, Scale(0, 27)),
            ("1-0:3.7.0", 3, Scale(0, 29)),
            ("1-0:4.7.0", 4, Scale(0, 29)),
            ("1-0:31.7.0", 5, Scale(-3, 33)),
            ("1-0:51.7.0", 6, Scale(-3, 33)),
            ("1-0:71.7.0", 7, Scale(-3, 33)),
            ("1-0:32.7.0", 8, Scale(-1, 35)),
            ("1-0:52.7.0", 9, Scale(-1, 35)),
            ("1-0:72.7.0", 10, Scale(-1, 35)),
        ]

    @pytest.mark.parametrize(("values", "energies_from"), [(6, None), (10, None), (6, 7), (10, 11)])
    def test_one_phase_and_three_with_energies_and_without(self, values, energies_from):
        energies = (TIME, *(u32(n) for n in range(100, 104))) if energies_from else ()
        found = read_list(decode(structure(*self.NAMES, *(u32(n) for n in range(values)), *energies))[0])
        channels = [one.code.channel for one in found.registers]
        assert ("1-0:51.7.0" in channels) == (values == 10)
        assert channels[values:] == (["1-0:1.8.0", "1-0:2.8.0", "1-0:3.8.0", "1-0:4.8.0"] if energies_from else [])
        assert (found.time is None) == (energies_from is None)
        assert found.meter_id == "6970631400000001"

    def test_the_shortest_list_is_the_power_alone(self):
        found = read_list(decode(structure(u32(1500)))[0])
        assert (found.meter_id, rows(structure(u32(1500)))) == (None, [("1-0:1.7.0", 1500, Scale(0, 27))])

    @pytest.mark.parametrize("count", [5, 9, 12])
    def test_a_list_of_another_length_is_not_guessed(self, count):
        with pytest.raises(ListError):
            read_list(decode(structure(*self.NAMES, *(u32(n) for n in range(count))))[0])

    def test_a_text_where_a_number_should_be_is_no_kaifa_list(self):
        with pytest.raises(ListError):
            read_list(decode(structure(*self.NAMES, text("x"), *(u32(n) for n in range(9))))[0])


class TestKamstrup:
    def body(self, *members: bytes) -> bytes:
        return structure(text("Kamstrup_V0001"), code("1-1:0.0.5"), text("5706567000000001"), *members)

    def test_scaler_and_unit_are_those_of_its_description(self):
        found = rows(
            self.body(
                *(code("1-1:1.7.0"), u32(280)),
                *(code("1-1:3.7.0"), u32(5)),
                *(code("1-1:31.7.0"), u32(133)),
                *(code("1-1:32.7.0"), u16(230)),
                *(code("1-1:1.8.0"), u32(2_272_138)),
                *(code("1-1:4.8.0"), u32(7)),
                *(code("1-1:22.8.0"), u32(9)),
            )
        )
        assert found == [
            ("1-1:1.7.0", 280, Scale(0, 27)),
            ("1-1:3.7.0", 5, Scale(0, 29)),
            ("1-1:31.7.0", 133, Scale(-2, 33)),
            ("1-1:32.7.0", 230, Scale(0, 35)),
            ("1-1:1.8.0", 2_272_138, Scale(1, 30)),
            ("1-1:4.8.0", 7, Scale(1, 32)),
            ("1-1:22.8.0", 9, Scale(1, 30)),
        ]

    def test_a_code_that_it_does_not_describe_has_no_scale(self):
        assert rows(self.body(code("1-1:33.7.0"), u16(99))) == [("1-1:33.7.0", 99, None)]

    def test_meter_and_clock_are_among_the_codes(self):
        found = read_list(decode(self.body(code("0-1:1.0.0"), TIME, code("1-1:1.8.0"), u32(1)))[0])
        assert (found.meter_id, found.time.utc.hour) == ("5706567000000001", 13)


class TestCodesAndValues:
    def test_structures_of_code_value_and_scale(self):
        # Aidon, Iskraemeco
        found = read_list(decode(hourly_list())[0])
        assert (found.meter_id, found.time.utc.hour) == ("0007359992892587", 13)
        assert [(one.code.channel, one.value, one.scale) for one in found.registers] == [
            ("1-0:1.7.0", 1500, Scale(0, 27)),
            ("1-0:1.8.0", 123_456, Scale(1, 30)),
        ]

    def test_code_value_and_scale_in_turn_with_the_meter_at_the_end(self):
        # the Austrian customer interface of Sagemcom T210-D and Kaifa MA309M
        body = structure(
            TIME,
            code("1-0:1.8.0"),
            u32(12_937),
            scale(0, 30),
            code("1-0:32.7.0"),
            u16(2337),
            scale(-1, 35),
            octets(b"181220000009"),
        )
        found = read_list(decode(body)[0])
        assert (found.meter_id, found.time.utc.hour) == ("181220000009", 13)
        assert rows(body) == [("1-0:1.8.0", 12_937, Scale(0, 30)), ("1-0:32.7.0", 2337, Scale(-1, 35))]

    def test_a_list_inside_a_list(self):
        assert rows(structure(text("ABC"), hourly_list())) == rows(hourly_list())

    def test_a_serial_number_of_six_characters_is_no_code(self):
        body = structure(structure(code("0-0:96.1.0"), octets(b"123456")), register("1-0:1.8.0", 5))
        assert read_list(decode(body)[0]).meter_id == "123456"

    def test_the_device_number_goes_before_the_logical_device(self):
        body = structure(structure(code("0-0:42.0.0"), octets(b"ABC7000000001")), METER, register("1-0:1.8.0", 5))
        assert read_list(decode(body)[0]).meter_id == "0007359992892587"

    def test_the_logical_device_names_a_meter_where_nothing_else_does(self):
        body = structure(structure(code("0-0:42.0.0"), octets(b"ABC7000000001")), register("1-0:1.8.0", 5))
        assert read_list(decode(body)[0]).meter_id == "ABC7000000001"

    def test_null_data_is_no_number(self):
        assert rows(array(METER, structure(code("1-0:1.8.0"), b"\x00", scale(0, 30)))) == []


class TestPushObjects:
    def test_values_follow_the_objects_that_name_them(self):
        # Landis+Gyr E450: the list of objects is the first value, and names itself
        objects = array(
            pushed(PUSH_SETUP, "0-8:25.9.0"),
            pushed(PUSH_SETUP, "0-8:25.9.0", 1),
            pushed(DATA, "0-0:96.1.0"),
            pushed(CLOCK, "0-0:1.0.0"),
            pushed(REGISTER, "1-0:1.8.0"),
            pushed(REGISTER, "1-0:1.8.0", 3),
            pushed(REGISTER, "1-0:2.8.0"),
        )
        body = structure(objects, code("0-8:25.9.0"), octets(b"41199281"), TIME, u32(27_111), scale(0, 30), u32(5))
        found = read_list(decode(body)[0])
        assert (found.meter_id, found.time.utc.hour) == ("41199281", 13)
        assert rows(body) == [("1-0:1.8.0", 27_111, Scale(0, 30)), ("1-0:2.8.0", 5, None)]

    def test_the_list_need_not_name_itself(self):
        assert rows(structure(array(pushed(REGISTER, "1-0:1.8.0")), u32(7))) == [("1-0:1.8.0", 7, None)]

    def test_another_number_of_values_than_of_objects_is_not_guessed(self):
        with pytest.raises(ListError):
            read_list(decode(structure(array(pushed(REGISTER, "1-0:1.8.0")), u32(7), u32(8)))[0])

    def test_a_gas_meter_behind_it_has_its_own_time(self):
        objects = array(pushed(EXTENDED, "0-1:24.2.1"), pushed(EXTENDED, "0-1:24.2.1", 5), pushed(CLOCK, "0-0:1.0.0"))
        noon = octets(clock("2026-01-31 12:00:00", -60))
        gas = read_list(decode(structure(objects, u32(99), noon, TIME))[0]).registers[0]
        assert (gas.value, gas.time.utc.hour) == (99, 11)

    def test_a_profile_comes_with_its_columns_and_its_period(self):
        objects = array(*(pushed(PROFILE, "1-0:99.1.0", attribute) for attribute in (3, 4, 2)))
        columns = array(pushed(CLOCK, "0-0:1.0.0"), pushed(REGISTER, "1-0:1.8.0"))
        found = read_list(decode(structure(objects, columns, u32(900), array(structure(TIME, u32(5)))))[0])
        (profile,) = found.profiles
        assert (profile.code.channel, profile.period_seconds) == ("1-0:99.1.0", 900)
        assert [column.code.channel for column in profile.columns] == ["0-0:1.0.0", "1-0:1.8.0"]


class TestUnknown:
    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(octets(bytes(34)), id="an octet-string"),
            pytest.param(u32(5), id="a bare number"),
            pytest.param(structure(), id="nothing"),
            pytest.param(structure(u32(5), u32(6)), id="numbers without a code"),
            pytest.param(structure(text("Aidon")), id="a text"),
        ],
    )
    def test_what_no_code_names_is_not_guessed(self, body):
        with pytest.raises(ListError):
            read_list(decode(body)[0])


def test_an_attribute_alone_is_a_list_of_one():
    found = read_attribute(Obis(1, 0, 1, 8, 0, 255), REGISTER, 2, decode(u32(7))[0])
    assert [(one.code.channel, one.value, one.scale) for one in found.registers] == [("1-0:1.8.0", 7, None)]


def test_all_attributes_of_a_register_come_with_their_scale():
    body = structure(code("1-0:1.8.0"), u32(7), scale(0, 30))
    found = read_attribute(Obis(1, 0, 1, 8, 0, 255), REGISTER, 0, decode(body)[0])
    assert [(one.value, one.scale) for one in found.registers] == [(7, Scale(0, 30))]
