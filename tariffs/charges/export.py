"""Export: what the customer earns for energy fed into the grid.

A line's quantity is positive, its price and amount negative: a credit. Export may have periods of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from tariffs.charges.line import Line, Sentence
from tariffs.charges.percent import ALL, Of
from tariffs.charges.prices import ExportPrice, SeriesPrice
from tariffs.exact import Exact, plain, total_of
from tariffs.periods import PeriodRule
from tariffs.scalars import INVALID, Document, ListOf, Name, Price, Whole, one_of, problem, yes_or_no

KIND = "export"
CHARGE_ID = "export"
DETERMINANT = "export_kwh"
NETTED = "import_kwh"
"""The determinant that net metering nets."""
NET_BILLING, BUY_ALL_SELL_ALL, NEM_KWH, NEM_MONEY = "net_billing", "buy_all_sell_all", "nem_kwh", "nem_money"
NEXT_MONTH = "next_month"
MEAN_PRICE_PLACES = 8
"""Decimals of a mean of prices on a line; its amount is exact."""


class Export(Document):
    """``{mode: net_billing, price: {evening: "0.1", other: "0.0225"}, periods: {…}}``."""

    mode: Annotated[str, BeforeValidator(one_of(NET_BILLING, BUY_ALL_SELL_ALL, NEM_KWH, NEM_MONEY))]
    periods: dict[Name, Annotated[ListOf[PeriodRule], Field(min_length=1)]] | None = None
    price: ExportPrice | None = None
    tax: ListOf[Name] | None = None
    """Taxes laid on export where the agreement says that its export bears tax; None for all taxes of the version."""
    carry: Annotated[str, BeforeValidator(one_of(NEXT_MONTH))] | None = None
    """With ``net_billing``: the money earned in a month offsets energy charges from the next month on."""
    true_up: Annotated[Whole, Field(ge=1, le=12)] | None = None
    """Month whose bill empties the bank."""
    pays: Price | None = None
    """What a kWh of the bank is paid in the month of true-up [currency/kWh]."""
    offsets: Of = ALL
    """The charges that banked money may pay; ``all``: every energy charge."""
    expires: Annotated[bool, BeforeValidator(yes_or_no)] = False
    """The bank is emptied in the month of true-up without being paid."""

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        nets_kwh = self.mode == NEM_KWH
        if nets_kwh == (self.price is not None):
            raise problem(INVALID, "'price' goes with every mode but 'nem_kwh', where a surplus stays a surplus")
        if self.mode == NEM_MONEY and isinstance(self.price, SeriesPrice):
            raise problem(INVALID, "'nem_money' prices the surplus of a month, which no interval of a series is")
        if (self.pays is not None) != (nets_kwh and self.true_up is not None and not self.expires):
            raise problem(INVALID, "'pays' goes with 'mode: nem_kwh' and 'true_up', unless the bank 'expires'")
        if self.carry is not None and self.mode != NET_BILLING:
            raise problem(INVALID, "'carry' goes with 'mode: net_billing'")
        if not self.has_bank and (self.true_up is not None or self.expires or "offsets" in self.model_fields_set):
            raise problem(INVALID, "'true_up', 'offsets' and 'expires' go with a mode that has a bank")
        if self.expires and self.true_up is None:
            raise problem(INVALID, "'expires' goes with 'true_up'")
        if self.nets and self.periods is not None:
            raise problem(INVALID, "net metering nets by the periods of import; export has none of its own")
        if self.mode == NEM_KWH and "offsets" in self.model_fields_set:
            raise problem(INVALID, "'offsets' goes with a bank of money")
        if self.has_bank and self.tax is not None:
            raise problem(INVALID, "'tax' goes with export that is paid in the same month; what a bank pays bears none")
        return self

    @property
    def nets(self) -> bool:
        """Whether kWh are netted against import."""
        return self.mode in (NEM_KWH, NEM_MONEY)

    @property
    def has_bank(self) -> bool:
        """Whether what a month earns may be used in later ones."""
        return self.nets or self.carry is not None

    @property
    def bank_rules(self) -> tuple[object, ...]:
        """What the versions of one billing period must agree in, since they share the bank."""
        return (self.mode, self.carry, self.true_up, self.pays, self.offsets, self.expires) if self.has_bank else ()

    @property
    def by_period(self) -> bool:
        """Whether periods have prices of their own."""
        return isinstance(self.price, dict)

    def price_in(self, band: str | None) -> Decimal:
        """Return what a kWh earns in a period [currency/kWh].

        Raises:
            TypeError: export has no price, or that of a series.
        """
        price = self.price[str(band)] if isinstance(self.price, dict) else self.price
        if price is None or isinstance(price, SeriesPrice):
            message = "export has no price of its own"
            raise TypeError(message)
        return price

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


def series_line(price: SeriesPrice, *, quantity: Exact, average: Exact, amount: Exact, unit: str, currency: str) -> Line:
    """Return the line of export whose every interval has the price of a series.

    Args:
        price: the series.
        quantity: (n,) what was exported [unit].
        average: (n,) what a unit earned on average [currency/unit].
        amount: (n,) what it earned [currency].
        unit: of the quantity.
        currency: of the prices.
    """
    sentence = Sentence(f"{CHARGE_ID}: ", f" {unit} at the prices of {price.series} = ", f" {currency}")
    return Line(None, None, quantity, unit, -average, -amount, sentence)
