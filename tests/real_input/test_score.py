"""The score: every real file is spoken of by a test that says what must come of it; the last line of a run tells it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from pipelines.ingest.formats import READERS
from tests.docs.pages import DOCS
from tests.real_input.conftest import SPOKEN_OF, real_files

PAGE = (DOCS / "reference" / "formats" / "index.md").read_text("utf-8")


@pytest.fixture(scope="module")
def spoken_of(request, reference_data):
    """Real files that a collected test speaks of; skipped where not all tests of the folder were collected."""
    here = Path(__file__).parent
    if not set(here.glob("test_real_*.py")) <= {item.path for item in request.session.items}:
        pytest.skip("a score needs all tests of real files")
    return {file for item in request.session.items for name, file in item.user_properties if name == SPOKEN_OF}


def test_every_real_file_is_spoken_of(spoken_of):
    assert sorted(set(real_files()) - spoken_of) == []


def test_the_page_on_formats_tells_how_many_real_files_of_each_kind_there_are(reference_data):
    counted = Counter(file.split("/")[0] for file in real_files())
    assert [f"`{folder}` {count}" for folder, count in counted.items() if f"`{folder}` {count}" not in PAGE] == []


def test_the_page_on_formats_names_every_format():
    assert [name for name in READERS if not name.startswith("csv_") and f"`{name}`" not in PAGE] == []
