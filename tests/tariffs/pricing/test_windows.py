"""Windows of demand, against a slow calculation that follows the clock interval by interval."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import InvariantError
from tariffs.calendar import version_spans
from tariffs.charges.measure import Measure
from tariffs.load import parse_tariff
from tariffs.pricing.peaks import peak_of
from tariffs.pricing.work import Work
from tariffs.rating import rate
from tariffs.timeline import Stretch, Timeline
from tests.tariffs.pricing.power_readings import Readings, charge, drawn, inputs_of, instants, interval_starts, lines, metered

BERLIN = """\
tariff: example
currency: EUR
clock: Europe/Berlin
versions:
- from: 2020-01-01
  periods: {day: [{days: mon-sat, from: "06:00", to: "22:30"}], night: [{else: true}]}
  charges: []
- from: 2026-10-26
  periods: {sunday: [{days: sun}], rest: [{else: true}]}
  charges: []
- from: 2026-10-30
  charges: []
"""
TARIFF = parse_tariff(BERLIN, "example.yaml")
BERLIN_ZONE = ZoneInfo("Europe/Berlin")
SPANS = [("2026-10-24", "2026-10-27"), ("2026-10-24", "2026-11-01"), ("2026-03-28", "2026-03-30")]
"""With both changes of the clock; the last but one with three versions."""


def band_of(version, local):
    """The period of a local time, written out."""
    if version == 0:
        minute = local.hour * 60 + local.minute
        return "day" if local.weekday() < 6 and 360 <= minute < 1350 else "night"
    if version == 1:
        return "sunday" if local.weekday() == 6 else "rest"
    return None


def version_of(local):
    return sum(local.date().isoformat() >= since for since in ("2026-10-26", "2026-10-30"))


def slow_windows(starts, minutes, measure, version):
    """Local start and positions of each window of a version, by the words of the rule."""
    length = (measure.window_min or minutes) // minutes
    locals_ = [datetime.fromtimestamp(int(start), UTC).astimezone(BERLIN_ZONE) for start in starts]
    for first, local in enumerate(locals_):
        if measure.window_min and not measure.sliding and local.minute % measure.window_min:
            continue
        inside = range(first, first + length)
        if inside[-1] >= len(starts) or any(version_of(locals_[place]) != version for place in inside):
            continue
        if measure.days is None or local.weekday() in measure.days:
            yield local, inside


def slow_peak(rows, starts, minutes, measure, version, band):
    """Demand [kW, kVA] and start of the highest window of one agreement; None where there is none."""
    found = []
    for local, inside in slow_windows(starts, minutes, measure, version):
        if band is not None and band_of(version, local) != band:
            continue
        active, reactive = (Fraction(sum(int(row[place]) for place in inside), 1000) for row in rows)
        energy = active if measure.unit == "kW" else root(active**2 + reactive**2)
        found.append((energy * 60 / (minutes * len(inside)), active**2 + reactive**2, local, int(starts[inside[0]])))
    if not found:
        return Fraction(0), -1
    size = (lambda each: each[1]) if measure.unit == "kVA" else (lambda each: each[0])
    top = max(found, key=size)
    sizes = [each[0] for each in found]
    if measure.agg == "mean_of_n_daily_max":
        days = {}
        for each in found:
            days.setdefault(each[2].date(), []).append(each[0])
        sizes = [max(of_day) for of_day in days.values()]
    if measure.agg != "max":
        best = sorted(sizes)[-measure.n :]
        demand = Fraction(round(sum(best) / len(best) * 10**12), 10**12)
    else:
        demand = max(sizes)
    return max(demand, Fraction(0)), top[3]


def root(square):
    """The root at nine decimals; ``square`` has six."""
    scaled = square * 10**18
    assert scaled.denominator == 1
    below = math.isqrt(scaled.numerator)
    nearest = below if scaled - below**2 <= (below + 1) ** 2 - scaled else below + 1
    return Fraction(nearest, 10**9)


@st.composite
def measures(draw, minutes):
    window = draw(st.sampled_from([None, *(length for length in (15, 30, 60) if length >= minutes)]))
    agg = draw(st.sampled_from(["max", "mean_of_top_n", "mean_of_n_daily_max"]))
    return Measure.model_validate(
        ({} if window is None else {"window_min": str(window), "sliding": draw(st.booleans())})
        | {"agg": agg, "unit": draw(st.sampled_from(["kW", "kVA"]))}
        | ({} if agg == "max" else {"n": str(draw(st.integers(1, 5)))})
        | ({} if draw(st.booleans()) else {"days": draw(st.sampled_from(["mon-fri", "weekend", "sun"]))})
    )


@st.composite
def scenes(draw):
    """Agreements of two lengths of interval in a span of days, and how they are measured."""
    dates = draw(st.sampled_from(SPANS))
    lengths = draw(st.sampled_from([(15, 30), (30, 60), (60, 15)]))
    seed = draw(st.integers(0, 2**32 - 1))
    size = draw(st.sampled_from([3, 1000, 10**6]))
    return dates, lengths, draw(measures(max(lengths))), seed, size


def readings_of(dates, minutes, seed, size):
    """Readings of three agreements, some below zero and many equal."""
    random = np.random.default_rng(seed)
    count = len(interval_starts(**instants(TARIFF, dates), minutes=minutes))
    return Readings({name: random.integers(-size // 2, size, (3, count)) for name in ("import_kwh", "kvarh")}, minutes)


def work_of(dates, *readings):
    return Work(inputs_of(TARIFF, *readings, dates=dates), version_spans(TARIFF, **instants(TARIFF, dates)))


class TestAgainstAPlainCalculation:
    @settings(max_examples=80)
    @given(scenes())
    def test_every_peak_of_every_version_and_period_is_the_same(self, scene):
        dates, lengths, measure, seed, size = scene
        readings = [readings_of(dates, minutes, seed + place, size) for place, minutes in enumerate(lengths)]
        work = work_of(dates, *readings)
        for span in work.spans:
            bands = TARIFF.versions[span.version].periods or {}
            for band in (None, *bands):
                peak = peak_of(work, span, measure, band)
                expected = [
                    slow_peak(
                        [each.values["import_kwh"][row], each.values["kvarh"][row]],
                        interval_starts(**instants(TARIFF, dates), minutes=each.minutes),
                        each.minutes,
                        measure,
                        span.version,
                        band,
                    )
                    for each in readings
                    for row in range(3)
                ]
                found = [Fraction(int(value), 10**peak.demand.scale) for value in peak.demand.values]
                assert list(zip(found, peak.at.tolist(), strict=True)) == expected
                assert peak.occurs.tolist() == [at != -1 for _, at in expected]

    @settings(max_examples=25)
    @given(scenes())
    def test_agreements_rated_together_are_as_each_rated_alone(self, scene):
        dates, lengths, measure, seed, size = scene
        readings = [readings_of(dates, minutes, seed + place, size) for place, minutes in enumerate(lengths)]
        together = work_of(dates, *readings)
        alone = [
            work_of(dates, Readings({name: rows[row : row + 1] for name, rows in each.values.items()}, each.minutes))
            for each in readings
            for row in range(3)
        ]
        for span in together.spans:
            whole = peak_of(together, span, measure)
            for row, work in enumerate(alone):
                part = peak_of(work, span, measure)
                scale = max(whole.demand.scale, part.demand.scale)
                assert whole.demand.at(scale).values[row] == part.demand.at(scale).values[0]
                assert whole.at[row] == part.at[0]


class TestSizes:
    @pytest.mark.parametrize("measure", ["{}", "{agg: mean_of_top_n, n: 4}", "{window_min: 60, sliding: true}"])
    def test_energy_of_any_size_is_exact(self, measure):
        made = charge(f'{{id: power, kind: demand, price: "1", measure: {measure}}}')
        draws = {f"2026-07-01T{hour:02d}:{minute}": 5 * 10**18 for hour in (15, 16) for minute in ("00", "30")}
        big = drawn(made, minutes=30, import_kwh=[draws])
        # two of 5 x 10^18 thousandths of a kWh in the hour; each of the four half hours twice that power
        assert lines(metered(made, big))[0][2] == "10000000000000000"

    def test_a_running_sum_may_leave_64_bits(self):
        made = charge('{id: power, kind: demand, price: "1", measure: {window_min: 60, sliding: true}}')
        starts = interval_starts(**instants(made, ("2026-07-01", "2026-08-01")), minutes=30)
        values = np.full((1, len(starts)), 4 * 10**16)
        values[0, 100] += 1
        # the sum of all would be 5.9 x 10^19
        readings = Readings({"import_kwh": values}, 30)
        inputs = inputs_of(made, readings)
        work = Work(inputs, version_spans(made, **instants(made, ("2026-07-01", "2026-08-01"))))
        found = peak_of(work, work.spans[0], Measure.model_validate({"window_min": "60", "sliding": "true"}))
        assert (found.demand.values.tolist(), found.at.tolist()) == ([8 * 10**16 + 1], [starts[99]])

    def test_active_and_reactive_energy_may_have_other_exponents(self):
        made = charge('{id: power, kind: demand, price: "1", measure: {unit: kVA}}')
        readings = drawn(made, import_kwh=[{"2026-07-01T15:00": 3000}], kvarh=[{"2026-07-01T15:00": 4}])
        inputs = inputs_of(made, readings)
        stretch = replace(inputs.timeline.stretches[0], exponents={"import_kwh": -3, "kvarh": 0})
        assert lines(rate(replace(inputs, timeline=Timeline((stretch,)))))[0][2] == "5"

    def test_an_exponent_above_zero_is_whole_kilowatt_hours(self):
        made = charge('{id: power, kind: demand, price: "1"}')
        assert lines(metered(made, drawn(made, import_kwh=[{"2026-07-01T15:00": 3}]), exponent=2))[0][2] == "300"


class TestTimelinesThatDoNotFit:
    def test_an_agreement_that_stands_in_no_stretch_or_in_two_is_refused(self):
        made = charge('{id: power, kind: demand, price: "1"}')
        two = drawn(made, import_kwh=[{}, {}])
        starts = interval_starts(**instants(made, ("2026-07-01", "2026-08-01")), minutes=60)
        for rows in ([0], [0, 0], [0, 2]):
            values = two.values["import_kwh"][: len(rows)]
            stretch = Stretch(np.array(rows), 60, starts, {"import_kwh": values}, {"import_kwh": -3})
            with pytest.raises(InvariantError, match="one stretch"):
                metered(made, two, timeline=Timeline((stretch,)))

    def test_a_billing_period_without_intervals_has_no_peak(self):
        made = charge('{id: power, kind: demand, price: "1", minimum: "2"}')
        starts = np.zeros(0, dtype=np.int64)
        nothing = Stretch(np.array([0]), 60, starts, {"import_kwh": np.zeros((1, 0), dtype=np.int64)}, {"import_kwh": -3})
        rated = metered(made, drawn(made, import_kwh=[{}]), timeline=Timeline((nothing,)))
        assert lines(rated) == [(None, None, "2", "2")]


def test_the_slow_calculation_itself_is_right_where_it_can_be_seen():
    starts = interval_starts(**instants(TARIFF, ("2026-10-25", "2026-10-26")), minutes=60)
    assert len(starts) == 25
    measure = Measure.model_validate({"window_min": "60"})
    assert [local.hour for local, _ in slow_windows(starts, 60, measure, 0)][:5] == [0, 1, 2, 2, 3]
    rows = [[5000] * 25, [0] * 25]
    assert slow_peak(rows, starts, 60, measure, 0, None) == (5, int(starts[0]))
    assert starts[1] - starts[0] == timedelta(hours=1).total_seconds()
