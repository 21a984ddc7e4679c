"""Every rule in force is told, the ones the document leaves out as well."""

from __future__ import annotations

import pytest

from tariffs.prover.rules_in_force import rules_in_force

TIERS = '{id: use, kind: energy, price: ["0.1", "0.2"], tiers: {limits: ["200"], scope: charge}}'


def rules_of(tariff):
    return {rule.path: (rule.value, "default" if rule.is_default else "document") for rule in rules_in_force(tariff)}


def test_a_ladder_says_what_it_leaves_out(draft):
    rules = rules_of(draft(f"charges: [{TIERS}]"))
    assert {path: rule for path, rule in rules.items() if path.startswith("use.tiers")} == {
        "use.tiers.limits": ("200", "document"),
        "use.tiers.per": ("month", "default"),
        "use.tiers.scope": ("charge", "document"),
        "use.tiers.fill": ("pro_rata", "default"),
        "use.tiers.prorate": ("none", "default"),
    }


def test_rounding_is_told_as_it_comes_to_be(draft):
    rules = rules_of(draft(f"charges: [{TIERS}]", currency="JPY", top="rounding: {tax: {mode: half_even}}\n"))
    assert {path: rule for path, rule in rules.items() if path.startswith("rounding")} == {
        "rounding.interval_quantity": ("none", "default"),
        "rounding.quantity": ("none", "default"),
        "rounding.line": ("0 places, half_up", "default"),
        "rounding.total": ("sum_of_lines", "default"),
        "rounding.tax": ("0 places, half_even", "document"),
        "rounding.tax.on": ("rate_sum", "default"),
        "rounding of what is due": ("0 places, half_up, by the currency", "default"),
    }


@pytest.mark.parametrize(("rounding", "base"), [("", "rounded"), ("rounding: {line: none}\n", "exact")])
def test_a_tax_says_what_it_is_laid_on(draft, rounding, base):
    text = f"charges: [{TIERS}, {{id: vat, kind: tax, of: all, percent: 20}}]"
    assert rules_of(draft(text, top=rounding))["vat.base"] == (base, "default")


def test_a_demand_says_how_it_is_measured(draft):
    rules = rules_of(draft(f'charges: [{TIERS}, {{id: kw, kind: demand, price: "7", measure: {{window_min: 60}}}}]'))
    assert {path: rule for path, rule in rules.items() if path.startswith("kw.")} == {
        "kw.months": ("all months", "default"),
        "kw.only_for": ("all agreements", "default"),
        "kw.periods": ("none", "default"),
        "kw.tiers": ("none", "default"),
        "kw.measure.window_min": ("60", "document"),
        "kw.measure.sliding": ("false", "default"),
        "kw.measure.agg": ("max", "default"),
        "kw.measure.days": ("all days", "default"),
        "kw.measure.unit": ("kW", "default"),
        "kw.measure.quantity": ("import_kwh", "default"),
        "kw.minimum": ("none", "default"),
        "kw.ratchet": ("none", "default"),
        "kw.per": ("month", "default"),
        "kw.prorate": ("none", "default"),
        "kw.power_factor": ("none", "default"),
    }


def test_holidays_and_seasons_are_told_in_words(draft):
    text = f"seasons: {{hot: {{from: 06-01, to: 09-01}}}}\ncharges: [{TIERS}]"
    rules = rules_of(draft(text, top="holidays: {calendar: DE, priced_as: weekend}\n"))
    assert rules["holidays.priced_as"] == ("sun", "document")
    assert rules["holidays.names"] == ("all of the calendar", "default")
    assert rules["seasons.hot.from"] == ("06-01", "document")
    assert rules["seasons.hot.by"] == ("calendar", "default")


def test_what_means_nothing_beside_another_field_is_not_told(draft):
    text = f'charges: [{TIERS}, {{id: fee, kind: fixed, price: "1", per: month}}]'
    rules = rules_of(draft(text))
    assert "fee.days" not in rules
    assert rules["fee.prorate"] == ("none", "default")


def test_a_rule_that_versions_share_stands_once_with_all_of_them(draft):
    versions = "".join(
        f"- from: {year}-01-01\n  charges: [{TIERS.replace('scope: charge', f'fill: {fill}')}]\n"
        for year, fill in ((2026, "pro_rata"), (2027, "time_order"), (2028, "time_order"))
    )
    found = [(rule.value, rule.versions) for rule in rules_in_force(draft(versions=versions)) if rule.path == "use.tiers.fill"]
    assert found == [("pro_rata", (0,)), ("time_order", (1, 2))]
