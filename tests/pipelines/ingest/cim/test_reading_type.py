from __future__ import annotations

import pytest

from pipelines.ingest.cim.reading_type import meaning_of, parse_reading_type
from schemas.codes import Direction, ReadKind


def meaning(**numbers: int):
    """What a reading type means: forward energy of a quarter hour in kWh, with some of its numbers changed."""
    fields = dict(
        zip(
            (
                "macro", "aggregate", "measuring", "accumulation", "flow", "commodity", "kind", "i_n", "i_d", "a_n", "a_d",
                "tou", "cpp", "tier", "phases", "multiplier", "unit", "currency",
            ),
            (0, 0, 2, 4, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 3, 72, 0),
            strict=True,
        )
    ) | numbers  # fmt: skip
    kind = parse_reading_type(".".join(map(str, fields.values())))
    assert kind is not None
    return meaning_of(kind)


def doubts(**numbers: int) -> list[str]:
    return [doubt.code for doubt in meaning(**numbers).doubts]


class TestId:
    def test_it_is_eighteen_numbers(self):
        kind = parse_reading_type("13.8.2.4.19.1.12.1.2.3.4.5.6.7.128.-3.72.978")
        assert kind is not None
        assert (kind.macro_period, kind.aggregate, kind.tou, kind.phases, kind.multiplier, kind.unit, kind.currency) == (
            13, 8, 5, 128, -3, 72, 978,
        )  # fmt: skip

    @pytest.mark.parametrize(
        "text",
        [
            "", "energy", "0.0.129.160", ".".join("0" * 17), ".".join("0" * 19), ".".join("x" * 18),
            "0." * 17 + "9999999", "0." * 17 + "\N{ARABIC-INDIC DIGIT ONE}",
        ],
    )  # fmt: skip
    def test_anything_else_is_none(self, text):
        assert parse_reading_type(text) is None


class TestUnit:
    # IEC 61968-9, UnitSymbolKind and the multiplier as a power of ten
    @pytest.mark.parametrize(
        ("unit", "multiplier", "quantity", "name", "exponent"),
        [
            (72, 0, "active_energy", "kWh", -3),
            (72, 3, "active_energy", "kWh", 0),
            (72, 6, "active_energy", "kWh", 3),
            (73, 3, "reactive_energy", "kvarh", 0),
            (71, 3, "apparent_energy", "kVAh", 0),
            (38, 0, "power", "kW", -3),
            (63, 3, "reactive_power", "kvar", 0),
            (61, 3, "apparent_power", "kVA", 0),
            (29, -1, "voltage", "V", -1),
            (5, -3, "current", "A", -3),
            (33, 0, "frequency", "Hz", 0),
            (42, -3, "volume", "m3", -3),
            (134, 0, "volume", "m3", -3),
            (119, 2, "volume", "ft3", 2),
            (169, 0, "energy", "therm", 0),
            (31, 6, "energy", "J", 6),
        ],
    )
    def test_a_power_of_ten_of_the_stores_unit_is_converted_exactly(self, unit, multiplier, quantity, name, exponent):
        found = meaning(unit=unit, multiplier=multiplier)
        assert (found.quantity, found.unit, found.exponent, found.doubts) == (quantity, name, exponent, ())

    @pytest.mark.parametrize(
        ("unit", "multiplier", "quantity", "name"),
        [
            (23, 0, "temperature", "degC"),
            (2, -3, "length", "mm"),
            (132, 6, "energy", "MBTU"),
            (167, 0, "volume_compensated", "m3"),
        ],
    )
    def test_another_unit_keeps_its_own_name_and_its_values_as_written(self, unit, multiplier, quantity, name):
        found = meaning(unit=unit, multiplier=multiplier)
        assert (found.quantity, found.unit, found.exponent) == (quantity, name, 0)

    @pytest.mark.parametrize(("unit", "multiplier"), [(0, 0), (9000, 0), (23, 5), (72, 25), (72, -25)])
    def test_an_unknown_unit_is_none_and_told(self, unit, multiplier):
        found = meaning(unit=unit, multiplier=multiplier)
        assert (found.quantity, found.unit, found.exponent, found.kind) == ("unknown", None, 0, ReadKind.INSTANT)
        assert doubts(unit=unit, multiplier=multiplier) == ["unit.unknown"]

    def test_money_is_never_taken_for_energy(self):
        found = meaning(currency=978)
        assert (found.quantity, found.unit, found.kind) == ("unknown", None, ReadKind.INSTANT)
        assert doubts(currency=978) == ["reading_type.currency"]


