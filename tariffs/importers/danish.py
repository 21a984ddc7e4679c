"""Danish charges: Energinet's public price list and the DataHub's charge tables, to a tariff document."""

from __future__ import annotations

import re

from tariffs.importers.danish_charges import CLOCK, invalid
from tariffs.importers.danish_pricelist import RECORDS, read_pricelist
from tariffs.importers.danish_tables import is_archive, read_tables
from tariffs.importers.danish_versions import versions_of
from tariffs.importers.exact_json import parse_exact_json
from tariffs.importers.importer import ImportedTariff, ImportOptions

NAME = "Danish charges"
_MARKS = (b'"ChargeTypeCode"', b'"Price1"')


class DanishImporter:
    """Reads the price list as JSON, or the three charge tables in a ZIP."""

    name = NAME

    def recognise(self, content: bytes) -> bool:
        """Tell whether a file is meant to be Danish charges."""
        is_json = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
        return is_archive(content) or (is_json and all(mark in content for mark in _MARKS))

    def read(self, content: bytes, options: ImportOptions) -> ImportedTariff:
        """Return the tariff of all charges that are not left out.

        Raises:
            TariffError: ``import.syntax``, ``import.invalid``, ``import.unsupported``, ``import.unknown``; ``where`` is a field
                of the price list, or the table, row or column.
        """
        if is_archive(content):
            prices, source = read_tables(content, options.without, options.where), "DataHub charge tables"
        else:
            found = parse_exact_json(content, options.where)
            prices, source = read_pricelist(found, options.without, options.where), "DatahubPricelist"
        if not prices.charges:
            raise invalid(RECORDS, f"{options.where} has no charge that is not left out")
        made = versions_of(prices.charges, {"format": f"{NAME}: {source}"})
        if not made.versions:
            raise invalid(RECORDS, f"{options.where} has no price")
        name = re.sub(r"[^a-z0-9]+", "-", prices.owner.lower()).strip("-")[:100].strip("-")
        document = {
            "tariff": f"datahub-{name}" if name else "datahub-charges",
            "currency": "DKK",
            "clock": CLOCK,
            "rounding": {"line": {"places": 2, "mode": "half_up"}, "total": "sum_of_lines"},
            "versions": made.versions,
        }
        unsaid = [charge.id for charge in prices.charges if charge.vat is None]
        vat = f"nothing is said of VAT on {', '.join(unsaid)}; none is laid on them"
        return ImportedTariff(
            NAME, document, prices.fields, prices.notes, {"add_charges": vat} if unsaid else {}, series=made.series
        )
