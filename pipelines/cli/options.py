"""Options that commands share, and the words they take."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from pipelines.ingest.format_names import FORMAT_NAMES
from schemas.errors import InputRefusedError
from schemas.periods import month_dates, parse_offset

Command = TypeVar("Command", bound=Callable[..., Any])
FILE = click.Path(path_type=Path)


class MonthParameter(click.ParamType[str]):
    """A month written ``YYYY-MM``."""

    name = "YYYY-MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 - click's signature
        """Return the month as it was written."""
        try:
            month_dates(str(value))
        except InputRefusedError as refusal:
            self.fail(f"{refusal.message}; {refusal.hint}", param, ctx)
        return str(value)


class DayParameter(click.ParamType[date]):
    """A date written ``YYYY-MM-DD``."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:  # noqa: ANN401 - click's signature
        """Return the date."""
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").replace(tzinfo=UTC).date()
        except ValueError:
            self.fail(f"{value!r} is no date; write it like 2026-01-31", param, ctx)


class OffsetParameter(click.ParamType[str]):
    """A fixed offset from UTC written ``+10:00``."""

    name = "OFFSET"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401 - click's signature
        """Return the offset as it was written."""
        try:
            parse_offset(str(value))
        except InputRefusedError as refusal:
            self.fail(f"{refusal.message}; {refusal.hint}", param, ctx)
        return str(value)


def store_option(command: Command) -> Command:
    """Add ``--store``."""
    return click.option(
        "--store",
        "root",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="M2B_STORE",
        default=Path("store"),
        show_default="store",
        show_envvar=True,
        metavar="DIR",
        help="Folder of the store.",
    )(command)


def json_option(command: Command) -> Command:
    """Add ``--json``; the entry point reads it, so that a mistake in the command itself is told as JSON too."""
    return click.option("--json", is_flag=True, expose_value=False, help="Print one JSON object on stdout, for programs.")(
        command
    )


def common(command: Command) -> Command:
    """Add what every command takes: ``--store`` and ``--json``."""
    return store_option(json_option(command))


def ingest_options(command: Command) -> Command:
    """Add how delivered files are read: ``--format``, ``--map``, ``--clock``."""
    for option in (
        click.option(
            "--clock", type=OffsetParameter(), help="Clock of the files' local times, in place of the format's own: +08:00."
        ),
        click.option(
            "--map",
            "mapping",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="YAML file that says what the columns of a plain table are.",
        ),
        click.option(
            "--format",
            "format_name",
            type=click.Choice(["auto", *FORMAT_NAMES]),
            default="auto",
            show_default=True,
            metavar="FORMAT",
            help=f"Format of the files, where they do not show it: {', '.join(FORMAT_NAMES)}.",
        ),
    ):
        command = option(command)
    return command


def as_at_option(command: Command) -> Command:
    """Add ``--as-at``."""
    return click.option("--as-at", type=DayParameter(), show_default="today, UTC", help="Bill what may be billed on this day.")(
        command
    )


def cross_check_option(command: Command) -> Command:
    """Add ``--cross-check``."""
    return click.option(
        "--cross-check",
        type=click.IntRange(min=0),
        default=0,
        metavar="N",
        help="Rate N bills of the run again by the reference engine; a disagreement publishes nothing, exit code 5.",
    )(command)


def month_option(*, required: bool, help_text: str) -> Callable[[Command], Command]:
    """Return the option ``--month``."""
    return click.option("--month", type=MonthParameter(), required=required, help=help_text)


def asked_period(month: str | None, first: date | None, end: date | None) -> tuple[date, date]:
    """Return the days asked for, by a month or by two dates.

    Raises:
        click.UsageError: neither, both, or dates out of order.
    """
    if month is not None and first is None and end is None:
        return month_dates(month)
    if month is not None or first is None or end is None or first >= end:
        message = "give --month, or --from and a later --to (the day after the last one)"
        raise click.UsageError(message)
    return first, end
