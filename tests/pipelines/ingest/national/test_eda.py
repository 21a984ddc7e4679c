from __future__ import annotations

from datetime import UTC, datetime

import pytest

from schemas.errors import InputRefusedError
from tests.pipelines.ingest.national.samples import (
    EDA_NAMESPACE,
    QUARTER,
    ZAEHLPUNKT,
    codes,
    eda_document,
    eda_position,
    read,
    slots,
    warned,
)

SECOND = ("2026-01-15T00:15:00+01:00", "2026-01-15T00:30:00+01:00")


class TestPositions:
    def test_quarters_are_slots_of_the_meter_code(self):
        parsed = read("eda", eda_document(eda_position(*QUARTER, "0.001000") + eda_position(*SECOND, "0.25"), count=2))
        assert slots(parsed) == [("2026-01-14 23:00", 0.001), ("2026-01-14 23:15", 0.25)]
        row = parsed.intervals.to_pylist()[0]
        assert (row["service_point_id"], row["channel"], row["direction"]) == (ZAEHLPUNKT, "1-1:1.9.0 P.01", "import")
        assert row["version"] == datetime(2026, 2, 1, 6, 0, 0, 123456, tzinfo=UTC)
        assert (parsed.clock, warned(parsed)) == (None, set())

    def test_days_are_periods_of_23_24_and_25_hours(self):
        days = [
            ("2026-01-15T00:00:00+01:00", "2026-01-16T00:00:00+01:00"),
            ("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"),
            ("2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"),
        ]
        rows = read("eda", eda_document("".join(eda_position(*day) for day in days), interval="D", count=3)).reads.to_pylist()
        assert [(row["read_at"] - row["period_from"]).total_seconds() / 3600 for row in rows] == [24, 23, 25]
        assert {row["kind"] for row in rows} == {"period"}

    @pytest.mark.parametrize(("method", "quality"), [("L1", None), ("L2", [3]), ("L3", [2]), ("L9", [2]), (None, None)])
    def test_the_method_is_the_quality(self, method, quality):
        parsed = read("eda", eda_document(eda_position(*QUARTER, method=method)))
        (row,) = parsed.intervals.to_pylist()
        assert (row["native_quality"], row["quality"]) == (method, quality)
        assert warned(parsed) == ({"quality.unknown"} if method == "L9" else set())

    def test_a_position_without_quantity_is_a_slot_without_value(self):
        assert slots(read("eda", eda_document(eda_position(*QUARTER, None)))) == [("2026-01-14 23:00", None)]

    @pytest.mark.parametrize(("interval", "minutes"), [("QH", 15), ("H", 60)])
    def test_a_position_without_end_has_the_length_of_its_record(self, interval, minutes):
        parsed = read("eda", eda_document(eda_position(QUARTER[0], None), interval=interval))
        assert parsed.intervals["interval_minutes"].to_pylist() == [minutes]

    @pytest.mark.parametrize(
        ("position", "code"),
        [
            (eda_position(QUARTER[0], QUARTER[0]), "time.invalid"),
            (eda_position(*reversed(QUARTER)), "time.invalid"),
            (eda_position("now", QUARTER[1]), "time.invalid"),
            (eda_position(QUARTER[0], "later"), "time.invalid"),
            (eda_position(*QUARTER, "1,5"), "value.invalid"),
            ("<c:EP/>", "time.missing"),
            (eda_position(*QUARTER).replace("</c:EP>", "<c:BQ>0.5</c:BQ></c:EP>"), "record.length"),
        ],
    )
    def test_a_bad_position_is_set_aside_alone(self, position, code):
        parsed = read("eda", eda_document(eda_position(*SECOND) + position, count=2))
        assert (codes(parsed), len(slots(parsed))) == ([("EnergyData/1/EP/2", code, 1)], 1)

    def test_a_day_without_end_is_set_aside(self):
        assert codes(read("eda", eda_document(eda_position(QUARTER[0], None), interval="D")))[0][1] == "interval.unknown"


class TestChannels:
    @pytest.mark.parametrize(
        ("code", "direction"),
        [("1-1:1.9.0 P.01", "import"), ("1-1:2.9.0 P.01", "export"), ("1-1:2.9.0 G.02", "export"), ("X", "none")],
    )
    def test_the_meter_code_says_the_direction_and_stays_as_it_is(self, code, direction):
        parsed = read("eda", eda_document(eda_position(*QUARTER), code=code))
        assert (parsed.intervals["channel"].to_pylist(), parsed.intervals["direction"].to_pylist()) == ([code], [direction])
        assert warned(parsed) == ({"channel.unknown"} if code == "X" else set())

    def test_several_channels_of_one_record_are_kept_apart(self):
        text = eda_document(eda_position(*QUARTER)).decode()
        more = f'</c:EnergyData><c:EnergyData MeterCode="1-1:2.9.0 P.01" UOM="KWH">{eda_position(*QUARTER, "0.5")}'
        more += "</c:EnergyData></c:Energy>"
        parsed = read("eda", text.replace("</c:EnergyData></c:Energy>", more).encode())
        assert slots(parsed, "1-1:2.9.0 P.01") == [("2026-01-14 23:00", 0.5)]
        assert (slots(parsed, "1-1:1.9.0 P.01"), warned(parsed)) == ([("2026-01-14 23:00", 0.25)], set())

    def test_gas_is_taken_in(self):
        parsed = read("eda", eda_document(eda_position(*QUARTER), code="7-1:33.2.0 P.01", unit="M3"))
        assert (parsed.intervals["direction"].to_pylist(), parsed.intervals["unit"].to_pylist()) == (["import"], ["m3"])

    @pytest.mark.parametrize(
        ("changes", "code"),
        [({"unit": "FURLONG"}, "unit.unknown"), ({"unit": ""}, "unit.unknown"), ({"code": ""}, "record.identifier")],
    )
    def test_a_channel_nobody_knows_is_set_aside(self, changes, code):
        assert codes(read("eda", eda_document(eda_position(*QUARTER), **changes))) == [("EnergyData/1/EP/1", code, 1)]

    def test_a_record_without_metering_point_is_set_aside(self):
        document = eda_document(eda_position(*QUARTER)).replace(b"t:MeteringPoint", b"t:Other")
        assert codes(read("eda", document)) == [("EnergyData/1/EP/1", "record.identifier", 1)]


class TestRecords:
    @pytest.mark.parametrize("version", ["01p10", "01p20", "01p31", "01p41", "01p99"])
    def test_every_minor_version_is_read(self, version):
        document = eda_document(eda_position(*QUARTER), namespace=EDA_NAMESPACE.replace("01p41", version))
        assert len(slots(read("eda", document))) == 1

    @pytest.mark.parametrize("version", ["02p00", "01p4", "", "01p41/next"])
    def test_another_version_is_refused(self, version):
        with pytest.raises(InputRefusedError) as refusal:
            read("eda", eda_document(eda_position(*QUARTER), namespace=EDA_NAMESPACE.replace("01p41", version)))
        assert refusal.value.code == "schema.version"

    def test_a_count_that_lies_is_told(self):
        assert warned(read("eda", eda_document(eda_position(*QUARTER), count=96))) == {"count.mismatch"}

    def test_a_record_of_a_test_system_is_told(self):
        assert warned(read("eda", eda_document(eda_position(*QUARTER), mode="SIMU"))) == {"document.test"}

    def test_a_record_without_values_says_so(self):
        assert warned(read("eda", eda_document("", count=0))) == {"answer.empty"}
