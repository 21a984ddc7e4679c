from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import click
import pytest

from pipelines.cli import init as init_module
from pipelines.cli.main import COMMANDS
from pipelines.cli.main import m2b as program
from pipelines.cli.session import Session
from schemas.errors import InputRefusedError, InvariantError, StoreBusyError

HEAVY = ("apache_beam", "pyarrow", "duckdb", "deltalake", "pydantic", "numpy", "lxml", "rich.table")


def leaves(group: click.Group = program, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    found = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found += leaves(command, (*path, name)) if isinstance(command, click.Group) else [((*path, name), command)]
    return found


LEAVES = leaves()


def test_help_imports_none_of_the_heavy_libraries() -> None:
    source = (
        "import sys; from pipelines.cli.main import run; code = run(['--help'])\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], code, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[] 0"
    assert all(name in done.stdout for name in COMMANDS)


def test_a_query_is_answered_without_beam(demo_folder) -> None:
    source = (
        "import sys; from pipelines.cli.main import run\n"
        f"code = run(['sql', 'SELECT 1', '--store', {str(demo_folder / 'store')!r}])\n"
        "print('apache_beam' in sys.modules, code, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "False 0"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_summary_in_the_help_is_the_command_s_own_first_line(name) -> None:
    command = program.get_command(click.Context(program), name)
    assert command is not None
    assert (command.help or "").splitlines()[0] == COMMANDS[name].summary


WITHOUT_A_STORE = {("demo",), ("tariff", "import"), ("tariff", "catalogue")}
"""Commands that make a store of their own, or need none."""


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=[" ".join(path) for path, _ in LEAVES])
def test_every_command_takes_json_and_a_store(path, command) -> None:
    options = {option for parameter in command.params for option in parameter.opts}
    assert "--json" in options
    assert ("--store" in options) == (path not in WITHOUT_A_STORE)
    assert command.help


def test_an_unknown_command_is_usage(m2b) -> None:
    called = m2b("frob")
    assert (called.code, called.out) == (2, "")
    assert "frob" in called.err


def test_usage_is_told_to_programs_as_json(m2b) -> None:
    called = m2b("run", "inbox", "--month", "2026-13", "--json")
    assert called.code == 2
    assert called.json == {
        "ok": False,
        "run_id": None,
        "error": called.error | {"code": "usage", "where": ""},
    }
    assert "2026-13" in called.error["message"]


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (InputRefusedError("file.missing", "no file", "look again", "a.csv"), 4),
        (InvariantError("accounting.rows", "they do not add up"), 5),
        (StoreBusyError("store.busy", "busy", "try again"), 75),
    ],
)
def test_an_anticipated_failure_has_its_exit_code_and_one_json_object(m2b, monkeypatch, failure, code) -> None:
    def fail(**_: object) -> None:
        raise failure

    monkeypatch.setattr(init_module.init, "callback", fail)
    called = m2b("init", "--json")
    assert called.code == code
    wanted = {"code": failure.code, "message": failure.message, "hint": failure.hint, "where": failure.where}
    assert called.json == {"ok": False, "run_id": None, "error": wanted}
    plain = m2b("init")
    assert (plain.code, plain.out) == (code, "")
    assert failure.message in plain.err


def test_a_bug_is_exit_code_1_with_its_traceback_on_stderr(m2b, monkeypatch) -> None:
    def fail(**_: object) -> None:
        message = "nobody thought of this"
        raise RuntimeError(message)

    monkeypatch.setattr(init_module.init, "callback", fail)
    called = m2b("init", "--json")
    assert called.code == 1
    assert called.error["code"] == "bug"
    assert "nobody thought of this" in called.error["message"]
    assert "Traceback" in called.err


def test_an_interrupt_from_the_keyboard_is_130(m2b, monkeypatch) -> None:
    def interrupt(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(init_module.init, "callback", interrupt)
    assert m2b("init").code == 130


def test_a_reader_that_goes_away_is_no_failure(demo_folder) -> None:
    query = "SELECT * FROM readings"
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -c "from pipelines.cli.main import main; main()" sql "{query}" --format csv | head -1'],
        capture_output=True,
        text=True,
        check=True,
        env={"M2B_STORE": str(demo_folder / "store"), "PYTHONPATH": ".", "PATH": "/usr/bin:/bin"},
    )
    assert done.stdout.startswith("service_point_id,")
    assert done.stderr == ""


def test_the_store_can_be_named_by_the_environment(m2b, demo_folder, monkeypatch) -> None:
    monkeypatch.setenv("M2B_STORE", str(demo_folder / "store"))
    assert m2b("runs", "list").code == 0


def test_without_a_store_the_way_out_is_told(m2b, tmp_path) -> None:
    called = m2b("bill", "show", "b1", "--store", tmp_path / "none", "--json")
    assert called.code == 4
    assert called.error["code"] == "store.missing"
    assert "m2b init" in called.error["hint"]


def test_the_version_is_shown(m2b) -> None:
    assert m2b("--version").out.startswith("m2b ")


def test_today_is_the_date_in_utc() -> None:
    early_in_sydney = datetime(2026, 2, 10, 9, tzinfo=timezone(timedelta(hours=11)))
    assert Session(now=lambda: early_in_sydney).today().isoformat() == "2026-02-09"


def test_json_is_one_line(m2b, demo_folder) -> None:
    called = m2b("runs", "list", "--json", "--store", demo_folder / "store")
    assert called.out.count("\n") == 1
    assert json.loads(called.out)["ok"] is True
