"""Lines of what export left over in a bank: money that pays charges, and what a true-up pays out."""

from __future__ import annotations

from tariffs.carried import BANK_MONEY, bank_kwh, banks_in
from tariffs.charges.bank import BANK, TRUE_UP, bank_line, kwh_line, money_line
from tariffs.charges.energy import EnergyCharge
from tariffs.charges.export import NETTED, NEXT_MONTH, Export
from tariffs.charges.line import LineColumn, LineHeader
from tariffs.charges.percent import ALL
from tariffs.exact import AMOUNT_PLACES, Exact, least_of, total_of
from tariffs.pricing.exports import earned
from tariffs.pricing.work import Work
from tariffs.spans import VersionSpan


def bank(work: Work) -> list[LineColumn]:
    """Put what the billing period leaves over into the bank, and return the line of banked money that pays charges."""
    if work.bank is None:
        return []
    if work.netted is not None and work.bank.price is None:
        work.carried |= {bank_kwh(band): kwh for band, kwh in work.netted.surplus.items()}
        return []
    before, brought = work.carried_in(BANK_MONEY), earned(work).at_most(AMOUNT_PLACES)
    held = total_of([before, brought], work.rows)
    used = least_of(before if work.bank.carry == NEXT_MONTH else held, _payable(work, work.bank)).at_most(AMOUNT_PLACES)
    work.carried[BANK_MONEY] = total_of([held, -used], work.rows)
    header = LineHeader(BANK, BANK, work.spans[-1].version, ())
    return work.finished(header, [bank_line(used, offsets=work.bank.offsets, currency=work.currency)])


def _payable(work: Work, rule: Export) -> Exact:
    """Return what banked money may pay of this bill: (n,) [currency]."""
    names = [(span.version, name) for span in work.spans for name in _offset(work, rule, span)]
    lines = [column for name in names for column in work.done.get(name, ())]
    return total_of([column.amount for column in lines], work.rows).positive()


def _offset(work: Work, rule: Export, span: VersionSpan) -> tuple[str, ...]:
    if rule.offsets != ALL:
        return tuple(rule.offsets)
    return tuple(charge.id for charge in work.version(span).charges if isinstance(charge, EnergyCharge))


def true_up(work: Work) -> list[LineColumn]:
    """Empty the bank in the month of true-up and return the line of what that pays."""
    rule = work.bank
    if rule is None or rule.true_up != work.month:
        return []
    header = LineHeader(TRUE_UP, TRUE_UP, work.spans[-1].version, ())
    if rule.price is not None:
        left = work.carried[BANK_MONEY]
        lines = [money_line(left, expires=rule.expires, currency=work.currency)]
        work.carried[BANK_MONEY] = total_of([], work.rows)
    else:
        # a period that the tariff no longer has may have left kWh behind
        banks = banks_in(work.inputs.carried) | banks_in(work.carried)
        left, unit = total_of(list(banks.values()), work.rows), work.inputs.quantities[NETTED].unit
        lines = [kwh_line(left, pays=rule.pays, unit=unit, currency=work.currency)]
        work.carried |= dict.fromkeys(banks, total_of([], work.rows))
    return work.finished(header, lines)
