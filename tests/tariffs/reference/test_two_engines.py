"""Two engines, one bill: random tariffs and loads, billed by both; every line, total and carried number is the same."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings

from tests.tariffs.reference.cases import random_cases
from tests.tariffs.reference.documents import FEATURES
from tests.tariffs.reference.engines import both_agree

EXAMPLES_OF_EACH = 3
EXAMPLES = 80
MANY = int(os.environ.get("M2B_EXAMPLES", "3000"))


@given(random_cases(FEATURES))
@settings(max_examples=EXAMPLES)
def test_both_engines_make_the_same_bills(case):
    both_agree(case)


@pytest.mark.parametrize("feature", FEATURES)
def test_both_engines_agree_on_each_feature_alone(feature):
    @given(random_cases((), at_least=(feature,)))
    @settings(max_examples=EXAMPLES_OF_EACH)
    def agree(case):
        both_agree(case)

    agree()


@pytest.mark.slow
@given(random_cases(FEATURES))
@settings(max_examples=MANY, derandomize=False)
def test_both_engines_make_the_same_bills_of_thousands_of_tariffs(case):
    both_agree(case)


@pytest.mark.slow
@pytest.mark.parametrize("feature", FEATURES)
def test_both_engines_agree_on_many_tariffs_with_each_feature(feature):
    @given(random_cases(FEATURES, at_least=(feature,)))
    @settings(max_examples=MANY // len(FEATURES), derandomize=False)
    def agree(case):
        both_agree(case)

    agree()
