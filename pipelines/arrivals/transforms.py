"""Beam shells of arrival: a source gives paths, what comes out are references, every content once.

A source is any transform from the beginning of a pipeline to paths of delivered files, stamped with the time they were
found. An inbox is the first; a message that names a file is another.
"""

from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam
from apache_beam.coders import FastPrimitivesCoder
from apache_beam.transforms.periodicsequence import PeriodicImpulse
from apache_beam.transforms.userstate import ReadModifyWriteRuntimeState, ReadModifyWriteStateSpec
from apache_beam.utils.timestamp import MAX_TIMESTAMP, Timestamp

from pipelines.ingest.delivered_files import FileRef, find_files, identify

Look = tuple[int, int]
"""Size [B] and time of change [ns] of a file."""


class WatchInbox(beam.PTransform):
    """A folder that is looked at again and again: paths of files that have come to rest.

    Beam's own continuous matching fails on a link that leads nowhere and on a file that goes while it is looked at; a
    sender's inbox has both. And it gives a file at first sight, when it may still be being written.
    """

    def __init__(self, folder: Path, every_seconds: float, begins: Timestamp, ends: Timestamp = MAX_TIMESTAMP) -> None:
        """Describe the watch.

        Args:
            folder: the inbox, with all below it.
            every_seconds: time between two looks [s].
            begins: first look.
            ends: no look from then on.
        """
        super().__init__()
        self.folder = folder
        self.every_seconds = every_seconds
        self.begins = begins
        self.ends = ends

    def expand(self, root: beam.pvalue.PBegin) -> beam.PCollection[str]:
        """Look, and wait until two looks in a row agree."""
        return (
            root
            | "Every so often" >> PeriodicImpulse(self.begins, self.ends, self.every_seconds)
            | "Look" >> beam.FlatMap(lambda _: looks(self.folder)).with_output_types(tuple[str, Look])
            | "Wait until at rest" >> beam.ParDo(AtRest())
        )


def looks(folder: Path) -> Iterator[tuple[str, Look]]:
    """Yield path and look of the files in a folder; hidden and unfinished ones are left out."""
    for path in find_files([folder]):
        try:
            status = path.lstat()
        except FileNotFoundError:
            continue
        yield str(path), (status.st_size, status.st_mtime_ns)


class AtRest(beam.DoFn):
    """A file is taken when two looks in a row found it the same, and once for every change."""

    SEEN = ReadModifyWriteStateSpec("seen", FastPrimitivesCoder())

    def process(
        self,
        element: tuple[str, Look],
        seen: ReadModifyWriteRuntimeState = beam.DoFn.StateParam(SEEN),  # noqa: B008 - how Beam declares state
    ) -> Iterator[str]:
        """Hold this look against the one before."""
        path, look = element
        before, taken = seen.read() or (None, False)
        if before != look:
            seen.write((look, False))
        elif not taken:
            seen.write((look, True))
            yield path


class Identify(beam.PTransform):
    """Paths become references to files; the same bytes come out once, under whatever name they came first."""

    def expand(self, paths: beam.PCollection[str]) -> beam.PCollection[FileRef]:
        """Hash, and pass what was not seen before."""
        return (
            paths
            | "Hash" >> beam.Map(lambda path: identify(Path(path)))
            | "By content" >> beam.Map(lambda file: (file.sha256, file)).with_output_types(tuple[str, FileRef])
            | "Pass the first" >> beam.ParDo(FirstOfItsKind())
        )


class FirstOfItsKind(beam.DoFn):
    """The first element of every key passes.

    This only spares work: what is in the store already is known there, after a restart with no state as well.
    """

    PASSED = ReadModifyWriteStateSpec("passed", FastPrimitivesCoder())

    def process(
        self,
        element: tuple[str, FileRef],
        passed: ReadModifyWriteRuntimeState = beam.DoFn.StateParam(PASSED),  # noqa: B008 - how Beam declares state
    ) -> Iterator[FileRef]:
        """Pass the element unless another of its key did."""
        if not passed.read():
            passed.write(True)  # noqa: FBT003 - Beam's signature
            yield element[1]
