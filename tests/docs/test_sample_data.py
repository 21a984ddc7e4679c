"""The sample data are what the generator makes, and what their page says comes of them."""

from __future__ import annotations

import gzip
import re
import shlex
import zipfile

from tests.pipelines.cli.conftest import call
from tools.sample_data import FOLDER, PARTS, made_in


def contents(folder):
    """Text of every file by its name, archives unpacked: their bytes depend on the computer's zlib."""
    found = {}
    for part in PARTS:
        for path in sorted((folder / part).iterdir()):
            if path.suffix == ".gz":
                found[path.name] = gzip.decompress(path.read_bytes())
            elif path.suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    found |= {f"{path.name}/{name}": archive.read(name) for name in archive.namelist()}
            else:
                found[path.name] = path.read_bytes()
    return found


def test_they_are_what_the_generator_makes(tmp_path):
    made_in(tmp_path)
    assert contents(tmp_path) == contents(FOLDER)


def test_the_commands_of_their_page_end_with_what_it_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sample_data").symlink_to(FOLDER)
    (session,) = re.findall(r"```console\n(.*?)```", (FOLDER / "README.md").read_text("utf-8"), re.DOTALL)
    commands = [shlex.split(line.removeprefix("$ m2b ")) for line in session.splitlines() if line.startswith("$ m2b ")]
    out = ""
    for command in commands:
        arguments = [str(path) for word in command for path in (sorted(tmp_path.glob(word)) if "*" in word else [word])]
        done = call(*arguments)
        assert done.code in (0, 3), done.err
        out = done.out + done.err
    assert session.splitlines()[-1] in out
