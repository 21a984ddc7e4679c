"""MeterReadings of IEC 61968-9; shapes as in the schemas MeterReadings 2011 and EndDeviceEvents 2011, values our own."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pipelines.ingest.cim import meter_readings
from pipelines.ingest.cim.meter_readings import read_meter_readings, recognise_meter_readings
from pipelines.ingest.reader import Parsed, ReadContext
from schemas.errors import InputRefusedError
from tests.pipelines.ingest.whole_files import read_whole

STANDARD = "http://iec.ch/TC57/2011/MeterReadings#"
QUARTER_HOURS = "0.0.2.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"
DAYS = "11.0.0.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"
MONTHS = "13.0.0.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"
BILLING_PERIODS = "8.0.0.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"
REGISTER = "0.0.0.1.1.1.12.0.0.0.0.0.0.0.0.0.72.0"
VOLTS = "0.0.0.6.0.1.54.0.0.0.0.0.0.0.128.0.29.0"
METER = "<Meter><mRID>0012</mRID></Meter><UsagePoint><mRID>SP1</mRID></UsagePoint>"


def document(*readings: str, after: str = "", namespace: str = STANDARD) -> bytes:
    inner = "".join(f"<MeterReading>{reading}</MeterReading>" for reading in readings)
    return f'<?xml version="1.0" encoding="UTF-8"?><MeterReadings xmlns="{namespace}">{inner}{after}</MeterReadings>'.encode()


def block(*values: str, kind: str = QUARTER_HOURS, more: str = "") -> str:
    return f'<IntervalBlocks>{"".join(values)}{more}<ReadingType ref="{kind}"/></IntervalBlocks>'


def interval(stamp: str, value: str | None, *qualities: str, more: str = "") -> str:
    return f"<IntervalReadings>{content(stamp, value, *qualities)}{more}</IntervalReadings>"


def register(stamp: str | None, value: str | None, *qualities: str, kind: str = REGISTER, more: str = "") -> str:
    return f'<Readings>{content(stamp, value, *qualities)}{more}<ReadingType ref="{kind}"/></Readings>'


def content(stamp: str | None, value: str | None, *qualities: str) -> str:
    parts = [] if stamp is None else [f"<timeStamp>{stamp}</timeStamp>"]
    parts += [] if value is None else [f"<value>{value}</value>"]
    return "".join(parts + [f'<ReadingQualities><ReadingQualityType ref="{code}"/></ReadingQualities>' for code in qualities])


def period(start: str, end: str) -> str:
    return f"<timePeriod><end>{end}</end><start>{start}</start></timePeriod>"


def read(data: bytes, **context: str) -> Parsed:
    return read_whole(read_meter_readings, data, name="a.xml", **context)


def one_read(data: bytes, **context: str) -> dict[str, object]:
    (found,) = read(data, **context).reads.to_pylist()
    return found


def codes(parsed: Parsed) -> list[tuple[str, str, int]]:
    return [(row["record"], row["code"], row["rows"]) for row in parsed.rejections.to_pylist()]


def warned(parsed: Parsed) -> list[str]:
    return [warning.code for warning in parsed.warnings]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


class TestIntervals:
    def test_a_stamp_is_the_end_of_its_interval(self):
        data = document(METER + block(interval("2026-01-01T00:15:00+01:00", "1.5"), interval("2026-01-01T00:30:00+01:00", "2")))
        (run,) = read(data).intervals.to_pylist()
        assert (run["start"], run["interval_minutes"]) == (utc("2025-12-31T23:00:00+00:00"), 15)
        assert ([v * Decimal(10) ** run["exponent"] for v in run["values"]]) == [Decimal("1.5"), Decimal(2)]
        assert (run["service_point_id"], run["meter_id"], run["channel"]) == ("SP1", "0012", QUARTER_HOURS)
        assert (run["quantity"], run["direction"], run["unit"]) == ("active_energy", "import", "kWh")
        assert run["record"] == "MeterReading/1/IntervalBlocks/1/IntervalReadings/1"

    def test_qualities_of_a_value_are_joined_and_the_worst_counts(self):
        data = document(
            METER + block(interval("2026-01-01T00:15:00Z", "1", "1.0.0"), interval("2026-01-01T00:30:00Z", "2", "1.4.2", "3.8.1"))
        )
        (run,) = read(data).intervals.to_pylist()
        assert (run["quality"], run["native_qualities"]) == ([0, 2], ["1.0.0", "1.4.2 3.8.1"])

    @pytest.mark.parametrize(("value", "quality"), [(None, ()), ("7", ("2.5.259",))])
    def test_a_value_that_is_not_there_is_missing_and_never_zero(self, value, quality):
        (run,) = read(document(METER + block(interval("2026-01-01T00:15:00Z", value, *quality)))).intervals.to_pylist()
        assert (run["quality"], run["values"]) == ([1], [0])

    def test_a_time_period_says_when_it_began(self):
        more = period("2026-01-01T00:00:00Z", "2026-01-01T00:15:00Z")
        data = document(METER + block(interval("2026-01-01T09:00:00Z", "1", more=more)))
        assert read(data).intervals["start"].to_pylist() == [utc("2026-01-01T00:00:00+00:00")]

    @pytest.mark.parametrize(
        ("start", "end", "code"),
        [
            ("2026-01-01T00:00:00Z", "2026-01-01T00:30:00Z", "record.length"),
            ("2026-01-01T00:15:00Z", "2026-01-01T00:00:00Z", "time.invalid"),
            ("2026-01-01T00:15:00Z", "2026-01-01T00:15:00Z", "time.invalid"),
            ("yesterday", "2026-01-01T00:15:00Z", "time.invalid"),
            ("2026-01-01T00:15:00Z", "2026-02-30T00:15:00Z", "time.invalid"),
        ],
    )
    def test_a_time_period_that_cannot_be_is_set_aside(self, start, end, code):
        parsed = read(document(METER + block(interval("2026-01-01T00:15:00Z", "1", more=period(start, end)))))
        assert codes(parsed) == [("MeterReading/1/IntervalBlocks/1/IntervalReadings/1", code, 1)]

    def test_a_block_that_waits_for_a_calculation_is_set_aside_whole(self):
        pending = "<pending><scalarNumerator>40</scalarNumerator></pending>"
        values = (interval("2026-01-01T00:15:00Z", "1"), interval("2026-01-01T00:30:00Z", "2"))
        parsed = read(document(METER + block(*values, more=pending) + block(values[0])))
        assert codes(parsed) == [("MeterReading/1/IntervalBlocks/1", "calculation.pending", 2)]
        assert parsed.rows_taken == 1

    def test_a_register_profile_in_blocks_is_index_reads(self):
        # accumulation 9, summation: head-ends deliver profiles of registers as interval blocks
        kind = "0.0.2.9.1.1.12.0.0.0.0.0.0.0.0.3.72.0"
        reads = read(document(METER + block(interval("2026-01-01T00:15:00Z", "6519.0955"), kind=kind))).reads.to_pylist()
        assert [(r["kind"], r["value"], r["read_at"]) for r in reads] == [
            ("index", Decimal("6519.0955"), utc("2026-01-01T00:15:00+00:00"))
        ]

    def test_the_first_edition_wrote_its_elements_in_the_singular(self):
        data = document(METER + block(interval("2026-01-01T00:15:00Z", "1")))
        data = data.replace(b"IntervalBlocks", b"IntervalBlock").replace(b"IntervalReadings", b"IntervalReading")
        assert read(data).rows_taken == 1

    def test_the_hour_that_comes_twice_is_two_hours(self):
        stamps = (
            "2026-10-25T02:30:00+02:00",
            "2026-10-25T03:00:00+02:00",
            "2026-10-25T02:30:00+01:00",
            "2026-10-25T03:00:00+01:00",
        )
        kind = "0.0.5.4.1.1.12.0.0.0.0.0.0.0.0.3.72.0"
        (run,) = read(document(METER + block(*(interval(stamp, "1") for stamp in stamps), kind=kind))).intervals.to_pylist()
        assert (run["start"], len(run["values"])) == (utc("2026-10-25T00:00:00+00:00"), 4)


class TestPeriods:
    def test_a_day_is_counted_back_from_its_end_and_told(self):
        parsed = read(document(METER + register("2026-01-02T00:00:00+01:00", "12.5", kind=DAYS)))
        (found,) = parsed.reads.to_pylist()
        assert (found["kind"], found["period_from"], found["value"]) == (
            "period",
            utc("2025-12-31T23:00:00+00:00"),
            Decimal("12.5"),
        )
        assert warned(parsed) == ["period.assumed"]

    def test_a_day_with_its_time_period_may_have_23_hours(self):
        more = period("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00")
        parsed = read(document(METER + register("2026-03-30T00:00:00+02:00", "12.5", kind=DAYS, more=more)))
        (found,) = parsed.reads.to_pylist()
        assert found["read_at"] - found["period_from"] == utc("2026-01-01T23:00:00+00:00") - utc("2026-01-01T00:00:00+00:00")
        assert warned(parsed) == []

    @pytest.mark.parametrize(
        ("end", "start"),
        [
            ("2026-03-01T00:00:00+01:00", "2026-01-31T23:00:00+00:00"),
            ("2026-01-01T00:00:00+01:00", "2025-11-30T23:00:00+00:00"),
            ("2026-03-31T00:00:00+01:00", None),
        ],
    )
    def test_a_month_ends_a_month_later_where_the_calendar_has_one(self, end, start):
        found = one_read(document(METER + register(end, "300", kind=MONTHS)))
        assert found["period_from"] == (None if start is None else utc(start))

    def test_a_month_ends_at_a_time_of_seven_digits_too(self):
        found = one_read(document(METER + register("2026-03-01T00:00:00.0000000+01:00", "300", kind=MONTHS)))
        assert (found["read_at"], found["period_from"]) == (utc("2026-02-28T23:00:00Z"), utc("2026-01-31T23:00:00Z"))

    def test_a_billing_period_of_unknown_length_is_kept_and_told(self):
        parsed = read(document(METER + register("2026-03-01T00:00:00Z", "300", kind=BILLING_PERIODS)))
        (found,) = parsed.reads.to_pylist()
        assert (found["kind"], found["period_from"], found["value"]) == ("period", None, Decimal(300))
        assert warned(parsed) == ["period.unknown"]

    def test_a_quantity_without_a_time_is_set_aside(self):
        assert codes(read(document(METER + register(None, "1", kind=DAYS)))) == [("MeterReading/1/Readings/1", "time.missing", 1)]


class TestRegisters:
    def test_an_index_is_read_at_its_stamp(self):
        found = one_read(document(METER + register("2026-01-01T00:00:00.123+01:00", "123456", "3.7.0")))
        assert (found["kind"], found["read_at"], found["value"]) == (
            "index", utc("2025-12-31T23:00:00.123+00:00"), Decimal("123.456"),
        )  # fmt: skip
        assert (found["quality"], found["native_quality"]) == ("substituted", "3.7.0")

    def test_a_stamp_with_seven_decimals_is_read(self):
        assert one_read(document(METER + register("2026-01-01T00:00:00.1230000Z", "1")))["read_at"].microsecond == 123000

    def test_volts_are_an_instant(self):
        found = one_read(document(METER + register("2026-01-01T00:00:00Z", "230.1", kind=VOLTS)))
        assert (found["kind"], found["quantity"], found["unit"], found["value"]) == ("instant", "voltage", "V", Decimal("230.1"))

    def test_a_read_without_a_time_has_none_and_is_told(self):
        parsed = read(document(METER + register(None, "5")))
        assert (parsed.reads["read_at"].to_pylist(), warned(parsed)) == ([None], ["time.missing"])

    @pytest.mark.parametrize(("value", "quality"), [(None, ()), ("5", ("2.5.259",))])
    def test_a_read_without_a_value_is_no_row_and_is_told(self, value, quality):
        parsed = read(document(METER + register("2026-01-01T00:00:00Z", value, *quality)))
        assert (parsed.rows_read, warned(parsed)) == (0, ["value.missing"])

    def test_a_value_that_is_written_twice_is_none(self):
        data = document(METER + register("2026-01-01T00:00:00Z", "1</value><value>2"))
        assert codes(read(data)) == [("MeterReading/1/Readings/1", "value.invalid", 1)]

    def test_a_value_that_is_no_number_costs_itself_alone(self):
        parsed = read(
            document(METER + register("2026-01-01T00:00:00Z", "2020-11-15 12:34:31") + register("2026-01-01T00:00:00Z", "1"))
        )
        assert codes(parsed) == [("MeterReading/1/Readings/1", "value.invalid", 1)]
        assert parsed.rows_taken == 1

    def test_a_stamp_without_an_offset_is_read_by_the_clock_that_was_told(self):
        parsed = read(document(METER + register("2026-07-01T12:00:00", "1")), zone="Europe/Prague")
        assert (parsed.reads["read_at"].to_pylist(), parsed.clock) == ([utc("2026-07-01T10:00:00+00:00")], "Europe/Prague")

    def test_a_stamp_with_an_offset_does_not_look_at_the_clock(self):
        parsed = read(document(METER + register("2026-07-01T12:00:00Z", "1")), zone="Europe/Prague")
        assert (parsed.reads["read_at"].to_pylist(), parsed.clock) == ([utc("2026-07-01T12:00:00+00:00")], None)


class TestIdentity:
    @pytest.mark.parametrize(
        ("who", "ids"),
        [
            ("<Meter><mRID>M</mRID></Meter><UsagePoint><mRID>P</mRID></UsagePoint>", ("P", "M")),
            ("<Meter><Names><name>0012</name></Names></Meter>", ("0012", "0012")),
            ("<Meter><mRID>M</mRID><Names><name>N</name></Names></Meter>", ("M", "M")),
            ("<UsagePoint><Names><name>P</name></Names></UsagePoint>", ("P", "")),
        ],
    )
    def test_it_is_the_mrid_or_else_the_name_and_a_meter_stands_for_its_point(self, who, ids):
        found = one_read(document(who + register("2026-01-01T00:00:00Z", "1")))
        assert (found["service_point_id"], found["meter_id"]) == ids

    def test_a_reading_of_nobody_is_set_aside(self):
        assert codes(read(document(register("2026-01-01T00:00:00Z", "1")))) == [
            ("MeterReading/1/Readings/1", "record.identifier", 1)
        ]


class TestReadingTypes:
    def named(self, name: str) -> str:
        return f"<Readings><timeStamp>2026-01-01T00:00:00Z</timeStamp><value>1</value>{name}</Readings>"

    @pytest.mark.parametrize(
        "written",
        [
            f'<ReadingType ref="{REGISTER}"/>',
            f"<ReadingType><Names><name>{REGISTER}</name></Names></ReadingType>",
            f"<ReadingType><mRID>{REGISTER}</mRID></ReadingType>",
            f"<ReadingType>{REGISTER}</ReadingType>",
            (
                "<ReadingType><accumulation>1</accumulation><flowDirection>1</flowDirection><commodity>1</commodity>"
                "<measurementKind>12</measurementKind><unit>72</unit></ReadingType>"
            ),
        ],
    )
    def test_it_may_be_written_in_five_ways(self, written):
        found = one_read(document(METER + self.named(written)))
        assert (found["channel"], found["unit"], found["kind"]) == (REGISTER, "kWh", "index")

    def test_a_name_may_be_defined_at_the_end_of_the_document(self):
        after = f"<ReadingType><Names><name>import register</name></Names><Names><name>{REGISTER}</name></Names></ReadingType>"
        found = one_read(document(METER + self.named('<ReadingType ref="import register"/>'), after=after))
        assert (found["channel"], found["unit"], found["kind"]) == ("import register", "kWh", "index")

    @pytest.mark.parametrize(
        "written", ['<ReadingType ref="import register"/>', "<ReadingType/>", "", '<ReadingType ref="0.0.129.160"/>']
    )
    def test_a_name_that_nobody_defines_is_set_aside(self, written):
        parsed = read(document(METER + self.named(written) + register("2026-01-01T00:00:00Z", "1")))
        assert codes(parsed) == [("MeterReading/1/Readings/1", "reading_type.unknown", 1)]
        assert parsed.rows_taken == 1

    def test_no_more_values_wait_than_memory_holds(self, monkeypatch):
        monkeypatch.setattr(meter_readings, "MOST_WAITING", 2)
        after = f"<ReadingType><mRID>x</mRID><Names><name>{REGISTER}</name></Names></ReadingType>"
        parsed = read(document(METER + self.named('<ReadingType ref="x"/>') * 3, after=after))
        assert (parsed.rows_taken, codes(parsed)) == (2, [("MeterReading/1/Readings/3", "reading_type.unknown", 1)])

    def test_an_unknown_unit_keeps_its_values_and_is_told_once(self):
        kind = "0.0.0.0.0.0.90.0.0.0.0.0.0.0.0.0.9000.0"
        parsed = read(
            document(
                METER + register("2026-01-01T00:00:00Z", "13.0", kind=kind) + register("2026-01-01T00:01:00Z", "14", kind=kind)
            )
        )
        assert [(r["unit"], r["value"]) for r in parsed.reads.to_pylist()] == [(None, Decimal(13)), (None, Decimal(14))]
        assert warned(parsed) == ["unit.unknown"]


class TestMessages:
    HEADER = "<Header><Verb>{}</Verb><Noun>MeterReadings</Noun><Timestamp>2026-01-02T08:00:00+01:00</Timestamp></Header>"

    def message(self, verb: str, data: bytes) -> bytes:
        inner = data.decode().partition("?>")[2]
        header = self.HEADER.format(verb)
        return (
            f'<EventMessage xmlns="http://iec.ch/TC57/2011/schema/message">{header}<Payload>{inner}</Payload></EventMessage>'
        ).encode()

    def test_a_message_around_the_readings_gives_their_version(self):
        data = self.message("created", document(METER + register("2026-01-01T00:00:00Z", "1")))
        assert recognise_meter_readings(data)
        assert one_read(data)["version"] == utc("2026-01-02T07:00:00+00:00")

    def test_the_namespace_does_not_matter(self):
        data = document(METER + register("2026-01-01T00:00:00Z", "1"), namespace="http://example.org/project#")
        assert recognise_meter_readings(data)
        assert read(data).rows_taken == 1

    @pytest.mark.parametrize("verb", ["deleted", "canceled", "CLOSED"])
    def test_a_message_that_withdraws_readings_brings_none(self, verb):
        with pytest.raises(InputRefusedError) as refusal:
            read(self.message(verb, document(METER + register("2026-01-01T00:00:00Z", "1"))))
        assert refusal.value.code == "document.withdrawn"

    def test_a_message_of_no_time_is_refused(self):
        data = self.message("created", document(METER + register("2026-01-01T00:00:00Z", "1")))
        with pytest.raises(InputRefusedError) as refusal:
            read(data.replace(b"2026-01-02T08:00:00+01:00", b"now"))
        assert refusal.value.code == "time.invalid"

    def test_a_document_without_a_reading_is_told(self):
        assert warned(read(document())) == ["document.empty"]

    def test_a_file_of_any_length_comes_in_pieces(self, monkeypatch):
        monkeypatch.setattr("pipelines.ingest.collector.FULL_AT", 2)
        data = document(*(METER + register("2026-01-01T00:00:00Z", str(n)) for n in range(5)))
        pieces = list(read_meter_readings(io.BytesIO(data), ReadContext("a.xml")))
        assert [piece.reads.num_rows for piece in pieces] == [2, 2, 1]


class TestEvents:
    EVENT = '<createdDateTime>{time}</createdDateTime><EndDeviceEventType ref="{code}"/>'

    def events(self, *events: str) -> bytes:
        inner = "".join(f"<EndDeviceEvent>{event}</EndDeviceEvent>" for event in events)
        return f'<EndDeviceEvents xmlns="http://iec.ch/TC57/2011/EndDeviceEvents#">{inner}</EndDeviceEvents>'.encode()

    def test_a_document_of_events(self):
        whose = "<Assets><mRID>0012</mRID></Assets><UsagePoint><mRID>SP1</mRID></UsagePoint>"
        data = self.events(self.EVENT.format(time="2026-01-01T01:00:00+01:00", code="3.26.0.85") + whose)
        assert recognise_meter_readings(data)
        (found,) = read(data).events.to_pylist()
        assert found == {
            "service_point_id": "SP1", "meter_id": "0012", "event_type": "outage", "started_at": utc("2026-01-01T00:00:00+00:00"),
            "ended_at": None, "magnitude": None, "unit": None, "native_code": "3.26.0.85", "record": "EndDeviceEvent/1",
        }  # fmt: skip

    def test_an_unknown_code_is_kept_raw(self):
        data = self.events(self.EVENT.format(time="2026-01-01T01:00:00Z", code="3.21.67.79") + "<Assets><mRID>1</mRID></Assets>")
        assert [(e["event_type"], e["native_code"]) for e in read(data).events.to_pylist()] == [("unknown", "3.21.67.79")]

    @pytest.mark.parametrize(
        "written",
        ["<EndDeviceEvents>{}</EndDeviceEvents>", "<EndDeviceEvents><EndDeviceEvent>{}</EndDeviceEvent></EndDeviceEvents>"],
    )
    def test_an_event_inside_a_meter_reading_belongs_to_its_meter(self, written):
        event = written.format(self.EVENT.format(time="2026-01-01T01:00:00Z", code="3.26.0.216"))
        parsed = read(
            document(event + METER + register("2026-01-01T00:00:00Z", "1"), METER + register("2026-01-01T00:01:00Z", "1"))
        )
        assert [(e["service_point_id"], e["meter_id"], e["event_type"]) for e in parsed.events.to_pylist()] == [
            ("SP1", "0012", "restoration")
        ]
        assert parsed.rows_taken == 2

    @pytest.mark.parametrize(
        ("event", "code"),
        [
            (EVENT.format(time="2026-01-01T01:00:00Z", code="3.26.0.85"), "record.identifier"),
            (EVENT.format(time="2026-13-01T01:00:00Z", code="3.26.0.85") + "<Assets><mRID>1</mRID></Assets>", "time.invalid"),
        ],
    )
    def test_an_event_of_nobody_or_of_no_time_is_set_aside(self, event, code):
        assert codes(read(self.events(event))) == [("EndDeviceEvent/1", code, 1)]

    def test_an_event_without_a_time_is_kept_and_told(self):
        parsed = read(self.events('<EndDeviceEventType ref="3.26.0.85"/><Assets><mRID>1</mRID></Assets>'))
        assert (parsed.events["started_at"].to_pylist(), warned(parsed)) == ([None], ["time.missing"])


@pytest.mark.parametrize(
    "head",
    [
        b"<MeterReading xmlns='urn:x'>",
        b"<feed><MeterReadingsOfMine/>",
        b"100,NEM12",
        b'{"MeterReadings": 1}',
        b"",
        b"<a>MeterReadings</a>",
    ],
)
def test_files_of_others_are_left_alone(head):
    assert not recognise_meter_readings(head)
