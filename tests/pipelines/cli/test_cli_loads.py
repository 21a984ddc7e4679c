from __future__ import annotations

import pytest

TARIFF = """\
tariff: plain
currency: EUR
clock: Europe/Prague
versions:
- from: 2026-01-01
  charges:
  - {id: usage, kind: energy, price: "0.30"}
"""


@pytest.fixture(scope="module")
def store(m2b, tmp_path_factory):
    root = tmp_path_factory.mktemp("loads") / "store"
    m2b("init", "--store", root, "--buckets", 1)
    return root


@pytest.fixture
def write(tmp_path):
    def put(name: str, text: str | bytes):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return put


def test_a_tariff_is_loaded_once(m2b, store, write) -> None:
    path = write("plain.yaml", TARIFF)
    first = m2b("tariff", "load", path, "--store", store, "--json")
    again = m2b("tariff", "load", path, "--store", store, "--json")
    assert [one.data["tariffs"][0]["changed"] for one in (first, again)] == [True, False]
    assert (first.code, again.code, again.json["run_id"]) == (0, 0, None)


def test_of_a_name_the_newest_text_counts_also_when_an_older_one_comes_back(m2b, store, write) -> None:
    old, new = write("old.yaml", TARIFF), write("new.yaml", TARIFF.replace("0.30", "0.31"))
    for path in (old, new, old):
        m2b("tariff", "load", path, "--store", store)
    assert m2b("tariff", "check", old, "--store", store, "--json").data["in_store"] == "same"
    assert m2b("tariff", "check", new, "--store", store, "--json").data["in_store"] == "other"


def test_a_checked_tariff_says_what_it_prices(m2b, store, write) -> None:
    data = m2b("tariff", "check", write("other.yaml", TARIFF.replace("plain", "other")), "--store", store, "--json").data
    assert (data["tariff_id"], data["determinants"], data["in_store"]) == ("other", ["import_kwh"], "absent")
    assert data["versions"][0]["charges"] == [{"id": "usage", "kind": "energy"}]


def test_a_tariff_can_be_checked_without_a_store(m2b, tmp_path, write) -> None:
    called = m2b("tariff", "check", write("plain.yaml", TARIFF), "--store", tmp_path / "none")
    assert called.code == 0
    assert not (tmp_path / "none").exists()


def test_a_tariff_error_names_line_and_field(m2b, store, write) -> None:
    path = write("bad.yaml", TARIFF.replace('"0.30"', '"cheap"'))
    called = m2b("tariff", "check", path, "--store", store, "--json")
    assert (called.code, called.error["code"]) == (4, "tariff.invalid")
    assert called.error["where"] == "versions[0].charges[0].price"
    assert f"{path}:7: versions[0].charges[0].price" in called.error["message"]


def test_of_several_tariffs_all_errors_are_told_and_none_is_loaded(m2b, store, write) -> None:
    good = write("good.yaml", TARIFF.replace("plain", "good"))
    bad, worse = write("bad.yaml", TARIFF.replace("EUR", "euro")), write("worse.yaml", b"tariff: \xff\n")
    called = m2b("tariff", "load", good, bad, worse, "--store", store, "--json")
    assert called.code == 4
    assert "bad.yaml:2: currency" in called.error["message"]
    assert "worse.yaml:1: the text is not UTF-8" in called.error["message"]
    assert m2b("tariff", "check", good, "--store", store, "--json").data["in_store"] == "absent"


def test_one_name_in_two_files_is_refused(m2b, store, write) -> None:
    called = m2b(
        "tariff", "load", write("a.yaml", TARIFF), write("b.yaml", TARIFF.replace("0.30", "0.31")), "--store", store, "--json"
    )
    assert (called.code, called.error["code"]) == (4, "tariff.twice")


def test_a_tariff_file_that_is_not_there_is_refused(m2b, store, tmp_path) -> None:
    called = m2b("tariff", "load", tmp_path / "none.yaml", "--store", store, "--json")
    assert (called.code, called.error["code"]) == (4, "file.missing")


CUSTOMERS = "customer_id,name\nC1,Ada\n"
ACCOUNTS = "account_id,customer_id,currency\nA1,C1,EUR\n"


def test_master_data_are_loaded_once(m2b, store, write) -> None:
    paths = [write("customers.csv", CUSTOMERS), write("accounts.csv", ACCOUNTS)]
    first = m2b("masterdata", "load", *paths, "--store", store, "--json")
    again = m2b("masterdata", "load", *paths, "--store", store, "--json")
    assert (first.code, first.data["changed"], again.data["changed"], again.json["run_id"]) == (0, True, False, None)
    changed = {table["table"]: table["changed"] for table in first.data["tables"]}
    assert (changed["customers"], changed["accounts"], changed["meters"]) == (1, 1, 0)


