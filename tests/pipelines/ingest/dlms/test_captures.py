from __future__ import annotations

from datetime import UTC, datetime

import pytest

from schemas.errors import InputRefusedError
from tests.head_end.dlms.meter_bytes import (
    LINK,
    METER,
    array,
    clock,
    code,
    frame,
    hourly_list,
    length,
    notification,
    octets,
    register,
    scale,
    segments,
    structure,
    u16,
    u32,
    wrapped,
)
from tests.pipelines.ingest.dlms.reading import codes, read, values, warned

HOURLY = [("1-0:1.7.0", "1.5"), ("1-0:1.8.0", "1234.56")]
"""1500 W, and 123456 times 10 Wh."""
PUSH = notification(hourly_list())
WITHOUT_CLOCK = array(METER, register("1-0:1.7.0", 1500, 0, 27))


def blocks(unit: bytes, size: int) -> list[bytes]:
    """A unit as blocks of a general block transfer, as the Landis+Gyr E450 sends them: streaming, the link header once."""
    parts = [unit[at : at + size] for at in range(0, len(unit), size)]
    heads = [bytes([0xE0, 0xC0 if n == len(parts) else 0x40]) + n.to_bytes(2, "big") + b"\0\0" for n in range(1, len(parts) + 1)]
    made = [head + length(len(part)) + part for head, part in zip(heads, parts, strict=True)]
    return [LINK + made[0], *made[1:]]


def get_blocks(value: bytes, size: int) -> list[bytes]:
    """A value as the blocks of an answer."""
    parts = [value[at : at + size] for at in range(0, len(value), size)]
    return [
        b"\xc4\x02\xc1" + bytes([n == len(parts)]) + n.to_bytes(4, "big") + b"\x00" + length(len(part)) + part
        for n, part in enumerate(parts, start=1)
    ]


def asks(class_id: int, name: str, attribute: int) -> bytes:
    return b"\xc0\x01\xc1" + class_id.to_bytes(2, "big") + code(name)[2:] + bytes([attribute, 0])


class TestRoutes:
    """The same list, however it came."""

    @pytest.mark.parametrize(
        ("data", "quality"),
        [
            pytest.param(frame(LINK + PUSH), "measured", id="a frame"),
            pytest.param(b"".join(segments(LINK + PUSH, 40)), "measured", id="segments"),
            pytest.param(b"".join(frame(part) for part in blocks(PUSH, 40)), "measured", id="blocks in frames"),
            pytest.param(wrapped(PUSH), "unverified", id="a wrapper"),
            pytest.param(PUSH, "unverified", id="a bare unit"),
            pytest.param(hourly_list(), "unverified", id="a bare list"),
            pytest.param(frame(b"", control=0x93) + frame(LINK + PUSH), "measured", id="after a frame that steers the link"),
        ],
    )
    @pytest.mark.parametrize(
        "written",
        [
            pytest.param(lambda raw: raw, id="bytes"),
            pytest.param(lambda raw: raw + b"\r\n", id="bytes and a line end"),
            pytest.param(lambda raw: raw.hex().encode(), id="hex"),
            pytest.param(lambda raw: b"\xef\xbb\xbf" + raw.hex(" ").upper().encode() + b"\r\n", id="HEX with blanks"),
            pytest.param(lambda raw: b"0x" + raw.hex().encode(), id="hex after 0x"),
            pytest.param(lambda raw: " ".join(f"0x{byte:02X}" for byte in raw).encode(), id="0x before each byte"),
            pytest.param(lambda raw: b"\n" + raw.hex("\n", 16).encode() + b"\n\n", id="hex in lines"),
        ],
    )
    @pytest.mark.parametrize("piece_bytes", [1, 7, 2**18])
    def test_values_and_quality_are_the_same(self, data, quality, written, piece_bytes):
        parsed = read(written(data), piece_bytes)
        assert values(parsed) == HOURLY
        assert set(parsed.reads["quality"].to_pylist()) == {quality}
        assert codes(parsed) == []

    def test_many_lists_on_lines_of_their_own(self):
        lists = [hourly_list(f"2026-01-31 {hour:02}:00:00", energy=hour) for hour in range(24)]
        parsed = read("\n".join(raw.hex() for raw in lists).encode())
        assert (parsed.rows_read, codes(parsed)) == (48, [])

    @pytest.mark.parametrize(
        "unit", [hourly_list(), PUSH, wrapped(PUSH), frame(LINK + PUSH)], ids=["list", "unit", "wrapper", "frame"]
    )
    def test_many_units_one_after_the_other(self, unit):
        assert read(unit * 5).rows_read == read((unit * 5).hex().encode()).rows_read == 10

    def test_frames_may_share_a_flag(self):
        one = frame(LINK + PUSH)
        assert read(one + one[1:] + one[1:]).rows_read == 6

    def test_a_capture_may_begin_in_the_middle_of_a_frame(self):
        parsed = read(frame(LINK + PUSH)[20:] + frame(LINK + PUSH))
        assert (values(parsed), codes(parsed)) == (HOURLY, ["frame.unknown"])