class TestDirection:
    # IEC 61968-9, FlowDirectionKind; quadrants as in IEC 62053-23: active import is Q1 and Q4, reactive import Q1 and Q2
    @pytest.mark.parametrize(
        ("flow", "unit", "direction"),
        [
            (1, 72, Direction.IMPORT),
            (19, 72, Direction.EXPORT),
            (4, 72, Direction.NONE),
            (20, 72, Direction.NONE),
            (0, 72, Direction.NONE),
            (8, 72, Direction.IMPORT),
            (10, 72, Direction.EXPORT),
            (8, 73, Direction.NONE),
            (5, 73, Direction.IMPORT),
            (13, 73, Direction.EXPORT),
            (15, 73, Direction.IMPORT),
            (18, 73, Direction.EXPORT),
            (5, 72, Direction.NONE),
        ],
    )
    def test_it_is_seen_from_the_customer(self, flow, unit, direction):
        assert meaning(flow=flow, unit=unit).direction == direction

    @pytest.mark.parametrize(("flow", "expected"), [(20, []), (21, ["direction.unknown"]), (-1, ["direction.unknown"])])
    def test_an_unknown_flow_is_told(self, flow, expected):
        assert doubts(flow=flow) == expected


class TestKind:
    @pytest.mark.parametrize(
        ("accumulation", "kind"),
        [(4, "period"), (1, "index"), (3, "index"), (9, "index"), (13, "index"), (2, "index"), (14, "index")],
    )
    def test_delta_is_a_quantity_and_what_counts_on_is_an_index(self, accumulation, kind):
        assert meaning(accumulation=accumulation).kind == kind

    @pytest.mark.parametrize("accumulation", [6, 12])
    def test_momentary_power_is_an_instant(self, accumulation):
        assert meaning(accumulation=accumulation, unit=38).kind == ReadKind.INSTANT
        assert doubts(accumulation=accumulation, unit=38) == []

    @pytest.mark.parametrize("accumulation", [6, 12, 5, 99])
    def test_energy_that_is_momentary_makes_no_sense_and_is_told(self, accumulation):
        assert meaning(accumulation=accumulation).kind == ReadKind.INSTANT
        assert doubts(accumulation=accumulation) == ["accumulation.unknown"]

    @pytest.mark.parametrize(("unit", "kind"), [(72, "index"), (42, "index"), (169, "index"), (38, "instant"), (29, "instant")])
    def test_without_a_word_energy_and_volume_are_indexes_and_the_rest_instants(self, unit, kind):
        assert meaning(accumulation=0, unit=unit).kind == kind
        assert doubts(accumulation=0, unit=unit) == ["accumulation.missing"]

    @pytest.mark.parametrize(
        ("measuring", "aggregate", "kind"), [(2, 2, "period"), (0, 2, "instant"), (2, 8, "instant"), (58, 2, "instant")]
    )
    def test_average_power_of_an_interval_belongs_to_the_interval(self, measuring, aggregate, kind):
        assert meaning(unit=38, accumulation=6, measuring=measuring, aggregate=aggregate).kind == kind


class TestPeriod:
    # IEC 61968-9, MeasuringPeriodKind
    @pytest.mark.parametrize(
        ("measuring", "minutes"),
        [(1, 10), (2, 15), (3, 1), (4, 1440), (5, 30), (6, 5), (7, 60), (10, 2), (14, 3), (31, 20), (50, 60), (79, 120)],
    )
    def test_the_measuring_period_gives_the_length(self, measuring, minutes):
        assert meaning(measuring=measuring).minutes == minutes

    @pytest.mark.parametrize("measuring", [0, 15, 57, 77, 100])
    def test_present_rolling_and_specified_periods_have_none(self, measuring):
        assert meaning(measuring=measuring).minutes is None

    @pytest.mark.parametrize(
        ("macro", "minutes", "monthly"), [(11, 1440, False), (24, 10080, False), (13, None, True), (8, None, False)]
    )
    def test_the_macro_period_gives_it_where_there_is_no_measuring_period(self, macro, minutes, monthly):
        found = meaning(measuring=0, macro=macro)
        assert (found.minutes, found.is_monthly) == (minutes, monthly)

    def test_a_measuring_period_is_finer_than_the_macro_period(self):
        found = meaning(measuring=2, macro=13)
        assert (found.minutes, found.is_monthly) == (15, False)
