"""Feed: an Atom document as a sequence of entries, each with its links, resources and readings.

Nothing here knows what a value means. Elements are told apart by their local names: every custodian has prefixes of
its own. A resource may stand in an entry, inside another resource, or alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from pipelines.ingest.espi.spool import Spool
from pipelines.ingest.strict_xml import MOST_DEPTH
from schemas.errors import InputRefusedError

ROWS_IN_MEMORY = 20_000
"""Readings of one entry that are held in memory; what is more waits in the spool."""
MOST_LINKS = 200_000
MOST_FACTS = 50_000
"""Leaves of the resources of one entry."""
MOST_LINK_CHARACTERS = 32 * 2**20
"""Characters of the links of one entry."""
_LONGEST_TEXT = 300
_MOST_TEXTS = 100
"""Pieces of one text; the parser cuts a long one where it reads on."""
_NAMES_KEPT = 2_000
_NAMESPACE = "naesb.org/espi"
_RESOURCE_PATH = "/espi/1_1/resource"
"""What paths of resources have in common where a custodian follows the standard."""


class Kind(StrEnum):
    """The resources that say what a reading is; named as the elements are."""

    USAGE_POINT = "UsagePoint"
    METER_READING = "MeterReading"
    READING_TYPE = "ReadingType"
    LOCAL_TIME = "LocalTimeParameters"


SUMMARIES = ("UsageSummary", "ElectricPowerUsageSummary")
UNREAD = ("ElectricPowerQualitySummary",)
"""Resources that hold figures which no table has a place for: said in a warning."""
BLOCK = "IntervalBlock"
_READING = "IntervalReading"
_RESOURCES = frozenset({*Kind, *SUMMARIES, *UNREAD, BLOCK})
_ALIASES = {"TimeConfiguration": Kind.LOCAL_TIME.value}
"""The schema's own name of the resource, which feeds call LocalTimeParameters."""

Row: TypeAlias = list[str | int | None]
"""A reading as it stands: number, start, duration, value, cost, quality, tou, cpp, tier, fault; see ``Column``."""


class Column:
    """Places of a row."""

    NUMBER, START, DURATION, VALUE, COST, QUALITY, TOU, CPP, TIER, FAULT = range(10)


_ROW_LENGTH = 10
_LEAVES = {
    ("timePeriod", "start"): Column.START,
    ("timePeriod", "duration"): Column.DURATION,
    (_READING, "value"): Column.VALUE,
    (_READING, "cost"): Column.COST,
    (_READING, "tou"): Column.TOU,
    (_READING, "cpp"): Column.CPP,
    (_READING, "consumptionTier"): Column.TIER,
    ("ReadingQuality", "quality"): Column.QUALITY,
}
_LEAF_NAMES = frozenset(name for _, name in _LEAVES)


class Chunk(NamedTuple):
    """Readings of one block, as many as are held together."""

    block: int
    rows: list[Row]


class Leaf(NamedTuple):
    """A fact of a resource: the names down to it, joined by slashes, and its text."""

    path: str
    text: str


@dataclass
class Resource:
    """A resource as it stands.

    Attributes:
        name: of its element.
        parents: resources around it, outermost first: places in the entry.
        facts: its leaves.
    """

    name: str
    parents: tuple[int, ...]
    facts: list[Leaf] = field(default_factory=list)


@dataclass
class Entry:
    """An entry of the feed, finished.

    Attributes:
        number: its place in the feed, from 1; 0 for a resource that stands in none.
        links: relation (self, up, related) to the paths named.
        identity: its id; empty where it has none.
        updated: when it was made, as it is written; empty where nothing says.
        resources: what stands in it, outermost first.
        chunks: readings still in memory.
        spooled: readings that wait in the spool: where each chunk begins.
        readings: how many there are.
        facts: leaves of its resources.
        link_characters: length of its links.
    """

    number: int
    links: dict[str, list[str]] = field(default_factory=dict)
    identity: str = ""
    updated: str = ""
    published: str = ""
    resources: list[Resource] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)
    spooled: list[int] = field(default_factory=list)
    readings: int = 0
    facts: int = 0
    link_characters: int = 0


