"""A foreign file, and perhaps an overlay, to the text of a tariff document that is proven to load."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath

from schemas.errors import InvariantError, TariffError
from tariffs.exact import plain
from tariffs.importers.carried_fields import CarriedField, Fate
from tariffs.importers.cdr import CdrImporter
from tariffs.importers.danish import DanishImporter
from tariffs.importers.document_text import document_text
from tariffs.importers.exact_json import MAX_BYTES
from tariffs.importers.importer import SYNTAX, UNRECOGNISED, UNSUPPORTED, ImportedTariff, Importer, ImportOptions, SeriesRow
from tariffs.importers.opentariff import OpenTariffImporter
from tariffs.importers.overlay import Merged, merge, read_overlay
from tariffs.importers.urdb import UrdbImporter
from tariffs.load import parse_tariff
from tariffs.model import Tariff

IMPORTERS: tuple[Importer, ...] = (UrdbImporter(), CdrImporter(), OpenTariffImporter(), DanishImporter())
"""The formats that are known, in the order in which they are tried."""

_PATH = re.compile(r"versions\[[0-9]+\](?:\.charges\[(?P<charge>[0-9]+)\])?(?P<rest>[\w.\[\]-]*)")


@dataclass(frozen=True)
class TariffFile:
    """A tariff document made of a foreign file.

    Attributes:
        text: the document.
        tariff: what it says.
        source: name of the format it was made of.
        fields: what became of every field.
        notes: sentences that a reader needs; they stand in the head of the document too.
        series: by name of a price series that the document names: its rows as CSV, as ``tariff simulate`` takes it.
    """

    text: str
    tariff: Tariff
    source: str
    fields: tuple[CarriedField, ...]
    notes: tuple[str, ...]
    series: Mapping[str, str]


def import_tariff(
    content: bytes, options: ImportOptions, *, imported_on: date, overlay: str | None = None, overlay_where: str = "overlay"
) -> TariffFile:
    """Return the tariff document of a foreign file.

    Args:
        content: the file.
        options: its name, and what is left out.
        imported_on: date for the head of the document.
        overlay: YAML text of what the format cannot say.
        overlay_where: its file name, for messages.

    Raises:
        TariffError: the file is refused (``import.…``), the overlay is (``overlay.…``), or the two together make no tariff
            (``tariff.…``, with the path in the overlay).
    """
    if len(content) > MAX_BYTES:
        raise TariffError(SYNTAX, f"{options.where} is larger than {MAX_BYTES:,} bytes", "split the file", options.where)
    rules = {} if overlay is None else read_overlay(overlay, overlay_where)
    imported = _importer_of(content, options.where).read(content, options)
    merged = merge(imported.document, rules)
    for key, field in imported.missing.items():
        if key not in merged.document:
            what = f"{field}: {imported.source} does not say the {key} of a tariff from there"
            raise TariffError(UNSUPPORTED, what, f"say {key} in an overlay", field)
    notes = (
        *imported.notes,
        *(sentence for key, sentence in imported.assumed.items() if key not in rules),
        *(f"overlay without effect: {what}" for what in merged.without_effect),
    )
    head = [
        f"Imported from {PurePath(options.where).name} ({imported.source}) on {imported_on}.",
        f"SHA-256 of that file: {hashlib.sha256(content).hexdigest()}",
        *(f"Left out on request: {each.field}" for each in imported.fields if each.fate is Fate.LEFT_OUT),
        *([f"With the overlay {PurePath(overlay_where).name}."] if overlay is not None else []),
        *notes,
    ]
    text = document_text(merged.document, comments=head)
    tariff = _proven(text, imported, merged, overlay_where if overlay is not None else None)
    series = {name: _series_text(rows) for name, rows in imported.series.items()}
    return TariffFile(text, tariff, imported.source, imported.fields, notes, series)


def _series_text(rows: tuple[SeriesRow, ...]) -> str:
    return "".join(["interval_start,price\n", *(f"{row.start.isoformat()},{plain(row.price)}\n" for row in rows)])


def _importer_of(content: bytes, where: str) -> Importer:
    found = next((importer for importer in IMPORTERS if importer.recognise(content)), None)
    if found is None:
        known = ", ".join(importer.name for importer in IMPORTERS)
        raise TariffError(UNRECOGNISED, f"{where} is none of: {known}", "", where)
    return found


def _proven(text: str, imported: ImportedTariff, merged: Merged, overlay_where: str | None) -> Tariff:
    """Return the tariff of a document; what is wrong with it is told in the overlay's own paths."""
    try:
        return parse_tariff(text, "document")
    except TariffError as refusal:
        if overlay_where is None:
            code = "import.document"
            raise InvariantError(
                code, f"the {imported.source} importer made no tariff of the file: {refusal.message}"
            ) from refusal
        message = "\n".join(f"{overlay_where}: {_in_overlay(line, merged)}" for line in refusal.message.splitlines())
        raise TariffError(refusal.code, message, refusal.hint, _in_overlay(refusal.where, merged)) from None


def _in_overlay(text: str, merged: Merged) -> str:
    """Return a text with the paths of the document as paths of the overlay, and without the document's lines."""

    def path_of(match: re.Match[str]) -> str:
        rest = match["rest"]
        if match["charge"] is None:
            return rest.removeprefix(".")
        charges = merged.document["versions"][0]["charges"]
        number = int(match["charge"])
        first_added = len(charges) - merged.from_overlay
        return (
            f"add_charges[{number - first_added}]{rest}" if number >= first_added else f"charges.{charges[number]['kind']}{rest}"
        )

    return _PATH.sub(path_of, re.sub(r"^document:[0-9]+: ", "", text))
