from __future__ import annotations

import os

import pytest

from pipelines.ingest.delivered_files import WORK_ITEM_BYTES, FileRef, deal, find_files, identify, look_at
from schemas.errors import InputRefusedError


def write(folder, name, content=b"x"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class TestFindFiles:
    def test_folders_are_walked_in_order_of_name(self, tmp_path):
        for name in ("b.csv", "a/c.csv", "a/b.csv"):
            write(tmp_path, name)
        assert [p.name for p in find_files([tmp_path])] == ["b.csv", "c.csv", "b.csv"]

    @pytest.mark.parametrize("name", [".hidden", "_done/a.csv", "a.csv.tmp", "a.part", "~a.csv", "a.csv.map.yaml"])
    def test_hidden_and_unfinished_files_are_left_alone(self, tmp_path, name):
        write(tmp_path, name)
        assert find_files([tmp_path]) == []

    def test_a_file_named_twice_is_found_once(self, tmp_path):
        path = write(tmp_path, "a.csv")
        assert find_files([path, tmp_path]) == [path]

    def test_a_path_that_does_not_exist_is_refused_by_name(self, tmp_path):
        with pytest.raises(InputRefusedError, match=r"nowhere\.csv"):
            find_files([tmp_path / "nowhere.csv"])


class TestLookAt:
    def test_the_same_bytes_under_two_names_are_one_file(self, tmp_path):
        write(tmp_path, "a.csv", b"same")
        write(tmp_path, "b.csv", b"same")
        found = look_at([tmp_path], known=[])
        assert ([f.name for f in found.fresh], [f.name for f in found.known]) == (["a.csv"], ["b.csv"])

    def test_bytes_known_before_are_not_read_again(self, tmp_path):
        path = write(tmp_path, "a.csv")
        found = look_at([tmp_path], known=[identify(path).sha256])
        assert (found.fresh, [f.name for f in found.known]) == ((), ["a.csv"])

    def test_a_pipe_is_not_opened(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.csv")
        assert identify(tmp_path / "pipe.csv").size == 0

    def test_a_mapping_beside_the_file_goes_with_it(self, tmp_path):
        path = write(tmp_path, "load.csv")
        write(tmp_path, "load.csv.map.yaml", b"channels: []")
        assert identify(path).mapping == "channels: []"


class TestChanges:
    def test_a_file_that_stays_as_it_was_is_taken(self, tmp_path):
        identify(write(tmp_path, "a.csv")).check_unchanged()

    @pytest.mark.parametrize("content", [b"x more", b"y", b""])
    def test_a_file_that_is_written_while_it_is_read_is_refused(self, tmp_path, content):
        path = write(tmp_path, "a.csv")
        found = identify(path)
        path.write_bytes(content)
        os.utime(path, ns=(found.modified_ns + 1, found.modified_ns + 1))
        with pytest.raises(InputRefusedError) as refused:
            found.check_unchanged()
        assert refused.value.code == "file.changed"

    def test_a_file_that_is_gone_is_refused(self, tmp_path):
        path = write(tmp_path, "a.csv")
        found = identify(path)
        path.unlink()
        with pytest.raises(InputRefusedError) as refused:
            found.check_unchanged()
        assert refused.value.code == "file.changed"

    def test_a_name_that_is_no_text_is_spelled_out(self, tmp_path):
        path = tmp_path / os.fsdecode(b"caf\xe9.csv")
        path.write_bytes(b"x")
        assert identify(path).name == "caf\\xe9.csv"


class TestDeal:
    def test_small_files_share_a_work_item_up_to_its_size(self):
        half = WORK_ITEM_BYTES // 2
        items = deal([FileRef(name, half, name) for name in "abc"])
        assert [[f.path for f in item.files] for item in items] == [["a", "b"], ["c"]]

    def test_a_large_file_stands_alone(self):
        items = deal([FileRef("small", 1, "1"), FileRef("large", WORK_ITEM_BYTES, "2")])
        assert [[f.path for f in item.files] for item in items] == [["large"], ["small"]]

    def test_every_file_is_dealt_once(self):
        files = [FileRef(str(n), n * 10**6, str(n)) for n in range(100)]
        assert sorted(f for item in deal(files) for f in item.files) == sorted(files)

    def test_no_files_make_no_work(self):
        assert deal([]) == []