class TestReads:
    def test_energies_are_indexes_and_the_rest_is_momentary(self):
        rows = {row["channel"]: row for row in read(hourly_list()).reads.to_pylist()}
        assert [rows["1-0:1.7.0"][name] for name in ("quantity", "unit", "kind", "direction")] == [
            "power",
            "kW",
            "instant",
            "import",
        ]
        assert [rows["1-0:1.8.0"][name] for name in ("quantity", "unit", "kind", "direction")] == [
            "active_energy",
            "kWh",
            "index",
            "import",
        ]

    def test_meter_and_service_point_are_the_name_in_the_list_with_its_zeros(self):
        rows = read(hourly_list()).reads.to_pylist()
        assert {(row["service_point_id"], row["meter_id"]) for row in rows} == {("0007359992892587", "0007359992892587")}

    def test_a_list_without_a_name_belongs_to_its_file(self):
        rows = read(structure(u32(1500)), name="inbox/house 7.hex").reads.to_pylist()
        assert [(row["service_point_id"], row["meter_id"], row["unit"]) for row in rows] == [("house 7", "", "kW")]

    @pytest.mark.parametrize(
        ("scaler", "unit", "expected"),
        [(0, 30, ("5", "kWh")), (3, 30, ("5000", "kWh")), (-3, 30, ("0.005", "kWh")), (-6, 30, ("0.000005", "kWh"))],
    )
    def test_scaler_and_unit_are_applied_exactly(self, scaler, unit, expected):
        (row,) = read(array(METER, register("1-0:1.8.0", 5000, scaler, unit))).reads.to_pylist()
        assert (f"{row['value'].normalize():f}", row["unit"]) == expected

    @pytest.mark.parametrize(("scaler", "code_"), [(-7, "value.precision"), (-128, "value.precision"), (127, "value.range")])
    def test_what_the_store_cannot_hold_exactly_is_set_aside(self, scaler, code_):
        assert codes(read(array(METER, register("1-0:1.8.0", 5001, scaler, 30)))) == [code_]

    def test_gas_behind_the_meter_is_an_index_in_cubic_metres(self):
        (row,) = read(array(METER, register("0-1:24.2.1", 1234, -2, 13))).reads.to_pylist()
        assert (row["quantity"], row["kind"], row["unit"], f"{row['value']:.2f}") == ("volume", "index", "m3", "12.34")

    def test_a_unit_nobody_knows_is_set_aside_and_the_rest_goes_on(self):
        parsed = read(array(METER, register("1-0:1.8.0", 5, 0, 77), register("1-0:2.8.0", 6, 0, 30)))
        assert (values(parsed), codes(parsed)) == ([("1-0:2.8.0", "0.006")], ["unit.unknown"])

    def test_an_index_without_scaler_and_unit_is_not_guessed(self):
        # Wh or kWh? A factor of a thousand on somebody's bill
        parsed = read(array(METER, structure(code("1-0:1.8.0"), u32(75_133))))
        assert (values(parsed), codes(parsed)) == ([], ["unit.unknown"])

    def test_a_number_that_no_code_explains_has_no_unit(self):
        (row,) = read(array(METER, register("0-0:96.7.21", 4, 0, 255))).reads.to_pylist()
        assert (row["quantity"], row["unit"], row["kind"]) == ("unknown", None, "instant")

    def test_a_quantity_of_a_period_without_its_length_is_set_aside(self):
        assert codes(read(array(METER, register("1-0:1.29.0", 4, 0, 30)))) == ["interval.unknown"]

    def test_null_data_is_no_row(self):
        parsed = read(array(METER, structure(code("1-0:1.8.0"), b"\x00", scale(0, 30)), register("1-0:2.8.0", 0)))
        assert values(parsed) == [("1-0:2.8.0", "0")]

    def test_a_place_leads_a_person_to_the_value(self):
        text = b"\n" + hourly_list().hex().encode() + b"\n"
        assert read(text).reads["record"].to_pylist() == ["Line/2/Value/3", "Line/2/Value/4"]
        twice = read(frame(LINK + PUSH) * 2, prefix="member.bin:").reads["record"].to_pylist()
        assert (twice[0], twice[2]) == ("member.bin:Byte/0/Value/3", f"member.bin:Byte/{len(frame(LINK + PUSH))}/Value/3")


