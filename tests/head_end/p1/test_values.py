from __future__ import annotations

import pytest

from head_end.p1.framing import Line
from head_end.p1.meaning import meaning_of
from head_end.p1.objects import parse_objects
from head_end.p1.values import Counted, Failure, Measurement, Miscounted, Odd, Problem, read_objects


def found(*lines: str) -> list[object]:
    objects, unreadable = parse_objects(Line(number, text.encode(), ended=True) for number, text in enumerate(lines, 1))
    assert not unreadable
    return list(read_objects(objects))


def only(*lines: str) -> Measurement:
    (measurement,) = found(*lines)
    assert isinstance(measurement, Measurement)
    return measurement


class TestObjects:
    @pytest.mark.parametrize(
        "line", ["hello", "1-0:1.8.1", "1-0:1.8.1(1*kWh", "1-0:999.8.1(1)", "1-0:1.8.1((1))", "(1)", "\xff\xfe"]
    )
    def test_a_line_that_is_no_object_is_unreadable(self, line):
        objects, unreadable = parse_objects([Line(7, line.encode("latin-1"), ended=True)])
        assert (objects, [odd.line for odd in unreadable]) == ([], [7])

    def test_a_line_in_parentheses_goes_on_with_the_object_before_it(self):
        lines = [Line(1, b"0-1:24.3.0(090212160000)(00)", ended=True), Line(2, b"(00001.001)", ended=True)]
        ((source,), _) = parse_objects(lines)
        assert source.cells == ("090212160000", "00", "00001.001")
        assert source.line == 1


class TestMeasurements:
    @pytest.mark.parametrize(
        ("line", "value", "unit"),
        [
            ("1-0:1.8.1(000123.456*kWh)", "000123.456", "kWh"),
            ("1-0:1.8.0*255(00026107.7034321*kWh)", "00026107.7034321", "kWh"),
            ("0-0:96.7.21(00004)", "00004", None),
            ("1-0:13.7.0(0.98)", "0.98", None),
            ("1-0:1.7.0(000000286*W)", "000000286", "W"),
        ],
    )
    def test_a_value_stands_beside_its_unit(self, line, value, unit):
        measurement = only(line)
        assert (measurement.value, measurement.unit, measurement.stamp) == (value, unit, None)
        assert measurement.written == line[: line.index("(")]

    def test_a_demand_has_its_own_time(self):
        measurement = only("1-0:1.6.0(200509134558S)(02.589*kW)")
        assert (measurement.stamp, measurement.value, measurement.unit) == ("200509134558S", "02.589", "kW")

    @pytest.mark.parametrize("device", [1, 2, 3, 4])
    def test_an_mbus_reading_has_its_channel_and_its_own_time(self, device):
        measurement = only(f"0-{device}:24.2.1(170102161005W)(00000.107*m3)")
        assert (measurement.device, measurement.stamp) == (device, "170102161005W")

    def test_the_readings_of_versions_2_and_3_take_two_lines(self):
        measurement = only("0-1:24.3.0(090212160000)(08)(60)(1)(0-1:24.2.1)(m3)", "(00001.001)")
        assert (measurement.value, measurement.unit, measurement.stamp, measurement.status) == (
            "00001.001",
            "m3",
            "090212160000",
            "08",
        )
        assert (measurement.device, measurement.written, measurement.line) == (1, "0-1:24.3.0", 1)

    def test_a_list_of_peaks_is_one_value_a_month(self):
        peaks = found(
            "0-0:98.1.0(2)(1-0:1.6.0)(1-0:1.6.0)(231101000000W)(231031120000W)(01.747*kW)(231201000000W)(231109164500W)(03.260*kW)"
        )
        assert [(peak.made, peak.stamp, peak.value) for peak in peaks] == [
            ("231101000000W", "231031120000W", "01.747"),
            ("231201000000W", "231109164500W", "03.260"),
        ]
        assert {peak.written for peak in peaks} == {"0-0:98.1.0"}

    @pytest.mark.parametrize(
        ("line", "counted"),
        [
            ("1-0:32.32.0(00001)", Counted.SAGS),
            ("1-0:72.32.0(00000)", Counted.SAGS),
            ("1-0:52.36.0(00007)", Counted.SWELLS),
            ("0-0:96.7.9(00003)", Counted.FAILURES),
        ],
    )
    def test_a_counter_says_what_it_counts(self, line, counted):
        assert only(line).counted is counted

    @pytest.mark.parametrize(
        "line",
        [
            "1-3:0.2.8(50)", "0-0:96.1.1(4B38)", "0-0:96.14.0(0002)", "0-0:96.3.10(1)", "0-0:17.0.0(999.9*kW)",
            "1-0:31.4.0(999*A)",
            "0-0:96.13.0()", "0-1:24.1.0(003)", "0-1:24.4.0(1)", "0-1:96.1.0(47)", "0-0:1.0.0(260115120000W)", "0-0:42.0.0(X)",
        ],
    )  # fmt: skip
    def test_who_a_meter_is_its_texts_switches_and_thresholds_are_no_values(self, line):
        assert found(line) == []

    @pytest.mark.parametrize(
        "line",
        [
            "1-0:1.8.1()", "0-1:24.2.1()()", "0-1:24.2.1(170102161005W)()", "1-0:32.32.0()", "0-1:24.3.0()",
            "0-0:98.1.0(0)(1-0:1.6.0)(1-0:1.6.0)()()()",
        ],
    )  # fmt: skip
    def test_an_empty_value_is_none_and_never_zero(self, line):
        assert found(line) == []


