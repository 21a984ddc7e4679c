"""A book simulated: drafts matched, the book rated twice, and the figures of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.lakehouse.store import Snapshot, Store
from pipelines.masterdata.resolve import agreements_active
from pipelines.operations.book_simulation.drafts import Draft, match_drafts, of_newest_version
from pipelines.operations.book_simulation.figures import BookFigures, book_figures, compared
from pipelines.operations.book_simulation.positions import positions_of
from pipelines.operations.book_simulation.rerating import RerateRequest, Span, Watch, rerate
from pipelines.operations.opening import Clock
from pipelines.operations.tariff_documents import read_documents
from schemas.errors import InputRefusedError
from schemas.master_data import ACCOUNTS, AGREEMENTS


@dataclass(frozen=True)
class BookRequest:
    """What an analyst asks.

    Attributes:
        paths: files of the drafts.
        replaces: tariffs of the store that the one draft replaces; empty where each replaces the one of its own name.
        newest_only: the newest version of a draft prices everything, whatever its date.
        periods: billing periods, each following the one before.
        as_at: the day it is run as at.
        series: names of price series and their files, for the drafts.
        by: names of groupings.
    """

    paths: Sequence[Path]
    replaces: Sequence[str]
    newest_only: bool
    periods: Sequence[Span]
    as_at: date
    series: Sequence[tuple[str, Path]]
    by: Sequence[str]


@dataclass(frozen=True)
class SimulatedBook:
    """What came of it.

    Attributes:
        run_id: the run whose readings and master data both sides were rated from.
        periods: billing periods.
        as_at: the day it was run as at.
        drafts: what replaced what.
        positions: rows of ``POSITIONS``.
        figures: by currency.
    """

    run_id: str
    periods: Sequence[Span]
    as_at: date
    drafts: Sequence[Draft]
    positions: pa.Table
    figures: Sequence[BookFigures]

    @property
    def compared(self) -> int:
        """How many bills are billed under both."""
        return compared(self.positions).num_rows

    @property
    def held(self) -> pa.Table:
        """The positions that are held under one or both."""
        return self.positions.filter(pc.is_null(self.positions["difference_total"])).combine_chunks()

    @property
    def unused(self) -> list[str]:
        """Replaced tariffs that no agreement has in the time."""
        found = set(self.positions["tariff"].to_pylist())
        return sorted({name for draft in self.drafts for name in draft.replaces} - found)


def simulate_book(store: Store, request: BookRequest, now: Clock, watch: Watch) -> SimulatedBook:
    """Rate the book by the tariffs of the store and by drafts, and compare the bills; the store is left as it is.

    Args:
        store: the store.
        request: what is asked.
        now: the clock.
        watch: is shown the folder of every run.

    Raises:
        TariffError: a draft cannot be followed, or there is nothing that it could replace.
        InputRefusedError: ``book.no_agreements``: no agreement has a replaced tariff in the time.
        StoreError: there is no store.
        InvariantError: a check on our own results failed.
    """
    documents = read_documents(request.paths)
    if request.newest_only:
        documents = [of_newest_version(document) for document in documents]
    snapshot = store.snapshot()
    drafts = match_drafts(snapshot, documents, request.replaces, end_day=request.periods[-1][1])
    asked = RerateRequest(drafts, request.periods, request.as_at, request.series)
    _require_agreements(snapshot, asked)
    rerated = rerate(store, asked, now, watch)
    positions = positions_of(rerated, asked.replaced)
    figures = book_figures(positions, rerated.before.lines, rerated.after.lines, request.by)
    return SimulatedBook(rerated.run_id, request.periods, request.as_at, drafts, positions, figures)


def _require_agreements(snapshot: Snapshot, asked: RerateRequest) -> None:
    """Refuse a simulation that would rate nobody, before anything is rated.

    Raises:
        InputRefusedError: ``book.no_agreements``.
    """
    first, end = asked.periods[0][0], asked.periods[-1][1]
    active = agreements_active(snapshot.read(AGREEMENTS), snapshot.read(ACCOUNTS), first, end)
    if asked.replaced & set(active["tariff_id"].to_pylist()):
        return
    code, names = "book.no_agreements", ", ".join(sorted(asked.replaced))
    what = f"no agreement has {names} from {first} to {end} (exclusive)"
    hint = "tariffs of agreements: m2b sql 'SELECT tariff_id, count(*) FROM agreements GROUP BY ALL'"
    raise InputRefusedError(code, what, hint, "--tariff")


def months_between(first: date, end: date) -> list[Span]:
    """Return the calendar months from one day to another, those at the ends cut.

    >>> [f"{since} {until}" for since, until in months_between(date(2026, 1, 15), date(2026, 3, 1))]
    ['2026-01-15 2026-02-01', '2026-02-01 2026-03-01']
    """
    spans = []
    while first < end:
        next_month = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        spans.append((first, min(next_month, end)))
        first = next_month
    return spans
