"""Power factor: its value, and the percentage that its steps below the target cost."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tariffs.charges.power_factor import power_factors
from tariffs.exact import Exact
from tariffs.load import parse_tariff
from tests.tariffs.pricing.power_readings import decimals, drawn, lines, metered, noted, sentences, tariff

CHARGES = """\
charges:
- {id: use, kind: energy, price: "0.10"}
- {id: power, kind: demand, price: "2"}
- {id: pf, kind: power_factor, of: [power, use], target: "0.90", step: "0.01", percent: "%s"}
"""


def rated(kwh, *kvarh, percent="1"):
    """100 kWh make 10 for the energy and 2 x 100 for the power."""
    made = tariff(CHARGES % percent)
    draws = drawn(
        made,
        import_kwh=[{"2026-07-01T15:00": kwh}] * len(kvarh),
        kvarh=[{"2026-07-02T15:00": each} for each in kvarh],
    )
    return metered(made, draws)


def column(*values, scale=0):
    return Exact(np.array(values, dtype=np.int64), scale)


class TestItsValue:
    @pytest.mark.parametrize(
        ("kwh", "kvarh", "places", "expected"),
        [
            pytest.param(3, 4, 4, "0.6", id="exact"),
            pytest.param(1, 1, 4, "0.7071", id="0.70710678 down"),
            pytest.param(1, 1, 3, "0.707", id="to three places"),
            pytest.param(1, 1, 2, "0.71", id="up"),
            pytest.param(-5, 3, 4, "0", id="energy given back on the whole has none"),
            pytest.param(7, -24, 2, "0.28", id="the sign of reactive energy makes no difference"),
            pytest.param(0, 0, 4, "1", id="nothing used"),
            pytest.param(0, 1, 4, "0", id="only reactive energy"),
        ],
    )
    def test_is_active_energy_by_apparent_energy(self, kwh, kvarh, places, expected):
        assert decimals(power_factors(column(kwh), column(kvarh), places=places)) == [expected]

    def test_is_rounded_to_the_nearest(self):
        # 7/25 = 0.28, 24/25 = 0.96, 33/65 = 0.507...
        assert decimals(power_factors(column(7, 24, 33), column(24, 7, 56), places=1)) == ["0.3", "1", "0.5"]

    def test_its_two_energies_may_have_other_decimals(self):
        assert decimals(power_factors(column(3000, scale=3), column(4), places=4)) == ["0.6"]

    @settings(max_examples=200, deadline=None)
    @given(kwh=st.integers(0, 10**12), kvarh=st.integers(-(10**12), 10**12), places=st.integers(1, 9))
    def test_is_the_decimal_nearest_to_the_root(self, kwh, kvarh, places):
        if kwh == 0 and kvarh == 0:
            return
        with localcontext() as context:
            context.prec = 60
            true = Decimal(kwh) / (Decimal(kwh) ** 2 + Decimal(kvarh) ** 2).sqrt()
            found = Decimal(decimals(power_factors(column(kwh), column(kvarh), places=places))[0])
            assert abs(found - true) <= Decimal(1).scaleb(-places) / 2


class TestItsCharge:
    @pytest.mark.parametrize(
        ("varh", "expected"),
        [
            # 100 kWh with 48.43 kvarh have a power factor of 0.9000, with 48.5 0.8998, with 51.3 0.8898, with 100 0.7071
            pytest.param(48_430, [], id="at the target"),
            pytest.param(48_500, [], id="less than a step below"),
            pytest.param(51_300, [(None, None, "210", "2.1")], id="one step below"),
            pytest.param(100_000, [(None, None, "210", "39.9")], id="19 steps below: 0.7071"),
        ],
    )
    def test_is_a_percentage_for_each_whole_step_below_the_target(self, varh, expected):
        assert lines(rated(100_000, varh), kind="power_factor") == expected

    def test_tells_the_steps_and_the_charges(self):
        assert sentences(rated(100_000, 100_000))[-1] == (
            "pf: power factor 19 steps of 0.01 below 0.9, 19 % of 210 AUD (power, use) = 39.90 AUD"
        )
        assert sentences(rated(100_000, 51_300))[-1] == (
            "pf: power factor 1 step of 0.01 below 0.9, 1 % of 210 AUD (power, use) = 2.10 AUD"
        )

    def test_each_agreement_has_its_own_steps_and_one_line(self):
        bills = rated(100_000, 100_000, 0, 51_300)
        found = [lines(bills, number, kind="power_factor") for number in range(3)]
        assert found == [[(None, None, "210", "39.9")], [], [(None, None, "210", "2.1")]]

    def test_the_price_on_the_line_is_the_fraction(self):
        (row,) = [row for row in rated(100_000, 100_000, percent="0.5").lines.to_pylist() if row["kind"] == "power_factor"]
        assert (row["price"], row["amount"]) == (Decimal("0.095"), Decimal("19.95"))

    def test_is_noted(self):
        assert noted(rated(100_000, 100_000, 0), "power_factor.pf") == [(0, None, ["0.7071", "1"], "1", None)]

    def test_is_of_the_whole_billing_period_though_its_versions_differ(self):
        inside = CHARGES % "1"
        body = "".join(f"  {line}\n" for line in inside.splitlines())
        text = (
            f"tariff: t\ncurrency: AUD\nclock: Australia/Perth\nrounding: {{line: none}}\nversions:\n- from: 2026-01-01\n{body}"
        )
        text += f"- from: 2026-07-11\n{body}"
        made = parse_tariff(text, "t.yaml")
        # 30 kWh in the first version, 40 kvarh in the second: power factor 0.6, 30 steps, in both
        readings = drawn(made, import_kwh=[{"2026-07-01T15:00": 30_000}], kvarh=[{"2026-07-20T15:00": 40_000}])
        bill = metered(made, readings)
        # 30 % of 30 kWh x 0.10 + 30 kW x 2 x 10/31; in the second there is nothing to share
        assert lines(bill, kind="power_factor") == [(None, None, "22.35483871", "6.706451612903225806")]
