from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest import line_pieces
from pipelines.ingest.line_pieces import read_pieces
from schemas.errors import InputRefusedError


def pieces(data: bytes, size: int, *marks: bytes) -> list[bytes]:
    return [piece.text for piece in read_pieces(io.BytesIO(data), marks, size)]


class TestReadPieces:
    @given(st.lists(st.sampled_from([b"300,1", b"400,2", b"200,", b"", b"x"])), st.integers(1, 40))
    def test_pieces_joined_are_the_file(self, lines, size):
        data = b"".join(line + b"\n" for line in lines)
        assert b"".join(pieces(data, size, b"300,", b"200,")) == data

    @given(st.lists(st.sampled_from([b"300,1", b"400,2", b"200,", b"", b"x"])), st.integers(1, 40))
    def test_a_piece_ends_only_before_a_mark(self, lines, size):
        data = b"".join(line + b"\n" for line in lines)
        assert all(piece.startswith((b"300,", b"200,")) for piece in pieces(data, size, b"300,", b"200,")[1:])

    @pytest.mark.parametrize(
        ("data", "text", "cut"),
        [
            (b"a\n", b"a\n", False),
            (b"a", b"a\n", True),
            (b"", b"", False),
            (b"a\r\nb\r\n", b"a\nb\n", False),
            (b"\xef\xbb\xbfa", b"a\n", True),
        ],
    )
    def test_every_line_ends_in_a_line_feed(self, data, text, cut):
        (piece,) = read_pieces(io.BytesIO(data), (b"300,",))
        assert (piece.text, piece.last, piece.cut) == (text, True, cut)

    @pytest.mark.parametrize(("size", "refused"), [(100, False), (101, True)])
    def test_a_file_without_marks_is_refused_before_it_fills_the_memory(self, monkeypatch, size, refused):
        monkeypatch.setattr(line_pieces, "_MOST_BYTES", 100)
        if not refused:
            assert len(pieces(b"x" * size, 10, b"300,")) == 1
            return
        with pytest.raises(InputRefusedError) as refusal:
            pieces(b"x" * size, 10, b"300,")
        assert refusal.value.code == "record.size"
