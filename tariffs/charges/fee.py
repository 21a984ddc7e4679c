"""One-off fees: a connection, a final reading, something charged on a date.

A fee falls due in the billing period in which the agreement starts or ends, or that has the local midnight of its date; it
is charged at the price of the version in force then.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator

from tariffs.charges.base import ChargeDocument
from tariffs.charges.line import Line, Sentence
from tariffs.clock import Integers
from tariffs.exact import Exact, plain
from tariffs.scalars import Price, date_of, one_of

KIND = "fee"
START, END = "start", "end"


def _moment(value: object) -> str | date:
    if isinstance(value, str) and value[:1].isdigit():
        return date_of(value)
    return one_of(START, END)(value)


class FeeCharge(ChargeDocument):
    """``{id: connection, kind: fee, price: "45", when: start}``: when the agreement starts or ends, or on a date."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    price: Price
    when: Annotated[str | date, BeforeValidator(_moment)]


def fee_lines(charge: FeeCharge, due: Integers, *, currency: str) -> list[Line]:
    """Return the one line of a fee.

    Args:
        charge: the charge.
        due: booleans (n,): the agreement owes it.
        currency: of the price.
    """
    once = Exact(due.astype(np.int64), 0)
    sentence = Sentence(f"{charge.id}: ", f" {KIND} of {plain(charge.price)} {currency} = ", f" {currency}")
    return [Line(None, None, once, KIND, charge.price, once.times(charge.price), sentence)]
