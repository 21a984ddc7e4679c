"""``tariff import``: a file is written with every field told, or refused by a field with nothing written."""

from __future__ import annotations

import json

import pytest

DAY = [[0] * 24] * 12
RECORD = {
    "utility": "Example Power Co",
    "name": "Schedule R",
    "energyratestructure": [[{"rate": 0.1, "adj": 0.02}]],
    "energyweekdayschedule": DAY,
    "energyweekendschedule": DAY,
    "fixedchargefirstmeter": 16.36,
    "fixedchargeunits": "$/month",
    "fixedchargeeaaddl": 1.5,
}


@pytest.fixture
def rate(tmp_path):
    path = tmp_path / "rate.json"
    path.write_text(json.dumps(RECORD), "utf-8")
    return path


@pytest.fixture
def target(tmp_path):
    return tmp_path / "made" / "rate.yaml"


def test_a_price_that_cannot_be_carried_ends_with_4_and_writes_nothing(m2b, rate, target):
    called = m2b("tariff", "import", rate, "--to", target, "--json")
    assert called.code == 4
    assert (called.error["code"], called.error["where"]) == ("import.unsupported", "fixedchargeeaaddl")
    assert not target.parent.exists()


def test_left_out_on_purpose_it_is_written_and_can_be_followed(m2b, rate, target):
    called = m2b("tariff", "import", rate, "--to", target, "--without", "fixedchargeeaaddl", "--without", "sell", "--json")
    assert called.code == 0
    assert "# Left out on request: fixedchargeeaaddl" in target.read_text("utf-8").splitlines()
    assert m2b("tariff", "check", target, "--json").data["tariff_id"] == called.data["tariff_id"] == "example-power-co-schedule-r"


def test_the_report_tells_every_field(m2b, rate, target):
    data = m2b("tariff", "import", rate, "--to", target, "--without", "fixedchargeeaaddl", "--json").data
    assert (data["path"], data["format"]) == (str(target), "URDB v8")
    assert {each["field"]: each["fate"] for each in data["fields"]} == {
        "utility": "information",
        "name": "information",
        "energyratestructure": "carried",
        "energyweekdayschedule": "carried",
        "energyweekendschedule": "carried",
        "fixedchargefirstmeter": "carried",
        "fixedchargeunits": "carried",
        "fixedchargeeaaddl": "left_out",
    }
    assert [note.partition(";")[0] for note in data["notes"]] == ["the record has no startdate", "URDB v8 has no clock"]


def test_people_read_a_table_and_notes(m2b, rate, target):
    called = m2b("tariff", "import", rate, "--to", target, "--without", "fixedchargeeaaddl")
    assert "fixedchargefirstmeter  carried      charge basic" in called.out
    assert called.out.splitlines()[-1] == f"example-power-co-schedule-r: {target}"
    assert called.err.startswith("note: the record has no startdate")


def test_an_overlay_is_merged(m2b, rate, target, tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text('clock: America/Denver\nadd_charges: [{id: tax, kind: tax, of: all, percent: "4"}]\n', "utf-8")
    called = m2b("tariff", "import", rate, "--to", target, "--without", "fixedchargeeaaddl", "--overlay", overlay, "--json")
    checked = m2b("tariff", "check", target, "--json").data
    assert called.code == 0
    assert (checked["clock"], [each["id"] for each in checked["versions"][0]["charges"]]) == (
        "America/Denver",
        ["basic", "energy", "tax"],
    )


@pytest.mark.parametrize("overlay", [b"clocks: x\n", b"clock: nowhere\n", b"clock: [\n", b"\xff"])
def test_an_overlay_that_cannot_be_followed_leaves_the_old_file(m2b, rate, target, tmp_path, overlay):
    target.parent.mkdir()
    target.write_text("as it was", "utf-8")
    (tmp_path / "overlay.yaml").write_bytes(overlay)
    arguments = ("--to", target, "--without", "fixedchargeeaaddl", "--overlay", tmp_path / "overlay.yaml")
    assert m2b("tariff", "import", rate, *arguments, "--json").code == 4
    assert target.read_text("utf-8") == "as it was"


def test_the_same_again_is_the_same_file_and_nothing_else_is_left(m2b, rate, target):
    arguments = ("tariff", "import", rate, "--to", target, "--without", "fixedchargeeaaddl")
    m2b(*arguments)
    first = target.read_bytes()
    m2b(*arguments)
    assert target.read_bytes() == first
    assert list(target.parent.iterdir()) == [target]


def test_the_source_is_never_written_over(m2b, rate):
    before = rate.read_bytes()
    assert m2b("tariff", "import", rate, "--to", rate, "--without", "fixedchargeeaaddl", "--json").code == 2
    assert rate.read_bytes() == before


def test_a_file_that_is_not_there_is_told(m2b, tmp_path, rate, target):
    called = m2b("tariff", "import", tmp_path / "none.json", "--to", target, "--json")
    assert (called.code, called.error["code"]) == (4, "file.missing")
    called = m2b("tariff", "import", rate, "--to", target, "--overlay", tmp_path / "none.yaml", "--json")
    assert (called.code, called.error["code"]) == (4, "file.missing")


def test_a_place_that_cannot_be_written_is_told(m2b, rate, tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    called = m2b("tariff", "import", rate, "--to", tmp_path / "file" / "t.yaml", "--without", "fixedchargeeaaddl", "--json")
    assert (called.code, called.error["code"]) == (4, "file.unwritable")


def test_a_file_of_two_hundred_megabytes_is_refused_without_being_read_whole(m2b, tmp_path, target):
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(200_000_000)
    called = m2b("tariff", "import", large, "--to", target, "--json")
    assert (called.code, called.error["code"]) == (4, "import.syntax")
