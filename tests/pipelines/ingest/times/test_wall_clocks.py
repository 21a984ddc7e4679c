from __future__ import annotations

import pytest

from pipelines.ingest.times.wall_clocks import DATE_DIGITS, MINUTE_DIGITS, wall_clock


@pytest.mark.parametrize(
    "text",
    ["", "2026010500000", "202601050000000", "20260230000000", "20260105240000", "20260105006000", "20260105000060",
     "18991231235959", "30000101000000", "2026010500000x", "\u0662\u0660\u0662\u0666010500000000"[:14]],
)  # fmt: skip
def test_a_wall_clock_that_does_not_exist_is_none(text):
    assert wall_clock(text) is None


@pytest.mark.parametrize(
    ("text", "digits", "expected"),
    [
        ("20260105", DATE_DIGITS, "2026-01-05T00:00:00"),
        ("202601052359", MINUTE_DIGITS, "2026-01-05T23:59:00"),
        ("202601052359", DATE_DIGITS, None),
        ("20260105", MINUTE_DIGITS, None),
    ],
)
def test_it_has_as_many_digits_as_its_format(text, digits, expected):
    found = wall_clock(text, digits)
    assert (None if found is None else found.isoformat()) == expected