class TestOddObjects:
    @pytest.mark.parametrize(
        ("line", "problem", "values"),
        [
            ("1-0:1.8.1(1*kWh)(2*kWh)", Problem.CELLS, 2),
            ("1-0:1.8.1(1)(2)(3)", Problem.CELLS, 1),
            ("1-0:32.32.0(1)(2)", Problem.CELLS, 1),
            ("0-1:24.3.0(090212160000)(00)(60)(2)(0-1:24.2.1)(m3)(1)", Problem.CELLS, 1),
            ("0-1:24.3.0(090212160000)(00)(60)(1)(0-1:24.2.1)(m3)", Problem.CELLS, 1),
            ("0-0:98.1.0(230301000000W)(00012.000*kWh)(00001.000*kWh)", Problem.CELLS, 2),
            ("0-0:98.1.0(1)(1-0:1.6.0)(231101000000W)(01.747*kW)", Problem.CELLS, 1),
            ("1-0:99.97.0(1)(0-0:96.7.19)(000104180320W)", Problem.CELLS, 0),
            ("0-0:55.1.0(5*kWh)", Problem.UNKNOWN, 1),
            ("0-0:55.1.0(5)", Problem.UNKNOWN, 0),
        ],
    )
    def test_what_cannot_be_read_says_how_many_values_are_lost(self, line, problem, values):
        (odd,) = found(line)
        assert isinstance(odd, Odd)
        assert (odd.problem, odd.values) == (problem, values)


class TestFailureLog:
    def test_an_entry_is_an_end_and_a_duration(self):
        entries = found("1-0:99.97.0(2)(0-0:96.7.19)(180417201458S)(0000000236*s)(170101000000W)(0000000001*s)")
        assert [(entry.ended, entry.duration) for entry in entries if isinstance(entry, Failure)] == [
            ("180417201458S", "0000000236*s"),
            ("170101000000W", "0000000001*s"),
        ]

    @pytest.mark.parametrize(
        "line", ["1-0:99.97.0()", "1-0:99.97.0(0)()", "1-0:99.97.0(0)(0-0:96.7.19)", "1-0:99.97.0(0)(0-0:96.7.19)()()"]
    )
    def test_an_empty_log_is_fine(self, line):
        assert found(line) == []

    def test_a_log_whose_count_lies_is_known(self):
        lie, entry = found("1-0:99.97.0(3)(0-0:96.7.19)(180417201458S)(0000000236*s)")
        assert isinstance(lie, Miscounted)
        assert (lie.said, lie.held) == ("3", 1)
        assert isinstance(entry, Failure)


class TestMeaning:
    @pytest.mark.parametrize(
        ("line", "quantity", "direction", "kind", "unit"),
        [
            ("1-0:1.8.1(1*kWh)", "active_energy", "import", "index", "kWh"),
            ("1-0:2.8.2(1*Wh)", "active_energy", "export", "index", "kWh"),
            ("1-0:3.8.0(1*kVArh)", "reactive_energy", "import", "index", "kvarh"),
            ("1-0:4.8.1(1*varh)", "reactive_energy", "export", "index", "kvarh"),
            ("1-0:15.8.0(1*kWh)", "active_energy", "none", "index", "kWh"),
            ("1-0:1.7.0(1*kW)", "power", "import", "instant", "kW"),
            ("1-0:62.7.0(1*kW)", "power", "export", "instant", "kW"),
            ("1-0:52.7.0(1*V)", "voltage", "none", "instant", "V"),
            ("1-0:71.7.0(1*A)", "current", "none", "instant", "A"),
            ("1-0:14.7.0(50.0*Hz)", "frequency", "none", "instant", "Hz"),
            ("1-0:1.4.0(1*kW)", "power", "import", "instant", "kW"),
            ("1-0:1.6.0(200509134558S)(1*kW)", "power", "import", "instant", "kW"),
            ("1-0:32.32.0(00001)", "count", "none", "index", None),
            ("0-0:96.7.21(00001)", "count", "none", "index", None),
        ],
    )
    def test_the_code_says_what_a_register_measures(self, line, quantity, direction, kind, unit):
        meaning = meaning_of(only(line), None)
        assert meaning.measured is not None
        assert (meaning.measured.quantity, str(meaning.measured.direction), str(meaning.measured.kind)) == (
            quantity,
            direction,
            kind,
        )
        assert (meaning.unit.unit if meaning.unit else None) == unit

    @pytest.mark.parametrize(
        ("device_type", "unit", "quantity"),
        [
            (3, "m3", "volume"), (7, "m3", "volume"), (4, "GJ", "heat"), (12, "kWh", "heat"), (4, "m3", "volume"),
            (2, "kWh", "active_energy"), (None, "m3", "volume"), (None, "GJ", "energy"),
        ],
    )  # fmt: skip
    def test_the_type_of_an_mbus_meter_says_what_it_measures(self, device_type, unit, quantity):
        meaning = meaning_of(only(f"0-1:24.2.1(170102161005W)(1*{unit})"), device_type)
        assert meaning.measured is not None
        assert (meaning.measured.quantity, str(meaning.measured.direction)) == (quantity, "import")

    @pytest.mark.parametrize("line", ["1-0:1.9.0(1*kWh)", "1-0:1.29.0(1*kWh)", "1-0:1.55.0(1*kWh)", "1-0:17.7.0(1)"])
    def test_what_nobody_says_has_no_meaning(self, line):
        assert meaning_of(only(line), None).measured is None
