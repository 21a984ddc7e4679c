"""Payloads: JSON answers of portals, as they are recognised, counted and looked into.

A portal's JSON shows what it is by its keys. Values are numbers or texts of numbers; identifiers are texts, or numbers
where somebody forgot the quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pipelines.ingest.collector import Collector
from pipelines.ingest.rejected import RAW_CHARACTERS, Fault
from pipelines.ingest.strict_json import value_at
from schemas.codes import Quality

_JSON = re.compile(rb"\A(?:\xef\xbb\xbf)?[ \t\r\n]*[{\[]")
_KEY = re.compile(rb'"([^"\\\x00-\x1f]{1,80})"[ \t\r\n]*:')
_LONGEST_TEXT = 200

NO_IDENTIFIER = Fault("record.identifier", "nothing names the service point")
NO_OBJECT = Fault("record.unknown", "an entry that is no object")


def keys_of(head: bytes) -> frozenset[bytes]:
    """Return the keys that stand in the first bytes of a JSON document; none where they are no JSON.

    >>> sorted(keys_of(b'[{"cups": "ES", "time": "time"}]')), keys_of(b'cups,"time": 1')
    ([b'cups', b'time'], frozenset())
    """
    return frozenset(_KEY.findall(head)) if _JSON.match(head) else frozenset()


def raw_of(entry: object) -> str:
    """Return the beginning of an entry as text, for the person who looks into its rejection."""
    return json.dumps(entry, ensure_ascii=False, default=str)[:RAW_CHARACTERS]


def entries_at(document: object, *path: str | int) -> Sequence[Any]:
    """Return the entries of a list; what stands there in its place is its only entry, as some writers leave the list out.

    >>> entries_at({"a": [1, 2]}, "a"), entries_at({"a": {"b": 1}}, "a"), entries_at({"a": None}, "a")
    ([1, 2], [{'b': 1}], ())
    """
    found = value_at(document, *path)
    if found is None:
        return ()
    return found if isinstance(found, list) else [found]


def identifier_at(document: object, *path: str | int) -> str | None:
    """Return an identifier: a text, or a whole number without quotes; None where there is none.

    >>> row = {"ean": " 0541 ", "meter": Decimal("541"), "other": True}
    >>> identifier_at(row, "ean"), identifier_at(row, "meter"), identifier_at(row, "other")
    ('0541', '541', None)
    """
    found = value_at(document, *path)
    if isinstance(found, Decimal):
        return str(found) if found.as_tuple().exponent == 0 else None
    return found.strip() or None if isinstance(found, str) else None


def quantity_of(value: object) -> str | Decimal | Fault | None:
    """Return a value as the collector takes it; None where there is none, or why it is no quantity.

    >>> quantity_of(" 1.50"), quantity_of(""), quantity_of(True).code
    ('1.50', None, 'value.invalid')
    """
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        return value.strip() or None
    return Fault("value.invalid", f"'{raw_of(value)[:60]}' is no number")


def has_value(value: object) -> bool:
    """Whether there is a value at all, of whatever kind."""
    return value is not None and value != ""


def quality_of(code: str | None, known: Mapping[str, Quality], collector: Collector) -> Quality:
    """Return what a source's quality code says; one that nobody knows never passes for a measured value."""
    if code is None:
        return Quality.MEASURED
    found = known.get(code.upper())
    if found is None:
        collector.warn("quality.unknown", f"the quality '{code[:40]}' is none of the format's: its values count as estimated")
        return Quality.DELIVERED_ESTIMATE
    return found


def warn_of(collector: Collector, entry: object) -> None:
    """Say what a portal reports about its own answer."""
    collector.warn("answer.error", f"the source reports {raw_of(entry)[:_LONGEST_TEXT]}")
