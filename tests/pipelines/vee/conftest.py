from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from pipelines.vee.block import Block, Channels
from schemas.codes import Quality, SlotFlag

MINUTES_PER_DAY = 1440


def _channels(count: int, **facts: object) -> Channels:
    """Return import channels of electricity without a known limit, with some facts changed for all or one by one."""
    texts = {
        "service_point_id": [f"SP{i}" for i in range(count)],
        "meter_id": "M1",
        "channel": "E1",
        "quantity": "active_energy",
        "direction": "import",
        "commodity": "electricity",
    }
    numbers = {"is_export": False, "has_generation": False, "is_net": False, "limit": -1}
    columns = {}
    for name, default in (texts | numbers).items():
        value = facts.pop(name, default)
        values = value if isinstance(value, list) else [value] * count
        columns[name] = np.array(values, np.int64 if name == "limit" else np.bool_) if name in numbers else pa.array(values)
    assert not facts, f"not facts of a channel: {facts}"
    return Channels(**columns)


def _block(
    values: object,
    *,
    marks: dict[Quality, list[int]] | None = None,
    interval_minutes: int = 30,
    exponent: int = -3,
    first_day: date = date(2026, 1, 5),
    zone: str = "+01:00",
    standard_offset_minutes: int = 60,
    outage: list[int] | None = None,
    **facts: object,
) -> Block:
    """Return a block of one or more channels; the first day, 2026-01-05, is a Monday.

    Args:
        values: integers, anything that reshapes to [n, d, s]; the number of channels is its first axis if it has three.
        marks: qualities by flat position; slots without a value become 0.
        outage: flat positions in an outage.
    """
    array = np.array(values, np.int64)
    if array.ndim < 3:
        array = array.reshape(1, -1, MINUTES_PER_DAY // interval_minutes)
    quality = np.zeros(array.shape, np.int8)
    for code, flat in (marks or {}).items():
        quality.reshape(-1)[flat] = code
        if code in {Quality.MISSING, Quality.CONFLICT, Quality.NOT_EXPECTED}:
            array.reshape(-1)[flat] = 0
    flags = np.zeros(array.shape, np.int16)
    flags.reshape(-1)[outage or []] = SlotFlag.OUTAGE
    return Block(
        _channels(len(array), **facts),
        first_day,
        zone,
        standard_offset_minutes,
        interval_minutes,
        exponent,
        array,
        quality,
        np.zeros(array.shape, np.int8),
        flags=flags if outage else None,
    )


@pytest.fixture(scope="session")
def make_block() -> Callable[..., Block]:
    return _block
