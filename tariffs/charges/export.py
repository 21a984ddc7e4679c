"""Export: what the customer earns for energy fed into the grid, in the same month (``mode: net_billing``).

A line's quantity is positive, its price and amount negative: a credit. Export may have periods of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Discriminator, Field, Tag

from tariffs.charges.line import Line, Sentence
from tariffs.exact import Exact, plain, total_of
from tariffs.periods import PeriodRule
from tariffs.scalars import Document, ListOf, Name, Price, one_of, refused

KIND = "export"
CHARGE_ID = "export"
DETERMINANT = "export_kwh"


def _price_shape(value: object) -> str:
    return "~periods" if isinstance(value, dict) else "~one"


class Export(Document):
    """``{mode: net_billing, price: {evening: "0.1", other: "0.0225"}, periods: {…}}``."""

    mode: Annotated[str, BeforeValidator(one_of("net_billing", unsupported=("buy_all_sell_all", "nem_kwh", "nem_money")))]
    periods: dict[Name, Annotated[ListOf[PeriodRule], Field(min_length=1)]] | None = None
    price: Annotated[Annotated[Price, Tag("~one")] | Annotated[dict[Name, Price], Tag("~periods")], Discriminator(_price_shape)]
    tax: ListOf[Name] | None = None
    """Taxes laid on export where the agreement says that its export bears tax; None for all taxes of the version."""
    carry: Annotated[None, refused("carrying export credit to the next month")] = None
    true_up: Annotated[None, refused("a true-up of export credit")] = None
    pays: Annotated[None, refused("a true-up of export credit")] = None
    bank: Annotated[None, refused("a bank of export credit")] = None

    @property
    def by_period(self) -> bool:
        """Whether periods have prices of their own."""
        return isinstance(self.price, dict)

    def price_in(self, band: str | None) -> Decimal:
        """Return what a kWh earns in a period [currency/kWh]."""
        return self.price[str(band)] if isinstance(self.price, dict) else self.price

    def bears(self, tax_id: str) -> bool:
        """Tell whether a tax is laid on export, where the agreement says that its export bears tax."""
        return self.tax is None or tax_id in self.tax


def export_lines(export: Export, *, use: Mapping[str | None, Exact], agreements: int, unit: str, currency: str) -> list[Line]:
    """Return the lines of export in one tariff version.

    Args:
        export: what the version pays.
        use: for each period (or None alone), what was exported in it [unit], (n,).
        agreements: number of agreements n.
        unit: unit of the quantity.
        currency: of the price.
    """
    if not export.by_period:
        use = {None: total_of(list(use.values()), agreements)}
    lines = []
    for band, exported in use.items():
        price = -export.price_in(band)
        place = "" if band is None else f" in {band}"
        sentence = Sentence(f"{CHARGE_ID}{place}: ", f" {unit} at {plain(price)} {currency}/{unit} = ", f" {currency}")
        lines.append(Line(band, None, exported, unit, price, exported.times(price), sentence))
    return lines
