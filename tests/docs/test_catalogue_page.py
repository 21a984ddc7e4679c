"""The page of the catalogue: a row for each tariff, with its dates, its source and the bill that a test computes by hand."""

from __future__ import annotations

import pytest

from tariffs.catalogue.entries import entry, names
from tests.docs.pages import read, section
from tests.tariffs.catalogue.test_worked_bills import worked_bills

PAGE = "reference/catalogue.md"


def rows(text):
    """The rows of the tables in a text, by the name in their first cell."""
    cells = ([cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line.startswith("| `"))
    return {first.strip("` |"): rest for first, *rest in cells}


def test_every_tariff_has_its_row_and_no_other_is_there():
    assert list(rows(read(PAGE).split("\n## ")[0])) == list(names())


def test_it_says_how_many_they_are():
    countries = {entry(name).source["country"] for name in names()}
    assert f"\n{len(names())} price lists that were really published, from {len(countries)} countries, " in read(PAGE)


@pytest.mark.parametrize("name", names())
def test_a_row_says_what_the_document_says_and_the_bill_that_was_computed_by_hand(name):
    found = entry(name)
    _, customers, what, since, source, worked = rows(read(PAGE).split("\n## ")[0])[name]
    assert customers == f"{found.source['customers']}; {found.source['commodity']}"
    assert what == found.source["summary"]
    assert since == ", ".join(version.from_.isoformat() for version in found.tariff.versions)
    publisher, url = found.source["publisher"], found.source["url"]
    assert source == (f"[{publisher}]({url})" if url.startswith("https:") else f"{publisher}, <{url}>")
    assert worked.strip(" |").endswith(f": {worked_bills()[name].shown} {found.tariff.currency}")


@pytest.mark.parametrize(("heading", "word"), [("Read second-hand", "second_hand"), ("Left out", "left_out")])
def test_what_is_second_hand_or_left_out_is_told_as_the_documents_tell_it(heading, word):
    told = {name: entry(name).source.get(word, "no").strip() for name in names()}
    listed = {name: " | ".join(cells).strip(" |") for name, cells in rows(section(read(PAGE), heading)).items()}
    assert listed == {name: text for name, text in told.items() if text != "no"}


def test_whatever_is_open_in_a_document_must_be_added():
    wanted = {
        name for name in names() if entry(name).open_events or "series:" in entry(name).text or "power: " in entry(name).text
    }
    assert wanted <= set(rows(section(read(PAGE), "What must be added")))
