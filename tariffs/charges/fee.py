"""One-off fees: a connection, a final reading, something charged on a date."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BeforeValidator

from tariffs.charges.base import ChargeDocument
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
