"""``tariff simulate --book``: the whole book on draft tariffs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from pipelines.cli.book_text import book_parts
from pipelines.cli.outcome import Outcome
from pipelines.cli.progress import progress
from pipelines.cli.session import Session
from pipelines.lakehouse.store import Store
from pipelines.operations.book_simulation.as_data import book_data
from pipelines.operations.book_simulation.files import ENDINGS, write_book
from pipelines.operations.book_simulation.simulation import BookRequest, SimulatedBook, simulate_book
from schemas.errors import InputRefusedError


def require_book_request(request: BookRequest, targets: Sequence[Path]) -> None:
    """Refuse what cannot be meant.

    Raises:
        click.UsageError: several drafts for the tariffs of ``--replaces``; a file whose ending says nothing.
    """
    if request.replaces and len(request.paths) > 1:
        message = "--replaces goes with one --tariff; of several drafts each replaces the tariff of its own name"
        raise click.UsageError(message)
    for path in targets:
        if path.suffix.lower() not in ENDINGS:
            message = f"--out {path}: the ending says what is written, one of {', '.join(ENDINGS)}"
            raise click.UsageError(message)


def book_outcome(session: Session, root: Path, request: BookRequest, targets: Sequence[Path]) -> Outcome:
    """Simulate a book, write the files that were asked for, and say what came of it."""
    book = simulate_book(Store(root), request, session.now, progress)
    written = write_book(book, targets)
    talk = [f"{path} is not written: there is no bill to draw" for path in targets if path not in written]
    shown = [*book_parts(book), *([""] if written else []), *(f"written: {path}" for path in written)]
    return Outcome(book_data(book) | {"written": written}, shown, talk, error=_nothing_compared(book))


def _nothing_compared(book: SimulatedBook) -> InputRefusedError | None:
    """Return why a simulation without any bill to compare counts as refused."""
    if book.compared:
        return None
    code, what = "book.nothing_compared", f"none of {book.positions.num_rows:,} bills is made both now and by draft"
    return InputRefusedError(code, what, "the reasons are in the table of what is held; period.open: give a later --as-at")
