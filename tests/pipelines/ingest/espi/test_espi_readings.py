"""What a value of a Green Button feed becomes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pipelines.ingest.espi.codes import UNITS
from pipelines.ingest.espi.espi import recognise_espi
from pipelines.ingest.formats import detect
from schemas.codes import Quality
from tests.pipelines.ingest.espi.feeds import (
    IDENTITY,
    START,
    block,
    clock,
    feed,
    meter_reading,
    read,
    reading,
    reading_type,
    rejected,
    simple,
    slots,
    usage_point,
    values,
    warned,
)

HOUR = 3600
DAY = 86_400


def instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class TestAnHour:
    def test_it_is_a_slot_with_all_that_the_feed_says_about_it(self):
        (slot,) = slots(read(simple(reading(450, quality=17))))
        assert {name: slot[name] for name in ("service_point_id", "meter_id", "channel", "quantity", "direction", "unit")} == {
            "service_point_id": IDENTITY,
            "meter_id": "",
            "channel": "01/1.72",
            "quantity": "active_energy",
            "direction": "import",
            "unit": "kWh",
        }
        assert (slot["at"], slot["interval_minutes"], slot["value"]) == (START, 60, Decimal("0.450"))
        assert (slot["quality"], slot["native_quality"], slot["clock_offset_minutes"]) == (Quality.MEASURED, "17", -300)
        assert (slot["version"], slot["record"]) == (datetime(2026, 2, 1, tzinfo=UTC), "entry/5/IntervalReading/1")

    def test_hours_may_come_newest_first(self):
        parsed = read(simple(reading(3, START + 2 * HOUR), reading(2, START + HOUR), reading(1, START)))
        assert values(parsed) == [Decimal("0.001"), Decimal("0.002"), Decimal("0.003")]

    def test_the_store_does_not_set_its_clock(self):
        parsed = read(simple(), zone="Australia/Sydney", clock="+10:00")
        assert (slots(parsed)[0]["at"], parsed.clock) == (START, None)

    @pytest.mark.parametrize(("written", "seconds"), [("1767225600.0", START), ("1767225600.000000", START)])
    def test_an_epoch_may_have_a_fraction(self, written, seconds):
        assert slots(read(simple(reading(start=written, duration="3600.0"))))[0]["at"] == seconds

    def test_half_a_second_is_kept_and_is_no_slot(self):
        (row,) = read(simple(reading(start="1767225600.5"))).reads.to_pylist()
        assert (row["kind"], row["period_from"]) == ("period", instant(START + 0.5))

    def test_an_element_for_another_clock_changes_nothing(self):
        odd = reading().replace("</timePeriod>", "<timezone>-0500</timezone></timePeriod>")
        assert slots(read(simple(odd)))[0]["at"] == START

    def test_a_net_value_may_be_below_zero(self):
        (slot,) = slots(read(simple(reading(-1250), flowDirection=4)))
        assert (slot["value"], slot["direction"]) == (Decimal("-1.25"), "none")


class TestWithoutATime:
    def test_readings_follow_each_other_from_the_beginning_of_their_block(self):
        parsed = read(simple(*(reading(value, None, None) for value in (1, 2))))
        assert [(slot["at"], slot["value"]) for slot in slots(parsed)] == [
            (START, Decimal("0.001")),
            (START + HOUR, Decimal("0.002")),
        ]

    def test_a_reading_without_a_length_lasts_as_long_as_its_type_says(self):
        assert slots(read(simple(reading(duration=None))))[0]["interval_minutes"] == 60

    def test_a_block_that_does_not_say_when_it_begins_gives_no_time(self):
        data = simple(reading(start=None)).replace(b"<start>1767225600</start></interval>", b"</interval>")
        assert rejected(read(data)) == [("entry/5/IntervalReading/1", "time.missing", 1)]

    def test_nobody_guesses_how_long_a_reading_lasts(self):
        assert rejected(read(simple(reading(duration=None), intervalLength=None)))[0][1] == "time.missing"

    @pytest.mark.parametrize("start", ["1767225600000", "2026-01-01T00:00:00Z", "-1", "1767225600.1234567", "+5", "\uff19"])
    def test_a_start_that_is_no_time_is_set_aside_alone(self, start):
        parsed = read(simple(reading(start=start), reading(7)))
        assert rejected(parsed) == [("entry/5/IntervalReading/1", "time.invalid", 1)]
        assert values(parsed) == [Decimal("0.007")]

    @pytest.mark.parametrize("duration", ["-900", "PT1H", "99999999999"])
    def test_a_length_that_is_none_is_set_aside(self, duration):
        assert rejected(read(simple(reading(duration=duration))))[0][1] == "time.invalid"

    def test_a_quantity_of_no_time_is_set_aside(self):
        assert rejected(read(simple(reading(duration=0))))[0][1] == "time.invalid"


class TestLength:
    @pytest.mark.parametrize("seconds", [60, 300, 900, 1800, 3600])
    def test_minutes_up_to_an_hour_are_slots(self, seconds):
        parsed = read(simple(reading(duration=seconds)))
        assert (parsed.intervals.num_rows, parsed.reads.num_rows) == (1, 0)

    @pytest.mark.parametrize("seconds", [30, 3601, 7200, DAY, 30 * DAY])
    def test_any_other_length_is_a_period(self, seconds):
        (row,) = read(simple(reading(duration=seconds))).reads.to_pylist()
        assert (row["kind"], row["period_from"], row["read_at"]) == ("period", instant(START), instant(START + seconds))
        assert (row["value"], row["quality"]) == (Decimal("0.450000000"), "measured")

    def test_a_month_of_gas_keeps_its_therms(self):
        (row,) = read(simple(reading(37000, duration=31 * DAY), uom=169, powerOfTenMultiplier=-3, commodity=7)).reads.to_pylist()
        assert (row["value"], row["unit"], row["quantity"]) == (37, "therm", "energy")


class TestAccumulation:
    @pytest.mark.parametrize("behaviour", [None, 0, 4, 10])
    def test_a_quantity_of_an_interval_is_a_slot(self, behaviour):
        assert read(simple(accumulationBehaviour=behaviour)).intervals.num_rows == 1

    @pytest.mark.parametrize("behaviour", [1, 2, 3, 9, 13, 14])
    def test_a_register_is_read_when_its_interval_ends(self, behaviour):
        (row,) = read(simple(reading(1_234_567), accumulationBehaviour=behaviour)).reads.to_pylist()
        assert (row["kind"], row["read_at"], row["period_from"]) == ("index", instant(START + HOUR), None)
        assert row["value"] == Decimal("1234.567000000")

    @pytest.mark.parametrize("behaviour", [6, 12])
    def test_a_momentary_value_is_an_instant(self, behaviour):
        (row,) = read(simple(reading(240, duration=0), accumulationBehaviour=behaviour, uom=29)).reads.to_pylist()
        assert (row["kind"], row["read_at"], row["unit"], row["quantity"]) == ("instant", instant(START), "V", "voltage")

    def test_a_behaviour_nobody_knows_is_not_billed_as_an_interval(self):
        assert rejected(read(simple(accumulationBehaviour=99)))[0][1] == "accumulation.unknown"


class TestUnits:
    @pytest.mark.parametrize(
        ("uom", "multiplier", "value", "expected", "unit", "quantity"),
        [
            (72, 0, 450, "0.45", "kWh", "active_energy"),
            (72, 3, 450, "450", "kWh", "active_energy"),
            (72, -3, 10000, "0.01", "kWh", "active_energy"),
            (72, 12, 2, "2000000000", "kWh", "active_energy"),
            (73, 0, 1, "0.001", "kvarh", "reactive_energy"),
            (71, 0, 1, "0.001", "kVAh", "apparent_energy"),
            (38, 0, 1500, "1.5", "kW", "power"),
            (63, 3, 2, "2", "kvar", "reactive_power"),
            (42, -3, 1234, "1.234", "m3", "volume"),
            (167, 0, 5, "5", "m3", "volume"),
            (134, 0, 5, "0.005", "m3", "volume"),
            (119, 2, 3, "300", "ft3", "volume"),
            (128, 0, 3, "3", "usGal", "volume"),
            (169, -3, 1790, "1.79", "therm", "energy"),
            (31, 6, 2, "2000000", "J", "energy"),
            (132, 3, 2, "2000", "btu", "energy"),
            (65, -2, 98, "0.98", "pf", "power_factor"),
        ],
    )
    def test_a_value_is_that_times_the_power_of_ten_in_its_unit(self, uom, multiplier, value, expected, unit, quantity):
        (slot,) = slots(read(simple(reading(value), uom=uom, powerOfTenMultiplier=multiplier)))
        assert (slot["value"], slot["unit"], slot["quantity"]) == (Decimal(expected), unit, quantity)

    def test_a_finer_multiplier_than_the_store_has_keeps_values_that_fit(self):
        parsed = read(simple(reading(5_000_000_000_000), powerOfTenMultiplier=-12))
        assert values(parsed) == [Decimal("0.005")]

    def test_a_value_finer_than_nine_decimals_is_set_aside(self):
        assert rejected(read(simple(reading(1), powerOfTenMultiplier=-12)))[0][1] == "value.precision"

    @pytest.mark.parametrize("uom", [1, 12, 999, "Wh", "7²"])
    def test_a_unit_nobody_knows_sets_its_values_aside(self, uom):
        assert rejected(read(simple(reading(), reading(2, START + HOUR), uom=uom))) == [
            ("entry/5/IntervalReading/1", "unit.unknown", 2)
        ]

    @pytest.mark.parametrize("multiplier", [4, 99, "k"])
    def test_a_multiplier_nobody_knows_sets_its_values_aside(self, multiplier):
        assert rejected(read(simple(powerOfTenMultiplier=multiplier)))[0][1] == "unit.unknown"

    def test_a_type_that_says_two_units_sets_its_values_aside(self):
        data = simple().replace(b"<uom>72</uom>", b"<uom>72</uom><uom>169</uom>")
        assert rejected(read(data))[0][1] == "resource.conflict"

    @pytest.mark.parametrize(("uom", "warnings"), [(None, ["unit.missing"]), (0, [])])
    def test_a_source_without_a_unit_has_none(self, uom, warnings):
        parsed = read(simple(uom=uom))
        assert (slots(parsed)[0]["unit"], slots(parsed)[0]["value"], warned(parsed)) == (None, 450, warnings)

    def test_every_unit_of_the_schema_but_one_is_known(self):
        # NAESB ESPI schema 3.3, UnitSymbolKind: 125 codes, one of them 0, not applicable
        assert (len(UNITS), "0" in UNITS) == (124, False)

    @pytest.mark.parametrize(("commodity", "service"), [(7, 0), (1, 1), (12, 4)])
    def test_watt_hours_of_gas_or_heat_are_no_electric_energy(self, commodity, service):
        data = feed(usage_point(service=service), clock(), meter_reading(), reading_type(commodity=commodity), block())
        (slot,) = slots(read(data))
        assert (slot["quantity"], slot["unit"], slot["value"]) == ("energy", "kWh", Decimal("0.45"))


class TestDirection:
    @pytest.mark.parametrize(("flow", "direction"), [(1, "import"), (19, "export"), (4, "none"), (20, "none"), (None, "none")])
    def test_it_is_seen_from_the_customer(self, flow, direction):
        assert slots(read(simple(flowDirection=flow)))[0]["direction"] == direction

    def test_a_flow_nobody_knows_has_no_direction_and_is_told(self):
        parsed = read(simple(flowDirection=77))
        assert (slots(parsed)[0]["direction"], warned(parsed)) == ("none", ["direction.unknown"])


class TestQuality:
    @pytest.mark.parametrize(
        ("code", "quality"),
        [
            (0, Quality.MEASURED), (7, Quality.SUBSTITUTED), (8, Quality.DELIVERED_ESTIMATE), (9, Quality.DELIVERED_ESTIMATE),
            (10, Quality.MEASURED), (11, Quality.SUBSTITUTED), (12, Quality.DELIVERED_ESTIMATE), (13, Quality.DELIVERED_ESTIMATE),
            (14, Quality.MEASURED), (15, Quality.SUBSTITUTED), (16, Quality.MEASURED), (17, Quality.MEASURED),
            (18, Quality.MEASURED), (19, Quality.MEASURED),
        ],
    )  # fmt: skip
    def test_each_code_has_its_meaning_and_stays_as_it_is(self, code, quality):
        (slot,) = slots(read(simple(reading(quality=code))))
        assert (slot["quality"], slot["native_quality"]) == (quality, str(code))

    def test_a_reading_without_a_code_is_valid(self):
        (slot,) = slots(read(simple()))
        assert (slot["quality"], slot["native_quality"]) == (Quality.MEASURED, None)

    def test_the_types_default_counts_where_a_reading_has_no_code(self):
        parsed = read(simple(reading(), reading(1, START + HOUR, quality=0), defaultQuality=8))
        assert [(slot["quality"], slot["native_quality"]) for slot in slots(parsed)] == [
            (Quality.DELIVERED_ESTIMATE, "8"),
            (Quality.MEASURED, "0"),
        ]

    def test_of_several_codes_the_worst_counts(self):
        (slot,) = slots(read(simple(reading(quality=[17, 8]))))
        assert (slot["quality"], slot["native_quality"]) == (Quality.DELIVERED_ESTIMATE, "17,8")

    def test_a_code_nobody_knows_is_not_billed_as_measured(self):
        parsed = read(simple(reading(quality=2)))
        assert (slots(parsed)[0]["quality"], warned(parsed)) == (Quality.DELIVERED_ESTIMATE, ["quality.unknown"])

    @pytest.mark.parametrize("code", [10, 16])
    def test_a_doubtful_value_is_told(self, code):
        assert warned(read(simple(reading(quality=code)))) == ["quality.doubted"]

    def test_a_period_says_it_in_its_own_words(self):
        (row,) = read(simple(reading(duration=DAY, quality=8))).reads.to_pylist()
        assert (row["quality"], row["native_quality"]) == ("estimated", "8")


class TestTariff:
    def test_it_stands_in_the_reason_of_a_slot(self):
        parsed = read(simple(reading(tou=2, consumptionTier=1), reading(1, START + HOUR, tou=1, cpp=3)))
        assert [slot["native_reason"] for slot in slots(parsed)] == ["tou=2 tier=1", "tou=1 cpp=3"]
        assert {slot["channel"] for slot in slots(parsed)} == {"01/1.72"}

    def test_the_types_counts_where_a_reading_has_none_and_zero_is_none(self):
        parsed = read(simple(reading(), reading(1, START + HOUR, tou=0), tou=4))
        assert [slot["native_reason"] for slot in slots(parsed)] == ["tou=4", None]

    def test_each_bin_of_a_day_is_a_register_of_its_own(self):
        rows = read(simple(reading(1, duration=DAY, tou=1), reading(2, duration=DAY, tou=2))).reads.to_pylist()
        assert [(row["channel"], row["value"]) for row in rows] == [
            ("01/1.72 tou=1", Decimal("0.001")),
            ("01/1.72 tou=2", Decimal("0.002")),
        ]


class TestValues:
    @pytest.mark.parametrize("text", ["", None])
    def test_a_reading_without_a_value_is_missing_and_never_zero(self, text):
        (slot,) = slots(read(simple(reading(text))))
        assert (slot["value"], slot["quality"]) == (None, Quality.MISSING)

    def test_a_period_without_a_value_is_no_row(self):
        parsed = read(simple(reading(None, duration=DAY)))
        assert (parsed.rows_read, parsed.reads.num_rows) == (0, 0)

    @pytest.mark.parametrize("text", ["1e3", "1,5", "n/a", "0x1F", "٤"])
    def test_what_is_no_number_is_set_aside_with_its_own_words(self, text):
        parsed = read(simple(reading(text), reading(7, START + HOUR)))
        assert rejected(parsed) == [("entry/5/IntervalReading/1", "value.invalid", 1)]
        assert (parsed.rejections["raw"].to_pylist(), values(parsed)) == ([text], [Decimal("0.007")])

    def test_a_value_with_an_element_in_it_is_no_number(self):
        assert rejected(read(simple(reading("<b>4</b>50"))))[0][1] == "value.invalid"

    def test_a_reading_with_two_values_is_set_aside(self):
        twice = reading(1).replace("</IntervalReading>", "<value>2</value></IntervalReading>")
        assert rejected(read(simple(twice)))[0][1] == "value.invalid"

    def test_a_value_larger_than_any_meter_counts_is_set_aside(self):
        assert rejected(read(simple(reading("9" * 20))))[0][1] == "value.range"

    def test_an_extension_of_somebody_elses_is_no_value(self):
        odd = reading(5).replace("</IntervalReading>", "<extension><value>9</value></extension></IntervalReading>")
        assert values(read(simple(odd))) == [Decimal("0.005")]

    def test_a_remark_between_the_digits_changes_nothing(self):
        assert values(read(simple(reading("4<!-- four -->50")))) == [Decimal("0.45")]


class TestClock:
    def test_rules_that_cannot_be_followed_are_told_and_cost_nothing(self):
        data = feed(usage_point(), clock(start_rule="B60E", end_rule="FFFFFFFF"), meter_reading(), reading_type(), block())
        parsed = read(data)
        assert (warned(parsed), slots(parsed)[0]["clock_offset_minutes"]) == (["clock.rule"], -300)

    @pytest.mark.parametrize("offset", ["-05:00", "90", "999999", ""])
    def test_an_offset_that_is_none_is_told(self, offset):
        data = feed(usage_point(), clock(tz_offset=offset), meter_reading(), reading_type(), block())
        parsed = read(data)
        assert (warned(parsed), slots(parsed)[0]["clock_offset_minutes"]) == (["clock.offset"], None)


class TestVersion:
    def test_it_is_when_the_block_was_made(self):
        data = feed(usage_point(), meter_reading(), reading_type(), block(updated="2026-03-01T10:00:00.5+01:00"))
        assert slots(read(data))[0]["version"] == datetime(2026, 3, 1, 9, 0, 0, 500000, tzinfo=UTC)

    def test_it_is_that_of_the_feed_where_the_block_does_not_say(self):
        data = feed(usage_point(), meter_reading(), reading_type(), block(updated=None), updated="2026-03-02")
        assert slots(read(data))[0]["version"] == datetime(2026, 3, 2, tzinfo=UTC)

    @pytest.mark.parametrize("text", [None, "yesterday"])
    def test_it_is_unknown_where_nothing_says(self, text):
        data = feed(usage_point(), meter_reading(), reading_type(), block(updated=text))
        assert slots(read(data))[0]["version"] is None


class TestUnknownCodes:
    @pytest.mark.parametrize("name", ["commodity", "dataQualifier", "kind", "phase", "timeAttribute"])
    def test_those_that_change_no_value_are_warnings(self, name):
        parsed = read(simple(**{name: 9999}))
        assert (warned(parsed), len(slots(parsed)), rejected(parsed)) == (["code.unknown"], 1, [])


class TestRecognised:
    @pytest.mark.parametrize(
        "head",
        [
            b'<feed xmlns="http://www.w3.org/2005/Atom">',
            b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a\nremark -->\n<ns1:feed xmlns:ns1="http://www.w3.org/2005/Atom">',
            b'<entry xmlns="http://www.w3.org/2005/Atom">',
            b'<espi:UsagePoint xmlns:espi="http://naesb.org/espi">',
            b'<?xml version="1.0"?><!-- Green Button Sample Data File' + b"=" * 4000,
            "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'>".encode("utf-16"),
        ],
    )
    def test_by_how_it_begins(self, head):
        assert detect(head, "x", None) == "espi"

    @pytest.mark.parametrize(
        "head",
        [
            b"<feed>",
            b'<MeterReadings xmlns="http://iec.ch/TC57/2011/MeterReadings#">',
            b'<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">',
            b"<!-- nothing of ours",
        ],
    )
    def test_and_no_other_document_is_taken(self, head):
        assert not recognise_espi(head)
