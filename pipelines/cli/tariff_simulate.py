"""``tariff simulate``: what a load file would cost under a tariff and under others, or the whole book on drafts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click
import numpy as np
from click.core import ParameterSource
from pydantic_core import PydanticCustomError

from pipelines.cli.options import FILE, DayParameter, as_at_option, asked_period, common, month_option
from pipelines.cli.outcome import Outcome
from pipelines.cli.session import Session
from pipelines.cli.simulation_text import bill_parts, comparison_parts
from pipelines.cli.tariff_simulate_book import book_outcome, require_book_request
from pipelines.operations.book_simulation.groups import GROUPINGS
from pipelines.operations.book_simulation.simulation import BookRequest, months_between
from pipelines.operations.tariff_documents import read_documents
from schemas.errors import InputRefusedError, TariffError
from schemas.periods import BillingPeriod
from tariffs.determinants import required_determinants
from tariffs.exact import Exact, parts_of
from tariffs.model import Tariff
from tariffs.scalars import QUANTITY_PLACES, decimal_of
from tariffs.simulation.comparison import Candidate, compare, comparison_report, refuse_other_currencies
from tariffs.simulation.history import carried_peaks, read_history
from tariffs.simulation.load import IMPORT, Load, read_load
from tariffs.simulation.periods import billing_periods, part_days, part_days_note, read_periods
from tariffs.simulation.price_series import read_series
from tariffs.simulation.report import report
from tariffs.simulation.run import Customer, RatedPeriod, newest_only, simulate

CALENDAR_MONTH = "calendar-month"
LATEST = "latest"
T = TypeVar("T")


class NamedParameter(click.ParamType[tuple[str, Any]]):
    """``NAME=VALUE``; a subclass says what the value is."""

    name = "NAME=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Any]:  # noqa: ANN401 - click's signature
        """Return name and value."""
        name, sign, text = str(value).partition("=")
        if not (name and sign and text):
            self.fail(f"{value!r} is not {self.name}", param, ctx)
        try:
            return name, self.value_of(text)
        except PydanticCustomError as problem:
            self.fail(problem.message(), param, ctx)

    def value_of(self, text: str) -> Any:  # noqa: ANN401 - what a subclass says
        """Return the value that a text says."""
        raise NotImplementedError


class FactParameter(NamedParameter):
    """``contracted_kw=5.5``."""

    def value_of(self, text: str) -> Decimal:
        """Return a decimal."""
        return decimal_of(text, places=QUANTITY_PLACES)


class SeriesParameter(NamedParameter):
    """``day_ahead=prices.csv``."""

    name = "NAME=FILE"

    def value_of(self, text: str) -> Path:
        """Return a path."""
        return Path(text)


class Asked(NamedTuple):
    """What was asked for, beside tariffs and load."""

    first: date | None
    after: date | None
    periods: str
    history: Path | None
    series: dict[str, Path]
    facts: dict[str, Decimal]
    options: tuple[str, ...]
    export_taxed: bool
    starts: bool
    ends: bool


LOAD_ONLY = ("periods", "history", "facts", "options", "export_taxed", "starts", "ends", "others")
BOOK_ONLY = ("root", "month", "as_at", "replaces", "by", "targets")
"""Parameters that mean something for a load file alone, or for the book alone."""


@click.command(name="simulate")
@click.option(
    "--tariff",
    "paths",
    type=FILE,
    required=True,
    multiple=True,
    metavar="FILE",
    help="Tariff document the load is priced by; with --book a draft, repeatable.",
)
@click.option("--load", "load_path", type=FILE, metavar="FILE", help="CSV: interval_start, import_kwh, export_kwh.")
@click.option("--book", is_flag=True, help="Re-rate the agreements of the store on drafts, in place of a load file.")
@click.option("--from", "first", type=DayParameter(), show_default="what the load covers", help="First local day priced.")
@click.option("--to", "after", type=DayParameter(), show_default="what the load covers", help="Day after the last one.")
@click.option(
    "--periods",
    default=CALENDAR_MONTH,
    show_default=True,
    metavar="calendar-month|FILE",
    help="Billing periods; a CSV file with period_from and period_to.",
)
@click.option(
    "--tariff-version",
    "version",
    type=click.Choice(["dated", LATEST]),
    default="dated",
    show_default=True,
    help="Each interval by the version in force, or all by the newest.",
)
@click.option("--series", type=SeriesParameter(), multiple=True, help="Price series: interval_start, price. Repeatable.")
@click.option("--history", type=FILE, metavar="FILE", help="CSV of peaks before the load: month, peak_kw.")
@click.option(
    "--fact", "facts", type=FactParameter(), multiple=True, help="A number of the agreement: contracted_kw=5.5. Repeatable."
)
@click.option("--option", "options", multiple=True, metavar="NAME", help="An option the agreement carries. Repeatable.")
@click.option("--export-taxed", is_flag=True, help="The agreement's export bears tax.")
@click.option("--starts", is_flag=True, help="The agreement begins with the first period: its fees are due.")
@click.option("--ends", is_flag=True, help="The agreement ends with the last period: its fees are due.")
@click.option("--against", "others", type=FILE, multiple=True, metavar="FILE", help="Compare with this tariff. Repeatable.")
@month_option(required=False, help_text="With --book: the month rated, in place of --from and --to.")
@as_at_option
@click.option(
    "--replaces",
    multiple=True,
    metavar="TARIFF",
    help="With --book: the tariff of the store that the draft replaces, where their names differ. Repeatable.",
)
@click.option(
    "--by",
    type=click.Choice(list(GROUPINGS)),
    multiple=True,
    default=("tariff",),
    show_default="tariff",
    help="With --book: what bills are grouped by. Repeatable.",
)
@click.option(
    "--out",
    "targets",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="With --book: a report (.html), charts (.svg) or a row per agreement (.csv, .parquet). Repeatable.",
)
@common
@click.pass_obj
def command(
    session: Session,
    *,
    paths: tuple[Path, ...],
    load_path: Path | None,
    book: bool,
    first: date | None,
    after: date | None,
    periods: str,
    version: str,
    series: tuple[tuple[str, Path], ...],
    history: Path | None,
    facts: tuple[tuple[str, Decimal], ...],
    options: tuple[str, ...],
    export_taxed: bool,
    starts: bool,
    ends: bool,
    others: tuple[Path, ...],
    month: str | None,
    as_at: date | None,
    replaces: tuple[str, ...],
    by: tuple[str, ...],
    targets: tuple[Path, ...],
    root: Path,
) -> Outcome:
    """Price a load file, or re-rate the whole book on draft tariffs. Nothing is stored.

    With --load: what each billing period would cost, line by line. With --against the same load is priced by other
    tariffs too, over the same periods, and the cheapest comes first.

    With --book: every agreement on the tariff that a draft replaces is billed twice from the same readings, now and
    by draft: revenue and how bills move, by group. The store is left as it is.
    """
    if first is not None and after is not None and first >= after:
        message = "--to is the day after the last one, and later than --from"
        raise click.UsageError(message)
    named = _once(series, "series")
    if book:
        _require_one_way(load_path, LOAD_ONLY, "--load")
        spans = months_between(*asked_period(month, first, after))
        at, newest = as_at or session.today(), version == LATEST
        request = BookRequest(paths, replaces, newest, spans, at, tuple(named.items()), tuple(dict.fromkeys(by)))
        require_book_request(request, targets)
        return book_outcome(session, root, request, targets)
    _require_one_way(None, BOOK_ONLY, "--book")
    if load_path is None:
        message = "give --load FILE to price a load file, or --book to re-rate the agreements of the store"
        raise click.UsageError(message)
    if len(paths) > 1:
        message = "--load is priced by one --tariff; others are compared with it by --against"
        raise click.UsageError(message)
    asked = Asked(first, after, periods, history, named, _once(facts, "fact"), options, export_taxed, starts, ends)
    tariffs = _tariffs((*paths, *others), latest=version == LATEST)
    load = _load(load_path, tariffs.values())
    candidates = _priced(tariffs, load, asked)
    main = candidates[0]
    data = report(main.tariff, main.periods)
    cut = part_days(load, [each.period for each in main.periods], main.tariff.clock)
    talk = [part_days_note(load, cut, main.tariff.clock)] if cut else []
    data |= {"part_days": [str(day) for day in cut]} if cut else {}
    if not others:
        return Outcome(data, bill_parts(main), talk)
    compared = compare(candidates)
    return Outcome(data | {"compared": comparison_report(compared)}, comparison_parts(main, compared), talk)


def _require_one_way(load_path: Path | None, foreign: Sequence[str], belongs_to: str) -> None:
    """Refuse a load file together with the book, and options that mean nothing here.

    Raises:
        click.UsageError: with the names of both.
    """
    if load_path is not None:
        message = "--load and --book exclude each other: a load file is priced, or the agreements of the store are"
        raise click.UsageError(message)
    context = click.get_current_context()
    for parameter in context.command.params:
        if parameter.name in foreign and context.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE:
            message = f"{parameter.opts[0]} means something with {belongs_to} alone"
            raise click.UsageError(message)


def _once(named: Iterable[tuple[str, T]], option: str) -> dict[str, T]:
    """Return named values by name, each name once."""
    values: dict[str, T] = {}
    for name, value in named:
        if name in values:
            message = f"--{option} {name} is given twice"
            raise click.UsageError(message)
        values[name] = value
    return values


def _tariffs(paths: tuple[Path, ...], *, latest: bool) -> dict[str, Tariff]:
    """Return the tariffs by file, the one that others are compared with first."""
    tariffs: dict[str, Tariff] = {}
    for path in paths:
        if str(path) in tariffs:
            message = f"{path} is given twice"
            raise click.UsageError(message)
        tariff = read_documents([path])[0].tariff
        tariffs[str(path)] = newest_only(tariff) if latest else tariff
    refuse_other_currencies(tariffs)
    return tariffs


def _priced(tariffs: dict[str, Tariff], load: Load, asked: Asked) -> list[Candidate]:
    """Price the load by every tariff, over billing periods in the clock of the first."""
    main = next(iter(tariffs.values()))
    _refuse_unknown_options(tariffs, asked.options)
    given = None if asked.periods == CALENDAR_MONTH else read_periods(*_text_of(Path(asked.periods)))
    periods = billing_periods(load, main.clock, first=asked.first, after=asked.after, given=given)
    series = {name: read_series(*_text_of(path), name) for name, path in asked.series.items()}
    peaks = {} if asked.history is None else read_history(*_text_of(asked.history), before=periods[0].period_from)
    facts = {name: _exact(value) for name, value in asked.facts.items()}
    candidates = []
    for path, tariff in tariffs.items():
        carried = carried_peaks(peaks, tariff)
        options = frozenset(asked.options)
        customer = Customer(carried, series, facts, options, asked.export_taxed, asked.starts, asked.ends)
        candidates.append(Candidate(tariff, path, _rated(tariff, path, load, periods, customer, clock=main.clock)))
    return candidates


def _rated(
    tariff: Tariff, path: str, load: Load, periods: list[BillingPeriod], customer: Customer, *, clock: str
) -> list[RatedPeriod]:
    try:
        return simulate(tariff, load, periods, customer, billing_clock=clock)
    except TariffError as problem:
        # rating does not know which file the tariff is from
        raise TariffError(problem.code, problem.message, problem.hint, problem.where or path) from None


def _load(path: Path, tariffs: Iterable[Tariff]) -> Load:
    """Read the load with every quantity that a tariff's charges name; where they name none, with its import."""
    needed = frozenset(name for tariff in tariffs for name in required_determinants(tariff))
    return read_load(*_text_of(path), needed=(needed - {"export_kwh"}) or {IMPORT})


