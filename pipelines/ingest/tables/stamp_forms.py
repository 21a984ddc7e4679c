"""Forms of stamps: what a mapping's ``date_format`` means, digit by digit.

A form is made of ``YYYY`` ``YY`` ``MMM`` ``MM`` ``M`` ``DD`` ``D`` ``HH`` ``H`` ``hh`` ``h`` ``mm`` ``ss`` ``A`` and of what
stands between them. One letter takes one or two digits, ``MMM`` an English month, ``A`` AM or PM (``hh`` runs to 12
then). Nothing is guessed: ``01/02/2026`` is what the form says and is no stamp without one.
"""

from __future__ import annotations

import re
from functools import lru_cache

ORDINAL_HOUR = "hour of day"
"""The name of a form: the number of an hour, counted from the local midnight on, 1 to 23, 24 or 25."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

ISO = re.compile(
    r"(?P<year>0000)-(?P<month>00)-(?P<day>00)"
    r"(?:[T ](?P<hour>00):(?P<minute>00)(?::(?P<second>00)(?:[.,](?P<fraction>0{1,9}))?)?)? ?"
    r"(?:(?P<utc>Z)|(?P<sign>[+-])(?P<hours>00)(?::?(?P<minutes>00))?)?"
)
"""ISO 8601, every digit written as 0."""

_PARTS = {
    "YYYY": r"(?P<year>0000)",
    "YY": r"(?P<short_year>00)",
    "MMM": rf"(?P<month_name>(?i:{'|'.join(MONTHS)}))",
    "MM": r"(?P<month>00)",
    "M": r"(?P<month>00?)",
    "DD": r"(?P<day>00)",
    "D": r"(?P<day>00?)",
    "HH": r"(?P<hour>00)",
    "H": r"(?P<hour>00?)",
    "hh": r"(?P<half_hour>00)",
    "h": r"(?P<half_hour>00?)",
    "mm": r"(?P<minute>00)",
    "ss": r"(?P<second>00)",
    "A": r"(?P<half>(?i:AM|PM))",
}
_LETTERS = re.compile("YYYY|YY|MMM|MM|M|DD|D|HH|H|hh|h|mm|ss|A")
_LONGEST_FORM = 40


@lru_cache(maxsize=256)
def compile_form(form: str) -> re.Pattern[str]:
    """Return what a form takes, every digit of the stamp written as 0.

    Raises:
        ValueError: it is no form.

    >>> bool(compile_form("DD/MM/YYYY HH:mm").fullmatch("00/00/0000 00:00"))
    True
    """
    if form == ORDINAL_HOUR:
        return re.compile("(?P<ordinal>00?)")
    between = _LETTERS.split(form)
    letters = _LETTERS.findall(form)
    if not letters or len(form) > _LONGEST_FORM or any(char.isalnum() and char != "T" for part in between for char in part):
        message = f"'{form}' is no form such as DD/MM/YYYY HH:mm"
        raise ValueError(message)
    pieces = [re.escape(between[0])]
    for letter, after in zip(letters, between[1:], strict=True):
        pieces += [_PARTS[letter], re.escape(after)]
    try:
        pattern = re.compile("".join(pieces))
    except re.error:
        message = f"'{form}' names a part twice"
        raise ValueError(message) from None
    parts = set(pattern.groupindex)
    dated = {"day"} <= parts and ("month" in parts) != ("month_name" in parts) and ("year" in parts) != ("short_year" in parts)
    undated = not parts & {"day", "month", "month_name", "year", "short_year"} and parts & {"hour", "half_hour"}
    halved = ("half_hour" in parts) == ("half" in parts) and not {"hour", "half_hour"} <= parts
    if not (dated or undated) or not halved or ("minute" in parts and not parts & {"hour", "half_hour"}):
        message = f"'{form}' does not say day, month and year, or an hour, or a half of the day with hh"
        raise ValueError(message)
    return pattern
