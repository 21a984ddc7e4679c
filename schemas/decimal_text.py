"""Decimals as people write them: no exponent, no trailing zeros."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc


def decimal_text(values: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Return decimals as text; null stays null.

    Arrow writes zero and what is below a millionth as ``0E-18`` or ``1.2E-7``, which nobody wants to read.

    >>> decimal_text(pa.array([Decimal("1.50"), Decimal("20.00"), Decimal("0.00"), None], pa.decimal128(38, 18))).to_pylist()
    ['1.5', '20', '0', None]
    """
    texts = values.cast(pa.string())
    texts = pc.if_else(pc.starts_with(texts, "0E"), "0.", texts)
    if pc.any(pc.match_substring(texts, "E")).as_py():
        plain = [text if text is None else f"{Decimal(text):f}" for text in texts.to_pylist()]
        texts = pa.array(plain, pa.string())
    whole = pc.if_else(pc.match_substring(texts, "."), texts, pc.binary_join_element_wise(texts, "", "."))
    return pc.utf8_rtrim(pc.utf8_rtrim(whole, "0"), ".")
