from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.formats import detect
from pipelines.ingest.p1.reader import recognise_p1
from schemas.errors import InputRefusedError
from tests.head_end.p1.captures import GAS, METER, V5, VALUES_OF_V5, changed, sent
from tests.pipelines.ingest.p1.reading import by_channel, read, rejected, warned

NOON = datetime(2026, 1, 15, 11, tzinfo=UTC)


class TestTelegram:
    def test_every_value_is_a_read_of_its_own_channel(self):
        found = by_channel(read(sent()))
        assert {channel: row["value"] for channel, row in found.items()} == {
            "1-0:1.8.1": Decimal("1234.567"),
            "1-0:2.8.1": Decimal("7.890"),
            "1-0:1.7.0": Decimal("0.244"),
            "1-0:32.7.0": Decimal("230.1"),
            "0-1:24.2.1": Decimal("321.098"),
        }
        assert {channel: (row["kind"], row["direction"], row["unit"]) for channel, row in found.items()} == {
            "1-0:1.8.1": ("index", "import", "kWh"),
            "1-0:2.8.1": ("index", "export", "kWh"),
            "1-0:1.7.0": ("instant", "import", "kW"),
            "1-0:32.7.0": ("instant", "none", "V"),
            "0-1:24.2.1": ("index", "import", "m3"),
        }
        assert {row["quality"] for row in found.values()} == {"measured"}

    def test_a_gas_meter_is_a_service_point_of_its_own_with_a_time_of_its_own(self):
        found = by_channel(read(sent()))
        gas, energy = found["0-1:24.2.1"], found["1-0:1.8.1"]
        assert (gas["service_point_id"], gas["meter_id"], gas["read_at"]) == (GAS, GAS, NOON.replace(hour=10))
        assert (energy["service_point_id"], energy["meter_id"], energy["read_at"]) == (METER, METER, NOON)

    def test_a_gas_meter_that_names_itself_nowhere_stands_under_the_meter_that_sent_it(self):
        parsed = read(sent(changed(**{"0-1:96.1.0": "0-1:96.1.0()"})))
        gas = by_channel(parsed)["0-1:24.2.1"]
        assert (gas["service_point_id"], gas["meter_id"], warned(parsed)) == (METER, "", ["meter.unnamed"])

    def test_a_telegram_that_names_no_meter_stands_under_its_model_with_a_warning(self):
        parsed = read(sent(changed(**{"0-0:96.1.1": None})))
        assert by_channel(parsed)["1-0:1.8.1"]["service_point_id"] == "TST5\\253000001"
        assert warned(parsed) == ["meter.unnamed"]

    def test_watt_hours_become_kilowatt_hours(self):
        found = by_channel(read(sent(changed(**{"1-0:1.8.1": "1-0:1.8.1(006545766*Wh)"}))))
        assert (found["1-0:1.8.1"]["value"], found["1-0:1.8.1"]["unit"]) == (Decimal("6545.766"), "kWh")

    def test_a_value_without_a_unit_has_none_whatever_its_code_usually_has(self):
        found = by_channel(read(sent(changed(**{"1-0:1.8.1": "1-0:1.8.1(006545766)"}))))
        assert (found["1-0:1.8.1"]["value"], found["1-0:1.8.1"]["unit"]) == (Decimal(6545766), None)

    def test_the_record_is_the_line_inside_the_member_of_an_archive(self):
        parsed = read(sent(), prefix="a.txt:")
        assert {row["channel"]: row["record"] for row in parsed.reads.to_pylist()}["1-0:1.8.1"] == "a.txt:6"

    def test_the_months_peaks_carry_the_end_of_their_month_as_version(self):
        first, second = "(231101000000W)(231031120000W)(01.747*kW)", "(231201000000W)(632525252525W)(03.260*kW)"
        parsed = read(sent((*V5, f"0-0:98.1.0(2)(1-0:1.6.0)(1-0:1.6.0){first}{second}")))
        (peak,) = (row for row in parsed.reads.to_pylist() if row["channel"] == "0-0:98.1.0")
        assert (peak["value"], peak["kind"], peak["unit"]) == (Decimal("1.747"), "instant", "kW")
        assert peak["read_at"] == datetime(2023, 10, 31, 11, tzinfo=UTC)
        assert peak["version"] == datetime(2023, 10, 31, 23, tzinfo=UTC)
        assert rejected(parsed) == [("14", "time.invalid", 1)]


