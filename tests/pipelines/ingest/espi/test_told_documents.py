"""Documents told to a target: the same limits as for elements."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pytest

from pipelines.ingest.strict_xml import tell_document
from schemas.errors import InputRefusedError


class Heard:
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.parts.append(f"<{tag} {dict(attributes)}>")

    def end(self, tag: str) -> None:
        self.parts.append(f"</{tag}>")

    def data(self, text: str) -> None:
        self.parts.append(text)


def heard(data: bytes) -> list[str]:
    target = Heard()
    for _ in tell_document(io.BytesIO(data), target, "a.xml"):
        pass
    return target.parts


def test_elements_and_text_are_told_in_order():
    assert heard(b'<a xmlns="u" x="1">t<b/></a>') == ["<{u}a {'x': '1'}>", "t", "<{u}b {}>", "</{u}b>", "</{u}a>"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_text_is_read_in_the_encoding_it_is_written_in(encoding):
    declared = f'<?xml version="1.0" encoding="{encoding}"?><a>é</a>'
    assert "é" in heard(declared.encode(encoding))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file.empty"),
        (b"a", "xml.malformed"),
        (b"<a>", "xml.malformed"),
        (b"<a></b>", "xml.malformed"),
        (b"<a/><b/>", "xml.malformed"),
        (b"<a>&nowhere;</a>", "xml.malformed"),
        (b"<a>\xff</a>", "xml.malformed"),
        (b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', "xml.doctype"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>', "xml.doctype"),
        (b"<!DOCTYPE a><a/>", "xml.doctype"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "xml.encoding"),
    ],
)
def test_what_no_document_may_have_is_refused(data, code):
    with pytest.raises(InputRefusedError) as refusal:
        heard(data)
    assert refusal.value.code == code
