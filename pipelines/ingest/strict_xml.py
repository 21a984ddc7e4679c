"""XML of foreign hands: streamed in bounded memory, with limits, without entities.

A document with a DOCTYPE is refused before anything of it is used: entities of a DTD are the root of most attacks on
XML, and a parser told not to resolve them drops their text in silence. The limits of libxml2 stay on: 256 levels, text
of 10 MB. ``stream_elements`` hands over one finished element at a time and forgets it, so a file of any length takes
the memory of its largest element.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, BinaryIO, Protocol

from lxml import etree

from schemas.errors import InputRefusedError

PIECE_BYTES = 256 * 1024
MOST_DEPTH = 64
"""Levels of a metering document; the deepest known has 14."""
MOST_ELEMENT_BYTES = 64 * 2**20
"""Bytes between two elements that are handed over: what is held of a file at once."""
MOST_OTHER_ELEMENTS = 1_000_000
"""Elements outside those that are handed over; they are kept to the end."""
ENCODINGS = frozenset(
    {"UTF-8", "US-ASCII", "ASCII", "ISO-8859-1", "ISO-8859-15", "WINDOWS-1252", "UTF-16", "UTF-16LE", "UTF-16BE"}
)
_DECLARED = re.compile(rb"""(?:\xef\xbb\xbf)?<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")

Element = Any
"""An element of a document: lxml has no types."""


def stream_elements(stream: BinaryIO, kept: Sequence[str], name: str) -> Iterator[tuple[str, Element]]:
    """Yield elements of a document as they begin and as they are finished.

    Args:
        stream: the bytes of the document.
        kept: local names of the elements to hand over when they are finished; each is emptied after it was handled,
            with everything in it, and so are the siblings before it that nobody asked for. An element inside a kept
            one is handed over with it, not on its own, unless it is named itself: then name only the inner one.
        name: of the file, for the messages.

    Yields:
        ``("start", root)`` once, when the root element begins: its name, namespaces and attributes are known, not
        what is in it; then ``("end", element)`` for each kept element.

    Raises:
        InputRefusedError: ``xml.malformed``, ``xml.doctype``, ``xml.encoding``, ``xml.limit``; ``file.empty``.
    """
    walk = _Walk(name, frozenset(kept))
    fed = False
    try:
        while piece := stream.read(PIECE_BYTES):
            if not fed:
                _check_encoding(piece, name)
            fed = True
            yield from walk.feed(piece)
        if not fed:
            raise _refusal("file.empty", f"{name} is empty")
        walk.parser.close()
        yield from walk.met()  # a document of four bytes is only parsed now
    except etree.XMLSyntaxError as error:
        raise _unreadable(error, name) from None


