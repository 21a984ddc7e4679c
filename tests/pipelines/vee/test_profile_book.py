"""Whose thresholds hold: versions by month, meter before class before profile, and what a profile may not say."""

from __future__ import annotations

import pytest

from pipelines.vee.profile.load import load_profile, shipped_profiles, shipped_text
from pipelines.vee.rules.judge import validate
from schemas.codes import Quality
from schemas.errors import InputRefusedError

BOOK = """
profile: ours
signed_by: somebody
versions:
- from: 2025-01-01
  thresholds: {spike_percent: 120, zero_run_slots: {gas: 24}}
- from: 2026-02-01
  thresholds: {spike_percent: 150}
  severities: {spike: est}
  classes: {business: {thresholds: {spike_percent: 400}}}
  meters: {M7: {thresholds: {spike_percent: 500}, severities: {spike: "off"}}}
"""


@pytest.mark.parametrize(
    ("month", "percent"), [("2024-12", 120), ("2025-01", 120), ("2026-01", 120), ("2026-02", 150), ("2030-01", 150)]
)
def test_a_month_is_judged_by_the_version_in_force_in_it(month, percent):
    assert load_profile(BOOK).thresholds(month).spike_percent == percent


def test_oracles_example_late_data_for_the_earlier_period_are_judged_with_the_earlier_tolerance():
    # Oracle Utilities MDM: "a spike tolerance of 1.2 replaced by 1.5 from a date"
    before, after = "thresholds: {spike_percent: 120}", "thresholds: {spike_percent: 150}"
    book = load_profile(f"versions: [{{from: 2025-01-01, {before}}}, {{from: 2025-06-01, {after}}}]")
    assert [book.thresholds(month).spike_percent for month in ("2025-05", "2025-06")] == [120, 150]


@pytest.mark.parametrize(
    ("customer_class", "meter_id", "percent"),
    [(None, "M1", 150), ("residential", "M1", 150), ("business", "M1", 400), ("business", "M7", 500), (None, "M7", 500)],
)
def test_a_meter_comes_before_its_class_and_a_class_before_the_profile(customer_class, meter_id, percent):
    assert load_profile(BOOK).thresholds("2026-02", customer_class=customer_class, meter_id=meter_id).spike_percent == percent


def test_a_nested_threshold_keeps_what_is_not_named():
    slots = load_profile(BOOK).thresholds("2025-01").zero_run_slots
    assert (slots.gas, slots.electricity) == (24, 96)


def test_equal_thresholds_are_one_object_so_that_their_channels_are_judged_together():
    book = load_profile(BOOK)
    assert book.thresholds("2026-02", meter_id="A") is book.thresholds("2026-03", meter_id="B")


def test_a_rule_that_is_off_says_nothing(make_block):
    off = load_profile(BOOK).thresholds("2026-02", meter_id="M7")
    assert validate(make_block([1000, *[100] * 47]), off, slice(None)).findings.num_rows == 0


def test_a_signed_profile_may_have_a_statistical_rule_replace_what_was_measured(make_block):
    judged = validate(make_block([1000, *[100] * 47]), load_profile(BOOK).thresholds("2026-02"), slice(None))
    assert judged.findings["severity"].to_pylist() == ["est"]
    assert judged.block.quality[0, 0, 0] == Quality.MISSING


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("severities: {spike: est}", "signed_by", id="nobody signed it"),
        pytest.param("severities: {gap: warn}", "gap: 'warn', it may be est", id="a rule that no profile changes"),
        pytest.param("severities: {spyke: warn}", "no rule is called that", id="no such rule"),
        pytest.param("severities: {spike: loud}", "it may be off, info, warn, block, est", id="no such severity"),
        pytest.param("thresholds: {ladder: [linear, guess]}", "no step is called 'guess'", id="no such step"),
        pytest.param("versions: [{from: 2026-01-02}]", "2026-01-02 is not the first of a month", id="not the first of a month"),
        pytest.param("versions: [{from: 2026-02-01}, {from: 2026-01-01}]", "later than the one before", id="not in order"),
        pytest.param("classes: {shop: {thresholds: {spike_percent: -1}}}", "classes.shop.spike_percent", id="out of its range"),
        pytest.param("extends: moon", "no profile 'moon' is shipped", id="no such base"),
    ],
)
def test_what_a_profile_may_not_say_is_refused_with_its_place(text, reason):
    with pytest.raises(InputRefusedError) as refused:
        load_profile(text)
    assert reason in refused.value.message


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_shipped_profile_can_be_followed_and_names_its_source(name):
    book = load_profile(shipped_text(name))
    assert book.profile == name
    assert book.source
    assert book.source_read


def test_what_a_profile_leaves_out_is_that_of_the_one_it_extends():
    book = load_profile("{extends: generic, versions: [{from: 2026-01-01, thresholds: {spike_percent: 99}}]}")
    assert (book.newest().spike_percent, book.newest().linear_max_minutes) == (99, 120)
