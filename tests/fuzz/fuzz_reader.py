"""Fuzz the readers of formats: ``python -m tests.fuzz.fuzz_reader FORMAT --seconds 60``.

Any formats of the registry can be named; each is fuzzed in a process of its own, one after the other, and what all of
them share is loaded once. Inputs that break the promise of a reader are kept, with what the fuzzer has learnt so far,
and a run begins where the one before it ended.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import atheris

PROJECT = ("pipelines", "schemas", "tariffs", "head_end")
"""Packages whose branches guide the fuzzer."""
SLOWEST_SECONDS = 20
MOST_MIB = 2048
LONGEST_BYTES = 16_384

with atheris.instrument_imports(include=list(PROJECT)):
    formats = importlib.import_module("pipelines.ingest.formats")
    seeds = importlib.import_module("tests.fuzz.seeds")
    promise = importlib.import_module("tests.fuzz.promise")


FOREVER = -1
HEADLINE = "== "
"""Before the name of the format whose fuzzing follows."""


def fuzz(name: str, seconds: int, folder: Path, corpus: Sequence[Path] = (), runs: int = FOREVER) -> None:
    """Fuzz a format; ends the program: 0 when the time is over, else with the input that broke the promise kept.

    Args:
        name: of the format.
        seconds: how long at the most [s].
        folder: keeps what was learnt (``corpus``) and what was found (``findings``).
        corpus: files, or folders of files, to begin with besides the seeds.
        runs: inputs to try at the most.
    """
    reader = formats.READERS[name]
    learnt, findings, words = folder / "corpus", folder / "findings", folder / "words.dict"
    for made in (learnt, findings):
        made.mkdir(parents=True, exist_ok=True)
    for data in (*seeds.seeds_of(name), *(path.read_bytes() for path in _files(corpus))):
        (learnt / hashlib.sha256(data).hexdigest()[:40]).write_bytes(data)
    known = seeds.words_of(reader)
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in known), "ascii")
    options = [
        f"-max_total_time={seconds}",
        f"-runs={runs}",
        f"-timeout={SLOWEST_SECONDS}",
        f"-rss_limit_mb={MOST_MIB}",
        f"-max_len={LONGEST_BYTES}",
        *([f"-dict={words}"] if known else []),
        f"-artifact_prefix={findings}/",
        "-seed=1",
        "-print_final_stats=1",
        str(learnt),
    ]
    atheris.Setup([sys.argv[0], *options], lambda data: promise.keep_promise(reader, data))
    atheris.Fuzz()


def fuzz_each(names: Sequence[str], seconds: int, folder: Path, corpus: Sequence[Path] = (), runs: int = FOREVER) -> int:
    """Fuzz formats one after the other, each in a process of its own; return how many broke their promise."""
    broken = 0
    for name in names:
        sys.stderr.write(f"{HEADLINE}{name}\n")
        sys.stderr.flush()
        process = os.fork()
        if process == 0:
            fuzz(name, seconds, folder / name, corpus, runs)
        broken += os.waitpid(process, 0)[1] != 0
    return broken


def _files(paths: Sequence[Path]) -> list[Path]:
    """Return files, and the files in folders."""
    inside = [found for path in paths for found in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    return [path for path in inside if path.is_file()]


def _escaped(word: bytes) -> str:
    """Return a word as a dictionary of the fuzzer writes it."""
    return "".join(f"\\x{byte:02X}" for byte in word)


def main(arguments: Sequence[str] | None = None) -> int:
    """Follow the command line."""
    parser = argparse.ArgumentParser(prog="fuzz_reader", description="Fuzz the readers of formats.")
    parser.add_argument("formats", nargs="+", metavar="FORMAT", choices=sorted(formats.READERS))
    parser.add_argument("--seconds", type=int, default=60, help="how long each at the most (default 60)")
    parser.add_argument("--runs", type=int, default=FOREVER, help="inputs to try with each at the most")
    parser.add_argument("--corpus", type=Path, nargs="*", default=[], help="files, or folders of files, to begin with")
    parser.add_argument("--folder", type=Path, default=Path(".cache/fuzz"), help="keeps what is learnt and found, by format")
    given = parser.parse_args(arguments)
    return int(fuzz_each(given.formats, given.seconds, given.folder, given.corpus, given.runs) > 0)


if __name__ == "__main__":
    sys.exit(main())
