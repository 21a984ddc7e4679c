"""``m2b``: the entry point. A command's module is imported when the command is called, and not before.

``m2b --help`` therefore starts without Beam, Arrow or DuckDB. Whatever happens, the exit code says it: 0 done, 1 bug,
2 usage, 3 done with new holds or rejections, 4 input refused, 5 an invariant failed, 75 busy, 99 nothing to do.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import click

from pipelines.cli.outcome import INTERRUPTED, Outcome, emit, emit_bug, emit_error, emit_usage, hush_stdout, say
from pipelines.cli.session import Clock, Session, utc_clock
from schemas.errors import MeterToBillError


class Entry(NamedTuple):
    """Where a command lives, and what it does in one line."""

    module: str
    summary: str


COMMANDS = {
    "demo": Entry("demo", "From the files of a synthetic utility to its bills, offline."),
    "init": Entry("init", "Make an empty store with its settings."),
    "masterdata": Entry("masterdata", "Service points, meters, agreements and accounts."),
    "tariff": Entry("tariff", "Tariff documents."),
    "ingest": Entry("flows", "Take delivered meter files into the store."),
    "vee": Entry("flows", "Validate and estimate what is new."),
    "bill": Entry("bill", "Bills: run, show, explain, release."),
    "run": Entry("flows", "The scheduled job: ingest, validate and bill."),
    "watch": Entry("watch", "Take in and validate what arrives in a folder, until stopped."),
    "export": Entry("export", "Files for the systems downstream."),
    "sql": Entry("sql", "Query the store's views with DuckDB, read-only."),
    "runs": Entry("runs", "What ran, and what it did."),
    "holds": Entry("holds", "Agreements that could not be billed, and why."),
    "verify": Entry("verify", "Check the store: hashes, row counts, accounts that add up."),
    "doctor": Entry("doctor", "Check this computer: versions, time zones, disk, lock."),
}


class LazyGroup(click.Group):
    """The commands by name, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(import_module(f"pipelines.cli.{entry.module}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the list of commands without importing one."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


def _show_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's signature
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - not needed to show the help

        click.echo(f"m2b {version('meter-to-bill')}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Show the version.")
def m2b() -> None:
    """From what a meter says to a bill a customer can check.

    Data go to stdout, everything else to stderr. Every command takes --json. Exit codes: 0 done, 1 bug, 2 usage,
    3 done with new holds or rejections, 4 input refused, 5 an invariant failed, 75 busy, 99 nothing to do.
    """


def main() -> None:
    """Run the program and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str], now: Clock = utc_clock) -> int:
    """Run one command, print what it came to, and return the exit code.

    Args:
        arguments: what follows ``m2b``.
        now: the clock.
    """
    _quieten_libraries()
    session = Session("--json" in arguments, now, _program())
    try:
        outcome = m2b.main(args=list(arguments), prog_name="m2b", standalone_mode=False, obj=session)
        code = emit(outcome, as_json=session.as_json) if isinstance(outcome, Outcome) else int(outcome or 0)
        sys.stdout.flush()
    except BrokenPipeError:
        hush_stdout()
        code = 0
    except (click.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except Exception as failure:  # noqa: BLE001 - the last line of defence: said, never swallowed
        code = _failed(failure, as_json=session.as_json)
    return code


def _failed(failure: Exception, *, as_json: bool) -> int:
    """Say what failed, and return the exit code."""
    if isinstance(failure, MeterToBillError):
        return emit_error(failure, as_json=as_json)
    if isinstance(failure, click.exceptions.NoArgsIsHelpError):
        say(failure.format_message())
        return failure.exit_code
    if isinstance(failure, click.UsageError):
        hint = f"see {failure.ctx.command_path} --help" if failure.ctx is not None else "see m2b --help"
        return emit_usage(failure.format_message(), hint, as_json=as_json)
    return emit_bug(failure, as_json=as_json)


def _quieten_libraries() -> None:
    """Keep libraries off stdout and stderr: what matters is in the outcome, the journal and the store."""
    if not logging.getLogger().handlers:
        logging.getLogger().addHandler(logging.NullHandler())
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


def _program() -> str:
    """Return what people can type to start this program again."""
    if shutil.which("m2b") or Path(sys.argv[0]).name != "m2b":
        return "m2b"
    near = os.path.relpath(sys.argv[0])
    return str(Path(sys.argv[0]).resolve()) if near.startswith("..") else near
