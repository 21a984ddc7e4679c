"""References that lead nowhere, circles, ladders that do not close."""

from __future__ import annotations

import pytest

from tariffs.checks import problems_of

HEAD = 'periods: {peak: [{from: "15:00", to: "21:00"}], off: [{else: true}]}\n'
USE = '{id: use, kind: energy, price: {peak: "0.3", off: "0.2"}}'


def charges(*more):
    return f"{HEAD}charges: [{', '.join([USE, *more])}]"


WRONG = [
    pytest.param(charges('{id: d, kind: demand, price: {paek: "7"}}'), "charges[1].price.paek", id="a demand period"),
    pytest.param(
        charges('{id: c, kind: contracted, price: {paek: "7"}, per: day}'), "charges[1].price.paek", id="a contracted period"
    ),
    pytest.param(
        charges('{id: c, kind: contracted, price: {peak: "7"}, per: day, contracted: {of: "5"}}'),
        "charges[1].contracted.of",
        id="a period of contracted power",
    ),
    pytest.param(
        charges('{id: r, kind: reactive, price: {paek: "0.02"}, free_percent: "33"}'),
        "charges[1].price.paek",
        id="a reactive period",
    ),
    pytest.param(
        charges('{id: d, kind: demand, price: "7", ratchet: {percent: "75", months: 11, of: noon}}'),
        "charges[1].ratchet.of",
        id="the period of a ratchet",
    ),
    pytest.param(charges("{id: p, kind: percent, of: [usage], percent: 3}"), "charges[1].of[0]", id="the base of a percentage"),
    pytest.param(charges("{id: t, kind: tax, of: [use, usage], percent: 3}"), "charges[1].of[1]", id="the base of a tax"),
    pytest.param(
        charges('{id: f, kind: power_factor, of: [power], target: "0.9", step: "0.01", percent: 1}'),
        "charges[1].of[0]",
        id="the base of a power factor",
    ),
    pytest.param(
        charges("{id: m, kind: minimum, amount: 30, per: month, covers: [usage]}"),
        "charges[1].covers[0]",
        id="what a minimum covers",
    ),
    pytest.param(
        charges() + "\nexport: {mode: nem_money, price: '0.1', offsets: [usage]}", "export.offsets[0]", id="what a bank may pay"
    ),
    pytest.param(charges('{id: cp, kind: coincident, price: "9", events: peaks}'), "charges[1].events", id="events of a charge"),
    pytest.param(
        HEAD.replace('from: "15:00"', 'events: heat, from: "15:00"') + f"charges: [{USE}]",
        "periods.peak[0].events",
        id="events of a rule",
    ),
    pytest.param(
        HEAD.replace('from: "15:00"', 'season: hot, from: "15:00"') + f"charges: [{USE}]", "periods.peak[0].season", id="a season"
    ),
    pytest.param(
        charges('{id: d, kind: demand, price: ["7", "8"], tiers: {limits: ["50", "500"]}}'),
        "charges[1].price",
        id="a price short",
    ),
    pytest.param(charges('{id: d, kind: demand, price: ["7", "8"]}'), "charges[1].price", id="prices without steps"),
    pytest.param(
        charges('{id: d, kind: demand, price: "7", tiers: {limits: ["50"]}}'), "charges[1].tiers", id="steps without prices"
    ),
    pytest.param(
        charges()
        + "\nconversion: {volume: v, energy: use, calorific_value: [{from: 2026-02-01, value: '39'}], divide_by: '3.6'}",
        "conversion.calorific_value[0].from",
        id="a month without a calorific value",
    ),
]


@pytest.mark.parametrize(("text", "path"), WRONG)
def test_is_a_failure_at_its_field(proof_of, told, text, path):
    proof = proof_of(text, to_year=2026)
    found = [each for code in ("tariff.invalid", "tariff.gap") for each, _, _ in told(proof, code)]
    assert f"versions[0].{path}" in found
    assert not proof.holds


def test_what_a_load_refuses_is_told_once_and_in_its_words(proof_of, draft):
    text = charges("{id: p, kind: percent, of: [p], percent: 3}")
    (problem,) = problems_of(draft(text))
    assert [(each.path, each.what) for each in proof_of(text, to_year=2026).of("failure")] == [(problem.path, problem.what)]


RIGHT = [
    charges('{id: d, kind: demand, price: {peak: "7"}, ratchet: {percent: "75", months: 11, of: peak}}'),
    charges('{id: d, kind: demand, price: ["7", "8"], tiers: {limits: ["50"]}}'),
    charges("{id: m, kind: minimum, amount: 30, per: month, covers: [use]}"),
    charges() + "\nexport: {mode: nem_money, price: '0.1', offsets: [use]}",
    charges() + "\nconversion: {volume: v, energy: use, calorific_value: [{from: 2026-01-01, value: '39'}], divide_by: '3.6'}",
]


@pytest.mark.parametrize("text", RIGHT)
def test_what_leads_somewhere_is_none(proof_of, text):
    assert proof_of(text, to_year=2026).of("failure") == []


class TestCircles:
    def test_a_percentage_of_itself_is_refused(self, proof_of, told):
        paths = {path for path, _, _ in told(proof_of(charges("{id: p, kind: percent, of: [p], percent: 3}")), "tariff.invalid")}
        assert paths == {"versions[0].charges[1].of[0]"}

    def test_nor_may_a_power_factor_be_one_of_itself(self, proof_of, told):
        factor = '{id: f, kind: power_factor, of: [f], target: "0.9", step: "0.01", percent: 1}'
        assert "versions[0].charges[1].of[0]" in [path for path, _, _ in told(proof_of(charges(factor)), "tariff.invalid")]

    def test_two_that_are_shares_of_each_other_are_both_told(self, proof_of, told):
        factor = '{id: f, kind: power_factor, of: [p], target: "0.9", step: "0.01", percent: 1}'
        proof = proof_of(charges("{id: p, kind: percent, of: [f, use], percent: 3}", factor))
        circles = {path: what for path, _, what in told(proof, "tariff.invalid") if "itself" in what}
        assert circles == {
            "versions[0].charges[1].of": "'p' is a share of itself, by way of p and f",
            "versions[0].charges[2].of": "'f' is a share of itself, by way of f and p",
        }

    def test_a_share_of_a_share_is_no_circle(self, proof_of):
        shares = "{id: p, kind: percent, of: [use], percent: 3}", "{id: q, kind: percent, of: [use, p], percent: 3}"
        assert proof_of(charges(*shares)).holds
