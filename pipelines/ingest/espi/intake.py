"""Intake: entries in, readings out, as soon as the feed has said what they are."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pipelines.ingest.collector import Collector
from pipelines.ingest.espi.feed import BLOCK, SUMMARIES, UNREAD, Chunk, Entry, Kind, Leaf, Resource
from pipelines.ingest.espi.joined import Described, Joiner, Pending, Place
from pipelines.ingest.espi.links import Definition, Definitions, Links, links_of
from pipelines.ingest.espi.readings import Readings
from pipelines.ingest.espi.resources import ReadingType, parse_local_time, parse_reading_type
from pipelines.ingest.espi.spool import Spool
from pipelines.ingest.espi.summaries import take_summary
from pipelines.ingest.espi.times import parse_atom_time, parse_epoch
from pipelines.ingest.rejected import Fault

_NIL = "00000000-0000-0000-0000-000000000000"
"""An identity that a template left: it names nothing."""


@dataclass(frozen=True)
class _Part:
    """A block or summary of an entry: what is needed once it is known whose it is.

    Attributes:
        resource: its place among the resources of the entry.
        name: of its element.
        facts: its leaves.
        place: where it stands in the feed.
    """

    resource: int
    name: str
    facts: list[Leaf]
    place: Place


@dataclass(frozen=True)
class _Values:
    """The readings and summaries of an entry.

    Attributes:
        number: of the entry; 0 where they stand in none.
        version_us: when the sender made them [us since 1970, UTC]; None where nothing says.
        parts: its blocks and summaries.
        spooled: where its readings begin in the spool, in order.
        chunks: the readings after those, in memory.
    """

    number: int
    version_us: int | None
    parts: list[_Part]
    spooled: list[int]
    chunks: list[Chunk]

    @property
    def path(self) -> str:
        """What their records begin with."""
        return f"entry/{self.number}/" if self.number else ""

    def as_json(self) -> list[Any]:
        """Return them as the spool keeps them, without the readings in memory."""
        parts = [
            (part.resource, part.name, part.facts, part.place.links, part.place.beside, part.place.near) for part in self.parts
        ]
        return [self.number, self.version_us, parts, self.spooled]

    @classmethod
    def from_json(cls, piece: list[Any]) -> _Values:
        """Return what ``as_json`` gave."""
        number, version_us, parts, spooled = piece
        found = []
        for resource, name, facts, (own, up, related), beside, near in parts:
            by_kind = {Kind(kind): order for kind, order in beside.items()}
            place = Place(Links(own, up, tuple(related)), by_kind, {Kind(kind): orders for kind, orders in near.items()})
            found.append(_Part(resource, name, [Leaf(*leaf) for leaf in facts], place))
        return cls(number, version_us, found, spooled, [])


@dataclass
class Intake:
    """Takes the entries of a feed, in any order.

    Attributes:
        name: of the file as delivered.
        collector: takes what the readings become.
        spool: holds what waits.
        readings_met: readings met so far.
    """

    name: str
    collector: Collector
    spool: Spool
    readings_met: int = 0
    _waiting: array[int] = field(default_factory=lambda: array("q"))

    def __post_init__(self) -> None:
        """Know nothing yet."""
        self._definitions = Definitions(self.name)
        self._joiner = Joiner(self._definitions, self.name, self.collector.warn)
        self._readings = Readings(self.collector)
        self._reading_types: dict[ReadingType, ReadingType] = {}

    @property
    def is_waiting(self) -> bool:
        """Whether anything waits for the rest of the feed."""
        return bool(self._waiting)

    def take(self, entry: Entry, feed_updated: str) -> None:
        """Take a finished entry: learn what it describes, take its readings or let them wait.

        Raises:
            InputRefusedError: ``resource.conflict``.
        """
        self.readings_met += entry.readings
        beside = self._learn(entry)
        version_us = parse_atom_time(entry.updated or entry.published or feed_updated)
        values = _Values(entry.number, version_us, self._parts(entry, beside), entry.spooled, entry.chunks)
        if values.parts and not self._settle(values, is_final=False):
            values.spooled.extend([self.spool.append(chunk) for chunk in values.chunks])
            self._waiting.append(self.spool.append(values.as_json()))

    def finish(self) -> Iterator[None]:
        """Take what waited, now that the feed has described all it will."""
        for at in self._waiting:
            self._settle(_Values.from_json(self.spool.read(at)), is_final=True)
            yield

    def _learn(self, entry: Entry) -> list[dict[Kind, int]]:
        """Take in what an entry describes; return, for each of its resources, the definitions it stands inside or beside."""
        orders: dict[int, tuple[Kind, int]] = {}
        for place, resource in enumerate(entry.resources):
            if resource.name in UNREAD:
                self.collector.warn("resource.unread", f"the figures of {resource.name} have no place here")
            elif resource.name not in SUMMARIES and resource.name != BLOCK:
                definition = self._definition(resource, entry)
                orders[place] = (definition.kind, self._definitions.add(definition))
        counts = Counter(kind for kind, _ in orders.values())
        alone = {kind: order for kind, order in orders.values() if counts[kind] == 1}
        beside = []
        for place, resource in enumerate(entry.resources):
            around = [orders[parent] for parent in resource.parents if parent in orders]
            beside.append(alone | dict(around))
            for _, parent in around if place in orders else ():
                self._definitions.put_beside(parent, [orders[place]])
        for place, (_, order) in orders.items():
            self._definitions.put_beside(order, beside[place].items())
        return beside

    def _definition(self, resource: Resource, entry: Entry) -> Definition:
        """Return what a resource describes; one inside another has no links of its own."""
        kind = Kind(resource.name)
        is_own = not resource.parents
        identity = entry.identity.lower().removeprefix("urn:uuid:") if is_own else ""
        definition = Definition(
            order=len(self._definitions.all),
            kind=kind,
            links=links_of(entry) if is_own else Links(),
            identity="" if identity == _NIL else identity,
        )
        if kind is Kind.READING_TYPE:
            said = parse_reading_type(resource.facts, self.collector.warn)
            definition.reading_type = self._reading_types.setdefault(said, said)
        elif kind is Kind.LOCAL_TIME:
            definition.offset_minutes = parse_local_time(resource.facts, self.collector.warn)
        elif kind is Kind.USAGE_POINT:
            definition.service_kind = next((text for path, text in resource.facts if path == "ServiceCategory/kind"), "")
        return definition

    def _parts(self, entry: Entry, beside: list[dict[Kind, int]]) -> list[_Part]:
        """Return the blocks and summaries of an entry."""
        held = [place for place, resource in enumerate(entry.resources) if resource.name == BLOCK or resource.name in SUMMARIES]
        if not held:
            return []
        links, near = links_of(entry), self._definitions.near()
        if any(entry.resources[place].name == BLOCK for place in held):
            self._definitions.note_readings()
        resources = entry.resources
        return [_Part(at, resources[at].name, resources[at].facts, Place(links, beside[at], near)) for at in held]

    def _settle(self, values: _Values, *, is_final: bool) -> bool:
        """Take the values of an entry; return whether all of it could be told."""
        blocks: dict[int, Described | Fault] = {}
        points: dict[int, str | Fault] = {}
        for part in values.parts:
            if part.name == BLOCK:
                described = self._joiner.describe(part.place, is_final=is_final)
                if isinstance(described, Pending):
                    return False
                blocks[part.resource] = described
            else:
                point = self._joiner.service_point(part.place, is_final=is_final)
                if isinstance(point, Pending):
                    return False
                points[part.resource] = point
        self._take_readings(values, blocks)
        for part in values.parts:
            if part.name != BLOCK:
                self._take_summary(values, part, points[part.resource])
        return True

    def _take_readings(self, values: _Values, blocks: dict[int, Described | Fault]) -> None:
        after_us = {part.resource: _start_us(part.facts) for part in values.parts}
        for chunk in self._chunks(values):
            described = blocks[chunk.block]
            if isinstance(described, Fault):
                self._readings.set_aside(chunk.rows, values.path, described)
                continue
            after_us[chunk.block] = self._readings.take(
                described, chunk.rows, values.path, values.version_us, after_us[chunk.block]
            )

    def _take_summary(self, values: _Values, part: _Part, point: str | Fault) -> None:
        if isinstance(point, Fault):
            self.collector.warn("summary.unread", f"a {part.name} was left out: {point.message}")
        else:
            take_summary(self.collector, point, part.facts, f"{values.path}{part.name}", values.version_us)

    def _chunks(self, values: _Values) -> Iterator[Chunk]:
        for at in values.spooled:
            yield Chunk(*self.spool.read(at))
        yield from values.chunks


def _start_us(facts: list[Leaf]) -> int | None:
    """Return where a block says it begins."""
    return next((parse_epoch(text) for path, text in facts if path == "interval/start"), None)
