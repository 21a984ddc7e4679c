from __future__ import annotations

from decimal import Decimal

import pytest

from pipelines.vee.profile.load import load_profile
from pipelines.vee.profile.thresholds import VeeProfile
from schemas.errors import InputRefusedError


def test_an_empty_text_is_the_default_profile():
    assert load_profile("").newest() == VeeProfile()


def test_what_is_left_out_keeps_its_default():
    profile = load_profile("zero_run_slots: {electricity: 192}").newest()
    assert (profile.zero_run_slots.electricity, profile.zero_run_slots.gas, profile.linear_max_minutes) == (192, 48, 120)


@pytest.mark.parametrize("text", ["fuse_factor: 1.15", 'fuse_factor: "1.15"', '{"fuse_factor": 1.15}'])
def test_decimals_are_what_is_written(text):
    assert load_profile(text).newest().fuse_factor == Decimal("1.15")


def test_an_unknown_parameter_is_refused_by_name():
    with pytest.raises(InputRefusedError, match="spike_percentage"):
        load_profile("spike_percentage: 200")


def test_all_reasons_stand_in_one_message():
    with pytest.raises(InputRefusedError, match=r"like_day_count: .*spike_percent: "):
        load_profile('spike_percent: "200"\nlike_day_count: 0')


@pytest.mark.parametrize("text", ["- 1\n- 2", "a: [", "2026-01-01"])
def test_what_is_no_mapping_is_refused(text):
    with pytest.raises(InputRefusedError) as refused:
        load_profile(text)
    assert refused.value.code == "profile.invalid"


@pytest.mark.parametrize(("share", "fits"), [("1", True), ("1.01", False), ("0", True), ("-0.01", False)])
def test_a_share_lies_between_none_and_all(share, fits):
    if fits:
        assert load_profile(f"max_estimated_share: {share}").newest().max_estimated_share == Decimal(share)
    else:
        with pytest.raises(InputRefusedError, match="max_estimated_share"):
            load_profile(f"max_estimated_share: {share}")


def test_every_parameter_says_what_it_is_based_on():
    assert [name for name, field in VeeProfile.model_fields.items() if not field.description] == []
