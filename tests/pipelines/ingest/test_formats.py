from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.format_names import FORMAT_NAMES
from pipelines.ingest.formats import READERS, detect
from schemas.errors import InputRefusedError


def outcome(call: Callable[[], object]) -> str | None:
    """The code with which ``call`` refuses its input; None where it takes it."""
    try:
        call()
    except InputRefusedError as refusal:
        return refusal.code
    return None


def test_every_format_has_its_name_where_the_command_line_finds_it():
    assert tuple(sorted(READERS)) == FORMAT_NAMES


class TestDetect:
    @pytest.mark.parametrize(
        ("head", "expected"),
        [
            (b"100,NEM12,200405011135,MDA1,Ret1\n200,", "nem12"),
            (b"100,NEM12", "nem12"),
            (b"\xef\xbb\xbf100,NEM12,2004\r\n", "nem12"),
            (b"\n \n,,,\n100 , nem12 ,2004\n", "nem12"),
            (b"200,VABD000163,E1Q1,1,E1\n300,20040201,1.111\n", "nem12"),
            (b"200,VABD000163,E1Q1,1,E1\n200,VABD000163,E1Q1,2,Q1\n300,2004", "nem12"),
            (b"100,NEM13,200401101030,MDA1,Ret1\n", "nem13"),
            (b"250,VABC005890,11,1,11\n", "nem13"),
        ],
    )
    @pytest.mark.parametrize("mapping", [None, "service_point_id: {from: file_name}"])
    def test_the_content_decides_whatever_was_said(self, head, expected, mapping):
        assert detect(head, "data.csv", mapping) == expected

    @pytest.mark.parametrize("head", [b"start,value\n2026-01-01,1\n", b"100,apples\n", b"200,5\n7,7\n"])
    def test_a_text_with_a_mapping_is_a_plain_table(self, head):
        assert detect(head, "data.txt", "a: b") == "csv"

    @pytest.mark.parametrize(
        ("head", "name", "mapping", "code"),
        [
            (b"", "a.csv", None, "file.empty"),
            (b"", "a.csv", "a: b", "file.empty"),
            (b"start,value\n2026-01-01,1\n", "a.txt", None, "mapping.missing"),
            (b"start;value\n", "a.dat", None, "mapping.missing"),
            (b"Energy Usage Information\n\n", "a.csv", None, "format.unknown"),
            (b"\x00\x01,\x02\n", "a.csv", None, "format.unknown"),
            (b"\x00\x01,\x02\n", "a.csv", "a: b", "format.unknown"),
            (b"\n\n", "a.csv", None, "file.empty"),
        ],
    )
    def test_what_nobody_can_read_is_refused(self, head, name, mapping, code):
        with pytest.raises(InputRefusedError) as refusal:
            detect(head, name, mapping)
        assert refusal.value.code == code
        assert refusal.value.hint

    @given(st.binary(max_size=200), st.none() | st.just("a: b"))
    def test_any_bytes_are_a_format_or_refused(self, head, mapping):
        assert outcome(lambda: READERS[detect(head, "a.bin", mapping)]) in {
            None,
            "file.empty",
            "mapping.missing",
            "format.unknown",
        }