class DocumentTarget(Protocol):
    """Who hears what a document consists of, as it is read; it bounds what it keeps, and how deep it follows."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def end(self, tag: str) -> None:
        """An element ends."""

    def data(self, text: str) -> None:
        """A piece of text stands here."""


def tell_document(stream: BinaryIO, target: DocumentTarget, name: str) -> Iterator[None]:
    """Tell ``target`` what a document consists of, without building any of it.

    It takes the memory of what the target keeps, and less than half the time of elements: for documents of many
    small values.

    Args:
        stream: the bytes of the document.
        target: hears every element and text.
        name: of the file, for the messages.

    Yields:
        after each piece of the file, and after its end: time to hand over.

    Raises:
        InputRefusedError: ``xml.malformed``, ``xml.doctype``, ``xml.encoding``, ``xml.limit``; ``file.empty``; and what
            the target raises.
    """
    parser = etree.XMLParser(
        target=_Told(name, target), resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
    )
    fed = False
    try:
        while piece := stream.read(PIECE_BYTES):
            if not fed:
                _check_encoding(piece, name)
            fed = True
            parser.feed(piece)
            yield
        if not fed:
            raise _refusal("file.empty", f"{name} is empty")
        parser.close()
        yield  # a document of four bytes is only parsed now
    except etree.XMLSyntaxError as error:
        raise _unreadable(error, name) from None


class _Told:
    """What libxml2 calls: a target, and a refusal of document types."""

    def __init__(self, name: str, target: DocumentTarget) -> None:
        """Pass everything on to ``target`` without a step between: there are millions of calls."""
        self.name = name
        self.start, self.end, self.data = target.start, target.end, target.data

    def doctype(self, *_: object) -> None:
        """Refuse a document type before anything of it is used."""
        raise _refusal("xml.doctype", f"{self.name} declares a document type; documents with one are not read")

    def close(self) -> None:
        """Nothing is left to do."""


@dataclass
class _Walk:
    """A walk through a document.

    Attributes:
        name: of the file.
        wanted: local names of the elements to hand over.
        depth: elements that are open.
        inside: wanted elements that are open.
        held: bytes read since an element was handed over.
        others: finished elements that are no part of a wanted one.
    """

    name: str
    wanted: frozenset[str]
    depth: int = 0
    inside: int = 0
    held: int = 0
    others: int = 0

    @cached_property
    def parser(self) -> Any:  # noqa: ANN401 - lxml has no types
        """A parser that resolves nothing and mends nothing."""
        return etree.XMLPullParser(
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            recover=False,
            remove_comments=True,
            remove_pis=True,
        )

    def feed(self, piece: bytes) -> Iterator[tuple[str, Element]]:
        """Parse a piece and yield what begins and is finished in it."""
        self.held += len(piece)
        self.parser.feed(piece)
        yield from self.met()
        if self.others > MOST_OTHER_ELEMENTS:
            raise _refusal("xml.limit", f"{self.name}: more than {MOST_OTHER_ELEMENTS} elements that are no record")
        if self.held > MOST_ELEMENT_BYTES:
            raise _refusal("xml.limit", f"{self.name}: {self.held >> 20} MiB without a record")

    def met(self) -> Iterator[tuple[str, Element]]:
        """Yield what began and was finished in what was parsed."""
        for event, element in self.parser.read_events():
            is_wanted = local_name(element) in self.wanted
            if event == "start":
                self._open(element, is_wanted=is_wanted)
                if self.depth == 1:
                    yield event, element
                continue
            self.depth -= 1
            self.inside -= is_wanted
            self.others += not self.inside and not is_wanted
            if is_wanted:
                yield event, element
                _forget(element, self.wanted)
                self.held = 0

    def _open(self, element: Element, *, is_wanted: bool) -> None:
        self.depth += 1
        self.inside += is_wanted
        if self.depth == 1:
            _check_document(element, self.name)
        elif self.depth > MOST_DEPTH:
            raise _refusal("xml.limit", f"{self.name}: elements {self.depth} levels deep")


def parse_document(stream: BinaryIO, name: str) -> Element:
    """Return the root of a small document, read whole.

    Args:
        stream: the bytes of the document.
        name: of the file, for the messages.

    Raises:
        InputRefusedError: as ``stream_elements``; ``xml.limit`` where it is larger than ``MOST_ELEMENT_BYTES``.
    """
    (_, root), *_ = stream_elements(stream, (), name)
    return root


def local_name(element: Element) -> str:
    """Return an element's name without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def namespace_of(element: Element) -> str:
    """Return an element's namespace; empty where it has none."""
    tag = element.tag
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag.startswith("{") else ""


def child(element: Element, name: str) -> Element | None:
    """Return the first child with a local name, whatever its namespace."""
    return next((inner for inner in element if local_name(inner) == name), None)


def children(element: Element, name: str) -> Iterator[Element]:
    """Yield the children with a local name, whatever their namespace."""
    return (inner for inner in element if local_name(inner) == name)


def text_at(element: Element, *path: str) -> str | None:
    """Return the text below ``element`` at a path of local names, stripped; None where there is none or it is empty."""
    found: Element | None = element
    for name in path:
        found = child(found, name) if found is not None else None
    if found is None:
        return None
    text = "".join(found.itertext()).strip()
    return text or None


def _check_document(root: Element, name: str) -> None:
    """Refuse a document with a DOCTYPE."""
    document = root.getroottree().docinfo
    if document.doctype or document.internalDTD is not None:
        raise _refusal("xml.doctype", f"{name} declares a document type; documents with one are not read")


def _check_encoding(head: bytes, name: str) -> None:
    """Refuse a document whose declaration names an encoding nobody delivers in."""
    declared = _DECLARED.match(head)
    encoding = declared[1].decode().upper() if declared is not None else "UTF-8"
    if encoding not in ENCODINGS:
        raise _refusal("xml.encoding", f"{name} is written in {encoding}")


def _forget(element: Element, wanted: frozenset[str]) -> None:
    """Empty an element that was handled, and drop the handled ones before it."""
    element.clear(keep_tail=False)
    parent = element.getparent()
    before = element.getprevious()
    while parent is not None and before is not None and local_name(before) in wanted:
        parent.remove(before)
        before = element.getprevious()


def _unreadable(error: Any, name: str) -> InputRefusedError:  # noqa: ANN401 - lxml has no types
    """Return the refusal of a document that the parser could not follow."""
    reason = " ".join(str(error).split())[:300]
    code = "xml.limit" if error.code == etree.ErrorTypes.ERR_RESOURCE_LIMIT else "xml.malformed"
    return _refusal(code, f"{name} is no XML that can be read: {reason}")


def _refusal(code: str, message: str) -> InputRefusedError:
    return InputRefusedError(code, message, "ask the sender for the file again")
