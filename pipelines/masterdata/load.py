"""The loading of master data from files to tables ready to be stored: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from pipelines.masterdata.check import require_possible
from pipelines.masterdata.merge import merge
from pipelines.masterdata.read import read_master_data


def load_master_data(paths: Sequence[Path], existing: Mapping[str, pa.Table], run_id: str) -> dict[str, pa.Table]:
    """Return the master data tables as they are after the files of ``paths``.

    Args:
        paths: files named after a table, or folders that hold them.
        existing: stored rows by table; absent tables are empty.
        run_id: stands in the rows that are new or changed.

    Returns:
        every table, as declared and sorted by key; one that equals the stored one needs no new version.

    Raises:
        MasterDataError: ``masterdata.invalid``, the files cannot be read as master data; ``masterdata.impossible``,
            they contradict themselves or what is stored. Every reason is in the message.
    """
    tables = merge(existing, read_master_data(paths), run_id)
    require_possible(tables)
    return tables
