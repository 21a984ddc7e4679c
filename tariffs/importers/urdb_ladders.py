"""Ladders of URDB: tiers of one period as prices, and the limits or blocks of hours use that they belong to."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from tariffs.importers.urdb_values import KWH, KWH_DAILY, KWH_PER_KW, Tier, invalid, unsupported


class Block(NamedTuple):
    """Hours use: so many kWh for each kW (None: open), and steps inside it, counted from its start [kWh]."""

    kwh_per_kw: Decimal | None
    limits: tuple[Decimal, ...]

    def document(self) -> dict[str, Any]:
        """Return the block as a tariff document has it."""
        width = {} if self.kwh_per_kw is None else {"kwh_per_kw": self.kwh_per_kw}
        return width | ({"limits": list(self.limits)} if self.limits else {})


class Ladder(NamedTuple):
    """The steps that prices belong to.

    Attributes:
        limits: upper ends of all steps but the last; none where there is one step, or blocks.
        per: ``month`` (the billing period) or ``day`` (limits hold for each of its days).
        blocks: of hours use.
    """

    limits: tuple[Decimal, ...] = ()
    per: str = "month"
    blocks: tuple[Block, ...] = ()

    def document(self) -> dict[str, Any] | None:
        """Return the tiers as a tariff document has them, every rule written down; None for one step."""
        if self.blocks:
            return {"blocks": [block.document() for block in self.blocks], "scope": "all_periods", "fill": "pro_rata"}
        if not self.limits:
            return None
        prorate = {"prorate": "none"} if self.per == "month" else {}
        return {"limits": list(self.limits), "per": self.per, "scope": "all_periods", "fill": "pro_rata"} | prorate


class PricedLadder(NamedTuple):
    """The ladder of a period, the price of each step, and tiers whose price is never charged (by their place)."""

    ladder: Ladder
    prices: tuple[Decimal, ...]
    unused: tuple[int, ...] = ()

    @property
    def price(self) -> Decimal | list[Decimal]:
        """The price as a tariff document has it: one, or one a step."""
        return self.prices[0] if len(self.prices) == 1 else list(self.prices)


_MOST_STEPS = 50
"""A ladder of more is no price list's."""


def limits_of(tiers: list[Tier], field: str, period: int) -> tuple[Decimal, ...]:
    """Return the upper ends of all tiers but the last, which is open whatever it says.

    Raises:
        TariffError: an end is missing, or they do not rise.
    """
    ends = [tier.max for tier in tiers[:-1]]
    closed = [end for end in ends if end is not None]
    if len(closed) < len(ends):
        raise invalid(field, f"period {period}, tier {ends.index(None)} is open and is not the last")
    if any(high <= low for low, high in pairwise(closed)):
        raise invalid(field, f"the tiers of period {period} end at {', '.join(map(str, closed))}, which do not rise")
    if len(closed) > _MOST_STEPS:
        raise invalid(field, f"period {period} has {len(tiers)} tiers; {_MOST_STEPS + 1} at most")
    return tuple(closed)


def energy_ladder(tiers: list[Tier], field: str, period: int) -> PricedLadder:
    """Return the ladder of an energy period.

    Raises:
        TariffError: its tiers cannot be carried.
    """
    prices = tuple(tier.price for tier in tiers)
    if len(tiers) == 1:
        return PricedLadder(Ladder(), prices)
    units = {tier.unit for tier in tiers}
    if KWH_PER_KW in units:
        return _hours_use(tiers, field, period)
    if len(units) > 1:
        raise unsupported(field, f"the tiers of period {period} count in {' and in '.join(sorted(units))}")
    per = "day" if units == {KWH_DAILY} else "month"
    return PricedLadder(Ladder(limits_of(tiers, field, period), per), prices)


def _hours_use(tiers: list[Tier], field: str, period: int) -> PricedLadder:
    """Return blocks of hours use: a row in kWh/kW begins one; rows in kWh after it are its steps, and their prices count."""
    if tiers[0].unit != KWH_PER_KW or {tier.unit for tier in tiers} - {KWH_PER_KW, KWH}:
        raise unsupported(field, f"period {period} mixes kWh/kW with other tiers that are not steps inside a block")
    starts = [number for number, tier in enumerate(tiers) if tier.unit == KWH_PER_KW]
    blocks, prices, unused = [], [], []
    for start, end in pairwise([*starts, len(tiers)]):
        last = end == len(tiers)
        inside = tiers[start + 1 : end]
        if not last and tiers[start].max is None:
            raise invalid(field, f"period {period}, tier {start} is open and is not the last")
        if inside and start > 0:
            raise unsupported(
                field, f"period {period}: kWh steps inside a block that is not the first; from where they count is not said"
            )
        if inside and last and tiers[start].max is not None:
            raise unsupported(field, f"period {period} has no price above {tiers[start].max} kWh/kW")
        blocks.append(Block(None if last else tiers[start].max, limits_of(inside, field, period) if inside else ()))
        prices += [tier.price for tier in inside or [tiers[start]]]
        unused += [start] if inside else []
    if len(blocks) > _MOST_STEPS:
        raise invalid(field, f"period {period} has {len(blocks)} blocks; {_MOST_STEPS} at most")
    widths = [block.kwh_per_kw for block in blocks[:-1] if block.kwh_per_kw is not None]
    if any(high <= low for low, high in pairwise(widths)):
        raise invalid(field, f"the blocks of period {period} end at {', '.join(map(str, widths))} kWh/kW, which do not rise")
    return PricedLadder(Ladder(blocks=tuple(blocks)), tuple(prices), tuple(unused))
