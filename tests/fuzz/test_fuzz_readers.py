"""Every registered format under the fuzzer for some inputs, and the fuzzer under a reader that breaks its promise."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from pipelines.ingest.formats import READERS
from pipelines.ingest.reader import Parsed, ReadContext
from schemas.errors import InputRefusedError, SchemaMismatchError
from tests.fuzz.promise import BrokenPromiseError, keep_promise
from tests.fuzz.seeds import SEEDS, seeds_of, words_of

ROOT = Path(__file__).parents[2]
RUNS = 2000
SECONDS = 60
ATHERIS = pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris cannot be had for this Python")
EXECUTED = re.compile(r"stat::number_of_executed_units: *([0-9]+)")


def run(program: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)


@ATHERIS
@pytest.mark.parametrize("names", [list(READERS)[half::2] for half in range(2)], ids=["one half", "the other half"])
def test_nothing_but_a_refusal_comes_out_of_a_reader(names, tmp_path, subtests):
    done = run(
        ["-m", "tests.fuzz.fuzz_reader", *names, "--runs", str(RUNS), "--seconds", str(SECONDS), "--folder", str(tmp_path)]
    )
    _, *logs = re.split(r"^== ", done.stderr, flags=re.MULTILINE)
    assert [log.split("\n", 1)[0] for log in logs] == names
    for name, log in zip(names, logs, strict=True):
        with subtests.test(name):
            findings = [path.read_bytes()[:200] for path in (tmp_path / name / "findings").glob("*")]
            assert findings == [], log[-3000:]
            (executed,) = EXECUTED.findall(log)
            assert int(executed) >= RUNS
    assert done.returncode == 0, done.stdout[-3000:]


BREAKS = """
import sys
from pathlib import Path
from tests.fuzz import fuzz_reader

def reader(stream, context):
    if b"cups" in stream.read():
        raise KeyError("cups")
    yield from ()

fuzz_reader.formats.READERS["broken"] = reader
sys.exit(fuzz_reader.fuzz_each(["broken", "p1"], 20, Path({folder!r}), runs=500))
"""


@ATHERIS
def test_what_a_reader_lets_through_is_reported_and_its_input_kept(tmp_path):
    done = run(["-c", BREAKS.format(folder=str(tmp_path))])
    (found,) = (tmp_path / "broken" / "findings").glob("crash-*")
    assert done.returncode == 1
    assert "== p1" in done.stderr
    assert "KeyError" in done.stdout + done.stderr
    assert b"cups" in found.read_bytes()


@pytest.mark.parametrize("name", SEEDS)
def test_seeds_are_files_of_their_format_with_rows(name):
    def read_whole(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
        for parsed in READERS[name](stream, context):
            rows.append(parsed.rows_taken)
            yield parsed

    for seed in SEEDS[name]:
        rows: list[int] = []
        keep_promise(read_whole, seed)
        assert sum(rows) > 0


@pytest.mark.parametrize("name", READERS)
def test_a_format_has_something_to_begin_with(name):
    assert seeds_of(name)
    assert words_of(READERS[name])


class TestPromise:
    def test_rows_that_do_not_add_up_break_it(self):
        with pytest.raises(BrokenPromiseError):
            keep_promise(lambda stream, context: iter([Parsed(rows_read=1)]), b"")

    def test_rows_that_are_not_those_of_their_table_break_it(self):
        parsed = Parsed()
        with pytest.raises(SchemaMismatchError):
            keep_promise(lambda stream, context: iter([Parsed(reads=parsed.intervals)]), b"")

    def test_a_refusal_keeps_it(self):
        def refuse(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
            raise InputRefusedError("format.unknown", context.name)

        keep_promise(refuse, b"")
