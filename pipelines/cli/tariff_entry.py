"""What a tariff document is, in the few words that every command about tariffs says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tariffs.determinants import prices_export, required_determinants
from tariffs.model import Tariff


def entry_of(tariff: Tariff, path: Path, sha256: str) -> dict[str, Any]:
    """Return a tariff as programs read it.

    Args:
        tariff: what the document says.
        path: its file.
        sha256: of its bytes.
    """
    return {
        "tariff_id": tariff.tariff,
        "path": path,
        "sha256": sha256,
        "currency": tariff.currency,
        "clock": tariff.clock,
        "determinants": sorted(required_determinants(tariff)),
        "pays_export": prices_export(tariff),
        "versions": [
            {
                "from": version.from_,
                "periods": [band for band in version.bands_for("import") if band is not None],
                "charges": [{"id": charge.id, "kind": charge.kind} for charge in version.charges],
            }
            for version in tariff.versions
        ],
    }
