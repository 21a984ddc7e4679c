"""JSON of foreign hands: whole documents of bounded size, numbers exact, keys once.

Python's own reader takes ``NaN``, ``1e999``, the last of two equal keys and numbers as binary floats; none of that may
reach a bill. Numbers become ``Decimal`` with the digits of the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, BinaryIO, NoReturn

from pipelines.ingest.numbers import MOST_CHARACTERS
from pipelines.ingest.refusals import empty_file, unfit_file

MOST_BYTES = 64 * 2**20
MOST_EXPONENT = 30
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_json(stream: BinaryIO, name: str) -> Any:  # noqa: ANN401 - whatever a document is
    """Return a JSON document, read whole; every number is a ``Decimal``.

    Args:
        stream: its bytes: UTF-8, with or without a byte order mark.
        name: of the file, for the messages.

    Raises:
        InputRefusedError: ``json.malformed``, ``json.duplicate_key``, ``json.number``, ``json.text``, ``json.limit``;
            ``file.empty``.
    """
    raw = stream.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise unfit_file("json.limit", f"{name} is larger than {MOST_BYTES >> 20} MiB")
    return parse_json(raw, name)


def parse_json(raw: bytes, name: str) -> Any:  # noqa: ANN401 - whatever a document is
    """Return a JSON document of some bytes; see ``read_json``.

    >>> parse_json(b'[{"kwh": 0.10}]', "x.json")
    [{'kwh': Decimal('0.10')}]
    """
    if not raw.strip(_BYTE_ORDER_MARK + b" \t\r\n"):
        raise empty_file(name)
    try:
        text = raw.removeprefix(_BYTE_ORDER_MARK).decode("utf-8")
        found = json.loads(text, parse_float=_number, parse_int=_number, parse_constant=_no_number, object_pairs_hook=_once)
    except UnicodeDecodeError:
        raise unfit_file("json.text", f"{name} is not written in UTF-8") from None
    except RecursionError:
        raise unfit_file("json.limit", f"{name}: nested deeper than a metering document") from None
    except json.JSONDecodeError as error:
        raise unfit_file("json.malformed", f"{name} is no JSON: {error.msg} at line {error.lineno}") from None
    if "\\u" in text and _SURROGATE.search(json.dumps(found, ensure_ascii=False, default=str)):
        raise unfit_file("json.text", f"{name} holds half a character")
    return found


def mapping_at(document: object, *path: str | int) -> Mapping[str, Any] | None:
    """Return the object at a path of keys and places; None where there is none."""
    found = value_at(document, *path)
    return found if isinstance(found, dict) else None


def sequence_at(document: object, *path: str | int) -> Sequence[Any]:
    """Return the list at a path of keys and places; an empty one where there is none."""
    found = value_at(document, *path)
    return found if isinstance(found, list) else ()


def text_at(document: object, *path: str | int) -> str | None:
    """Return the text at a path of keys and places; None where there is none, another kind of value, or nothing in it."""
    found = value_at(document, *path)
    return found.strip() or None if isinstance(found, str) else None


def value_at(document: object, *path: str | int) -> Any:  # noqa: ANN401 - whatever stands there
    """Return what stands at a path of keys and places; None where the path leads nowhere.

    >>> value_at({"a": [{"b": 1}]}, "a", 0, "b"), value_at({"a": 1}, "a", "b")
    (1, None)
    """
    found: Any = document
    for step in path:
        if isinstance(step, int):
            found = found[step] if isinstance(found, list) and step < len(found) else None
        else:
            found = found.get(step) if isinstance(found, dict) else None
    return found


def _number(text: str) -> Decimal:
    digits, _, exponent = text.lower().partition("e")
    if len(digits) > MOST_CHARACTERS or len(exponent) > len("+30") or abs(int(exponent or 0)) > MOST_EXPONENT:
        raise unfit_file("json.number", f"'{text[:MOST_CHARACTERS]}' is no number of a meter")
    return Decimal(text)


def _no_number(text: str) -> NoReturn:
    raise unfit_file("json.number", f"'{text}' is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise unfit_file("json.duplicate_key", f"the key '{twice[:60]}' stands twice in one object")
    return found