class TestCrc:
    def test_a_wrong_crc_sets_all_values_of_the_telegram_aside_and_no_others(self):
        parsed = read(sent() + sent(crc="0000") + sent(changed(**{"0-0:1.0.0": "0-0:1.0.0(260115120001W)"})))
        assert rejected(parsed) == [("15", "crc.mismatch", VALUES_OF_V5)]
        assert parsed.reads.num_rows == 2 * VALUES_OF_V5

    def test_the_telegram_without_a_line_fails_its_crc(self):
        lines = sent().split(b"\r\n")
        parsed = read(b"\r\n".join(line for line in lines if not line.startswith(b"1-0:1.8.1")))
        assert rejected(parsed) == [("1", "crc.mismatch", VALUES_OF_V5 - 1)]

    @pytest.mark.parametrize(
        ("dropped", "warnings"),
        [
            ((), ["crc.missing"]),
            (("1-3:0.2.8",), ["crc.missing"]),
            (("1-3:0.2.8", "0-0:1.0.0"), ["time.missing"]),
        ],
    )
    def test_no_crc_is_unverified_and_a_warning_where_the_version_has_one(self, dropped, warnings):
        parsed = read(sent(changed(**dict.fromkeys(dropped)), crc=""))
        assert warned(parsed) == warnings
        assert {row["quality"] for row in parsed.reads.to_pylist()} == {"unverified"}
        assert parsed.reads.num_rows == VALUES_OF_V5


class TestParts:
    def test_parts_of_telegrams_are_set_aside_with_their_values_and_the_others_go_on(self):
        data = sent()
        begin, end = data[data.index(b"1-0:1.7.0") :], data[: data.index(b"1-0:1.7.0")]
        parsed = read(begin + data + end)
        assert rejected(parsed) == [("1", "frame.incomplete", 3), ("21", "frame.incomplete", 2)]
        assert parsed.reads.num_rows == VALUES_OF_V5

    def test_parts_of_two_telegrams_without_crc_are_not_taken_for_one(self):
        lines = changed(**{"1-3:0.2.8": None, "0-0:1.0.0": None})
        other = tuple(line.replace(METER, "OTHER") for line in lines)
        parsed = read(sent((*lines[:5], *other[1:]), crc=""))
        assert [code for _, code, _ in rejected(parsed)] == ["frame.spliced"]
        assert parsed.reads.num_rows == 0

    def test_a_line_that_is_no_object_is_set_aside_alone(self):
        parsed = read(sent((*V5[:6], "1-0:1.8.2(00#4.567*k", *V5[6:]), crc=""))
        assert rejected(parsed) == [("7", "record.unknown", 1)]
        assert parsed.reads.num_rows == VALUES_OF_V5


