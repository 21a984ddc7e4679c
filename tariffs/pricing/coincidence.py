"""What was drawn in dated windows: the hours of a system's own peak.

A window that the billing period or an interval would cut cannot be billed from these readings; it is refused, never shared.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from schemas.errors import TariffError
from tariffs.charges.coincident import MAX, MEAN, CoincidentCharge
from tariffs.charges.measure import MINUTES_OF_HOUR
from tariffs.charges.power import highest, quotient
from tariffs.event_windows import Stay, instants_of
from tariffs.exact import Exact, total_of
from tariffs.pricing.peaks import known, one_stretch_each
from tariffs.pricing.windows import energies, exact_of, joined, with_room
from tariffs.pricing.work import Work
from tariffs.spans import VersionSpan
from tariffs.timeline import Stretch

_MINUTE = 60


def windows_beginning_in(work: Work, name: str, span: VersionSpan) -> list[Stay]:
    """Return the windows of some events that begin in a version's part of the billing period.

    Raises:
        TariffError: ``events.edge``: one of them lies only in part in the billing period.
    """
    tariff = work.inputs.tariff
    starts_at, ends_at = int(work.inputs.starts_at.timestamp()), int(work.inputs.ends_at.timestamp())
    found = []
    for window in tariff.events[name]:
        stay = instants_of(window, tariff.tariff_clock)
        if stay.ends <= starts_at or stay.starts >= ends_at:
            continue
        if stay.starts < starts_at or stay.ends > ends_at:
            code, what = "events.edge", f"the window of {name} from {window.from_.isoformat()} is cut by the billing period"
            raise TariffError(code, what, "choose other dates for the billing period, or another window")
        if tariff.version_on(window.from_.date()) == span.version:
            found.append(stay)
    return found


def drawn_in(work: Work, charge: CoincidentCharge, windows: list[Stay]) -> Exact:
    """Return the power of each agreement in some windows, as the charge puts them together: (n,) [kW].

    Args:
        work: the call.
        charge: the charge.
        windows: at least one.

    Raises:
        TariffError: ``events.edge``: a window cuts an interval; ``tariff.needs_intervals``.
    """
    timeline = work.timeline
    one_stretch_each(timeline, work.rows)
    # all on one denominator, so that nothing is divided before the end
    common = math.lcm(*(window.minutes for window in windows))
    weights = [Decimal(MINUTES_OF_HOUR * (common // window.minutes)) for window in windows]
    parts = []
    for stretch in timeline.stretches:
        known(work, charge.quantity, stretch)
        columns = [energy.times(weight) for energy, weight in zip(_energy_in(stretch, charge, windows), weights, strict=True)]
        parts.append((stretch.rows, highest(columns) if charge.agg == MAX else total_of(columns, len(stretch.rows))))
    return quotient(joined(parts, work.rows), common * (len(windows) if charge.agg == MEAN else 1))


def _energy_in(stretch: Stretch, charge: CoincidentCharge, windows: list[Stay]) -> list[Exact]:
    """Return the energy of each window: (m,) each [kWh]."""
    values, exponent = energies(stretch, charge.quantity)
    edges = np.array(windows, dtype=np.int64)
    places, rests = np.divmod(edges - (stretch.starts[0] if len(stretch.starts) else 0), stretch.minutes * _MINUTE)
    outside = (places < 0) | (places > len(stretch.starts)) | (rests != 0)
    if outside.any():
        first = edges[outside.any(axis=1)][0]
        code, when = "events.edge", datetime.fromtimestamp(int(first[0]), UTC)
        what = f"the window of {charge.events} from {when:%Y-%m-%d %H:%M} UTC cuts an interval of {stretch.minutes} minutes"
        raise TariffError(code, what, "bill it on shorter intervals")
    parts = [values[:, first:after] for first, after in places.tolist()]
    return [exact_of(with_room(part, part.shape[1]).sum(axis=1), exponent) for part in parts]
