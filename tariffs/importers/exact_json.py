"""JSON of foreign price lists: numbers exact, keys once, of bounded size and depth.

Python's own reader takes numbers as binary floats and the last of two equal keys; neither may reach a price. ``NaN`` and
``Infinity`` become decimals that the field they stand in refuses by its name.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from schemas.errors import TariffError
from tariffs.importers.importer import INVALID, SYNTAX

MAX_BYTES = 16_000_000
"""A price list of a utility is some ten thousand bytes; a country's catalogue some million."""


class _TwiceError(Exception):
    """A key stands twice in one object."""


def parse_exact_json(content: bytes, where: str) -> Any:  # noqa: ANN401 - whatever a document is
    """Return a JSON document; every number is a ``Decimal`` with the digits of the text.

    Args:
        content: UTF-8, with or without a byte order mark.
        where: name of the file, for messages.

    Raises:
        TariffError: ``import.syntax``: no JSON, no UTF-8, too large or too deep; ``import.invalid``: a key that stands twice.

    >>> parse_exact_json(b'{"rate": 0.10, "max": 1e+38}', "x.json")
    {'rate': Decimal('0.10'), 'max': Decimal('1E+38')}
    """
    if len(content) > MAX_BYTES:
        raise TariffError(SYNTAX, f"{where} is larger than {MAX_BYTES:,} bytes", "split the file", where)
    try:
        text = content.decode("utf-8-sig")
        found = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=Decimal, object_pairs_hook=_once)
        json.dumps(found, default=str, ensure_ascii=False).encode()
    except UnicodeDecodeError:
        raise TariffError(SYNTAX, f"{where} is not written in UTF-8", "", where) from None
    except UnicodeEncodeError:
        raise TariffError(SYNTAX, f"{where} holds half a character", "", where) from None
    except RecursionError:
        raise TariffError(SYNTAX, f"{where} is nested too deep for a price list", "", where) from None
    except _TwiceError as twice:
        key = str(twice)
        raise TariffError(INVALID, f"{key} stands twice in one object", "leave one of the two", key) from None
    except json.JSONDecodeError as error:
        what = f"{where}:{error.lineno}: no JSON: {error.msg}"
        raise TariffError(SYNTAX, what, "", f"{where}:{error.lineno}") from None
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _TwiceError(key)
        found[key] = value
    return found
