"""Links: which MeterReading a block belongs to, which ReadingType, UsagePoint and clock that has.

Resources of a feed are joined by the paths they name, never by their order. A resource belongs to another where

- it names the other's own path (``related``),
- the other names it, or the collection it stands in (``up``),
- its path stands below the other's.

Where nothing is named, or what is named is nowhere in the feed, the place in the feed decides: what was last
described before the readings, as long as that is one thing.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from pipelines.ingest.espi.feed import Entry, Kind
from pipelines.ingest.espi.resources import ReadingType
from schemas.errors import InputRefusedError


class Links(NamedTuple):
    """The paths a resource names: its own, the collection it stands in, others. Empty where it names none."""

    own: str = ""
    up: str = ""
    related: tuple[str, ...] = ()

    @property
    def collections(self) -> tuple[str, ...]:
        """Paths of the collection it stands in: as it is named, and as its own path has it."""
        return tuple(path for path in dict.fromkeys((self.up, self.own.rpartition("/")[0])) if path)

    @property
    def parents(self) -> tuple[str, ...]:
        """Paths of the resource that has the collection."""
        return tuple(path.rpartition("/")[0] for path in self.collections)

    def names(self, kind: Kind) -> str:
        """Return the path of the resource of a kind above or beside this one, where one is named."""
        for path in (*self.related, self.up, self.own):
            above, mark, below = f"/{path}".rpartition(f"/{kind}/")
            if mark:
                return f"{above}{mark}{below.partition('/')[0]}".removeprefix("/")
        return ""


def links_of(entry: Entry) -> Links:
    """Return the paths that an entry names; what its own path tells already is left out."""
    own, up = ((entry.links.get(relation) or [""])[0] for relation in ("self", "up"))
    below = f"{own}/"
    related = tuple(path for path in entry.links.get("related", ()) if not (own and path.startswith(below)))
    return Links(own, "" if up == own.rpartition("/")[0] else up, related)


@dataclass(slots=True)
class Definition:
    """A resource of the feed.

    Attributes:
        order: its place among all definitions.
        kind: of the resource.
        links: paths it names; those below itself are left out, its own path tells them.
        identity: id of its entry without ``urn:uuid:``; empty where it has none.
        reading_type: what a ReadingType says.
        service_kind: of a UsagePoint; empty where it does not say.
        offset_minutes: of LocalTimeParameters; None where they name none.
        beside: definitions it stands inside or beside, in the same entry; None where it stands alone.
    """

    order: int
    kind: Kind
    links: Links
    identity: str = ""
    reading_type: ReadingType | None = None
    service_kind: str = ""
    offset_minutes: int | None = None
    beside: dict[Kind, int] | None = None

    @property
    def name(self) -> str:
        """The last part of its path, else its identity: unique among its siblings."""
        return self.links.own.rpartition("/")[2] or self.identity

    @property
    def meaning(self) -> Hashable:
        """What the definition comes to: two of one meaning are as good as one."""
        match self.kind:
            case Kind.READING_TYPE:
                return self.reading_type
            case Kind.LOCAL_TIME:
                return self.offset_minutes
            case Kind.USAGE_POINT if self.identity or self.links.own:
                return self.identity or self.links.own
            case _:
                return self.order

    def says_the_same(self, other: Definition) -> bool:
        """Whether two definitions of one path mean the same."""
        mine, its = ((d.reading_type, d.service_kind, d.offset_minutes) for d in (self, other))
        return mine == its


_ENOUGH = 2
"""Two definitions of different meaning leave nothing certain; a third adds nothing."""


@dataclass(slots=True)
class _Few:
    """Definitions of different meanings, as many as it takes to know that nothing is certain."""

    orders: dict[Hashable, int] = field(default_factory=dict)

    def add(self, definition: Definition, order: int) -> None:
        """Take a definition in, if its meaning is new."""
        if len(self.orders) < _ENOUGH:
            self.orders.setdefault(definition.meaning, order)


_OUTDATED_BY: dict[Kind, frozenset[Kind]] = {
    Kind.USAGE_POINT: frozenset(),
    Kind.METER_READING: frozenset({Kind.USAGE_POINT}),
    Kind.READING_TYPE: frozenset({Kind.USAGE_POINT, Kind.METER_READING}),
    Kind.LOCAL_TIME: frozenset(),
}
"""A ReadingType that described readings already does not describe those of another MeterReading that came since."""


MOST_PATH_CHARACTERS = 100 * 2**20
"""Of the paths of all resources that describe: 300,000 UsagePoints with a MeterReading and a ReadingType each."""


class Definitions:
    """Every definition of a feed met so far.

    Memory grows with the number of resources that describe, not with the readings: about 2 KB for a UsagePoint with its
    MeterReading and ReadingType.
    """

    def __init__(self, name: str) -> None:
        """Know nothing yet of the file ``name``."""
        self.all: list[Definition] = []
        self._file = name
        self._characters = 0
        self._of_path: dict[Kind, dict[str, int]] = {kind: {} for kind in Kind}
        self._naming: dict[Kind, dict[str, tuple[int, ...]]] = {kind: {} for kind in Kind}
        self._near = {kind: _Few() for kind in Kind}
        self._met = {kind: _Few() for kind in Kind}
        self._read_since = dict.fromkeys(Kind, False)

    def add(self, definition: Definition) -> int:
        """Take a definition in; return its order, or that of an earlier one that says the same of the same path.

        Raises:
            InputRefusedError: ``resource.conflict``, the feed describes one path in two ways; ``xml.limit``, it
                describes more than fits into memory.
        """
        own, kind = definition.links.own, definition.kind
        self._characters += sum(map(len, (own, definition.links.up, *definition.links.related)))
        if self._characters > MOST_PATH_CHARACTERS:
            code = "xml.limit"
            raise InputRefusedError(code, f"{self._file} describes more resources than fit into memory", "split the delivery")
        known = self._of_path[kind].get(own) if own else None
        if known is None:
            self.all.append(definition)
            known = definition.order
            if own:
                self._of_path[kind][own] = known
        elif not self.all[known].says_the_same(definition):
            code = "resource.conflict"
            message = f"{self._file} describes {kind} {own[-120:]} twice, and not in the same way"
            raise InputRefusedError(code, message, "ask the sender for the file again")
        for path in definition.links.related:
            naming = self._naming[kind].get(path, ())
            if len(naming) < _ENOUGH and all(self.all[other].meaning != self.all[known].meaning for other in naming):
                self._naming[kind][path] = (*naming, known)
        self._stand(kind, known)
        return known

    def put_beside(self, order: int, others: Iterable[tuple[Kind, int]]) -> None:
        """Note what a definition stands inside or beside.

        Raises:
            InputRefusedError: ``resource.conflict``, two ReadingTypes that differ inside one MeterReading.
        """
        definition = self.all[order]
        for kind, other in others:
            beside = definition.beside or {}
            differs = self.all[beside.get(kind, other)].meaning != self.all[other].meaning
            if differs and (definition.kind, kind) == (Kind.METER_READING, Kind.READING_TYPE):
                code = "resource.conflict"
                message = f"{self._file} has two ReadingTypes that differ inside one MeterReading"
                raise InputRefusedError(code, message, "ask the sender for the file again")
            if kind is not definition.kind:
                definition.beside = {kind: other} | beside

    def _stand(self, kind: Kind, order: int) -> None:
        """Note what stands before the next readings."""
        definition = self.all[order]
        self._met[kind].add(definition, order)
        if self._read_since[kind]:
            self._near[kind], self._read_since[kind] = _Few(), False
        self._near[kind].add(definition, order)

    def near(self) -> dict[Kind, list[int]]:
        """Return what was last described before this place: none, one, or two of different meaning."""
        renewed = {kind for kind, is_read in self._read_since.items() if not is_read}
        return {
            kind: list(few.orders.values()) if kind in renewed or not renewed & _OUTDATED_BY[kind] else []
            for kind, few in self._near.items()
        }

    def note_readings(self) -> None:
        """Readings stand here: what is described from now on belongs to others."""
        self._read_since = dict.fromkeys(Kind, True)

    def met(self, kind: Kind) -> list[int]:
        """Return what the whole feed describes: none, one, or two of different meaning."""
        return list(self._met[kind].orders.values())

    def find(self, kind: Kind, links: Links) -> list[int]:
        """Return the definitions of a kind that links lead to, from either side."""
        of_path, naming = self._of_path[kind], self._naming[kind]
        found = [of_path[path] for path in (*links.related, *links.parents, links.names(kind)) if path in of_path]
        for path in (links.own, *links.collections):
            found += naming.get(path, ())
        return list(dict.fromkeys(found))
