from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffs.rounding import HALF_EVEN, HALF_UP, Rounding, divide, largest_remainder, minor_unit_places, round_integers

WIDE = st.integers(-(10**30), 10**30)


def objects(*values):
    return np.array(values, dtype=object)


class TestRoundIntegers:
    @pytest.mark.parametrize(
        ("value", "half_up", "half_even"),
        [
            pytest.param(124, 12, 12, id="below the half"),
            pytest.param(125, 13, 12, id="half above an even number"),
            pytest.param(135, 14, 14, id="half above an odd number"),
            pytest.param(126, 13, 13, id="above the half"),
            pytest.param(-124, -12, -12, id="a credit below the half"),
            pytest.param(-125, -13, -12, id="a credit at the half goes away from zero"),
            pytest.param(-135, -14, -14, id="a credit at the half above an odd number"),
            pytest.param(5, 1, 0, id="the first half"),
            pytest.param(-5, -1, 0, id="the first half of a credit"),
            pytest.param(0, 0, 0, id="nothing"),
        ],
    )
    def test_both_sides_of_the_half(self, value, half_up, half_even):
        values = np.array([value])
        assert round_integers(values, digits=1, mode=HALF_UP).tolist() == [half_up]
        assert round_integers(values, digits=1, mode=HALF_EVEN).tolist() == [half_even]

    @given(WIDE, st.integers(0, 20))
    def test_agrees_with_decimal(self, value, digits):
        for mode, name in ((HALF_UP, ROUND_HALF_UP), (HALF_EVEN, ROUND_HALF_EVEN)):
            with localcontext(prec=60):
                expected = int(Decimal(value).scaleb(-digits).quantize(Decimal(1), name))
            assert round_integers(objects(value), digits=digits, mode=mode).tolist() == [expected]

    @given(st.integers(-(2**63) + 1, 2**63 - 1), st.integers(0, 18))
    def test_64_bits_and_wide_integers_agree(self, value, digits):
        narrow = round_integers(np.array([value], dtype=np.int64), digits=digits, mode=HALF_UP).tolist()
        assert narrow == round_integers(objects(value), digits=digits, mode=HALF_UP).tolist()


class TestDivide:
    @given(WIDE, WIDE.filter(bool))
    def test_is_the_nearest_integer(self, number, divisor):
        (quotient,) = divide(objects(number), objects(divisor), mode=HALF_EVEN)
        assert 2 * abs(number - quotient * divisor) <= abs(divisor)


class TestLargestRemainder:
    @given(st.lists(st.integers(0, 10**15), min_size=1, max_size=6).filter(any), st.integers(0, 10**18))
    def test_parts_add_up_exactly(self, weights, total):
        assert largest_remainder(objects(weights).reshape(1, -1), objects(total)).sum() == total

    @given(st.lists(st.integers(0, 10**15), min_size=1, max_size=6).filter(any), st.integers(0, 10**18))
    def test_no_part_is_a_whole_unit_away_from_its_share(self, weights, total):
        parts = largest_remainder(objects(weights).reshape(1, -1), objects(total))[0]
        assert all(abs(part * sum(weights) - total * weight) < sum(weights) for part, weight in zip(parts, weights, strict=True))

    def test_the_first_of_equals_gets_what_is_left(self):
        assert largest_remainder(objects(1, 1, 1).reshape(1, -1), objects(100)).tolist() == [[34, 33, 33]]

    def test_nothing_shared_by_nobody_is_nothing(self):
        assert largest_remainder(objects(0, 0).reshape(1, -1), objects(0)).tolist() == [[0, 0]]


class TestDefaults:
    @pytest.mark.parametrize(("currency", "places"), [("EUR", 2), ("JPY", 0), ("KWD", 3)])
    def test_lines_go_to_the_smallest_coin(self, currency, places):
        assert minor_unit_places(currency) == places
        assert Rounding().line_rule(currency).places == places

    def test_without_a_word_the_total_is_the_sum_of_lines(self):
        assert Rounding().total_rule("EUR") is None

    def test_where_lines_are_not_rounded_the_total_is(self):
        assert Rounding(line="none").total_rule("EUR").places == 2

    def test_tax_is_rounded_as_lines_are(self):
        assert Rounding().tax_rule("EUR") == Rounding().line_rule("EUR")
        assert Rounding(line="none").tax_rule("EUR") is None
