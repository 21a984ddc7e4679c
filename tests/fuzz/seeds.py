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
from tests.pipelines.ingest import d0010_flows
from tests.pipelines.ingest.cim import samples as cim
from tests.pipelines.ingest.dlms import samples as dlms
from tests.pipelines.ingest.espi.feeds import reading, simple
from tests.pipelines.ingest.events import samples as events
from tests.pipelines.ingest.market_documents import samples as market_documents
from tests.pipelines.ingest.mdff import samples as mdff
from tests.pipelines.ingest.mscons import samples as mscons
from tests.pipelines.ingest.national import samples as national
from tests.pipelines.ingest.own_shape import samples as own_shape
from tests.pipelines.ingest.p1 import samples as p1
from tests.pipelines.ingest.tables import samples as tables

_INGEST = "pipelines.ingest."
_LONGEST_WORD = 40
_MOST_WORDS = 600

TABLE = b"""at,kwh
2026-10-25 01:30,0.5
2026-10-25 02:00,0.25
2026-10-25 02:30,
2026-10-25 02:00,nan
"""

_ROOMS = (cim, d0010_flows, dlms, events, market_documents, mdff, mscons, national, own_shape, p1, tables)

SEEDS: dict[str, tuple[bytes, ...]] = {
    "csv": (TABLE,),
    "espi": (simple(reading(quality=17, cost=5, tou=1)),),
    **{name: (sample,) for room in _ROOMS for name, sample in room.SAMPLES.items()},
}
"""Small valid files of a format."""


def seeds_of(name: str) -> tuple[bytes, ...]:
    """Return what fuzzing of a format begins with."""
    return SEEDS.get(name) or tuple(seed for seeds in SEEDS.values() for seed in seeds)


def words_of(reader: Reader) -> list[bytes]:
    """Return the words of a format: the short texts in its module, and in its rooms if it has any."""
    module = reader.__module__
    room = module.removeprefix(_INGEST).rpartition(".")[0]
    rooms = (f"{_INGEST}{room}.", f"head_end.{room}.") if room else ()
    modules = [name for name in sorted(sys.modules) if name == module != "__main__" or name.startswith(rooms)]
    return sorted({word for name in modules for word in _words(name)})[:_MOST_WORDS]


def _words(module: str) -> Iterator[bytes]:
    """Yield the short texts that stand in a module."""
    path = sys.modules[module].__file__
    for node in ast.walk(ast.parse(Path(path or "").read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            word = node.value.encode("utf-8", "replace") if isinstance(node.value, str) else node.value
            if 1 < len(word) <= _LONGEST_WORD and word.count(b" ") < 2:
                yield word