def test_a_newer_row_replaces_the_old_one(m2b, store, write) -> None:
    m2b("masterdata", "load", write("customers.csv", "customer_id,name\nC9,Bea\n"), "--store", store)
    m2b("masterdata", "load", write("customers.csv", "customer_id,name\nC9,Cleo\n"), "--store", store)
    rows = m2b("sql", "SELECT name FROM customers WHERE customer_id = 'C9'", "--store", store, "--json").data["rows"]
    assert rows == [{"name": "Cleo"}]


def test_a_bad_cell_is_told_with_file_line_and_column(m2b, store, write) -> None:
    path = write("accounts.csv", ACCOUNTS + "A2,C1,euro\n")
    called = m2b("masterdata", "load", path, "--store", store, "--json")
    assert (called.code, called.error["code"]) == (4, "masterdata.invalid")
    assert "accounts.csv:3: currency" in called.error["message"]


def test_what_contradicts_itself_is_refused_whole(m2b, store, write) -> None:
    called = m2b(
        "masterdata",
        "load",
        write("accounts.csv", "account_id,customer_id,currency\nA7,nobody,EUR\n"),
        write("customers.csv", "customer_id,name\nC7,Ada\n"),
        "--store",
        store,
        "--json",
    )
    assert (called.code, called.error["code"]) == (4, "masterdata.impossible")
    assert m2b("sql", "FROM accounts WHERE account_id = 'A7'", "--store", store, "--json").data["rows"] == []


def test_the_usual_suffixes_of_a_meter_without_registers_are_shown(m2b, write, tmp_path) -> None:
    paths = [
        write("service_points.csv", "service_point_id,zone,commodity,billing_basis\nSP1,Australia/Sydney,electricity,interval\n"),
        write("meters.csv", "meter_id,service_point_id,installed_from\nM1,SP1,2025-01-01\n"),
    ]
    called = m2b("masterdata", "load", *paths, "--store", tmp_path / "store", "--json")
    assert called.code == 0, called.out
    assert called.data["meters_without_registers"] == 1
    assert called.data["default_channels"] == {"E1": "import_kwh", "B1": "export_kwh"}


PRICES = "interval_start,price\n2026-03-01T00:00Z,85.5\n2026-03-01T01:00Z,-3.25\n"


class TestSeries:
    def test_prices_are_loaded_once(self, m2b, store, write) -> None:
        path = write("prices.csv", PRICES)
        first = m2b("tariff", "series", "load", f"day_ahead={path}", "--store", store, "--json")
        again = m2b("tariff", "series", "load", f"day_ahead={path}", "--store", store, "--json")
        (told,) = first.data["series"]
        assert (told["rows"], told["changed"], told["first"], told["end"]) == (
            2,
            ["2026-03"],
            "2026-03-01T00:00:00Z",
            "2026-03-01T02:00:00Z",
        )
        assert (first.code, again.code, again.json["run_id"], again.data["series"][0]["changed"]) == (0, 0, None, [])

    def test_they_are_a_view(self, m2b, store, write) -> None:
        m2b("tariff", "series", "load", f"other={write('prices.csv', PRICES)}", "--store", store)
        found = m2b(
            "sql", "SELECT value FROM price_series WHERE name = 'other' ORDER BY starts_at", "--store", store, "--format", "csv"
        )
        assert [line.rstrip("0") for line in found.out.splitlines()] == ["value", "85.5", "-3.25"]

    def test_a_row_that_is_missing_refuses_the_file_with_its_line(self, m2b, store, write) -> None:
        path = write("prices.csv", PRICES + "2026-03-01T03:00Z,7\n")
        refused = m2b("tariff", "series", "load", f"hole={path}", "--store", store, "--json")
        assert (refused.code, refused.error["code"], refused.error["where"]) == (4, "series.invalid", f"{path}:4")
        taken = m2b("tariff", "series", "load", f"hole={path}", "--until-next", "--store", store, "--json")
        assert (taken.code, taken.data["series"][0]["rows"]) == (0, 3)

    @pytest.mark.parametrize("word", ["prices.csv", "=prices.csv", "day_ahead="])
    def test_a_name_and_a_file_are_needed(self, m2b, store, word) -> None:
        assert m2b("tariff", "series", "load", word, "--store", store).code == 2
