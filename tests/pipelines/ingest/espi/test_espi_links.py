"""Which readings belong to which service point, type and clock."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import permutations

import pytest

from pipelines.ingest.espi import feed as feed_module
from pipelines.ingest.espi import spool as spool_module
from schemas.errors import InputRefusedError
from tests.pipelines.ingest.espi.feeds import (
    IDENTITY,
    POINT,
    READING,
    START,
    TYPE,
    block,
    block_of,
    clock,
    entry,
    feed,
    leaves,
    meter_reading,
    read,
    reading,
    reading_type,
    rejected,
    resource,
    simple,
    slots,
    type_facts,
    usage_point,
    values,
    warned,
)

PARTS = (usage_point(), clock(), meter_reading(), reading_type(), block(reading(), reading(7, START + 3600)))
BLOCKS = f"{READING}/IntervalBlock"
PLAIN_TYPE = entry(type_facts())
EMPTY_POINT = entry(resource("UsagePoint"))
EMPTY_READING = entry(resource("MeterReading"))


def told(data: bytes, **context: str) -> list[tuple[object, ...]]:
    """What the feed says about its slots, without where they stand."""
    names = ("service_point_id", "channel", "direction", "unit", "at", "value", "clock_offset_minutes", "version")
    return [tuple(slot[name] for name in names) for slot in slots(read(data, **context))]


class TestOrder:
    @pytest.mark.parametrize("order", list(permutations(range(5))), ids=lambda order: "".join(map(str, order)))
    def test_entries_may_come_in_any_order(self, order):
        assert told(feed(*(PARTS[place] for place in order))) == told(feed(*PARTS))

    def test_what_waits_is_laid_outside_memory_and_comes_back_whole(self, monkeypatch):
        monkeypatch.setattr(feed_module, "ROWS_IN_MEMORY", 3)
        monkeypatch.setattr(spool_module, "IN_MEMORY_BYTES", 100)
        blocks = [
            block(*(reading(hour, START + (24 * day + hour) * 3600) for hour in range(24)), own=f"{READING}/IntervalBlock/{day}")
            for day in range(5)
        ]
        late = read(feed(*blocks, reading_type(), meter_reading(), usage_point()))
        early = read(feed(usage_point(), meter_reading(), reading_type(), *blocks))
        assert values(late) == values(early) == [Decimal(hour).scaleb(-3) for _ in range(5) for hour in range(24)]


class TestLinks:
    @pytest.mark.parametrize(
        ("reading_links", "block_own", "block_related"),
        [
            pytest.param((TYPE, BLOCKS), f"{BLOCKS}/1", (), id="the MeterReading names the collection"),
            pytest.param((TYPE, "/x/Block/1"), "/x/Block/1", (), id="the MeterReading names the block"),
            pytest.param((TYPE,), "/x/Block/1", (READING,), id="the block names its MeterReading"),
            pytest.param((TYPE,), f"{READING}/IntervalBlock/1", (), id="the path of the block stands below"),
            pytest.param((TYPE,), "/INVALID/9", (READING,), id="a broken self link beside a good one"),
        ],
    )  # fmt: skip
    def test_a_block_finds_its_meter_reading(self, reading_links, block_own, block_related):
        other = meter_reading(f"{POINT}/MeterReading/02", f"{POINT}/MeterReading/02/IntervalBlock", TYPE)
        data = feed(
            usage_point(),
            other,
            meter_reading(READING, *reading_links),
            reading_type(),
            block(own=block_own, related=block_related),
        )
        parsed = read(data)
        assert ([slot["channel"] for slot in slots(parsed)], warned(parsed)) == (["01/1.72"], [])

    def test_a_broken_self_link_costs_nothing_where_the_other_links_are_right(self):
        whole = feed(*PARTS)
        own = f'<link rel="self" href="{READING}/IntervalBlock/1"/>'.encode()
        assert own in whole
        assert told(whole.replace(own, b'<link rel="self" href="/espi/INVALID/1"/>')) == told(whole)

    def test_links_are_compared_without_host_and_doubled_slashes(self):
        data = feed(*PARTS).replace(f'"{TYPE}"'.encode(), f'"https://utility.example/{TYPE}/"'.encode(), 1)
        assert told(data) == told(feed(*PARTS))

    def test_a_type_may_name_its_meter_reading(self):
        types = (reading_type("/ReadingType/1", [READING]), reading_type("/ReadingType/2", ["/another"], uom=169))
        parsed = read(feed(usage_point(), meter_reading(READING, "/nothing"), *types, block()))
        assert [slot["unit"] for slot in slots(parsed)] == ["kWh"]

    def test_a_usage_point_may_name_a_meter_reading_below_another_path(self):
        # as Opower does: the UsagePoint below its billing account, the MeterReading below the user
        point = usage_point("/v1/BillingAccount/12/UsagePoint/NET", "/v1/User/12/UsagePoint/NET/MeterReading/1")
        elsewhere = meter_reading("/v1/User/12/UsagePoint/NET/MeterReading/1", TYPE)
        own = "/v1/User/12/UsagePoint/NET/MeterReading/1/IntervalBlock/1"
        parsed = read(feed(usage_point(identity="0f"), point, elsewhere, reading_type(), block(own=own)))
        assert [slot["service_point_id"] for slot in slots(parsed)] == [IDENTITY]

    def test_each_meter_reading_is_a_channel_of_its_own(self):
        second = f"{POINT}/MeterReading/02"
        data = feed(
            usage_point(), meter_reading(), meter_reading(second, f"{second}/IntervalBlock", "/ReadingType/19"), reading_type(),
            reading_type("/ReadingType/19", flowDirection=19), block(reading(1)),
            block(reading(2), own=f"{second}/IntervalBlock/1"),
        )  # fmt: skip
        assert [(slot["channel"], slot["direction"], slot["value"]) for slot in slots(read(data))] == [
            ("01/1.72", "import", Decimal("0.001")),
            ("02/19.72", "export", Decimal("0.002")),
        ]

    def test_meter_readings_of_one_name_stay_apart(self):
        other = "/espi/1_1/resource/Subscription/3/UsagePoint/7/MeterReading/01"
        point = usage_point(POINT, f"{POINT}/MeterReading", other)
        data = feed(
            point, meter_reading(), meter_reading(other, TYPE), reading_type(), block(), block(own=f"{other}/IntervalBlock/1")
        )
        assert [slot["channel"] for slot in slots(read(data))] == ["01/1.72", "01/1.72#2"]

    def test_common_resources_may_be_repeated_for_every_usage_point(self):
        # OpenESPI-Common issue 176: the same ReadingType and clock once for each UsagePoint
        second = POINT.replace("/7", "/8")
        data = feed(
            usage_point(), clock(), meter_reading(), reading_type(), block(),
            usage_point(second, identity="5a0c7e7e-0000-4000-8000-000000000008"), clock(), reading_type(),
            meter_reading(f"{second}/MeterReading/01"), block(own=f"{second}/MeterReading/01/IntervalBlock/1"),
        )  # fmt: skip
        parsed = read(data)
        assert ([slot["service_point_id"][-1] for slot in slots(parsed)], warned(parsed)) == (["7", "8"], [])

    def test_a_resource_described_in_two_ways_is_refused(self):
        with pytest.raises(InputRefusedError) as refusal:
            read(feed(*PARTS, reading_type(powerOfTenMultiplier=3)))
        assert refusal.value.code == "resource.conflict"

    def test_links_that_lead_to_two_meter_readings_set_the_block_aside(self):
        second = f"{POINT}/MeterReading/02"
        data = feed(usage_point(), meter_reading(), meter_reading(second), reading_type(), block(related=[second]))
        assert rejected(read(data)) == [("entry/5/IntervalReading/1", "link.ambiguous", 1)]

    def test_two_types_of_one_meter_reading_set_its_values_aside(self):
        types = (reading_type(), reading_type("/ReadingType/2", powerOfTenMultiplier=3))
        data = feed(usage_point(), meter_reading(READING, TYPE, "/ReadingType/2"), *types, block())
        assert rejected(read(data))[0][1] == "link.ambiguous"


class TestMissing:
    def test_a_type_that_is_named_and_not_there_is_the_only_one_of_the_feed(self):
        parsed = read(feed(usage_point(), meter_reading(READING, "/ReadingType/99"), reading_type(), block()))
        assert (values(parsed), warned(parsed)) == ([Decimal("0.45")], ["link.broken"])

    def test_of_two_types_none_is_chosen(self):
        types = (reading_type(), reading_type("/ReadingType/2", powerOfTenMultiplier=3))
        parsed = read(feed(usage_point(), meter_reading(READING, "/ReadingType/99"), *types, block()))
        assert (rejected(parsed)[0][1], values(parsed)) == ("link.ambiguous", [])

    def test_values_without_any_type_are_set_aside(self):
        parsed = read(feed(usage_point(), meter_reading(), block(reading(), reading(2, START + 3600))))
        assert rejected(parsed) == [("entry/3/IntervalReading/1", "unit.unknown", 2)]

    def test_a_usage_point_that_is_only_named_is_its_path(self):
        (slot,) = slots(read(feed(meter_reading(), reading_type(), block())))
        assert slot["service_point_id"] == POINT.strip("/")

    def test_a_meter_reading_that_is_only_named_is_its_path(self):
        parsed = read(feed(usage_point(), reading_type(), block()))
        assert [(slot["service_point_id"], slot["channel"]) for slot in slots(parsed)] == [(IDENTITY, "01/1.72")]
        assert warned(parsed) == ["link.broken"]

    def test_values_of_a_customer_who_is_not_there_are_never_given_to_another(self):
        stranger = POINT.replace("/9/", "/10/") + "/MeterReading/01"
        parsed = read(feed(*PARTS, block(own=f"{stranger}/IntervalBlock/1")))
        assert {slot["service_point_id"] for slot in slots(parsed)} == {
            IDENTITY,
            stranger.strip("/").removesuffix("/MeterReading/01"),
        }

    def test_a_clock_that_is_not_there_is_none(self):
        assert slots(read(feed(usage_point(), meter_reading(), reading_type(), block())))[0]["clock_offset_minutes"] is None


class TestPlaces:
    def test_a_feed_without_links_is_joined_by_place(self):
        parsed = read(feed(EMPTY_POINT, EMPTY_READING, PLAIN_TYPE, entry(block_of(reading()))), name="meter-12.xml")
        assert [(slot["service_point_id"], slot["channel"], slot["value"]) for slot in slots(parsed)] == [
            ("meter-12", "1.72", Decimal("0.45"))
        ]
        assert warned(parsed) == ["link.missing"]

    def test_two_files_whose_names_differ_before_the_ending_are_two_homes(self):
        unnamed = feed(EMPTY_POINT, EMPTY_READING, PLAIN_TYPE, entry(block_of(reading())))
        points = {slots(read(unnamed, name=name))[0]["service_point_id"] for name in ("home.1.xml", "home.2.xml")}
        assert points == {"home.1", "home.2"}

    def test_a_block_may_stand_before_the_only_type(self):
        parsed = read(feed(entry(block_of(reading())), PLAIN_TYPE), name="delivered/meter-12.xml.gz")
        assert [(slot["service_point_id"], slot["value"]) for slot in slots(parsed)] == [("meter-12", Decimal("0.45"))]

    def test_each_group_of_a_feed_without_links_is_its_own(self):
        gas = entry(type_facts(uom=169, commodity=7))
        groups = [
            EMPTY_POINT,
            EMPTY_READING,
            PLAIN_TYPE,
            entry(block_of(reading(1))),
            EMPTY_POINT,
            EMPTY_READING,
            gas,
            entry(block_of(reading(2))),
        ]
        parsed = read(feed(*groups), name="m.xml")
        assert [(slot["service_point_id"], slot["channel"], slot["unit"], slot["value"]) for slot in slots(parsed)] == [
            ("m", "1.72", "kWh", Decimal("0.001")),
            ("m#2", "1.169", "therm", Decimal(2)),
        ]

    def test_two_types_in_a_row_without_links_are_not_guessed(self):
        parsed = read(feed(EMPTY_READING, PLAIN_TYPE, entry(type_facts(powerOfTenMultiplier=3)), entry(block_of(reading()))))
        assert rejected(parsed)[0][1] == "link.ambiguous"

    def test_a_type_of_earlier_readings_does_not_describe_those_of_a_new_meter_reading(self):
        first = [EMPTY_READING, PLAIN_TYPE, entry(block_of(reading(1)))]
        later = [EMPTY_READING, entry(block_of(reading(2))), entry(type_facts(powerOfTenMultiplier=3))]
        parsed = read(feed(*first, *later))
        assert (values(parsed), rejected(parsed)[0][1]) == ([Decimal("0.001")], "link.ambiguous")

    def test_two_usage_points_in_a_row_without_links_are_not_guessed(self):
        parsed = read(feed(EMPTY_POINT, EMPTY_POINT, EMPTY_READING, PLAIN_TYPE, entry(block_of(reading()))))
        assert rejected(parsed)[0][1] == "link.ambiguous"


class TestContainers:
    def test_several_blocks_may_stand_in_one_entry(self):
        content = (
            block_of(reading(1)) + block_of(reading(None, None, None), start=START + 3600) + block_of(reading(3, START + 7200))
        )
        parsed = read(feed(usage_point(), meter_reading(), reading_type(), entry(content, f"{READING}/IntervalBlock/1")))
        assert [(slot["at"] - START, slot["value"]) for slot in slots(parsed)] == [
            (0, Decimal("0.001")),
            (3600, None),
            (7200, Decimal("0.003")),
        ]

    def test_a_type_may_stand_inside_its_meter_reading(self):
        nested = entry(resource("MeterReading", type_facts(uom=169)), READING)
        assert slots(read(feed(usage_point(), nested, reading_type(), block())))[0]["unit"] == "therm"

    def test_two_types_inside_one_meter_reading_are_refused(self):
        nested = entry(resource("MeterReading", type_facts() + type_facts(powerOfTenMultiplier=3)), READING)
        with pytest.raises(InputRefusedError) as refusal:
            read(feed(usage_point(), nested, block()))
        assert refusal.value.code == "resource.conflict"

    def test_everything_may_stand_inside_a_usage_point(self):
        inner = resource("MeterReading", type_facts() + block_of(reading(1))) + resource(
            "MeterReading", type_facts(flowDirection=19) + block_of(reading(2))
        )
        parsed = read(feed(entry(resource("UsagePoint", inner), POINT, identity=IDENTITY)))
        assert [(slot["service_point_id"], slot["channel"], slot["value"]) for slot in slots(parsed)] == [
            (IDENTITY, "1.72", Decimal("0.001")),
            (IDENTITY, "19.72", Decimal("0.002")),
        ]

    def test_a_clock_may_stand_beside_its_usage_point(self):
        both = entry(resource("UsagePoint") + resource("LocalTimeParameters", leaves(tzOffset=-28800)), POINT, identity=IDENTITY)
        parsed = read(feed(clock(), both, meter_reading(), reading_type(), block()))
        assert slots(parsed)[0]["clock_offset_minutes"] == -480

    def test_a_bare_entry_or_resource_is_read(self):
        nested = resource("UsagePoint", resource("MeterReading", type_facts() + block_of(reading())))
        bare = read(nested.encode())
        alone = read(f'<entry xmlns="http://www.w3.org/2005/Atom"><content>{nested}</content></entry>'.encode())
        assert values(bare) == values(alone) == [Decimal("0.45")]
        assert (slots(bare)[0]["record"], slots(alone)[0]["record"]) == ("IntervalReading/1", "entry/1/IntervalReading/1")

    @pytest.mark.parametrize("prefix", ["espi", "ns0", "a.b-c"])
    def test_prefixes_are_of_no_matter(self, prefix):
        names = "IntervalBlock|IntervalReading|timePeriod|start|duration|value|interval"
        data = re.sub(rf"<(/?)({names})(?=[ >])", rf"<\1{prefix}:\2", feed(*PARTS).decode())
        data = data.replace(f"<{prefix}:IntervalBlock xmlns=", f"<{prefix}:IntervalBlock xmlns:{prefix}=")
        assert told(data.encode()) == told(feed(*PARTS))


class TestServicePoint:
    def test_its_identity_is_the_same_in_capitals(self):
        point = usage_point(identity=IDENTITY.upper())
        assert slots(read(feed(point, meter_reading(), reading_type(), block())))[0]["service_point_id"] == IDENTITY

    @pytest.mark.parametrize("identity", ["", "00000000-0000-0000-0000-000000000000"])
    def test_without_an_identity_it_is_its_path(self, identity):
        point = usage_point(identity=identity)
        assert slots(read(feed(point, meter_reading(), reading_type(), block())))[0]["service_point_id"] == POINT.strip("/")


class TestNoReadings:
    @pytest.mark.parametrize(
        "parts", [(usage_point(),), (reading_type(uom=999),), (clock(),), (usage_point(), meter_reading(), reading_type())]
    )
    def test_a_feed_that_only_describes_is_read_and_says_so(self, parts):
        parsed = read(feed(*parts))
        assert (parsed.rows_read, rejected(parsed), warned(parsed)) == (0, [], ["readings.none"])

    def test_an_empty_feed_of_another_kind_is_refused(self):
        with pytest.raises(InputRefusedError) as refusal:
            read(b'<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title></feed>')
        assert refusal.value.code == "format.unknown"

    def test_power_quality_figures_are_told(self):
        parsed = read(feed(*PARTS, entry(resource("ElectricPowerQualitySummary", "<flickerPlt>1</flickerPlt>"))))
        assert warned(parsed) == ["resource.unread"]


def test_a_name_of_a_member_stands_before_every_record():
    parsed = read(simple(reading(), reading("x", START + 3600)), prefix="day.xml:")
    assert (slots(parsed)[0]["record"], rejected(parsed)[0][0]) == (
        "day.xml:entry/5/IntervalReading/1",
        "day.xml:entry/5/IntervalReading/2",
    )


def test_the_clock_of_several_is_the_one_that_is_linked():
    clocks = (clock("/LocalTimeParameters/2", tz_offset=-28800), clock())
    assert slots(read(feed(*clocks, usage_point(), meter_reading(), reading_type(), block())))[0]["clock_offset_minutes"] == -300


def test_of_several_clocks_without_a_link_none_is_used():
    clocks = (clock("/LocalTimeParameters/2", tz_offset=-28800), clock())
    parsed = read(feed(*clocks, usage_point(POINT, f"{POINT}/MeterReading"), meter_reading(), reading_type(), block()))
    assert (slots(parsed)[0]["clock_offset_minutes"], warned(parsed)) == (None, ["clock.ambiguous"])
