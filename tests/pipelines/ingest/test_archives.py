from __future__ import annotations

import gzip
import io
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.ingest import archives
from pipelines.ingest.archives import open_members
from pipelines.ingest.delivered_files import identify
from schemas.errors import InputRefusedError


def contents(path: Path) -> dict[str, bytes]:
    return {name: stream.read() for name, stream in open_members(path)}


def packed(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return path


def refusal_of(path: Path) -> str:
    with pytest.raises(InputRefusedError) as refusal:
        contents(path)
    assert refusal.value.hint
    return refusal.value.code


def outcome(call: Callable[[], object]) -> str | None:
    """The code with which ``call`` refuses its input; None where it takes it."""
    try:
        call()
    except InputRefusedError as refusal:
        return refusal.code
    return None


class TestPlainFiles:
    def test_a_plain_file_is_itself(self, tmp_path):
        (tmp_path / "a.csv").write_bytes(b"1,2\n")
        assert contents(tmp_path / "a.csv") == {"": b"1,2\n"}

    def test_a_symbolic_link_is_not_followed(self, tmp_path):
        (tmp_path / "a.csv").write_bytes(b"1,2\n")
        (tmp_path / "b.csv").symlink_to(tmp_path / "a.csv")
        assert refusal_of(tmp_path / "b.csv") == "file.special"

    def test_a_pipe_is_not_waited_for(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        assert refusal_of(tmp_path / "pipe") == "file.special"

    def test_a_device_is_not_read(self):
        assert refusal_of(Path("/dev/null")) == "file.special"

    def test_a_folder_is_no_file(self, tmp_path):
        assert refusal_of(tmp_path) == "file.special"

    def test_a_file_that_is_not_there_cannot_be_read(self, tmp_path):
        assert refusal_of(tmp_path / "a.csv") == "file.unreadable"


class TestGzip:
    def test_a_file_larger_than_any_delivery_is_refused_unread(self, tmp_path):
        for size, code in ((archives.MOST_FILE_BYTES, None), (2**40, "file.limit")):
            with (tmp_path / "sparse.csv").open("wb") as file:
                file.truncate(size)
            if code is None:
                assert next(open_members(tmp_path / "sparse.csv"))[0] == ""
            else:
                assert refusal_of(tmp_path / "sparse.csv") == code
                assert identify(tmp_path / "sparse.csv").size == 0

    def test_all_members_are_one_file(self, tmp_path):
        (tmp_path / "a.gz").write_bytes(gzip.compress(b"1\n") + gzip.compress(b"2\n"))
        assert contents(tmp_path / "a.gz") == {"": b"1\n2\n"}

    @pytest.mark.parametrize("cut", [1, 8, 12])
    def test_a_cut_one_is_corrupt(self, tmp_path, cut):
        (tmp_path / "a.gz").write_bytes(gzip.compress(os.urandom(100))[:-cut])
        assert refusal_of(tmp_path / "a.gz") == "archive.corrupt"

    def test_a_wrong_checksum_is_corrupt(self, tmp_path):
        data = bytearray(gzip.compress(b"1,2\n"))
        data[-6] ^= 1
        (tmp_path / "a.gz").write_bytes(data)
        assert refusal_of(tmp_path / "a.gz") == "archive.corrupt"

    def test_one_inside_another_is_refused(self, tmp_path):
        (tmp_path / "a.gz").write_bytes(gzip.compress(gzip.compress(b"1")))
        assert refusal_of(tmp_path / "a.gz") == "archive.nested"

    def test_a_bomb_is_stopped(self, tmp_path):
        (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(11 * 10**6)))
        assert refusal_of(tmp_path / "a.gz") == "archive.limit"

    def test_a_small_file_of_one_letter_is_no_bomb(self, tmp_path):
        (tmp_path / "a.gz").write_bytes(gzip.compress(b"0" * 9 * 10**6))
        assert len(contents(tmp_path / "a.gz")[""]) == 9 * 10**6


class TestZip:
    def test_each_member_comes_in_the_order_of_the_names(self, tmp_path):
        path = packed(tmp_path / "a.zip", {"b/2.csv": b"2", "1.csv": b"1", "b/": b""})
        assert list(contents(path).items()) == [("1.csv", b"1"), ("b/2.csv", b"2")]

    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_every_usual_method_is_read(self, tmp_path, method):
        assert contents(packed(tmp_path / "a.zip", {"1.csv": b"1" * 1000}, method)) == {"1.csv": b"1" * 1000}

    def test_what_a_file_manager_adds_is_no_data(self, tmp_path):
        path = packed(tmp_path / "a.zip", {"__MACOSX/._1.csv": b"x", "1.csv": b"1", "d/.DS_Store": b"x"})
        assert contents(path) == {"1.csv": b"1"}

    @pytest.mark.parametrize("name", ["/etc/passwd", "../a.csv", "a/../../b.csv", "C:/a.csv", "a\\b.csv", "a\nb.csv"])
    def test_a_name_that_leads_elsewhere_is_refused(self, tmp_path, name):
        assert refusal_of(packed(tmp_path / "a.zip", {name: b"1"})) == "archive.name"

    def test_two_members_of_one_name_are_refused(self, tmp_path):
        path = packed(tmp_path / "a.zip", {"1.csv": b"1", "2.csv": b"2"})
        path.write_bytes(path.read_bytes().replace(b"2.csv", b"1.csv"))
        assert refusal_of(tmp_path / "a.zip") == "archive.name"

    def test_a_symbolic_link_is_refused(self, tmp_path):
        link = zipfile.ZipInfo("1.csv")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr(link, "/etc/passwd")
        assert refusal_of(tmp_path / "a.zip") == "archive.name"

    def test_an_encrypted_member_is_refused(self, tmp_path):
        path = packed(tmp_path / "a.zip", {"1.csv": b"1"})
        data = bytearray(path.read_bytes())
        for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            data[data.index(signature) + place] |= 1
        path.write_bytes(data)
        assert refusal_of(path) == "archive.encrypted"

    @pytest.mark.parametrize("inner", ["a.zip", "a.gz"])
    def test_an_archive_inside_is_refused(self, tmp_path, inner):
        inside = packed(tmp_path / "inner.zip", {"1.csv": b"1"}).read_bytes() if inner == "a.zip" else gzip.compress(b"1")
        assert refusal_of(packed(tmp_path / "outer.zip", {inner: inside})) == "archive.nested"

    @pytest.mark.parametrize(("members", "code"), [(1000, None), (1001, "archive.limit")])
    def test_a_thousand_members_are_the_most(self, tmp_path, members, code):
        path = packed(tmp_path / "a.zip", {f"{n}.csv": b"1" for n in range(members)}, zipfile.ZIP_STORED)
        if code is None:
            assert len(contents(path)) == members
        else:
            assert refusal_of(path) == code

    def test_a_bomb_is_stopped(self, tmp_path):
        assert refusal_of(packed(tmp_path / "a.zip", {"1.csv": bytes(11 * 10**6)})) == "archive.limit"

    def test_a_member_that_declares_too_much_is_refused_unread(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archives, "MOST_MEMBER_BYTES", 10)
        assert refusal_of(packed(tmp_path / "a.zip", {"1.csv": b"1" * 11})) == "archive.limit"

    def test_all_members_together_have_a_limit(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archives, "MOST_TOTAL_BYTES", 10)
        assert refusal_of(packed(tmp_path / "a.zip", {"1.csv": b"1" * 6, "2.csv": b"1" * 6})) == "archive.limit"

    def test_an_archive_of_nothing_is_empty(self, tmp_path):
        assert refusal_of(packed(tmp_path / "a.zip", {})) == "file.empty"

    def test_a_wrong_checksum_is_corrupt(self, tmp_path):
        path = packed(tmp_path / "a.zip", {"1.csv": b"11111111"}, zipfile.ZIP_STORED)
        path.write_bytes(path.read_bytes().replace(b"11111111", b"11111112"))
        assert refusal_of(path) == "archive.corrupt"

    def test_members_that_overlap_are_corrupt(self, tmp_path):
        path = packed(tmp_path / "a.zip", {"1.csv": b"1" * 99, "2.csv": b"1" * 99}, zipfile.ZIP_STORED)
        data = bytearray(path.read_bytes())
        second = data.rindex(b"PK\x01\x02")
        data[second + 42 : second + 46] = (50).to_bytes(4, "little")  # where its bytes are said to begin
        path.write_bytes(data)
        assert refusal_of(path) == "archive.corrupt"

    def test_a_table_of_contents_that_is_too_large_is_not_read(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archives, "MOST_DIRECTORY_BYTES", 50)
        assert refusal_of(packed(tmp_path / "a.zip", {"1.csv": b"1"})) == "archive.limit"

    @pytest.mark.parametrize("cut", [1, 30, 80])
    def test_a_cut_archive_is_corrupt(self, tmp_path, cut):
        path = packed(tmp_path / "a.zip", {"1.csv": b"1"})
        path.write_bytes(path.read_bytes()[:-cut])
        assert refusal_of(path) == "archive.corrupt"

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.data())
    def test_a_damaged_archive_is_read_or_refused(self, tmp_path, data):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo("1.csv"), b"1,2,3\n" * 20)
        damaged = bytearray(buffer.getvalue())
        for _ in range(data.draw(st.integers(1, 5))):
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
        (tmp_path / "d.zip").write_bytes(damaged)
        assert (outcome(lambda: contents(tmp_path / "d.zip")) or "file.read").startswith(("archive.", "file."))