class TestTimes:
    def test_a_telegram_without_a_time_has_values_without_one(self):
        parsed = read(sent(changed(**{"0-0:1.0.0": None})))
        found = by_channel(parsed)
        assert found["1-0:1.8.1"]["read_at"] is None
        assert found["0-1:24.2.1"]["read_at"] == NOON.replace(hour=10)
        assert warned(parsed) == ["time.missing"]

    @pytest.mark.parametrize("stamp", ["000101010000W", "632525252525W", "260230000000W", ""])
    def test_so_has_one_whose_clock_was_never_set(self, stamp):
        parsed = read(sent(changed(**{"0-0:1.0.0": f"0-0:1.0.0({stamp})"})))
        assert by_channel(parsed)["1-0:1.8.1"]["read_at"] is None
        assert warned(parsed) == ["time.missing"]

    @pytest.mark.parametrize("stamp", ["632525252525W", "632525252525", "000101010000W", "260230000000W", ""])
    def test_a_gas_reading_without_a_time_is_set_aside_alone(self, stamp):
        parsed = read(sent(changed(**{"0-1:24.2.1": f"0-1:24.2.1({stamp})(00321.098*m3)"})))
        assert rejected(parsed) == [("13", "time.invalid", 1)]
        assert parsed.reads.num_rows == VALUES_OF_V5 - 1

    def test_the_store_and_its_zone_have_no_say(self):
        assert by_channel(read(sent(), zone="Australia/Sydney"))["1-0:1.8.1"]["read_at"] == NOON

    def test_another_standard_time_may_be_said(self):
        parsed = read(sent(), clock="+02:00")
        assert by_channel(parsed)["1-0:1.8.1"]["read_at"] == NOON.replace(hour=10)
        assert parsed.clock == "+02:00"

    def test_a_clock_that_is_none_is_refused(self):
        with pytest.raises(InputRefusedError) as refusal:
            read(sent(), clock="Europe/Berlin")
        assert refusal.value.code == "clock.invalid"

    def test_a_letter_of_the_other_season_is_followed_with_a_warning(self):
        parsed = read(sent(changed(**{"0-0:1.0.0": "0-0:1.0.0(260715120000W)"})))
        assert by_channel(parsed)["1-0:1.8.1"]["read_at"] == datetime(2026, 7, 15, 11, tzinfo=UTC)
        assert warned(parsed) == ["clock.season"]

    def test_times_without_a_letter_say_by_which_clock_they_were_read(self):
        line = "0-1:24.3.0(161107190000)(00)(60)(1)(0-1:24.2.1)(m3)"
        parsed = read(sent(("/TST5", "0-0:96.1.1(A)", line, "(00001.001)"), crc=""))
        (gas,) = parsed.reads.to_pylist()
        assert (gas["read_at"], gas["value"], parsed.clock) == (
            datetime(2016, 11, 7, 18, tzinfo=UTC),
            Decimal("1.001"),
            "Europe/Amsterdam",
        )
        assert (gas["channel"], gas["native_quality"], gas["unit"]) == ("0-1:24.3.0", "00", "m3")
        assert read(sent()).clock is None


class TestFaultsOfValues:
    @pytest.mark.parametrize(
        ("line", "code"),
        [
            ("1-0:1.8.1(12,5*kWh)", "value.invalid"),
            ("1-0:1.8.1(1e3*kWh)", "value.invalid"),
            ("1-0:1.8.1(*kWh)", None),
            ("1-0:1.8.1(1.0000000001*kWh)", "value.precision"),
            ("1-0:1.8.1(" + "9" * 40 + "*kWh)", "value.range"),
            ("1-0:1.8.1(5*furlong)", "unit.unknown"),
            ("1-0:1.8.1(5*m3)", "unit.unknown"),
            ("1-0:1.8.1(5*kW)", "unit.unknown"),
            ("1-0:1.8.1(5*)", "unit.unknown"),
            ("1-0:32.32.0(5*kWh)", "unit.unknown"),
            ("1-0:1.9.0(5*kWh)", "object.unknown"),
            ("0-0:55.1.0(5*kWh)", "object.unknown"),
            ("1-0:1.8.1(1*kWh)(2*kWh)", "record.length"),
        ],
    )
    def test_it_is_set_aside_alone(self, line, code):
        parsed = read(sent(changed(**{"1-0:1.8.1": line})))
        rows = 2 if code == "record.length" else 1
        assert rejected(parsed) == ([("6", code, rows)] if code else [])
        assert parsed.reads.num_rows == VALUES_OF_V5 - 1

    def test_an_unknown_object_without_a_unit_costs_no_row(self):
        parsed = read(sent((*V5, "0-0:55.1.0(5)")))
        assert (rejected(parsed), warned(parsed)) == ([], ["object.unknown"])

    def test_an_identifier_nobody_can_print_sets_the_telegram_aside(self):
        parsed = read(sent(changed(**{"0-0:96.1.1": f"0-0:96.1.1({'A' * 97})"})))
        assert rejected(parsed) == [("1", "record.identifier", VALUES_OF_V5)]

    def test_meter_identifiers_keep_leading_zeros(self):
        parsed = read(sent(changed(**{"0-0:96.1.1": "0-0:96.1.1(0012)"})))
        assert by_channel(parsed)["1-0:1.8.1"]["meter_id"] == "0012"


