"""Write the sample data: a utility of twelve service points, made by the project's own generator."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from pipelines.synthetic.files import write_utility

FOLDER = Path(__file__).parents[1] / "sample_data"
PARTS = ("inbox", "masterdata", "tariffs", "truth")
SEED, SERVICE_POINTS = 1, 12


def made_in(folder: Path) -> None:
    """Write the parts of the sample data into a folder."""
    with tempfile.TemporaryDirectory() as aside:
        write_utility(Path(aside), seed=SEED, service_points=SERVICE_POINTS)
        for part in PARTS:
            shutil.copytree(Path(aside) / part, folder / part, dirs_exist_ok=True)


if __name__ == "__main__":
    for part in PARTS:
        shutil.rmtree(FOLDER / part, ignore_errors=True)
    made_in(FOLDER)
