"""Integer products that refuse to overflow: numpy would wrap a product past 64 bits around without a word."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from schemas.errors import InvariantError

BOUND = 2**62
"""Half of what 64 bits hold: room for the sum of two products."""


def exact_product(values: npt.NDArray[np.int64], factor: npt.NDArray[np.int64] | int) -> npt.NDArray[np.int64]:
    """Return ``values * factor``.

    Args:
        values: integers of any shape.
        factor: integers that broadcast to it.

    Raises:
        InvariantError: ``arithmetic.bound``, a product could pass 2^62.

    >>> exact_product(np.array([2, -3]), 10).tolist()
    [20, -30]
    """
    if isinstance(factor, int):
        if factor == 1:
            return values
        largest_factor = abs(factor)
    else:
        if (factor == 1).all():
            return values
        largest_factor = _largest(factor)
    if _largest(values) * largest_factor >= BOUND:
        code = "arithmetic.bound"
        raise InvariantError(code, f"values of up to {_largest(values)} times {largest_factor} do not fit 64 bits")
    return values * factor


def _largest(values: npt.NDArray[np.int64]) -> int:
    """Return the largest magnitude as a Python integer, which knows no bound."""
    return max(int(values.max(initial=0)), -int(values.min(initial=0)))
