"""Formats: which reader takes a file, told from its first bytes, never from its name.

Each format says itself which files are its own. A mapping says what a plain table is; it does not make a table of a
file that shows what it is. So a folder may hold a mapping for its tables beside files of other formats. Among tables a
mapping comes first, then the families whose headers are known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from pipelines.ingest.cim.meter_readings import read_meter_readings, recognise_meter_readings
from pipelines.ingest.d0010 import read_d0010, recognise_d0010
from pipelines.ingest.dlms.captures import read_dlms, recognise_dlms
from pipelines.ingest.espi.espi import read_espi, recognise_espi
from pipelines.ingest.events.event_files import (
    read_csv_events,
    read_jsonl_events,
    recognise_csv_events,
    recognise_jsonl_events,
)
from pipelines.ingest.market_documents.cim_json import read_cim_json, recognise_cim_json, recognise_eloverblik
from pipelines.ingest.market_documents.cim_xml import read_cim_xml, recognise_cim_xml
from pipelines.ingest.market_documents.ebix import read_ebix, recognise_ebix
from pipelines.ingest.mdff.asexml import read_asexml, recognise_asexml
from pipelines.ingest.mdff.nem12 import read_nem12, recognise_nem12
from pipelines.ingest.mdff.nem13 import read_nem13, recognise_nem13
from pipelines.ingest.mscons.mscons import read_mscons, recognise_mscons
from pipelines.ingest.national.datadis import read_datadis, recognise_datadis
from pipelines.ingest.national.eda import read_eda, recognise_eda
from pipelines.ingest.national.enedis import read_enedis, recognise_enedis
from pipelines.ingest.national.fingrid import read_fingrid, recognise_fingrid
from pipelines.ingest.national.fluvius import read_fluvius, recognise_fluvius
from pipelines.ingest.national.mijn_aansluiting import read_mijn_aansluiting, recognise_mijn_aansluiting
from pipelines.ingest.own_shape.jsonl import read_jsonl, recognise_jsonl
from pipelines.ingest.own_shape.parquet import read_parquet, recognise_parquet
from pipelines.ingest.p1.reader import read_p1, recognise_p1
from pipelines.ingest.reader import Reader
from pipelines.ingest.refusals import empty_file
from pipelines.ingest.tables.encodings import is_text
from pipelines.ingest.tables.families import family_names, family_reader, recognise_family
from pipelines.ingest.tables.mapped_csv import read_mapped_csv
from pipelines.ingest.tables.mapping import declared_encoding
from schemas.errors import InputRefusedError

HEAD_BYTES = 4096
"""Bytes a format is told from."""


class Format(NamedTuple):
    """A format: its name in ``files.format`` and ``--format``, how its files begin, and its reader."""

    name: str
    recognises: Callable[[bytes], bool]
    reader: Reader


FORMATS = (
    Format("nem12", recognise_nem12, read_nem12),
    Format("nem13", recognise_nem13, read_nem13),
    Format("asexml", recognise_asexml, read_asexml),
    Format("cim_meter_readings", recognise_meter_readings, read_meter_readings),
    Format("cim_market_xml", recognise_cim_xml, read_cim_xml),
    Format("cim_market_json", recognise_cim_json, read_cim_json),
    Format("eloverblik", recognise_eloverblik, read_cim_json),
    Format("ebix", recognise_ebix, read_ebix),
    Format("p1", recognise_p1, read_p1),
    Format("csv_events", recognise_csv_events, read_csv_events),
    Format("jsonl_events", recognise_jsonl_events, read_jsonl_events),
    Format("datadis", recognise_datadis, read_datadis),
    Format("eda", recognise_eda, read_eda),
    Format("enedis", recognise_enedis, read_enedis),
    Format("fingrid", recognise_fingrid, read_fingrid),
    Format("fluvius", recognise_fluvius, read_fluvius),
    Format("mijn_aansluiting", recognise_mijn_aansluiting, read_mijn_aansluiting),
    Format("mscons", recognise_mscons, read_mscons),
    Format("d0010", recognise_d0010, read_d0010),
    Format("dlms", recognise_dlms, read_dlms),
    Format("parquet", recognise_parquet, read_parquet),
    Format("jsonl", recognise_jsonl, read_jsonl),
    Format("espi", recognise_espi, read_espi),
)
"""Formats whose files show what they are; the first that recognises a file takes it."""

READERS: dict[str, Reader] = {
    **{known.name: known.reader for known in FORMATS},
    "csv": read_mapped_csv,
    **{name: family_reader(name) for name in family_names()},
}
"""Every format and its reader: those that show what they are, tables with a mapping, tables of a known
family; their names stand in ``format_names``, too."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_TABLE = re.compile(rb"\s*[^\n]*[,;|\t][^\n]*")


def detect(head: bytes, name: str, mapping: str | None) -> str:
    """Return the format of a file.

    Args:
        head: its first ``HEAD_BYTES`` bytes.
        name: its name, for the message.
        mapping: text of the mapping for plain tables, where there is one.

    Raises:
        InputRefusedError: ``file.empty``; ``mapping.missing``, a plain table without a mapping; ``format.unknown``.

    >>> detect(b"100,NEM12,202601010000,A,B", "x", None)
    'nem12'
    """
    if not head.strip(_BYTE_ORDER_MARK + b" \t\r\n"):
        raise empty_file(name)
    for known in FORMATS:
        if known.recognises(head):
            return known.name
    if mapping is not None and is_text(head, declared_encoding(mapping)):
        return "csv"
    known_table = recognise_family(head) if mapping is None and is_text(head, "utf-8") else None
    if known_table is not None:
        return known_table
    if is_text(head, "utf-8") and _TABLE.match(head):
        code = "mapping.missing"
        raise InputRefusedError(code, f"{name} is a plain table: which column is what?", "say it in a mapping file: --map FILE")
    code = "format.unknown"
    raise InputRefusedError(
        code, f"nobody recognises the format of {name}", "name it: --format, or take the file out of the folder"
    )
