"""Segments, held against pydifact within what pydifact can read."""

from __future__ import annotations

import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydifact.control import Characters
from pydifact.parser import Parser
from pydifact.tokenizer import Tokenizer

from pipelines.ingest.mscons.segments import MOST_SEGMENT_BYTES, Marks, parse_advice, read_segments
from schemas.errors import InputRefusedError
from tests.conftest import REFERENCE_DATA

FOLDER = REFERENCE_DATA / "real_data" / "mscons"
FILES = sorted(path.name for path in FOLDER.glob("*.txt")) or ["the reference data are not there"]
PUNCTUATION = ":+?'|~^!#%&*=;@"


def segments(data: bytes, piece_bytes: int = 2**18) -> list[list[list[str]]]:
    """The elements of each segment that is no advice."""
    return [segment.elements for segment in read_segments(io.BytesIO(data), piece_bytes) if segment.tag != "UNA"]


def as_pydifact_writes(elements: list[list[str]]) -> list[str | list[str]]:
    """A segment in the form of pydifact: a single component is a text, and empty components that end an element are none."""
    written: list[str | list[str]] = []
    for element in elements:
        parts = list(element)
        while parts and not parts[-1]:
            parts.pop()
        written.append("" if not parts else parts[0] if len(parts) == 1 else parts)
    return written


def by_pydifact(text: str, marks: str = ":+.? '") -> list[list[str | list[str]]]:
    tokens = Tokenizer().get_tokens(text, Characters.from_str(marks))
    return list(Parser().convert_tokens_to_raw_segments(tokens))


@pytest.mark.parametrize("file", FILES)
def test_a_real_file_is_parted_as_pydifact_parts_it(file, reference_data):
    data = (FOLDER / file).read_bytes()
    text = data.decode("latin-1")
    marks, body = (text[3:9], text[9:].lstrip("\r\n")) if text.startswith("UNA") else (":+.? '", text)
    assert [as_pydifact_writes(elements) for elements in segments(data)] == by_pydifact(body, marks)


@st.composite
def written_segments(draw: st.DrawFn) -> tuple[str, str, list[list[list[str]]]]:
    """Service characters, the text of some segments, and what was written."""
    component, element, release, terminator = draw(st.permutations(PUNCTUATION))[:4]
    marks = f"{component}{element}.{release} {terminator}"
    parts = st.text(alphabet=PUNCTUATION + "AZ09 .,-é", max_size=6)
    contents = draw(st.lists(st.lists(st.lists(parts, min_size=1, max_size=3), max_size=4), min_size=1, max_size=5))
    meant = [[["QTY"], *content] for content in contents]

    def released(part: str) -> str:
        return "".join(release + mark if mark in (component, element, release, terminator) else mark for mark in part)

    ends = draw(st.sampled_from(["", "\n", "\r\n", "\r\n\r\n"]))
    text = "".join(element.join(component.join(map(released, e)) for e in segment) + terminator + ends for segment in meant)
    return marks, text, meant


@given(written_segments(), st.integers(min_value=1, max_value=40))
def test_segments_with_any_service_characters_come_out_as_they_were_written_and_as_pydifact_parts_them(case, piece_bytes):
    marks, text, meant = case
    found = segments(b"UNA" + (marks + text).encode("latin-1"), piece_bytes)
    assert found == meant
    assert [as_pydifact_writes(segment) for segment in found] == by_pydifact(text, marks)


class TestWhatPydifactCannotRead:
    def test_each_interchange_brings_its_own_service_characters(self):
        data = b"UNA:+,? 'UNB+UNOC:3'UNZ+0+A'UNA*!.# ~UNB!UNOC*3~UNZ!0!B~"
        assert segments(data)[2:] == [[["UNB"], ["UNOC", "3"]], [["UNZ"], ["0"], ["B"]]]

    def test_after_an_interchange_the_standard_characters_hold_again(self):
        assert segments(b"UNA:!,? 'UNZ!0!A'UNB+UNOC:3'") == [[["UNZ"], ["0"], ["A"]], [["UNB"], ["UNOC", "3"]]]

    def test_a_blank_release_character_is_none(self):
        assert segments(b"UNA:+.  'FTX+what? + x'") == [[["FTX"], ["what? "], [" x"]]]

    def test_the_last_segment_without_its_end_is_handed_over_as_cut(self):
        *_, last = read_segments(io.BytesIO(b"UNB+UNOC:3'UNH+1+MSC"))
        assert (last.tag, last.is_cut, last.raw) == ("UNH", True, b"UNH+1+MSC")


class TestNumbers:
    @pytest.mark.parametrize(("advice", "mark"), [(b"UNA:+,? '", ","), (b"UNA:+.? '", "."), (b"", None)])
    def test_the_advice_names_the_decimal_mark(self, advice, mark):
        *_, last = read_segments(io.BytesIO(advice + b"QTY+220:1'"))
        assert last.decimal == mark


class TestAdvice:
    @pytest.mark.parametrize(
        "raw",
        [b"UNA::.? '", b"UNA:+.?  ", b"UNA:+.+ '", b"UNAA+.? '", b"UNA:+;? '", b"UNA:+.? 1", b"UNA:+.\xe9 '", b"UNA-+.? '"],
    )
    def test_service_characters_that_cannot_be_told_apart_are_refused(self, raw):
        with pytest.raises(InputRefusedError) as refusal:
            parse_advice(raw)
        assert refusal.value.code == "edifact.una"

    def test_a_line_end_may_end_segments(self):
        assert segments(b"UNA:+.? \nBGM+7\nUNS+D\n") == [[["BGM"], ["7"]], [["UNS"], ["D"]]]

    def test_the_standard_ones_need_no_advice(self):
        assert parse_advice(b"UNA:+.? '") == Marks(decimal=".")


class TestRepertoire:
    @pytest.mark.parametrize(("syntax", "raw"), [("UNOC", b"M\xfcller"), ("UNOY", b"M\xc3\xbcller"), ("UNOA", b"M\xfcller")])
    def test_the_interchange_says_how_its_text_is_written(self, syntax, raw):
        assert segments(b"UNB+" + syntax.encode() + b":3'CTA+IC+:" + raw + b"'")[1][2] == ["", "Müller"]


class TestSize:
    @pytest.mark.parametrize("piece_bytes", [1000, 2**18])
    def test_a_segment_of_64_kib_is_read_and_a_longer_one_refused(self, piece_bytes):
        longest = b"FTX+" + b"x" * (MOST_SEGMENT_BYTES - 4)
        assert len(segments(longest + b"'", piece_bytes)) == 1
        for data in (longest + b"x'", longest + b"x" * 2**19):
            with pytest.raises(InputRefusedError) as refusal:
                segments(data, piece_bytes)
            assert refusal.value.code == "record.size"

    def test_memory_does_not_grow_with_the_file(self):
        data = io.BytesIO(b"DTM+9:20260101:102'" * 100_000)  # 1.9 MB
        tracemalloc.start()
        for _ in read_segments(data, 2**16):
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2**20
