"""Seeds: small valid files to begin with, and words of a format.

A format without seeds here begins with those of all others and with the words that stand in its own modules: it is
fuzzed nevertheless, only less deeply. ``--corpus`` adds real files.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from pipelines.ingest.reader import Reader
from tests.pipelines.ingest.espi.feeds import reading, simple
from tests.pipelines.ingest.national.samples import SAMPLES

_LONGEST_WORD = 40
_MOST_WORDS = 600

NEM12 = f"""100,NEM12,202601021200,MDP1,RET1
200,4000000001,E1B1,1,E1,N1,M1,KWH,30,
300,20260101,{",".join(["0.5"] * 48)},V,,,20260102101112,20260102111213
400,1,24,A,,
400,25,48,S14,75,
500,O,S1,20260101000000,100.5
900
""".encode()

NEM13 = b"""100,NEM13,202601021200,MDP1,RET1
250,4000000001,11,1,11,11,M1,E,100.5,20251001093000,A,,,250.5,20260101100000,A,,,150.0,kWh,20260401,20260102080000,
550,N,,A,
900
"""

TABLE = b"""at,kwh
2026-10-25 01:30,0.5
2026-10-25 02:00,0.25
2026-10-25 02:30,
2026-10-25 02:00,nan
"""

SEEDS: dict[str, tuple[bytes, ...]] = {
    "nem12": (NEM12,),
    "nem13": (NEM13,),
    "csv": (TABLE,),
    "espi": (simple(reading(quality=17, cost=5, tou=1)),),
    **{name: (sample,) for name, sample in SAMPLES.items()},
}
"""Small valid files of a format."""


def seeds_of(name: str) -> tuple[bytes, ...]:
    """Return what fuzzing of a format begins with."""
    return SEEDS.get(name) or tuple(seed for seeds in SEEDS.values() for seed in seeds)


def words_of(reader: Reader) -> list[bytes]:
    """Return the words of a format: the short texts in the modules of its room."""
    room = reader.__module__.rpartition(".")[0]
    found = {word for name in sorted(sys.modules) if name.startswith(f"{room}.") for word in _words(name)}
    return sorted(found)[:_MOST_WORDS]


def _words(module: str) -> Iterator[bytes]:
    """Yield the short texts that stand in a module."""
    path = sys.modules[module].__file__
    for node in ast.walk(ast.parse(Path(path or "").read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            word = node.value.encode("utf-8", "replace") if isinstance(node.value, str) else node.value
            if 1 < len(word) <= _LONGEST_WORD and word.count(b" ") < 2:
                yield word