class TestTime:
    def at(self, data: bytes, **context: str) -> object:
        parsed = read(data, **context)
        (found,) = set(parsed.reads["read_at"].to_pylist())
        return found, parsed.clock

    def test_the_deviation_leads_to_utc_whatever_the_store_s_zone(self):
        assert self.at(hourly_list(deviation=-60), zone="+10:00") == (datetime(2026, 1, 31, 13, tzinfo=UTC), None)

    def test_without_a_deviation_the_store_s_zone_holds(self):
        assert self.at(hourly_list(deviation=None), zone="Europe/Oslo") == (datetime(2026, 1, 31, 13, tzinfo=UTC), "Europe/Oslo")

    @pytest.mark.parametrize("deviation", [None, -60, 0])
    def test_a_clock_that_is_named_overrides_what_the_meter_sends(self, deviation):
        # meters on local time that send deviation 0
        found = self.at(hourly_list(deviation=deviation), clock="+02:00", zone="Europe/Oslo")
        assert found == (datetime(2026, 1, 31, 12, tzinfo=UTC), "+02:00")

    def test_a_clock_that_is_none_is_refused(self):
        with pytest.raises(InputRefusedError) as refusal:
            read(hourly_list(), clock="noon")
        assert refusal.value.code == "clock.invalid"

    def test_a_list_without_a_clock_takes_the_time_of_its_push(self):
        push = notification(WITHOUT_CLOCK, clock("2026-01-31 14:00:10", -60))
        assert self.at(push) == (datetime(2026, 1, 31, 13, 0, 10, tzinfo=UTC), None)

    def test_the_clock_in_the_list_goes_before_the_time_of_the_push(self):
        push = notification(hourly_list(), clock("2026-01-31 14:03:10", -60))
        assert self.at(push) == (datetime(2026, 1, 31, 13, tzinfo=UTC), None)

    def test_without_any_clock_there_is_no_time_and_a_warning(self):
        parsed = read(notification(WITHOUT_CLOCK))
        assert (parsed.reads["read_at"].to_pylist(), warned(parsed)) == ([None], ["time.missing"])

    def test_a_clock_that_lost_the_time_is_not_believed(self):
        push = notification(WITHOUT_CLOCK, clock("2000-01-01 00:03:10", 0, status=1))
        parsed = read(push)
        assert (parsed.reads["read_at"].to_pylist(), warned(parsed)) == ([None], ["time.missing"])

    def test_a_doubtful_clock_is_a_warning(self):
        parsed = read(notification(WITHOUT_CLOCK, clock("2026-01-31 14:00:10", 0, status=2)))
        assert (parsed.reads["read_at"].null_count, warned(parsed)) == (0, ["clock.doubtful"])

    @pytest.mark.parametrize(
        ("status", "hour"), [pytest.param(0x80, 0, id="summer time"), pytest.param(0, 1, id="standard time")]
    )
    def test_the_hour_that_comes_twice_is_told_by_the_status(self, status, hour):
        push = notification(WITHOUT_CLOCK, clock("2026-10-25 02:30:00", None, status))
        assert self.at(push, zone="Europe/Oslo")[0] == datetime(2026, 10, 25, hour, 30, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("text", "status"),
        [
            pytest.param("2026-10-25 02:30:00", 0xFF, id="twice, and nothing tells which"),
            pytest.param("2026-03-29 02:30:00", 0, id="never"),
        ],
    )
    def test_a_local_time_that_names_no_instant_is_set_aside(self, text, status):
        push = notification(WITHOUT_CLOCK, clock(text, None, status))
        assert codes(read(push, zone="Europe/Oslo")) == ["time.invalid"]

    def test_a_time_that_does_not_exist_costs_its_list(self):
        good, bad = hourly_list(), hourly_list("2026-02-30 14:00:00")
        parsed = read(f"{bad.hex()}\n{good.hex()}\n".encode())
        assert (values(parsed), codes(parsed)) == (HOURLY, ["time.invalid"])


