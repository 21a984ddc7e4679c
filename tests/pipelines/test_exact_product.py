from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.exact_product import BOUND, exact_product
from schemas.errors import InvariantError


def test_the_largest_product_that_fits_is_exact():
    assert exact_product(np.array([BOUND // 2 - 1]), 2).tolist() == [BOUND - 2]


@pytest.mark.parametrize("values", [[BOUND // 2], [-(BOUND // 2)], [1, BOUND // 2]])
def test_one_that_might_not_is_refused(values):
    with pytest.raises(InvariantError, match="64 bits"):
        exact_product(np.array(values), 2)


def test_a_factor_for_each_row_is_held_against_the_largest():
    with pytest.raises(InvariantError):
        exact_product(np.array([[BOUND // 2], [1]]), np.array([[1], [2]]))


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1), st.integers(1, 10**18))
def test_a_product_is_right_or_refused(values, factor):
    array = np.array(values, dtype=np.int64)
    try:
        found = exact_product(array, factor).tolist()
    except InvariantError:
        assert max(map(abs, values)) * factor >= BOUND
    else:
        assert found == [value * factor for value in values]
