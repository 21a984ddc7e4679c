"""ReadingQualities of IEC 61968-9: ``system.category.index``, several to a value.

The category says what was found: valid, a flag of the meter, validation, an edit, an estimate. Only categories that
change what a value is change its quality here; the others stay beside it as they were written.

Numbers: IEC 61968-9, annex D (quality code categories and indexes).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from schemas.codes import Quality

_CODE = re.compile(r"[0-9]{1,4}\.(?P<category>[0-9]{1,4})\.(?P<index>[0-9]{1,6})")
_FLAGS = range(5)
"""Valid, diagnostics, power quality, tamper, data collection: they say nothing against the value."""
_REASONABILITY, _VALIDATION, _EDITED, _ESTIMATED, _QUESTIONABLE, _DERIVED, _PROJECTED = 5, 6, 7, 8, 10, 11, 12
_KNOWN_MISSING = 259
_DETERMINISTIC = 0
_OPINIONS = {
    _EDITED: Quality.SUBSTITUTED,
    _ESTIMATED: Quality.DELIVERED_ESTIMATE,
    _PROJECTED: Quality.DELIVERED_ESTIMATE,
}
_DOUBTED = frozenset({_REASONABILITY, _VALIDATION, _QUESTIONABLE, _DERIVED})
_USUAL_CHARACTERS = 100
"""Longer ones are not remembered."""
_WORST_LAST = (Quality.MEASURED, Quality.SUBSTITUTED, Quality.DELIVERED_ESTIMATE, Quality.MISSING)


class Judged(NamedTuple):
    """What the qualities of a value make of it.

    Attributes:
        quality: in our word; the worst of several.
        native: the source's codes, joined by blanks; None where there are none.
        doubted: codes by which the sender doubts the value; it is kept as measured.
        unknown: codes that nobody knows; the value is kept as measured.
    """

    quality: Quality
    native: str | None
    doubted: tuple[str, ...]
    unknown: tuple[str, ...]


def judge(codes: tuple[str, ...]) -> Judged:
    """Return what the qualities of a value make of it.

    >>> judge(("1.0.0", "3.8.1")).quality.name, judge(("2.5.259",)).quality.name, judge(("2.6.3",)).doubted
    ('DELIVERED_ESTIMATE', 'MISSING', ('2.6.3',))
    """
    return _judge(codes) if sum(map(len, codes)) <= _USUAL_CHARACTERS else _judge.__wrapped__(codes)


@lru_cache(maxsize=4096)
def _judge(codes: tuple[str, ...]) -> Judged:
    found, doubted, unknown = Quality.MEASURED, [], []
    for code in codes:
        match = _CODE.fullmatch(code)
        category, index = (int(match["category"]), int(match["index"])) if match else (-1, -1)
        opinion = Quality.MEASURED
        if (category, index) == (_REASONABILITY, _KNOWN_MISSING):
            opinion = Quality.MISSING
        elif category in _OPINIONS:
            opinion = _OPINIONS[category]
        elif category in _DOUBTED:
            doubted += [code] if (category, index) != (_DERIVED, _DETERMINISTIC) else []
        elif category not in _FLAGS:
            unknown.append(code)
        found = max(found, opinion, key=_WORST_LAST.index)
    return Judged(found, " ".join(codes) or None, tuple(doubted), tuple(unknown))
