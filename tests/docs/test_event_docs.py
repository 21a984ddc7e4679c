"""The pages of formats that come from tables of the code say what those tables say."""

from __future__ import annotations

import re

from head_end.event_codes import COMPANIONS
from head_end.p1.tariffs import TARIFF_MEANINGS
from pipelines.ingest.events.columns import COLUMNS
from schemas.event_types import MEANINGS
from tests.docs.pages import first_cells, read, section

EVENTS, P1 = "reference/formats/events.md", "reference/formats/p1.md"


def test_every_event_type_is_there_with_its_meaning_and_no_other():
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", section(read(EVENTS), "Event types"), re.MULTILINE)
    assert rows == [(str(event_type), meaning) for event_type, meaning in MEANINGS.items()]


def test_every_column_of_an_event_file_is_there():
    page = read(EVENTS)
    cells = first_cells(page[: page.index("## Event types")])
    assert {name for names in cells for name in names} == COLUMNS


def test_every_companion_standard_is_there():
    assert all(f"`{companion}`" in read(EVENTS) for companion in COMPANIONS)


def test_every_tariff_meaning_is_there_and_no_other():
    rows = re.findall(r"^\| ([A-Z]{2}) \| (\d) \| (\w+) \|$", section(read(P1), "Tariffs"), re.MULTILINE)
    assert {(country, int(tariff)): meaning for country, tariff, meaning in rows} == TARIFF_MEANINGS
