"""Delivered files: found, hashed and dealt into work items before anything is read.

A file is known by the sha-256 of its bytes as delivered, so the same bytes under another name are the same file.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pipelines.ingest.archives import MOST_FILE_BYTES
from schemas.errors import InputRefusedError

WORK_ITEM_BYTES = 64 * 2**20
"""Small files are read together up to this size: every work item writes at least one file of the store."""
HIDDEN = (".", "_", "~")
UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".map.yaml")


@dataclass(frozen=True, order=True)
class FileRef:
    """A delivered file as it was when it was hashed.

    Attributes:
        path: where it lies.
        size: of its bytes [B].
        sha256: hash of its bytes.
        mapping: text of the mapping beside it; None where there is none.
        modified_ns: when it was last written [ns since 1970]; 0 where nobody looked.
    """

    path: str
    size: int
    sha256: str
    mapping: str | None = None
    modified_ns: int = 0

    @property
    def name(self) -> str:
        """The name as delivered, without folders; bytes that are no text are spelled out."""
        return os.fsencode(Path(self.path).name).decode("utf-8", "backslashreplace")

    def check_unchanged(self) -> None:
        """Refuse the file when it is not the one that was hashed any more.

        Raises:
            InputRefusedError: ``file.changed``: its size or time differ, or it is gone.
        """
        try:
            status = Path(self.path).lstat()
        except OSError:
            status = None
        if status is None or (self.modified_ns and (status.st_size, status.st_mtime_ns) != (self.size, self.modified_ns)):
            code = "file.changed"
            raise InputRefusedError(code, f"{self.name} changed while it was read", "deliver it when it is complete")


@dataclass(frozen=True)
class IngestWork:
    """Files to be read together by one worker."""

    number: int
    files: tuple[FileRef, ...]


@dataclass(frozen=True)
class Delivery:
    """What was found at the paths given: files to read, and files whose bytes are already known."""

    fresh: tuple[FileRef, ...]
    known: tuple[FileRef, ...]


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Return the regular files at ``paths``, folders walked, sorted; hidden and unfinished ones left out.

    Raises:
        InputRefusedError: a path does not exist.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += [inner for inner in sorted(path.rglob("*")) if not inner.is_dir() and not _to_be_left(inner, path)]
        elif path.exists() or path.is_symlink():
            found.append(path)
        else:
            code = "file.missing"
            raise InputRefusedError(code, f"there is no file {path}", "check the path", str(path))
    return list(dict.fromkeys(found))


def _to_be_left(path: Path, folder: Path) -> bool:
    """Hidden files and folders, and files still being written, are none of ours."""
    inside = path.relative_to(folder).parts
    return any(part.startswith(HIDDEN) for part in inside) or path.name.endswith(UNFINISHED)


def look_at(paths: Sequence[Path], known: Iterable[str], workers: int = 2) -> Delivery:
    """Hash the files at ``paths`` and tell the new ones from those whose bytes are known.

    Args:
        paths: files and folders.
        known: hashes already in the store.
        workers: files hashed side by side.

    Raises:
        InputRefusedError: a path does not exist.
    """
    files = find_files(paths)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        refs = list(pool.map(identify, files))
    seen = set(known)
    fresh, repeated = [], []
    for ref in sorted(refs, key=lambda r: (r.name, r.path)):
        if ref.sha256 in seen:
            repeated.append(ref)
        else:
            seen.add(ref.sha256)
            fresh.append(ref)
    return Delivery(tuple(fresh), tuple(repeated))


def identify(path: Path) -> FileRef:
    """Return the file's size and hash.

    A symbolic link, a pipe, a device, or a file larger than any delivery is not opened but told apart by its path.
    """
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > MOST_FILE_BYTES:
        return FileRef(str(path), 0, hashlib.sha256(b"special\0" + os.fsencode(path)).hexdigest())
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        digest = hashlib.sha256(b"unreadable\0" + os.fsencode(path)).hexdigest()
    return FileRef(str(path), status.st_size, digest, _sidecar_mapping(path), status.st_mtime_ns)


def _sidecar_mapping(path: Path) -> str | None:
    """Return the text of ``NAME.map.yaml`` beside the file, or of ``csv.map.yaml`` in its folder."""
    for sidecar in (path.with_name(path.name + ".map.yaml"), path.with_name("csv.map.yaml")):
        if sidecar.is_file():
            return sidecar.read_text("utf-8")
    return None


def deal(files: Sequence[FileRef]) -> list[IngestWork]:
    """Deal files into work items, largest first, small ones together.

    >>> [[f.path for f in w.files] for w in deal([FileRef("a", 5, "1"), FileRef("b", 2**27, "2"), FileRef("c", 5, "3")])]
    [['b'], ['a', 'c']]
    """
    items: list[list[FileRef]] = []
    small: list[FileRef] = []
    room = WORK_ITEM_BYTES
    for file in sorted(files, key=lambda f: (-f.size, f.path)):
        if file.size >= WORK_ITEM_BYTES:
            items.append([file])
            continue
        if small and file.size > room:
            items.append(small)
            small, room = [], WORK_ITEM_BYTES
        small.append(file)
        room -= file.size
    if small:
        items.append(small)
    return [IngestWork(number, tuple(files)) for number, files in enumerate(items)]
