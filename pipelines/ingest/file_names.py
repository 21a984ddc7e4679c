"""Names of files, where a format names nobody: then the name as delivered is all that says whose readings they are."""

from __future__ import annotations

from pathlib import PurePath

_PACKED = (".gz", ".zip")


def name_of_file(name: str) -> str:
    """Return the name of a file without its folder and its endings.

    Only the ending goes: ``home.1.xml`` and ``home.2.xml`` are two homes.

    >>> name_of_file("inbox/il-hourly.csv.gz"), name_of_file("4001234567.csv"), name_of_file("home.1.xml")
    ('il-hourly', '4001234567', 'home.1')
    """
    path = PurePath(name)
    if path.suffix.lower() in _PACKED:
        path = path.with_suffix("")
    return path.with_suffix("").name
