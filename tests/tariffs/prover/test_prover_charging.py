"""Every determinant bears its price in every month, period and version."""

from __future__ import annotations

import pytest

PERIODS = 'periods: {peak: [{days: mon-fri, from: "15:00", to: "21:00"}], off: [{else: true}]}\n'


def use(*charges):
    return "charges: [" + ", ".join(charges) + "]"


ALL_YEAR = '{id: use, kind: energy, price: "0.3"}'
GRID = '{id: grid, kind: energy, price: "0.1"}'
SUMMER = '{id: summer, kind: energy, price: "0.3", months: [4, 5, 6, 7, 8, 9]}'
WINTER = '{id: winter, kind: energy, price: "0.2", months: [1, 2, 3, 10, 11, 12]}'


class TestMonths:
    def test_charges_of_all_months_together_price_every_minute(self, proof_of):
        proof = proof_of(use(SUMMER, WINTER))
        assert proof.holds
        assert proof.of("warning") == []

    def test_a_month_that_none_prices_is_told_with_its_first_minute(self, proof_of, told):
        proof = proof_of(use(SUMMER, WINTER.replace("10, ", "")))
        assert told(proof, "tariff.gap") == [
            ("versions[0].charges", "2026-10-01T00:00+02:00", "no energy charge prices import_kwh in billing periods of month 10")
        ]

    def test_a_month_that_two_price_is_a_warning(self, proof_of, told):
        proof = proof_of(use(SUMMER, WINTER.replace("10", "4, 10")))
        ((path, minute, what),) = told(proof, "energy.months")
        assert (path, minute) == ("versions[0].charges", "2026-04-01T00:00+02:00")
        assert what == "import_kwh bears 2 energy charges in month 4 (summer and winter), and fewer in others"
        assert proof.holds

    def test_a_version_is_asked_for_months_it_does_not_see_as_its_last_bill_may_end_there(self, proof_of, told):
        versions = f"- from: 2026-04-01\n  {use(SUMMER)}\n- from: 2026-10-01\n  {use(ALL_YEAR)}\n"
        first = told(proof_of(versions=versions), "tariff.gap")[0]
        assert first[1:] == ("2026-09-30T00:00+02:00", "no energy charge prices import_kwh in billing periods of month 1")

    def test_several_charges_on_one_determinant_add_up(self, proof_of):
        assert proof_of(use(ALL_YEAR, GRID)).findings == ()


class TestOptions:
    def test_a_price_for_an_option_alone_is_a_warning(self, proof_of, told):
        proof = proof_of(use('{id: use, kind: energy, price: "0.3", only_for: heat_pump}'))
        assert told(proof, "energy.optional") == [
            (
                "versions[0].charges",
                "2026-01-01T00:00+01:00",
                "an agreement without an option (heat_pump) pays nothing for import_kwh",
            )
        ]

    def test_beside_a_price_for_all_it_is_none(self, proof_of, told):
        proof = proof_of(use(ALL_YEAR, '{id: more, kind: energy, price: "0.3", only_for: heat_pump}'))
        assert told(proof, "energy.optional") == []


class TestDeterminants:
    def test_a_tariff_without_a_price_of_energy_is_a_warning(self, proof_of, told):
        proof = proof_of(use('{id: supply, kind: fixed, price: "1", per: day}'))
        assert [entry[:2] for entry in told(proof, "energy.none")] == [("versions[0].charges", "2026-01-01T00:00+01:00")]
        assert proof.holds

    def test_a_rider_is_no_price_of_energy(self, proof_of, told):
        assert told(proof_of(use('{id: fuel, kind: rider, price: "0.02"}')), "energy.none") != []

    def test_gas_is_priced_by_the_energy_made_of_its_volume(self, proof_of, told):
        gas = 'conversion: {volume: volume_m3, energy: gas_kwh, calorific_value: "39.5", divide_by: "3.6"}\n'
        proof = proof_of(gas + use('{id: gas, kind: energy, quantity: gas_kwh, price: "0.08"}'))
        assert told(proof, "energy.none") == []

    def test_a_version_that_forgets_energy_is_refused(self, proof_of, told):
        supply = '{id: supply, kind: fixed, price: "1", per: day}'
        proof = proof_of(versions=f"- from: 2026-01-01\n  {use(ALL_YEAR)}\n- from: 2027-01-01\n  {use(supply)}\n")
        assert told(proof, "tariff.gap") == [
            ("versions[1].charges", "2027-01-01T00:00+01:00", "no energy charge prices import_kwh, and another version does")
        ]

    def test_a_version_that_ends_another_determinant_is_a_warning(self, proof_of, told):
        heater = '{id: heater, kind: energy, quantity: controlled_load_kwh, price: "0.2"}'
        proof = proof_of(versions=f"- from: 2026-01-01\n  {use(ALL_YEAR, heater)}\n- from: 2027-01-01\n  {use(ALL_YEAR)}\n")
        assert [entry[:2] for entry in told(proof, "determinant.dropped")] == [("versions[1].charges", "2027-01-01T00:00+01:00")]
        assert proof.holds

    def test_a_version_that_ends_export_is_a_warning(self, proof_of, told):
        export = '\n  export: {mode: net_billing, price: "0.1"}'
        proof = proof_of(versions=f"- from: 2026-01-01\n  {use(ALL_YEAR)}{export}\n- from: 2027-01-01\n  {use(ALL_YEAR)}\n")
        assert [entry[:2] for entry in told(proof, "export.dropped")] == [("versions[1]", "2027-01-01T00:00+01:00")]


class TestPeriods:
    def test_a_period_without_a_price_is_told_with_its_first_minute(self, proof_of, told):
        proof = proof_of(PERIODS + use('{id: use, kind: energy, price: {off: "0.2"}}'))
        assert told(proof, "tariff.gap") == [
            ("versions[0].charges[0].price", "2026-01-01T15:00+01:00", "use has no price for peak")
        ]

    def test_and_so_is_one_of_export(self, proof_of, told):
        proof = proof_of(PERIODS + use(ALL_YEAR) + '\nexport: {mode: net_billing, price: {peak: "0.1"}}')
        assert told(proof, "tariff.gap") == [
            ("versions[0].export.price", "2026-01-01T00:00+01:00", "export has no price for off")
        ]

    @pytest.mark.parametrize(
        ("text", "path"),
        [
            (use('{id: use, kind: energy, price: {series: spot, per: MWh, times: "1.08"}}'), "versions[0].charges[0].price"),
            (use(ALL_YEAR) + "\nexport: {mode: net_billing, price: {series: spot}}", "versions[0].export.price"),
        ],
    )
    def test_a_series_is_taken_on_trust_and_said_to_be(self, proof_of, told, text, path):
        proof = proof_of(text)
        assert [entry[0] for entry in told(proof, "price.series")] == [path]
        assert proof.holds
