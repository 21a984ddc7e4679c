"""Tariffs: what the number of a rate register means, which is the other way round in the Netherlands and in Belgium."""

from __future__ import annotations

from head_end.p1.telegram import Telegram

DUTCH, BELGIAN = "NL", "BE"
TARIFF_MEANINGS = {
    (DUTCH, 1): "low",
    (DUTCH, 2): "normal",
    (BELGIAN, 1): "day",
    (BELGIAN, 2): "night",
}
"""Meaning by country and number of the tariff: P1 Companion Standard (NL), e-MUCS P1 (BE)."""
_RATE_REGISTERS = frozenset({"1-0:1.8.1", "1-0:1.8.2"})
_TOTAL, _TARIFF_IN_USE = "1-0:1.8.0", "0-0:96.14.0"


def country_of(telegram: Telegram) -> str | None:
    """Return the country whose standard a telegram follows, ``NL`` or ``BE``; None where it does not say.

    Meters of other countries write the number of the Dutch version too, so it proves nothing. A Dutch telegram has the
    registers of two tariffs, says which is in use, and has no total.
    """
    if telegram.is_belgian:
        return BELGIAN
    names = {source.written for source in telegram.objects}
    is_dutch = names >= {*_RATE_REGISTERS, _TARIFF_IN_USE} and _TOTAL not in names
    return DUTCH if is_dutch else None


def tariff_meaning(country: str | None, tariff: int) -> str | None:
    """Return what a tariff means to the customer; None where nothing says.

    Args:
        country: of ``country_of``.
        tariff: the last group of the register: 1 in ``1-0:1.8.1``.

    >>> tariff_meaning("NL", 1), tariff_meaning("BE", 1), tariff_meaning(None, 1)
    ('low', 'day', None)
    """
    return TARIFF_MEANINGS.get((country or "", tariff))