class TestBroken:
    def test_a_wrong_checksum_costs_its_frame_alone(self):
        damaged = bytearray(frame(LINK + PUSH))
        damaged[40] ^= 1
        parsed = read(bytes(damaged) + frame(LINK + PUSH))
        assert (values(parsed), codes(parsed)) == (HOURLY, ["frame.checksum"])

    def test_a_frame_with_lost_bytes_costs_itself_alone(self):
        cut = frame(LINK + PUSH)
        parsed = read(cut[:30] + cut[35:] + frame(LINK + PUSH))
        assert (values(parsed), codes(parsed)) == (HOURLY, ["frame.incomplete"])

    def test_a_missing_last_segment_costs_its_message_alone(self):
        parsed = read(b"".join(segments(LINK + PUSH, 40)[:-1]) + frame(LINK + PUSH))
        assert (values(parsed), codes(parsed)) == (HOURLY, ["frame.incomplete"])

    def test_a_damaged_segment_costs_its_message_alone(self):
        parts = [bytearray(part) for part in segments(LINK + PUSH, 40)]
        parts[1][15] ^= 1
        parsed = read(b"".join(parts) + frame(LINK + PUSH))
        assert values(parsed) == HOURLY
        assert set(codes(parsed)) == {"frame.checksum", "frame.incomplete"}

    def test_a_missing_block_costs_its_push_alone(self):
        parts = blocks(PUSH, 40)
        parsed = read(b"".join(frame(part) for part in [parts[0], *parts[2:], *blocks(PUSH, 60)]))
        assert values(parsed) == HOURLY
        assert set(codes(parsed)) == {"frame.incomplete"}

    @pytest.mark.parametrize("cut", range(1, 60, 7))
    def test_a_cut_line_does_not_eat_the_next(self, cut):
        # without a checksum, bytes of the next list would become values of this one
        text = f"{hourly_list(energy=7).hex()[: -2 * cut]}\n{hourly_list().hex()}\n{hourly_list().hex()}"
        parsed = read(text.encode())
        assert (values(parsed), codes(parsed)) == (HOURLY * 2, ["frame.incomplete"])

    @pytest.mark.parametrize("cut", range(1, 60, 7))
    def test_a_cut_list_of_bytes_does_not_become_another(self, cut):
        parsed = read(hourly_list(energy=7)[:-cut] + hourly_list())
        assert ("1-0:1.8.0", "0.07") not in values(parsed)
        assert set(values(parsed)) <= set(HOURLY)
        assert codes(parsed)

    def test_a_line_that_is_no_hex_is_set_aside(self):
        good = hourly_list().hex()
        parsed = read(f"{good}\n{'00' * 3000}\nnoise\n{good}\n".encode())
        assert (values(parsed), sorted(codes(parsed))) == (HOURLY * 2, ["frame.unknown", "hex.invalid"])

    def test_a_list_nobody_knows_costs_itself_alone(self):
        parsed = read(frame(LINK + notification(octets(bytes(34)))) + frame(LINK + PUSH))
        assert (values(parsed), codes(parsed)) == (HOURLY, ["list.unknown"])

    def test_bytes_after_the_last_value_are_not_passed_over(self):
        assert codes(read(frame(LINK + PUSH + b"\x00"))) == ["apdu.malformed"]