def path_of(href: str) -> str:
    """Return the path a link names, without its host: what links are compared by.

    >>> path_of("https://host//espi/1_1/resource/ReadingType/07/"), path_of(" ReadingType/07 ")
    ('espi/1_1/resource/ReadingType/07', 'ReadingType/07')
    """
    text = href.strip()
    _, mark, rest = text.partition("://")
    if mark:
        text = rest.partition("/")[2]
    return "/".join(part for part in text.split("/") if part)


class FeedTarget:
    """Hears a document and makes entries of it.

    Attributes:
        updated: when the feed was made, as it is written; empty where nothing says so far.
        is_espi: whether anything of ESPI was met.
    """

    def __init__(self, name: str, spool: Spool) -> None:
        """Begin a document.

        Args:
            name: of the file, for the messages.
            spool: takes readings of an entry that is too large for memory.
        """
        self.updated = ""
        self.is_espi = False
        self._finished: list[Entry] = []
        self._name = name
        self._spool = spool
        self._path: list[str] = []
        self._text: list[str] = []
        self._is_leaf = False
        self._names: dict[str, str] = {}
        self._entries: list[tuple[Entry, int]] = []
        self._resources: list[tuple[int, int]] = []
        self._entry_count = 0
        self._row: Row | None = None
        self._row_depth = 0
        self._held = 0

    def take_finished(self) -> list[Entry]:
        """Return the entries that were finished since it was last asked: once for every piece of the file."""
        if len(self._text) > _MOST_TEXTS:
            self._text.clear()
            self._is_leaf = False  # no fact and no value is that long
        finished, self._finished = self._finished, []
        return finished

    @property
    def has_spooled(self) -> bool:
        """Whether an open entry has readings in the spool."""
        return any(entry.spooled for entry, _ in self._entries)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins.

        Raises:
            InputRefusedError: ``xml.limit``, more than any feed has.
        """
        name = self._names.get(tag) or self._local_name(tag)
        self._path.append(name)
        if len(self._path) > MOST_DEPTH:
            self._refuse(f"elements {len(self._path)} levels deep")
        self._text.clear()
        self._is_leaf = True
        if self._row is not None:
            return
        if name == _READING:
            self._begin_reading()
        elif name == "entry":
            self._entry_count += 1
            self._entries.append((Entry(self._entry_count), len(self._path)))
        elif name in _RESOURCES:
            self._begin_resource(name)
        elif name == "link":
            self._link(attributes)

    def data(self, text: str) -> None:
        """A piece of text stands here."""
        self._text.append(text)

    def end(self, _tag: str) -> None:
        """An element ends."""
        name = self._path.pop()
        depth = len(self._path) + 1
        is_leaf, self._is_leaf = self._is_leaf, False
        row = self._row
        if row is not None:
            if depth == self._row_depth:
                self._end_reading(row)
            elif name in _LEAF_NAMES:
                self._reading_leaf(row, name, is_leaf=is_leaf)
            return
        resource = self._open_resource()
        if resource is not None:
            place, opened_at = resource
            if depth == opened_at:
                self._resources.pop()
                self._end_alone()
            elif is_leaf:
                self._fact(place, opened_at, name)
        elif self._entries and depth == self._entries[-1][1]:
            self._end_entry()
        elif is_leaf and self._path:
            self._atom_leaf(name)

    def _local_name(self, tag: str) -> str:
        """Return the name of an element without its namespace, and remember it."""
        namespace, _, local = tag.rpartition("}")
        self.is_espi = self.is_espi or _NAMESPACE in namespace or local in _RESOURCES
        if len(self._names) >= _NAMES_KEPT:
            self._names.clear()
        name = self._names[tag] = _ALIASES.get(local, local)
        return name

    def _parent(self) -> str:
        return self._path[-2] if len(self._path) > 1 else ""

    def _open_resource(self) -> tuple[int, int] | None:
        """Return place and depth of the innermost open resource of the innermost open entry."""
        if self._resources and self._resources[-1][1] > self._entries[-1][1]:
            return self._resources[-1]
        return None

    def _begin_resource(self, name: str) -> None:
        if not self._entries:
            self._entries.append((Entry(0), 0))
        entry, opened_at = self._entries[-1]
        entry.resources.append(Resource(name, tuple(place for place, depth in self._resources if depth > opened_at)))
        self._count_facts(entry)
        self._resources.append((len(entry.resources) - 1, len(self._path)))

    def _end_alone(self) -> None:
        """Finish the entry of a resource that stands in none."""
        if not self._resources and self._entries and self._entries[-1][1] == 0:
            self._end_entry()

    def _end_entry(self) -> None:
        entry, _ = self._entries.pop()
        self._held -= sum(len(chunk.rows) for chunk in entry.chunks)
        self._finished.append(entry)

    def _begin_reading(self) -> None:
        resource = self._open_resource()
        if resource is None or self._entries[-1][0].resources[resource[0]].name != BLOCK:
            self._begin_resource(BLOCK)
        row: Row = [None] * _ROW_LENGTH
        entry = self._entries[-1][0]
        entry.readings += 1
        row[Column.NUMBER] = entry.readings
        self._row, self._row_depth = row, len(self._path)

    def _reading_leaf(self, row: Row, name: str, *, is_leaf: bool) -> None:
        place = _LEAVES.get((self._path[-1], name))
        if place is None:
            return
        text = "".join(self._text).strip()[:_LONGEST_TEXT] if is_leaf else "<...>"
        if row[place] is None:
            row[place] = text
        elif place == Column.QUALITY:
            row[place] = f"{row[place]},{text}"[:_LONGEST_TEXT]
        else:
            row[Column.FAULT] = f"two {name}"

    def _end_reading(self, row: Row) -> None:
        self._row = None
        entry = self._entries[-1][0]
        place, opened_at = self._resources[-1]
        if not entry.chunks or entry.chunks[-1].block != place:
            entry.chunks.append(Chunk(place, []))
        entry.chunks[-1].rows.append(row)
        self._held += 1
        if self._held >= ROWS_IN_MEMORY:
            self._set_down()
        if opened_at == self._row_depth:  # a block of this reading alone
            self._resources.pop()
            self._end_alone()

    def _set_down(self) -> None:
        """Lay the readings of the open entries into the spool."""
        for entry, _ in self._entries:
            entry.spooled += [self._spool.append(chunk) for chunk in entry.chunks]
            entry.chunks.clear()
        self._held = 0

    def _link(self, attributes: Mapping[str, str]) -> None:
        relation, href = attributes.get("rel", ""), attributes.get("href", "")
        self.is_espi = self.is_espi or _RESOURCE_PATH in href
        if not self._entries or self._parent() != "entry":
            return
        entry = self._entries[-1][0]
        if relation in ("self", "up", "related") and href.strip():
            entry.links.setdefault(relation, []).append(path_of(href))
            entry.link_characters += len(href)
            if sum(map(len, entry.links.values())) > MOST_LINKS or entry.link_characters > MOST_LINK_CHARACTERS:
                self._refuse(f"more links in entry {entry.number} than any feed has")

    def _atom_leaf(self, name: str) -> None:
        """Keep what Atom says about an entry or the feed."""
        parent, text = self._path[-1], "".join(self._text).strip()[:_LONGEST_TEXT]
        if parent == "entry" and self._entries:
            entry = self._entries[-1][0]
            if name == "id":
                entry.identity = entry.identity or text
            elif name == "updated":
                entry.updated = text
            elif name == "published":
                entry.published = text
        elif parent == "feed" and name == "updated" and not self._entries:
            self.updated = text

    def _fact(self, place: int, opened_at: int, name: str) -> None:
        """Keep a leaf of a resource."""
        entry = self._entries[-1][0]
        path = "/".join([*self._path[opened_at:], name])
        entry.resources[place].facts.append(Leaf(path, "".join(self._text).strip()[:_LONGEST_TEXT]))
        self._count_facts(entry)

    def _count_facts(self, entry: Entry) -> None:
        entry.facts += 1
        if entry.facts > MOST_FACTS:
            self._refuse(f"more than {MOST_FACTS} facts in entry {entry.number}")

    def _refuse(self, what: str) -> None:
        code = "xml.limit"
        raise InputRefusedError(code, f"{self._name}: {what}", "ask the sender for the file again")
