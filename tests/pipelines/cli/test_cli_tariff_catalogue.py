"""``tariff catalogue``: what comes with the program is listed, shown, written to a file and loaded like any document."""

from __future__ import annotations

import pytest

from tariffs.catalogue.entries import entry, names

FLEX_D = "ca-qc-hydro-quebec-flex-d"


def test_people_get_a_row_for_each_tariff_with_its_country_and_publisher(m2b):
    called = m2b("tariff", "catalogue")
    assert (called.code, called.err) == (0, "")
    rows = called.out.splitlines()[2:]
    assert [row.split()[0] for row in rows] == list(names())
    (portland,) = (row for row in rows if row.startswith("us-or-pge-schedule-7 "))
    assert portland.split("  ")[-1].strip() == entry("us-or-pge-schedule-7").source["publisher"]
    assert " US " in portland
    assert " 2026-01-01 " in portland


def test_programs_get_sources_of_all_versions_and_what_a_bill_needs(m2b):
    called = m2b("tariff", "catalogue", "--json")
    assert called.code == 0
    told = {each["tariff_id"]: each for each in called.data["tariffs"]}
    assert list(told) == list(names())
    malchow = told["de-malchow-netz-ns-monat"]
    assert (malchow["currency"], malchow["clock"]) == ("EUR", "Europe/Berlin")
    assert "import_kwh" in malchow["determinants"]
    assert [each["from"] for each in malchow["versions"]] == ["2024-01-01", "2025-01-01"]
    assert malchow["versions"][0]["source"]["url"].endswith("/netznutzungsentgelte-2024/")
    assert {name: each["open_events"] for name, each in told.items() if each["open_events"]} == {FLEX_D: ["peak_demand_events"]}


def test_one_is_shown_word_by_word(m2b):
    called = m2b("tariff", "catalogue", "--show", "us-or-pge-schedule-7")
    assert (called.code, called.out, called.err) == (0, entry("us-or-pge-schedule-7").text, "")
    programs = m2b("tariff", "catalogue", "--show", "us-or-pge-schedule-7", "--json")
    assert programs.data["document"] == entry("us-or-pge-schedule-7").text


@pytest.mark.parametrize("name", names())
def test_what_is_written_is_the_document_and_can_be_checked(m2b, tmp_path, name):
    target = tmp_path / "new folder" / "mine.yaml"
    called = m2b("tariff", "catalogue", "--show", name, "--to", target)
    assert (called.code, called.out) == (0, f"{name}: {target}\n")
    assert target.read_text("utf-8") == entry(name).text
    checked = m2b("tariff", "check", target, "--store", tmp_path / "none", "--json")
    assert (checked.code, checked.data["tariff_id"]) == (0, name)


def test_events_that_no_price_list_holds_are_told(m2b, tmp_path):
    for options in ((), ("--to", tmp_path / "flex_d.yaml")):
        called = m2b("tariff", "catalogue", "--show", FLEX_D, *options)
        assert called.err == (
            "note: no price list says when peak_demand_events are; "
            "write their windows into the document before a bill needs them\n"
        )


def test_a_file_that_is_there_is_replaced_whole(m2b, tmp_path):
    target = tmp_path / "mine.yaml"
    target.write_text("x" * 100_000, "utf-8")
    assert m2b("tariff", "catalogue", "--show", "es-2.0td", "--to", target).code == 0
    assert target.read_text("utf-8") == entry("es-2.0td").text


def test_a_name_that_is_not_there_ends_with_4_and_writes_nothing(m2b, tmp_path):
    called = m2b("tariff", "catalogue", "--show", "us-nowhere", "--to", tmp_path / "mine.yaml", "--json")
    assert (called.code, called.error["code"], called.error["where"]) == (4, "catalogue.unknown", "us-nowhere")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_ends_with_4(m2b, tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    called = m2b("tariff", "catalogue", "--show", "es-2.0td", "--to", tmp_path / "file" / "mine.yaml", "--json")
    assert (called.code, called.error["code"]) == (4, "file.unwritable")


def test_a_file_without_a_name_is_usage(m2b, tmp_path):
    called = m2b("tariff", "catalogue", "--to", tmp_path / "mine.yaml", "--json")
    assert (called.code, called.error["code"]) == (2, "usage")
    assert "--show NAME" in called.error["message"]


def test_it_is_loaded_like_any_other(m2b, tmp_path):
    target = tmp_path / "mine.yaml"
    m2b("tariff", "catalogue", "--show", "gb-ofgem-cap-electricity", "--to", target)
    loaded = m2b("tariff", "load", target, "--store", tmp_path / "store", "--json")
    assert loaded.code == 0, loaded.err
    (told,) = loaded.data["tariffs"]
    assert (told["tariff_id"], told["changed"]) == ("gb-ofgem-cap-electricity", True)
