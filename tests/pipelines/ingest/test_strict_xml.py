"""XML of foreign hands: what is read, what is refused, and in which memory."""

from __future__ import annotations

import contextlib
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest import strict_xml
from pipelines.ingest.strict_xml import child, children, local_name, namespace_of, parse_document, stream_elements, text_at
from schemas.errors import InputRefusedError

FEED = b"""<?xml version="1.0" encoding="UTF-8"?>
<f:feed xmlns:f="urn:f"><f:title>x</f:title>
<f:point><f:value>1</f:value></f:point><f:point><f:value>2</f:value></f:point><f:end/></f:feed>"""


def points(document: bytes, kept=("point",)):
    found = []
    for event, element in stream_elements(io.BytesIO(document), kept, "x.xml"):
        found.append((event, local_name(element), text_at(element, "value") if event == "end" else namespace_of(element)))
    return found


def refusal(document: bytes) -> str:
    with pytest.raises(InputRefusedError) as refused:
        points(document)
    return refused.value.code


class TestStreaming:
    def test_the_root_comes_first_then_each_finished_element(self):
        assert points(FEED) == [("start", "feed", "urn:f"), ("end", "point", "1"), ("end", "point", "2")]

    def test_pieces_of_any_size_give_the_same(self, monkeypatch):
        expected = points(FEED)
        for size in (1, 7, 100):
            monkeypatch.setattr(strict_xml, "PIECE_BYTES", size)
            assert points(FEED) == expected

    def test_what_stands_before_the_records_is_still_there(self):
        titles = [
            text_at(element.getparent(), "title")
            for event, element in stream_elements(io.BytesIO(FEED), ("point",), "x.xml")
            if event == "end"
        ]
        assert titles == ["x", "x"]

    def test_a_long_file_takes_the_memory_of_one_record(self):
        class Endless(io.RawIOBase):
            left = 40

            def read(self, size=-1):
                if self.left == 40:
                    self.left -= 1
                    return b"<feed>"
                self.left -= 1
                return b"<point><value>1</value></point>" * 8000 if self.left > 0 else (b"</feed>" if self.left == 0 else b"")

        tracemalloc.start()
        count = sum(event == "end" for event, _ in stream_elements(Endless(), ("point",), "x.xml"))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == 38 * 8000
        assert peak < 30 * 2**20

    def test_a_small_document_is_read_whole(self):
        root = parse_document(io.BytesIO(FEED), "x.xml")
        assert ([text_at(point, "value") for point in children(root, "point")], child(root, "nothing")) == (["1", "2"], None)

    def test_a_comment_inside_a_number_is_no_part_of_it(self):
        assert points(b"<a><point><value>1<!-- x -->2</value></point></a>")[1] == ("end", "point", "12")

    def test_cdata_is_text(self):
        assert points(b"<a><point><value><![CDATA[3]]></value></point></a>")[1] == ("end", "point", "3")

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
    def test_usual_encodings_are_read(self, encoding):
        declared = encoding.replace("utf-8-sig", "utf-8")
        document = f'<?xml version="1.0" encoding="{declared}"?><a><point><value>é</value></point></a>'.encode(encoding)
        assert points(document)[1] == ("end", "point", "é")


class TestRefused:
    @pytest.mark.parametrize(
        ("document", "code"),
        [
            (b"", "file.empty"),
            (b"   ", "xml.malformed"),
            (b"<a><b></a>", "xml.malformed"),
            (b"<a/><b/>", "xml.malformed"),
            (b"<a>\x00</a>", "xml.malformed"),
            (b"<a>&nbsp;</a>", "xml.malformed"),
            (b"<!DOCTYPE a><a/>", "xml.doctype"),
            (b'<!DOCTYPE a SYSTEM "http://x.example/x.dtd"><a/>', "xml.doctype"),
            (b'<!DOCTYPE a [<!ENTITY e "1">]><a>&e;</a>', "xml.doctype"),
            (b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', "xml.doctype"),
            (b"<!DOCTYPE a [<!ENTITY % p \"<!ENTITY e '1'>\">%p;]><a>&e;</a>", "xml.doctype"),
            (b"<a>" * 65 + b"</a>" * 65, "xml.limit"),
            (b"<a>" * 300, "xml.limit"),
            (b"<a><point><value>" + b"1" * 11_000_000 + b"</value></point></a>", "xml.limit"),
            (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "xml.encoding"),
            (b'<?xml version="1.0" encoding="EBCDIC-CP-US"?><a/>', "xml.encoding"),
        ],
        ids=lambda value: value[:40].decode("latin-1") if isinstance(value, bytes) else value,
    )
    def test_a_document_is_refused_with_a_code(self, document, code):
        assert refusal(document) == code

    def test_billion_laughs_are_refused_before_they_grow(self):
        entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
        assert refusal(f"<!DOCTYPE a [{entities}]><a>&l9;</a>".encode()) in ("xml.doctype", "xml.limit")

    def test_64_levels_are_read(self):
        assert points(b"<a>" * 63 + b"<point/>" + b"</a>" * 63)[1][1] == "point"

    def test_a_document_without_a_record_ends_at_a_limit(self, monkeypatch):
        monkeypatch.setattr(strict_xml, "MOST_ELEMENT_BYTES", 10_000)
        monkeypatch.setattr(strict_xml, "PIECE_BYTES", 1000)
        assert refusal(b"<a>" + b"<b>1</b>" * 2000 + b"</a>") == "xml.limit"

    def test_elements_that_are_no_record_end_at_a_limit(self, monkeypatch):
        monkeypatch.setattr(strict_xml, "MOST_OTHER_ELEMENTS", 100)
        assert refusal(b"<a>" + b"<b/><point/>" * 200 + b"</a>") == "xml.limit"

    @pytest.mark.parametrize("size", range(1, len(FEED)))
    def test_a_cut_document_is_never_whole(self, size):
        assert refusal(FEED[:size]) == "xml.malformed"


@given(st.binary(max_size=200), st.integers(0, len(FEED)))
def test_no_bytes_bring_anything_but_a_refusal(junk, place):
    with contextlib.suppress(InputRefusedError):
        points(FEED[:place] + junk + FEED[place:])
