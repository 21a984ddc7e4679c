"""The bill as a document: what ``m2b bill show --json`` prints. Decimals are text, no key is unknown."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer


def plain(value: Decimal) -> str:
    """Return a decimal without trailing zeros or exponent.

    >>> plain(Decimal("12.5000")), plain(Decimal("100"))
    ('12.5', '100')
    """
    return f"{value.normalize():f}"


def money(value: Decimal) -> str:
    """Return an amount with at least two decimals.

    >>> money(Decimal("12.500")), money(Decimal("0.1234"))
    ('12.50', '0.1234')
    """
    text = plain(value)
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals.ljust(2, '0')}"


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


Quantity = Annotated[Decimal, PlainSerializer(plain, return_type=str)]
Money = Annotated[Decimal, PlainSerializer(money, return_type=str)]
Instant = Annotated[AwareDatetime, PlainSerializer(_instant, return_type=str)]


class Document(BaseModel):
    """Strict: no key is unknown, nothing is changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class BillLine(Document):
    """One line: quantity times price is the amount, and the sentence that says so."""

    line_no: int
    charge_id: str
    kind: str
    band: str | None
    tier: int | None
    quantity: Quantity
    unit: str
    price: Quantity
    amount: Money
    tax_code: str | None
    tariff_id: str
    tariff_version: str
    text: str


class RegisterOnBill(Document):
    """Opening and closing read of a register, as the bill was made from them."""

    meter_id: str
    channel: str
    opened_at: str
    opening: str
    closed_at: str
    closing: str
    multiplier: str
    advance: str
    status: str
    estimated: bool


class PowerOnBill(Document):
    """A power that charges had measured; ``at`` is the begin of its highest window."""

    determinant: str
    band: str | None
    value: Quantity
    unit: str
    at: Instant | None


class CarriedOnBill(Document):
    """What the bill was handed by the period before, and what it hands to the next."""

    name: str
    opening: Quantity
    closing: Quantity


class BillDocument(Document):
    """A bill with its lines; ``total`` is the sum of the lines, ``net`` the total less tax."""

    bill_id: str
    bill_number: str
    document_type: Literal["invoice", "credit_note"]
    account_id: str
    agreement_id: str
    service_point_id: str
    period_from: date
    period_to: date
    billing_clock: str
    tariff_clock: str
    starts_at: Instant
    ends_at: Instant
    issue_date: date
    due_date: date
    status: Literal["draft", "final", "cancelled"]
    net: Money
    tax: Money
    total: Money
    currency: str
    tariff_id: str
    tariff_sha256: str
    energy_kwh: Quantity
    estimated_share: Quantity
    billing_basis: Literal["interval", "register"]
    registers: list[RegisterOnBill]
    measured: list[PowerOnBill]
    carried: list[CarriedOnBill]
    revision: int
    replaces: str | None
    run_id: str
    lines: list[BillLine]
