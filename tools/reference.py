"""Write the generated pages of the reference: the data dictionary, the commands' help, the thresholds of VEE."""

from __future__ import annotations

from pathlib import Path

from pipelines.cli.reference import command_reference
from pipelines.vee.profile.reference import thresholds_reference
from schemas.dictionary import data_dictionary

PAGES = Path(__file__).parents[1] / "docs" / "reference"


def pages() -> dict[Path, str]:
    """Return every generated page and its text."""
    return {
        PAGES / "data_dictionary.md": data_dictionary(),
        PAGES / "commands.md": command_reference(),
        PAGES / "vee" / "thresholds.md": thresholds_reference(),
    }


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, "utf-8")
