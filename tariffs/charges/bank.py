"""Banks: what export leaves over in one billing period and is used in a later one, as kWh or as money.

With ``mode: nem_kwh`` a surplus stays kWh of its own period of the tariff; with ``nem_money``, and with ``net_billing`` and
``carry: next_month``, it is money. In the month of ``true_up`` what is then in the bank is paid out, or lost where it
``expires``.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from tariffs.charges.line import Line, Sentence
from tariffs.charges.percent import ALL
from tariffs.exact import Exact, plain, total_of

BANK = "bank"
"""Kind and id of the line of banked money that is used."""
TRUE_UP = "true_up"
"""Kind and id of the line of what a true-up pays out."""
_PAID, _LOST = Decimal(-1), Decimal(0)


class Netted(NamedTuple):
    """The kWh of one billing period under net metering.

    Attributes:
        billed: by period, what was imported beyond what was exported and banked: (n,) [kWh].
        surplus: by period, what was exported or banked beyond what was imported: (n,) [kWh].
        unit: of both.
    """

    billed: dict[str | None, Exact]
    surplus: dict[str | None, Exact]
    unit: str


def net(
    imported: Mapping[str | None, Exact],
    exported: Mapping[str | None, Exact],
    banked: Mapping[str | None, Exact],
    *,
    rows: int,
    unit: str,
) -> Netted:
    """Return the kWh of each period netted over the billing period.

    Args:
        imported: by period, (n,) [kWh].
        exported: by period, (n,) [kWh].
        banked: by period, what earlier billing periods left over, (n,) [kWh].
        rows: number of agreements n.
        unit: of all of them.
    """
    parts = ((imported, False), (exported, True), (banked, True))
    bands = dict.fromkeys(band for use, _ in parts for band in use)
    nets = {band: total_of([-use[band] if earns else use[band] for use, earns in parts if band in use], rows) for band in bands}
    return Netted(
        {band: kwh.positive() for band, kwh in nets.items()}, {band: (-kwh).positive() for band, kwh in nets.items()}, unit
    )


def bank_line(used: Exact, *, offsets: str | tuple[str, ...], currency: str) -> Line:
    """Return the line of banked money that pays charges.

    Args:
        used: (n,) [currency].
        offsets: the charges it may pay.
        currency: of the money.
    """
    paid = "energy charges" if offsets == ALL else ", ".join(offsets)
    sentence = Sentence(f"{BANK}: ", f" {currency} of the bank used for {paid} = ", f" {currency}")
    return Line(None, None, used, currency, _PAID, -used, sentence)


def money_line(left: Exact, *, expires: bool, currency: str) -> Line:
    """Return the line of a true-up that empties a bank of money.

    Args:
        left: (n,) what is in the bank [currency].
        expires: it is lost, not paid out.
        currency: of the money.
    """
    said = "lost" if expires else "paid out"
    sentence = Sentence(f"{TRUE_UP}: ", f" {currency} of the bank {said} = ", f" {currency}")
    price = _LOST if expires else _PAID
    return Line(None, None, left, currency, price, left.times(price), sentence)


def kwh_line(left: Exact, *, pays: Decimal | None, unit: str, currency: str) -> Line:
    """Return the line of a true-up that empties a bank of kWh.

    Args:
        left: (n,) what is in the bank [unit].
        pays: for each of them [currency/unit]; None where they expire.
        unit: of the bank.
        currency: of the price.
    """
    price = _LOST if pays is None else -pays
    said = "lost" if pays is None else f"paid out at {plain(pays)} {currency}/{unit}"
    sentence = Sentence(f"{TRUE_UP}: ", f" {unit} of the bank {said} = ", f" {currency}")
    return Line(None, None, left, unit, price, left.times(price), sentence)