class TestEvents:
    LOG = "1-0:99.97.0(2)(0-0:96.7.19)(180417201458S)(0000000236*s)(170101000000W)(0000000001*s)"
    COUNTERS = ("1-0:32.32.0(00003)", "1-0:52.32.0(00000)", "1-0:32.36.0(00001)", "0-0:96.7.21(00004)")

    def test_a_long_power_failure_began_its_duration_before_its_end(self):
        first, second = read(sent((*V5, self.LOG))).events.to_pylist()
        assert (first["event_type"], first["started_at"], first["ended_at"]) == (
            "outage",
            datetime(2018, 4, 17, 18, 11, 2, tzinfo=UTC),
            datetime(2018, 4, 17, 18, 14, 58, tzinfo=UTC),
        )
        assert (first["magnitude"], first["unit"], first["native_code"]) == (Decimal(236), "s", "1-0:99.97.0")
        assert second["started_at"] == datetime(2016, 12, 31, 22, 59, 59, tzinfo=UTC)

    def test_sags_and_swells_are_counted_by_phase_and_told_where_there_were_any(self):
        parsed = read(sent((*V5, *self.COUNTERS)))
        found = by_channel(parsed)
        assert (found["1-0:52.32.0"]["value"], found["1-0:52.32.0"]["quantity"], found["1-0:52.32.0"]["unit"]) == (
            0,
            "count",
            None,
        )
        assert found["0-0:96.7.21"]["kind"] == "index"
        told = [
            (e["event_type"], e["native_code"], e["magnitude"], e["unit"], e["started_at"]) for e in parsed.events.to_pylist()
        ]
        assert told == [
            ("sag", "1-0:32.32.0", Decimal(3), "count", None),
            ("swell", "1-0:32.36.0", Decimal(1), "count", None),
        ]

    def test_what_every_telegram_repeats_is_told_once_and_what_is_new_as_well(self):
        again = tuple(line.replace("120000W", "120010W") for line in V5)
        counters = ("1-0:32.32.0(00004)", *self.COUNTERS[1:])
        parsed = read(sent((*V5, self.LOG, *self.COUNTERS)) + sent((*again, self.LOG, *counters)))
        told = [(e["event_type"], e["magnitude"]) for e in parsed.events.to_pylist()]
        assert told == [("outage", 236), ("outage", 1), ("sag", 3), ("swell", 1), ("sag", 4)]

    def test_events_are_no_rows(self):
        parsed = read(sent((*V5, self.LOG)))
        assert (parsed.rows_read, parsed.events.num_rows) == (VALUES_OF_V5, 2)

    @pytest.mark.parametrize("log", ["1-0:99.97.0()", "1-0:99.97.0(0)(0-0:96.7.19)", "1-0:99.97.0(0)(0-0:96.7.19)()()"])
    def test_an_empty_log_is_fine(self, log):
        parsed = read(sent((*V5, log)))
        assert (parsed.events.num_rows, parsed.warnings) == (0, ())

    @pytest.mark.parametrize(
        ("entry", "warning", "ended"),
        [
            ("(632525252525W)(0000000236*s)", "time.invalid", False),
            ("(180417201458S)(0000000236*min)", "time.invalid", True),
            ("(180417201458S)(x*s)", "time.invalid", True),
            ("(000104180320W)(0000237126*s)", "clock.unset", True),
            ("(180417201458S)(2147483647*s)", "clock.unset", True),
        ],
    )
    def test_an_entry_that_cannot_be_is_kept_with_a_warning(self, entry, warning, ended):
        parsed = read(sent((*V5, f"1-0:99.97.0(1)(0-0:96.7.19){entry}")))
        (event,) = parsed.events.to_pylist()
        assert (event["event_type"], event["ended_at"] is not None, warned(parsed)) == ("outage", ended, [warning])

    @pytest.mark.parametrize(
        ("log", "warning"),
        [
            ("1-0:99.97.0(3)(0-0:96.7.19)(180417201458S)(0000000236*s)", "count.mismatch"),
            ("1-0:99.97.0(1)(0-0:96.7.19)(180417201458S)", "record.length"),
        ],
    )
    def test_a_log_that_contradicts_itself_is_told(self, log, warning):
        assert warned(read(sent((*V5, log)))) == [warning]


