from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree, html

from pipelines.operations.book_simulation.chart import MOST_GROUPS, chart_svg, drawn
from pipelines.operations.book_simulation.drafts import Draft
from pipelines.operations.book_simulation.figures import book_figures
from pipelines.operations.book_simulation.report import charts_of, report_html
from pipelines.operations.book_simulation.simulation import SimulatedBook
from schemas.bills import CHARGE_LINES
from tests.pipelines.operations.book_simulation.bills import moved, position, positions

NO_LINES = CHARGE_LINES.empty()


def book_of(rows, *by, name="home"):
    draft = Draft(name, Path("draft.yaml"), "", "ab" * 32, {"home": "cd" * 32})
    figures = book_figures(rows, NO_LINES, NO_LINES, by)
    return SimulatedBook("run-7", [(date(2026, 3, 1), date(2026, 4, 1))], date(2026, 4, 10), [draft], rows, figures)


def words_of(svg: str) -> str:
    return " ".join(etree.fromstring(svg.encode()).itertext())


def test_the_same_figures_make_the_same_picture():
    book = book_of(moved("1", "-2", "0"), "tariff", "generation")
    assert charts_of(book) == charts_of(book)


def test_rises_falls_and_equal_bills_have_colours_of_their_own():
    svg = charts_of(book_of(moved("1", "-2", "0"), "tariff"))
    bars = re.findall(r'aria-roledescription="bar"[^>]*fill="(#\w+)"', svg)
    assert {"#D55E00", "#0072B2", "#6E6E6E"} <= set(bars)
    assert {"falls", "stays equal", "rises"} <= set(re.findall(r">(falls|stays equal|rises)<", svg))


def test_axes_say_what_they_measure_and_in_what():
    words = words_of(charts_of(book_of(moved("1", "-2"), "tariff")))
    for said in ("revenue, tax included: draft less now [EUR]", "total of a bill: draft less now [EUR]", "bills"):
        assert said in words
    assert "bins of 0.20 EUR" in words


def test_open_bins_are_said_to_be_open():
    svg = charts_of(book_of(moved(*["1"] * 150, "9000"), "tariff"))
    assert "paler, at the ends: everything beyond" in words_of(svg)
    assert "paler" not in words_of(charts_of(book_of(moved("1", "2"), "tariff")))


def test_of_many_groups_those_with_most_bills_are_drawn_and_it_is_said():
    rows = [position(n, "1", "2", transformer=f"T{min(n, MOST_GROUPS + 3):02}") for n in range(40)]
    (figures,) = book_figures(positions(rows), NO_LINES, NO_LINES, ("transformer",))
    groups = figures.groups["transformer"]
    assert len(groups) == MOST_GROUPS + 4
    assert [group.label for group in drawn(groups)] == [f"T{n:02}" for n in range(MOST_GROUPS - 1)] + [f"T{MOST_GROUPS + 3}"]
    assert f"the {MOST_GROUPS} groups with most bills of {MOST_GROUPS + 4}" in words_of(
        chart_svg([figures], "title", ["subtitle"])
    )


def test_currencies_are_drawn_apart():
    rows = positions([position(1, "10", "12"), position(2, "5", "4", currency="AUD")])
    words = words_of(charts_of(book_of(rows, "tariff")))
    assert "By tariff that is replaced [AUD]" in words
    assert "By tariff that is replaced [EUR]" in words


def test_without_a_bill_that_is_compared_there_is_no_picture_and_still_a_report():
    book = book_of(positions([position(1, "5", None)]), "tariff")
    assert charts_of(book) is None
    text = report_html(book, None)
    assert "fact.missing" in text
    assert "<svg" not in text


@pytest.fixture(scope="module")
def page():
    rows = positions([position(1, "100", "104.5"), position(2, "100", "98"), position(3, "7", None)])
    book = book_of(rows, "tariff", name="<b>home</b> & co")
    return html.fromstring(report_html(book, charts_of(book)))


class TestReport:
    def test_hostile_text_is_shown_as_it_is(self, page):
        assert page.xpath("//h1/text()") == ["The book on draft <b>home</b> & co"]
        assert not page.xpath("//b")

    def test_it_has_no_script_and_asks_nobody_for_anything(self, page):
        assert not page.xpath("//script | //link | //img | //iframe | //object")
        assert not page.xpath("//@src | //@*[starts-with(name(), 'on')]")
        policy = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]

    def test_its_tables_have_what_the_figures_say(self, page):
        cells = [[cell.text or "" for cell in row] for row in page.xpath("//table[1]//tr")]
        assert cells[0][:3] == ["tariff", "bills", "net now"]
        (revenue,) = [row for row in cells if row[:2] == ["home", "2"]]
        assert revenue[5:] == ["200.00", "202.50", "+2.50", "+1.25", "1", "1", "0"]

    def test_who_is_held_is_listed(self, page):
        assert ["A00003", "2026-03-01", "2026-04-01", "billed", "fact.missing", "no kW"] in [
            [cell.text or "" for cell in row] for row in page.xpath("//tr")
        ]

    def test_it_says_what_was_compared(self, page):
        facts = page.xpath("//ul/li/text()")
        assert "readings and master data of run run-7" in facts[0]
        assert facts[1] == "draft <b>home</b> & co (draft.yaml, sha256 abababababab) in place of home (sha256 cdcdcdcdcdcd)"
        assert facts[2] == "2 of 3 bills made both now and by draft: these are compared; 1 held under one or both"
        assert (
            facts[3]
            == "all bills now: 3 bills, net 207.00, total 207.00 EUR; all bills by draft: 2 bills, net 202.50, total 202.50 EUR"
        )


def test_a_money_amount_without_decimals_keeps_none():
    rows = positions([position(1, "1200", "1300", currency="JPY")])
    assert "1200" in report_html(book_of(rows, "tariff"), None)
    assert "1200.00" not in report_html(book_of(rows, "tariff"), None)
    assert Decimal(100) == book_of(rows, "tariff").figures[0].whole.total.difference
