"""Identifiers of foreign hands: what may name a service point, a meter or a channel in the store.

An identifier goes into exports, bills, pages and other people's spreadsheets, so what could deceive a reader there
never enters: characters that cannot be seen, that turn the writing direction, that only look like others, and what a
spreadsheet would take for a formula. Everything else stays as it was written, leading zeros and all: quotes, percent
signs and the like are nothing but text to us.

Rules after Unicode Technical Standard 39 (identifier profiles, single script) and the OWASP ASVS 5.0, 1.2.10 (formulas).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.reader import FileWarning, Parsed, slots_of
from pipelines.ingest.rejected import Rejection, rejections_table

MOST_CHARACTERS = 200
_NO_TEXT = "\ufffd"
_FORMULA_STARTS = ("=", "+", "-", "@")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_CODE = "record.identifier"


@lru_cache(maxsize=4096)
def fault_of_text(text: str) -> str | None:
    r"""Say what is wrong with the text of an identifier; None where nothing is.

    >>> fault_of_text("Robert'); DROP TABLE bills;--") is None
    True
    >>> fault_of_text("meter\u202e21"), fault_of_text("\uff11\uff12")
    ('it holds a character that cannot be seen', 'it holds characters that only look like others')
    """
    if len(text) > MOST_CHARACTERS:
        return f"it has more than {MOST_CHARACTERS} characters"
    reasons = (
        ("it holds bytes that are no text", _NO_TEXT in text),
        ("it holds a character that cannot be seen", any(unicodedata.category(character) in _UNSEEN for character in text)),
        ("it holds characters that only look like others", unicodedata.normalize("NFKC", text) != text),
        ("it mixes letters of several scripts", len({_script(character) for character in text if character.isalpha()}) > 1),
    )
    return next((reason for reason, is_so in reasons if is_so), None)


@lru_cache(maxsize=4096)
def fault_of_identifier(text: str) -> str | None:
    """Say what is wrong with the identifier of a service point or meter; None where nothing is.

    >>> fault_of_identifier("=1+1"), fault_of_identifier("0012")
    ('a spreadsheet would take it for a formula', None)
    """
    if text.startswith(_FORMULA_STARTS):
        return "a spreadsheet would take it for a formula"
    return fault_of_text(text)


def _fault_of_service_point(text: str) -> str | None:
    return fault_of_identifier(text) if text.strip() else "it is empty"


_RULES: dict[str, Callable[[str], str | None]] = {
    "service_point_id": _fault_of_service_point,
    "meter_id": fault_of_identifier,
    "channel": fault_of_text,
}


def set_aside_bad_identifiers(parsed: Parsed) -> Parsed:
    """Return what a reader made without the rows whose identifiers must not enter; those are rejections then."""
    parsed = _without_bad_costs(parsed)
    kept = {"intervals": parsed.intervals, "reads": parsed.reads, "events": parsed.events}
    rejections: list[Rejection] = []
    for name, table in list(kept.items()):
        bad = _bad_rows(table)
        if not len(bad):
            continue
        chosen = table.take(pa.array(bad))
        counts = slots_of(chosen).to_pylist() if name == "intervals" else [1] * len(bad)
        rejections += [_rejection(row, count) for row, count in zip(_named(chosen), counts, strict=True)]
        kept[name] = table.filter(pa.array(~np.isin(np.arange(table.num_rows), bad)))
    if not rejections:
        return parsed
    gone = parsed.events.num_rows - kept["events"].num_rows
    # An event beside readings is no row of its file until it is set aside; in a file of events it was one before.
    told = min(gone, parsed.event_rows)
    return replace(
        parsed,
        intervals=kept["intervals"],
        reads=kept["reads"],
        events=kept["events"],
        rejections=pa.concat_tables([parsed.rejections, rejections_table(rejections)]),
        rows_read=parsed.rows_read + gone - told,
        event_rows=parsed.event_rows - told,
    )


def _without_bad_costs(parsed: Parsed) -> Parsed:
    """Return what a reader made without costs whose identifiers must not enter; they are no rows, so it is a warning."""
    bad = _bad_rows(parsed.costs)
    if not len(bad):
        return parsed
    warning = FileWarning(_CODE, f"{len(bad)} costs name a service point, meter or channel that cannot be taken")
    costs = parsed.costs.filter(pa.array(~np.isin(np.arange(parsed.costs.num_rows), bad)))
    return replace(parsed, costs=costs, warnings=(*parsed.warnings, warning))


def _bad_rows(table: pa.Table) -> np.ndarray:
    """Return the places of the rows with an identifier that must not enter."""
    bad = np.zeros(table.num_rows, dtype=np.bool_)
    for column, fault_of in _RULES.items():
        if column not in table.schema.names or not table.num_rows:
            continue
        encoded = pc.dictionary_encode(table[column].combine_chunks())
        wrong = np.array([fault_of(text) is not None for text in encoded.dictionary.to_pylist()], dtype=np.bool_)
        if wrong.any():
            bad |= wrong[encoded.indices.to_numpy(zero_copy_only=False)]
    return np.flatnonzero(bad)


def _named(rows: pa.Table) -> list[dict[str, str]]:
    return rows.select([name for name in (*_RULES, "record") if name in rows.schema.names]).to_pylist()


def _rejection(row: dict[str, str], rows: int) -> Rejection:
    """Return the rejection of a row; the identifier is spelled out, never written as it is."""
    found = ((name, rule(row[name])) for name, rule in _RULES.items() if name in row)
    column, reason = next((name, reason) for name, reason in found if reason is not None)
    text = ascii(row[column][:MOST_CHARACTERS])
    return Rejection(row["record"], _CODE, f"the {column} {text} cannot be taken: {reason}", text, rows)


def _script(letter: str) -> str:
    """Return the script of a letter, as its name says: LATIN, CYRILLIC, GREEK."""
    return unicodedata.name(letter, "UNKNOWN").split()[0]