class TestSecrets:
    CIPHERED = bytes.fromhex("db084b414d450102030414300000000100112233445566778899aabbccddee")[:32]

    @pytest.mark.parametrize("unit", ["db084b414d450102030405" + "3000000001", "cc05" + "3000000001", "dd" + "00" * 20])
    def test_what_is_ciphered_says_so(self, unit):
        raw = bytes.fromhex(unit)
        assert codes(read(frame(LINK + raw))) == ["encrypted.no_key"]
        assert codes(read(raw)) == ["encrypted.no_key"]

    def test_what_is_not_goes_on(self):
        raw = bytes.fromhex("db084b414d4501020304053000000001")
        parsed = read(frame(LINK + raw) + frame(LINK + PUSH))
        assert (values(parsed), codes(parsed)) == (HOURLY, ["encrypted.no_key"])

    def test_a_ciphered_unit_in_blocks_says_so_once(self):
        raw = bytes.fromhex("db084b414d4501020304") + length(200) + b"\x30" + bytes(199)
        assert codes(read(b"".join(frame(part) for part in blocks(raw, 50)))) == ["encrypted.no_key"]


class TestAnswers:
    TIME = octets(clock("2026-01-31 14:00:00", -60))
    COLUMNS = array(
        structure(u16(8), code("0-0:1.0.0"), b"\x0f\x02", u16(0)),
        structure(u16(1), code("0-0:96.10.1"), b"\x0f\x02", u16(0)),
        structure(u16(3), code("1-0:1.8.0"), b"\x0f\x02", u16(0)),
        structure(u16(3), code("1-0:1.29.0"), b"\x0f\x02", u16(0)),
    )
    BUFFER = array(
        structure(TIME, b"\x11\x06", u32(1517), u32(5)),
        structure(b"\x00", b"\x00", u32(1520), u32(3)),
        structure(b"\x00", b"\x11\x07", b"\x00", b"\x00"),
    )

    def answer(self, value: bytes) -> bytes:
        return b"\xc4\x01\xc1\x00" + value

    def known(self) -> list[bytes]:
        return [
            *(asks(1, "0-0:96.1.0", 2), self.answer(octets(b"00123456"))),
            *(asks(3, "1-0:1.8.0", 3), self.answer(scale(0, 30))),
            *(asks(3, "1-0:1.29.0", 3), self.answer(scale(0, 30))),
            *(asks(7, "1-0:99.1.0", 3), self.answer(self.COLUMNS)),
            *(asks(7, "1-0:99.1.0", 4), self.answer(u32(900))),
            asks(7, "1-0:99.1.0", 2),
        ]

    def frames(self, *units: bytes) -> bytes:
        return b"".join(frame(LINK + unit) for unit in units)

    def test_a_profile_whose_columns_and_period_were_read_before_it_is_complete(self):
        parsed = read(self.frames(*self.known(), self.answer(self.BUFFER)))
        index = [row for row in parsed.reads.to_pylist() if row["channel"] == "1-0:1.8.0"]
        assert [(row["read_at"].minute, str(row["value"].normalize()), row["native_quality"]) for row in index] == [
            (0, "1.517", "6"),
            (15, "1.52", "6"),
            (30, "1.52", "7"),
        ]
        assert {row["service_point_id"] for row in index} == {"00123456"}
        assert codes(parsed) == []

    def test_energies_of_its_periods_are_slots_that_end_with_the_clock(self):
        (run,) = read(self.frames(*self.known(), self.answer(self.BUFFER))).intervals.to_pylist()
        assert (run["start"], run["interval_minutes"]) == (datetime(2026, 1, 31, 12, 45, tzinfo=UTC), 15)
        assert ([value * 1000 // 10 ** -run["exponent"] for value in run["values"]], run["unit"]) == ([5, 3, 3], "kWh")

    @pytest.mark.parametrize("size", [10, 33, 60, 1000])
    def test_it_may_come_in_blocks(self, size):
        whole = read(self.frames(*self.known(), self.answer(self.BUFFER)))
        parsed = read(self.frames(*self.known(), *get_blocks(self.BUFFER, size)))
        drop = ["record"]
        assert parsed.reads.drop_columns(drop) == whole.reads.drop_columns(drop)

    def test_without_the_last_block_whole_rows_are_taken_and_the_cut_one_is_set_aside(self):
        parsed = read(self.frames(*self.known(), *get_blocks(self.BUFFER, 40)[:1]))
        assert values(parsed) == [("1-0:1.8.0", "1.517")]
        assert [(row["code"], row["rows"]) for row in parsed.rejections.to_pylist()] == [("frame.incomplete", 2)]

    def test_a_missing_block_ends_what_can_be_placed(self):
        parts = get_blocks(self.BUFFER, 12)
        parsed = read(self.frames(*self.known(), *parts[:3], *parts[4:]))
        assert [code for code in codes(parsed) if code != "frame.incomplete"] == []
        assert values(parsed) == [("1-0:1.8.0", "1.517")]

    def test_a_block_that_is_sent_again_counts_once(self):
        parts = get_blocks(self.BUFFER, 33)
        assert values(read(self.frames(*self.known(), *[part for part in parts for _ in (1, 2)]))) == values(
            read(self.frames(*self.known(), *parts))
        )

    def test_without_columns_the_values_are_kept_without_a_meaning(self):
        parsed = read(self.BUFFER)
        rows = parsed.reads.to_pylist()
        assert [(row["channel"], int(row["value"])) for row in rows] == [
            ("column-3", 1517),
            ("column-4", 5),
            ("column-3", 1520),
            ("column-4", 3),
            ("column-3", 1520),
            ("column-4", 3),
        ]
        assert {(row["quantity"], row["unit"], row["kind"]) for row in rows} == {("unknown", None, "index")}

    def test_without_a_capture_period_only_rows_with_a_clock_have_a_time(self):
        parsed = read(self.BUFFER)
        assert [at.hour if at else None for at in parsed.reads["read_at"].to_pylist()] == [13, 13, None, None, None, None]
        assert warned(parsed) == ["time.missing"]

    def test_rows_of_some_columns_only_are_kept_without_a_meaning(self):
        narrow = array(structure(self.TIME, u32(5)), structure(b"\x00", u32(6)))
        parsed = read(self.frames(*self.known(), self.answer(narrow)))
        assert values(parsed) == [("1-0:99.1.0/column-2", "5"), ("1-0:99.1.0/column-2", "6")]

    @pytest.mark.parametrize(("seconds", "expected"), [(366 * 86_400, 2027), (366 * 86_400 + 1, None), (0, None)])
    def test_a_capture_period_is_a_year_at_most(self, seconds, expected):
        known = self.known()
        known[-2] = self.answer(u32(seconds))
        rows = array(structure(self.TIME, b"\x11\x06", u32(1), b"\x00"), structure(b"\x00", b"\x00", u32(2), b"\x00"))
        at = read(self.frames(*known, self.answer(rows))).reads["read_at"].to_pylist()[1]
        assert (at.year if at is not None else None) == expected

    def test_a_register_is_complete_when_its_scale_was_read_before(self):
        units = [asks(3, "1-0:1.8.0", 3), self.answer(scale(1, 30)), asks(3, "1-0:1.8.0", 2), self.answer(u32(5))]
        assert values(read(self.frames(*units))) == [("1-0:1.8.0", "0.05")]

    def test_an_answer_without_its_question_is_not_guessed(self):
        assert codes(read(self.frames(self.answer(u32(5))))) == ["list.unknown"]
        assert codes(read(self.frames(self.answer(structure(u32(5)))))) == ["list.unknown"]

    def test_a_meter_that_refuses_is_a_warning(self):
        parsed = read(self.frames(asks(3, "1-0:1.8.0", 2), b"\xc4\x01\xc1\x01\x03", PUSH))
        assert (values(parsed), warned(parsed)) == (HOURLY, ["access.refused"])

    def test_what_two_links_say_does_not_mix(self):
        asked = frame(LINK + asks(3, "1-0:1.8.0", 3)) + frame(LINK + self.answer(scale(1, 30)))
        other = {"destination": b"\x21"}
        answered = frame(LINK + asks(3, "1-0:1.8.0", 2), **other) + frame(LINK + self.answer(u32(5)), **other)
        assert codes(read(asked + answered)) == ["unit.unknown"]


class TestWholeFile:
    def test_nothing_is_refused(self):
        with pytest.raises(InputRefusedError) as refusal:
            read(b"")
        assert refusal.value.code == "file.empty"

    def test_a_capture_without_any_value_is_refused(self):
        with pytest.raises(InputRefusedError) as refusal:
            read(frame(b"", control=0x93) * 3)
        assert refusal.value.code == "format.unknown"