def _refuse_unknown_options(tariffs: dict[str, Tariff], options: tuple[str, ...]) -> None:
    """Refuse an option that no charge is for: one misspelt would change the price in silence."""
    versions = [version for tariff in tariffs.values() for version in tariff.versions]
    known = {charge.only_for for version in versions for charge in version.charges if charge.only_for is not None}
    for option in options:
        if option not in known:
            code, named = "simulate.option", ", ".join(sorted(known)) or "none"
            raise InputRefusedError(code, f"no charge is only for {option!r}", f"options of the tariffs: {named}", "--option")


def _exact(value: Decimal) -> Exact:
    number, scale = parts_of(value)
    return Exact(np.array([number], dtype=np.int64), scale)


def _text_of(path: Path) -> tuple[str, str]:
    """Return a file's text and its name."""
    try:
        return path.read_bytes().decode("utf-8-sig"), str(path)
    except OSError as problem:
        code = "file.missing" if isinstance(problem, FileNotFoundError) else "file.unreadable"
        raise InputRefusedError(code, f"{path} cannot be read: {problem.strerror}", "check the path", str(path)) from None
    except UnicodeDecodeError as problem:
        line = problem.object[: problem.start].count(b"\n") + 1
        code = "table.syntax"
        raise InputRefusedError(code, "the text is not UTF-8", "save it as UTF-8", f"{path}:{line}") from None