class TestManyTelegrams:
    def test_pieces_are_handed_over_as_they_fill(self, monkeypatch):
        monkeypatch.setattr("pipelines.ingest.collector.FULL_AT", 2 * VALUES_OF_V5)
        data = b"".join(
            sent((*changed(**{"0-0:1.0.0": f"0-0:1.0.0(2601151200{second:02}W)"}), TestEvents.LOG)) for second in range(10)
        )
        parsed = read(data)
        assert parsed.reads.num_rows == 10 * VALUES_OF_V5
        assert len({row["record"] for row in parsed.reads.to_pylist()}) == 10 * VALUES_OF_V5


class TestRecognition:
    @pytest.mark.parametrize(
        "head",
        [
            sent(),
            sent(ends=b"\n"),
            sent(ends=b"\r"),
            b"\xef\xbb\xbf" + sent(),
            b"\r\n" + sent(),
            sent()[120:],
            b"1-0:52.36.0(00001)\n0-0:96.13.0()\n!F21E\n/ISK5\\2M550T-1012\n",
        ],
    )
    def test_a_capture_is_one_wherever_it_begins(self, head):
        assert detect(head[:4096], "x.txt", None) == "p1"

    @pytest.mark.parametrize(
        "head",
        [
            b"100,NEM12,200405011135,MDA1,Ret1\n",
            b"/usr/share/doc\n!important\n",
            b"UNA:+.? 'UNB+UNOC:3+a+b'\n",
            b"time,1-0:1.8.1(kWh)\n2026-01-01,5\n!\n",
            b"1-0:1.8.1(5*kWh)\n",
            b"<?xml version='1.0'?>\n<a/>",
            b"0123/TST5\n",
            b"",
        ],
    )
    def test_other_files_are_none(self, head):
        assert not recognise_p1(head)


TELEGRAMS = [
    sent(),
    sent(ends=b"\n"),
    sent((*V5, TestEvents.LOG, *TestEvents.COUNTERS)),
    sent(changed(**{"1-3:0.2.8": None, "0-0:1.0.0": None}), crc=""),
]


class TestAnyBytes:
    @given(st.data())
    def test_whatever_is_cut_changed_or_joined_every_row_is_accounted_for(self, data):
        whole = b"".join(data.draw(st.lists(st.sampled_from(TELEGRAMS), min_size=1, max_size=3)))
        begin = data.draw(st.integers(0, len(whole)))
        end = data.draw(st.integers(begin, len(whole)))
        put = data.draw(st.binary(max_size=4) | st.sampled_from([b"/", b"!", b"(", b")", b"\r", b"\n", b"*", b"\x00", b"(1)"]))
        mutated = data.draw(
            st.sampled_from([whole[begin:end], whole[:begin] + put + whole[end:], whole[:begin] + put + whole[begin:]])
        )
        try:
            read(mutated)
        except InputRefusedError as refusal:
            assert refusal.code in {"file.empty", "format.unknown"}  # noqa: PT017 - most mutants are read
