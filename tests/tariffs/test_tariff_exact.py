from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tariffs.exact import Exact, constant, least_of, plain, ratio, total_of

AMOUNT = pa.decimal128(38, 18)
SMALL = st.integers(-(2**62), 2**62)


def column(*values, scale):
    return Exact(np.array(values, dtype=np.int64), scale)


class TestTimes:
    @given(SMALL, st.integers(0, 9), st.decimals(-999, 999, places=6))
    def test_is_the_exact_product_whatever_its_size(self, value, scale, factor):
        product = column(value, scale=scale).times(factor)
        assert Fraction(int(product.values[0]), 10**product.scale) == Fraction(value, 10**scale) * Fraction(factor)

    def test_stays_in_64_bits_where_it_fits(self):
        assert column(10**9, scale=3).times(Decimal("0.25")).values.dtype == np.int64

    def test_leaves_64_bits_where_it_does_not(self):
        assert column(10**18, scale=3).times(Decimal(10)).values.tolist() == [10**19]


class TestBy:
    @given(SMALL, st.integers(0, 18), st.fractions(-(10**6), 10**6))
    def test_is_the_product_to_18_decimals(self, value, scale, factor):
        found = column(value, scale=scale).by(factor)
        error = Fraction(int(found.values[0]), 10**found.scale) - Fraction(value, 10**scale) * factor
        assert abs(error) <= (0 if factor.denominator == 1 else Fraction(1, 2 * 10**18))


class TestComparing:
    @given(SMALL, st.integers(0, 18), SMALL, st.integers(0, 18))
    def test_the_smaller_of_two_is_found_whatever_their_scales(self, one, one_scale, other, other_scale):
        found = least_of(column(one, scale=one_scale), column(other, scale=other_scale))
        assert Fraction(int(found.values[0]), 10**found.scale) == min(
            Fraction(one, 10**one_scale), Fraction(other, 10**other_scale)
        )

    def test_what_is_below_zero_becomes_zero(self):
        assert column(-1, 0, 1, scale=3).positive().values.tolist() == [0, 0, 1]


class TestPlaces:
    def test_rows_are_put_where_they_belong(self):
        assert column(5, 7, scale=1).placed(np.array([2, 0]), 4).values.tolist() == [7, 0, 5, 0]

    def test_integers_times_a_power_of_ten(self):
        found = [Exact.of(np.array([7]), exponent) for exponent in (-3, 0, 2)]
        assert [(each.values.tolist(), each.scale) for each in found] == [([7], 3), ([7], 0), ([700], 0)]


class TestToArrow:
    @given(st.integers(-(10**19), 10**19), st.integers(0, 18))
    def test_keeps_every_digit(self, value, scale):
        with localcontext(prec=60):
            expected = Decimal(value).scaleb(-scale)
            assert Exact(np.array([value], dtype=object), scale).to_arrow(AMOUNT)[0].as_py() == expected

    def test_digits_beyond_the_type_are_rounded_half_to_even(self):
        assert column(25, 35, scale=19).to_arrow(AMOUNT).cast(pa.string()).to_pylist() == ["2E-18", "4E-18"]


class TestToText:
    @given(SMALL, st.integers(0, 18))
    def test_reads_back_as_the_same_number(self, value, scale):
        assert Fraction(column(value, scale=scale).to_text()[0].as_py()) == Fraction(value, 10**scale)

    def test_has_no_needless_zeros_and_no_exponent(self):
        texts = column(31_000_000_000, 1, -500_000_000, 0, scale=9).to_text().to_pylist()
        assert texts == ["31", "0.000000001", "-0.5", "0"]

    def test_money_has_its_cents(self):
        texts = column(31_000, 5, -500, 0, scale=3).to_text(at_least=2).to_pylist()
        assert texts == ["31.00", "0.005", "-0.50", "0.00"]


class TestConstant:
    @given(st.fractions(-(10**6), 10**6))
    def test_is_rounded_half_to_even_at_18_decimals(self, value):
        found = constant(value, 1)
        with localcontext(prec=80):
            expected = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("1e-18"), ROUND_HALF_EVEN)
        assert Fraction(int(found.values[0]), 10**found.scale) == Fraction(expected)


class TestSums:
    @given(st.lists(st.tuples(SMALL, st.integers(0, 18)), min_size=1, max_size=5))
    def test_are_exact_over_columns_of_any_scale(self, parts):
        total = total_of([column(value, scale=scale) for value, scale in parts], 1)
        expected = sum(Fraction(value, 10**scale) for value, scale in parts)
        assert Fraction(int(total.values[0]), 10**total.scale) == expected

    def test_of_nothing_is_zero(self):
        assert total_of([], 2).values.tolist() == [0, 0]


class TestRatio:
    @given(st.integers(-(10**25), 10**25), st.integers(1, 10**12), st.integers(0, 25))
    def test_is_the_quotient_to_18_decimals(self, number, divisor, scale):
        found = ratio(np.array([number], dtype=object), np.array([divisor], dtype=object), scale=scale)
        error = Fraction(int(found.values[0]), 10**18) - Fraction(number, divisor * 10**scale)
        assert abs(error) <= Fraction(1, 2 * 10**18)


class TestRatioRoundedOnce:
    def test_a_half_is_not_made_by_an_earlier_rounding(self):
        # 0.11499999999999999999... is 0.11; at 18 decimals first it were 0.115, and so 0.12
        number, divisor = np.array([115 * 10**30 - 1], dtype=object), 10**33
        assert ratio(number, divisor, scale=0, places=2, mode="half_up").values.tolist() == [11]


def test_plain_text_of_a_price_has_no_exponent():
    assert [plain(Decimal(text)) for text in ("0.4800", "520", "1E+3", "0.00000001")] == ["0.48", "520", "1000", "0.00000001"]
