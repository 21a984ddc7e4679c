"""What was used of a determinant in one tariff version, and what it costs at a price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from tariffs.exact import Exact, parts_of, ratio, total_of
from tariffs.scalars import QUANTITY_PLACES


@dataclass(frozen=True)
class Use:
    """What was used in each period of a tariff version.

    Attributes:
        bands: for each period (or None alone) a column (n,): the quantity times ``divisor``.
        unit: unit of the quantity.
        divisor: 1 where quantities were measured as they are billed; more where a conversion divides them, which is left for
            the end: nothing is rounded before a line is made.
    """

    bands: Mapping[str | None, Exact]
    unit: str
    divisor: int = 1

    def together(self, agreements: int) -> Use:
        """Return the use of all periods as that of one."""
        return Use({None: total_of(list(self.bands.values()), agreements)}, self.unit, self.divisor)

    def quantity(self, column: Exact) -> Exact:
        """Return a part of the use (n,) as a quantity [unit]; one that a conversion made has nine decimals, half to even."""
        if self.divisor == 1:
            return column
        return ratio(column.values.astype(object), self.divisor, scale=column.scale, places=QUANTITY_PLACES)

    def cost(self, column: Exact, price: Decimal) -> Exact:
        """Return what a part of the use (n,) costs at a price [currency/unit]; a quotient has 18 decimals."""
        if self.divisor == 1:
            return column.times(price)
        number, places = parts_of(price)
        return ratio(column.values.astype(object) * number, self.divisor, scale=column.scale + places)
