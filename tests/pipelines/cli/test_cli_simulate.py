"""``tariff simulate`` as people and programs meet it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from pipelines.cli import tariff_simulate
from schemas.table import AMOUNT
from tariffs.exact import plain
from tariffs.simulation import run

TARIFF = """tariff: example
currency: EUR
clock: Europe/Berlin
rounding: {line: none, total: {places: 2, mode: half_up}}
versions:
- from: 2026-01-01
  periods: {day: [{from: "06:00", to: "22:00"}], night: [{else: true}]}
  charges:
  - {id: basic, kind: fixed, price: "16.30", per: month}
  - {id: usage, kind: energy, price: {day: "0.305", night: "0.20"}}
"""
FLAT = """tariff: flat
currency: EUR
clock: Europe/Berlin
rounding: {line: none, total: {places: 2, mode: half_up}}
versions:
- from: 2026-01-01
  charges:
  - {id: usage, kind: energy, price: "0.25"}
"""
BEGAN = datetime(2025, 12, 31, 23, tzinfo=UTC)


def hours(count, row="1", head="interval_start,import_kwh"):
    return "\n".join([head, *(f"{(BEGAN + timedelta(hours=n)).isoformat()},{row}" for n in range(count))]) + "\n"


@pytest.fixture
def file(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture
def simulate(m2b, file):
    """Run the command on a tariff and a load given as text."""

    def run(*options, tariff=TARIFF, load=None):
        paths = file("tariff.yaml", tariff), file("load.csv", hours(59 * 24) if load is None else load)
        return m2b("tariff", "simulate", "--tariff", paths[0], "--load", paths[1], *options)

    return run


def totals(called):
    return [period["total"] for period in called.data["periods"]]


class TestResult:
    def test_programs_get_one_object_with_every_period(self, simulate):
        called = simulate("--json")
        assert (called.code, called.err) == (0, "")
        assert list(called.json) == ["ok", "run_id", "data"]
        assert (called.json["ok"], called.json["run_id"]) == (True, None)
        # January: 496 kWh by day, 248 by night
        assert called.data["periods"][0] == {
            "period_from": "2026-01-01",
            "period_to": "2026-02-01",
            "days": 31,
            "determinants": {"import_kwh": "744", "export_kwh": "0", "peak_kw": "1", "billing_demand_kw": "1"},
            "lines": [
                {
                    "charge_id": "basic", "kind": "fixed", "band": None, "tier": None, "quantity": "1", "unit": "month",
                    "price": "16.3", "amount": "16.3", "amount_rounded": "16.3",
                },
                {
                    "charge_id": "usage", "kind": "energy", "band": "day", "tier": None, "quantity": "496", "unit": "kWh",
                    "price": "0.305", "amount": "151.28", "amount_rounded": "151.28",
                },
                {
                    "charge_id": "usage", "kind": "energy", "band": "night", "tier": None, "quantity": "248", "unit": "kWh",
                    "price": "0.2", "amount": "49.6", "amount_rounded": "49.6",
                },
            ],
            "total": "217.18",
            "total_rounded": "217.18",
        }  # fmt: skip
        assert [period["period_to"] for period in called.data["periods"]] == ["2026-02-01", "2026-03-01"]

    def test_people_get_a_table_for_each_period_and_the_total(self, simulate):
        called = simulate()
        assert (called.code, called.err) == (0, "")
        assert called.out == (
            "2026-01-01 to 2026-02-01 (exclusive), 31 days: 217.18 EUR\n"
            "charge  period  step  quantity  unit   price  amount\n"
            "------  ------  ----  --------  -----  -----  ------\n"
            "basic                        1  month   16.3   16.30\n"
            "usage   day                496  kWh    0.305  151.28\n"
            "usage   night              248  kWh      0.2   49.60\n"
            "\n"
            "2026-02-01 to 2026-03-01 (exclusive), 28 days: 197.74 EUR\n"
            "charge  period  step  quantity  unit   price  amount\n"
            "------  ------  ----  --------  -----  -----  ------\n"
            "basic                        1  month   16.3   16.30\n"
            "usage   day                448  kWh    0.305  136.64\n"
            "usage   night              224  kWh      0.2   44.80\n"
            "\n"
            "example: 2 billing periods, total 414.92 EUR\n"
        )

    def test_a_store_is_neither_needed_nor_made(self, simulate, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert simulate("--json").code == 0
        assert sorted(path.name for path in tmp_path.iterdir()) == ["load.csv", "tariff.yaml"]


class TestSpans:
    def test_from_and_to_leave_the_rest_out(self, simulate):
        called = simulate("--from", "2026-01-31", "--to", "2026-02-02", "--json")
        assert [(p["period_from"], p["period_to"], p["days"]) for p in called.data["periods"]] == [
            ("2026-01-31", "2026-02-01", 1),
            ("2026-02-01", "2026-02-02", 1),
        ]

    def test_periods_of_a_file(self, simulate, file):
        windows = file("windows.csv", "period_from,period_to\n2026-01-08,2026-02-06\n2026-02-06,2026-02-20\n")
        called = simulate("--periods", windows, "--json")
        assert [(p["period_from"], p["days"]) for p in called.data["periods"]] == [("2026-01-08", 29), ("2026-02-06", 14)]

    def test_calendar_months_may_be_asked_for_by_name(self, simulate):
        assert simulate("--periods", "calendar-month", "--json").data == simulate("--json").data

    def test_the_latest_version_prices_everything_where_asked(self, simulate):
        newer = TARIFF + '- {from: 2026-02-01, charges: [{id: usage, kind: energy, price: "0.5"}]}\n'
        assert totals(simulate("--json", tariff=newer)) == ["217.18", "336"]
        assert totals(simulate("--tariff-version", "dated", "--json", tariff=newer)) == ["217.18", "336"]
        assert totals(simulate("--tariff-version", "latest", "--json", tariff=newer)) == ["372", "336"]

    @pytest.mark.parametrize(
        "options", [["--from", "2026-01-02", "--to", "2026-01-02"], ["--from", "soon"], ["--tariff-version", "first"]]
    )
    def test_what_cannot_be_meant_is_a_mistake_in_the_command(self, simulate, options):
        called = simulate(*options, "--json")
        assert (called.code, called.error["code"]) == (2, "usage")


class TestWhatTheAgreementSays:
    RELIEF = '  - {id: relief, kind: fixed, price: "-5", per: month, only_for: low_income}\n'

    def test_an_option_brings_its_charges(self, simulate):
        assert totals(simulate("--option", "low_income", "--json", tariff=TARIFF + self.RELIEF)) == ["212.18", "192.74"]
        assert totals(simulate("--json", tariff=TARIFF + self.RELIEF)) == ["217.18", "197.74"]

    def test_a_misspelt_option_is_refused(self, simulate):
        called = simulate("--option", "low-income", "--json", tariff=TARIFF + self.RELIEF)
        assert (called.code, called.error["code"], called.error["where"]) == (4, "simulate.option", "--option")
        assert "low_income" in called.error["hint"]

    def test_export_bears_tax_where_it_says_so(self, simulate):
        taxed = FLAT + '  - {id: vat, kind: tax, of: [usage], percent: "20"}\n  export: {mode: net_billing, price: "0.05"}\n'
        load = hours(24, "1,2", "interval_start,import_kwh,export_kwh")
        # 24 kWh at 0.25, 48 kWh earn 0.05 each
        assert totals(simulate("--json", tariff=taxed, load=load)) == ["4.8"]
        assert totals(simulate("--export-taxed", "--json", tariff=taxed, load=load)) == ["4.32"]

    @pytest.mark.parametrize("option", ["--fact", "--series"])
    @pytest.mark.parametrize("value", ["contracted_kw", "=5", "contracted_kw="])
    def test_a_name_without_a_value_is_a_mistake_in_the_command(self, simulate, option, value):
        called = simulate(option, value, "--json")
        assert (called.code, called.error["code"]) == (2, "usage")

    @pytest.mark.parametrize("value", ["5,5", "5e1", "nan", "0.0000000001"])
    def test_a_fact_is_a_plain_decimal(self, simulate, value):
        assert simulate("--fact", f"contracted_kw={value}", "--json").code == 2

    def test_a_name_is_given_once(self, simulate):
        called = simulate("--fact", "contracted_kw=5", "--fact", "contracted_kw=6", "--json")
        assert (called.code, called.error["message"]) == (2, "--fact contracted_kw is given twice")


class TestWhatReachesTheRating:
    """What is known of the customer, as the simulation is given it."""

    @pytest.fixture
    def customers(self, monkeypatch):
        seen = []

        def spied(tariff, load, periods, customer, *, billing_clock):
            seen.append(customer)
            return run.simulate(tariff, load, periods, customer, billing_clock=billing_clock)

        monkeypatch.setattr(tariff_simulate, "simulate", spied)
        return seen

    def test_peaks_of_the_history_are_carried_into_the_first_period_of_each_tariff(self, simulate, file, customers):
        looks_back = FLAT + '  billing_demand: {percent: "80", months: 11}\n'
        history = file("history.csv", "month,peak_kw\n2025-11,7.5\n2025-12,8\n")
        simulate("--history", history, "--against", file("flat.yaml", FLAT), "--json", tariff=looks_back)
        names = [{name: plain(peak.to_arrow(AMOUNT)[0].as_py()) for name, peak in each.carried.items()} for each in customers]
        assert names[0] == {"peak|*|2025-11": "7.5", "peak|*|2025-12": "8"}

    def test_series_facts_and_flags(self, simulate, file, customers):
        prices = file("prices.csv", "interval_start,price\n2025-12-31T00:00Z,80.25\n")
        simulate("--series", f"day_ahead={prices}", "--fact", "contracted_kw=5.5", "--starts", "--json")
        simulate("--ends", "--export-taxed", "--json")
        first, second = customers
        (series,) = first.series.values()
        assert (list(first.series), series.values.tolist(), series.scale) == (["day_ahead"], [8025], 2)
        assert {name: (fact.values.tolist(), fact.scale) for name, fact in first.facts.items()} == {"contracted_kw": ([55], 1)}
        assert (first.starts, first.ends, first.export_taxed) == (True, False, False)
        assert (second.starts, second.ends, second.export_taxed) == (False, True, True)
        assert (second.series, second.facts, second.carried) == ({}, {}, {})


def test_a_charge_on_export_costs_nothing_where_nothing_was_fed_in(simulate):
    metered = TARIFF + '  - {id: feed_in_fee, kind: energy, quantity: export_kwh, price: "0.01"}\n'
    assert totals(simulate("--json", tariff=metered)) == ["217.18", "197.74"]


class TestPartsOfADay:
    def test_programs_get_all_that_the_load_covers_and_the_days_it_has_in_part(self, simulate):
        called = simulate("--json", load=hours(30))
        assert (called.code, called.data["part_days"]) == (0, ["2026-01-02"])
        (period,) = called.data["periods"]
        assert (period["period_to"], period["days"], period["determinants"]["import_kwh"]) == ("2026-01-03", 2, "30")
        assert "part_days" not in simulate("--json", load=hours(48)).data

    def test_people_are_told_and_how_to_price_whole_days(self, simulate):
        called = simulate(load=hours(30))
        assert (called.code, "2026-01-01 to 2026-01-03 (exclusive)" in called.out) == (0, True)
        assert "of 2026-01-02 only a part is priced; whole days: --from 2026-01-01 --to 2026-01-02" in called.err
        assert simulate("--to", "2026-01-02", load=hours(30)).err == ""


class TestRefusals:
    def test_a_gap_in_the_load(self, simulate):
        rows = hours(48).splitlines()
        called = simulate("--json", load="\n".join([*rows[:5], *rows[6:]]))
        assert (called.code, list(called.json)) == (4, ["ok", "run_id", "error"])
        assert called.error["code"] == "load.gap"
        assert called.error["where"].endswith("load.csv:6")

    def test_people_read_file_line_and_reason_once(self, simulate):
        rows = hours(48).splitlines()
        called = simulate(load="\n".join([*rows[:5], rows[5] + "e3", *rows[6:]]))
        assert (called.code, called.out) == (4, "")
        assert called.err.startswith("error: import_kwh '1e3' is no plain decimal such as 0.25 (")
        assert called.err.count("load.csv:6") == 1

    def test_a_day_asked_for_that_the_load_has_in_part(self, simulate):
        called = simulate("--json", "--to", "2026-01-03", load=hours(30))
        assert (called.code, called.error["code"]) == (4, "load.short")
        assert "the whole days from 2026-01-01 to 2026-01-02" in called.error["message"]

    def test_a_load_without_a_quantity_that_the_tariff_names(self, simulate):
        heated = TARIFF + '  - {id: heater, kind: energy, quantity: controlled_load_kwh, price: "0.18"}\n'
        called = simulate("--json", tariff=heated)
        assert (called.code, called.error["code"]) == (4, "table.column")
        assert called.error["message"] == "column controlled_load_kwh is missing"
        load = hours(24, "1,2", "interval_start,import_kwh,controlled_load_kwh")
        lines = simulate("--json", tariff=heated, load=load).data["periods"][0]["lines"]
        assert (lines[-1]["charge_id"], lines[-1]["amount"], lines[-1]["unit"]) == ("heater", "8.64", "kWh")

    def test_a_tariff_that_cannot_be_followed(self, simulate):
        called = simulate("--json", tariff=TARIFF.replace("per: month", "per: week"))
        assert (called.code, called.error["code"]) == (4, "tariff.invalid")
        assert called.error["where"] == "versions[0].charges[0].per"

    def test_a_load_from_before_the_first_version_names_the_tariff_file(self, simulate):
        called = simulate("--json", tariff=TARIFF.replace("2026-01-01", "2026-01-02"))
        assert (called.code, called.error["code"]) == (4, "tariff.no_version")
        assert called.error["where"].endswith("tariff.yaml")

    @pytest.mark.parametrize(
        ("option", "value"), [("--history", "{}"), ("--periods", "{}"), ("--series", "day_ahead={}"), ("--against", "{}")]
    )
    def test_a_file_that_is_not_there(self, simulate, tmp_path, option, value):
        called = simulate(option, value.format(tmp_path / "none"), "--json")
        assert (called.code, called.error["code"], called.error["where"]) == (4, "file.missing", str(tmp_path / "none"))

    def test_a_load_that_is_not_utf8(self, m2b, file, tmp_path):
        (tmp_path / "load.csv").write_bytes(b"interval_start,import_kwh\n2026-01-01T00:00Z,1\nl\xe4nge,1\n")
        called = m2b("tariff", "simulate", "--tariff", file("t.yaml", TARIFF), "--load", tmp_path / "load.csv", "--json")
        assert (called.code, called.error["code"]) == (4, "table.syntax")
        assert called.error["where"].endswith("load.csv:3")

    @pytest.mark.parametrize(
        ("option", "name", "text", "code"),
        [
            ("--history", "history.csv", "month,peak_kw\n2026-01,5\n", "history.month"),
            ("--history", "history.csv", "month,peak\n2025-12,5\n", "table.column"),
            ("--periods", "p.csv", "period_from,period_to\n2026-01-01,2026-01-01\n", "periods.order"),
            ("--series", "s.csv", "interval_start,price\n2026-01-01,5\n", "table.cell"),
        ],
    )
    def test_a_side_file_that_says_what_cannot_be(self, simulate, file, option, name, text, code):
        path = file(name, text)
        called = simulate(option, f"x={path}" if option == "--series" else path, "--json")
        assert (called.code, called.error["code"]) == (4, code)
        assert called.error["where"].startswith(str(path))

    def test_tariff_and_load_are_both_needed(self, m2b, file):
        assert m2b("tariff", "simulate", "--tariff", file("t.yaml", TARIFF), "--json").code == 2
        assert m2b("tariff", "simulate", "--load", file("l.csv", hours(24)), "--json").code == 2


class TestAgainst:
    def test_programs_get_the_bills_and_the_comparison_cheapest_first(self, simulate, file):
        called = simulate("--against", file("flat.yaml", FLAT), "--json")
        assert called.code == 0
        assert {name: called.data[name] for name in ("tariff", "currency", "periods")} == simulate("--json").data
        # 1416 kWh at 0.25; 944 by day at 0.305, 472 by night at 0.20, twice 16.30
        found = [(each["tariff"], each["total"], each["difference"]) for each in called.data["compared"]]
        assert found == [("flat", "354", "-60.92"), ("example", "414.92", "0")]
        lines = [(line["charge_id"], line["band"], line["difference"]) for line in called.data["compared"][0]["lines"]]
        assert lines == [
            ("usage", None, "354"),
            ("basic", None, "-32.6"),
            ("usage", "day", "-287.92"),
            ("usage", "night", "-94.4"),
        ]

    def test_people_get_the_tariffs_side_by_side(self, simulate, file):
        called = simulate("--against", file("flat.yaml", FLAT))
        assert called.code == 0
        told = called.out.splitlines()
        assert told[0].startswith("2026-01-01 to 2026-03-01 (exclusive), EUR; difference: against ")
        assert [line.split()[0] for line in told[3:5]] == ["flat", "example"]
        assert told[3].endswith("354.00      -60.92")
        assert "basic                        0  month    0.00      -32.60" in told

    def test_several_tariffs_are_compared_at_once(self, simulate, file):
        dear = file("dear.yaml", FLAT.replace("0.25", "0.9").replace("tariff: flat", "tariff: dear"))
        called = simulate("--against", dear, "--against", file("flat.yaml", FLAT), "--json")
        assert [each["tariff"] for each in called.data["compared"]] == ["flat", "example", "dear"]

    def test_another_currency_is_refused(self, simulate, file):
        called = simulate("--against", file("other.yaml", FLAT.replace("EUR", "USD")), "--json")
        assert (called.code, called.error["code"]) == (4, "tariff.currencies")

    def test_a_tariff_is_not_compared_with_itself(self, simulate, tmp_path):
        assert simulate("--against", tmp_path / "tariff.yaml", "--json").code == 2

    def test_a_tariff_that_has_no_price_yet_is_named_by_its_file(self, simulate, file):
        called = simulate("--against", file("late.yaml", FLAT.replace("2026-01-01", "2027-01-01")), "--json")
        assert (called.code, called.error["code"]) == (4, "tariff.no_version")
        assert called.error["where"].endswith("late.yaml")


def test_what_is_printed_with_json_is_json_and_nothing_else(simulate):
    called = simulate("--json")
    assert called.out.count("\n") == 1
    assert json.loads(called.out)["ok"] is True


def test_w11_the_kwh_of_a_half_hour_are_rounded_and_its_cost_is_not(m2b, file, reference_data):
    """The published example, in pence as its source has it: 0.028 kWh count as 0.03, and cost 0.7926."""
    published = json.loads((reference_data / "oracles/tariffs/published/worked_examples.json").read_text("utf-8"))["examples"]
    (said,) = [each["example"] for each in published if each["id"].startswith("W11-")]
    tariff = f"""tariff: half-hours
currency: GBP
clock: Europe/London
rounding: {{interval_quantity: {{places: 2, mode: half_even}}, line: none, total: {{places: 4, mode: half_even}}}}
versions:
- from: 2020-01-01
  charges: [{{id: usage, kind: energy, price: "{said["price_rounded_p"]}"}}]
"""
    began = datetime(2026, 1, 5, tzinfo=UTC)
    rows = [f"{(began + timedelta(minutes=30 * n)).isoformat()},{said['kwh'] if n == 20 else 0}" for n in range(48)]
    load = "\n".join(["interval_start,import_kwh", *rows, ""])
    paths = file("tariff.yaml", tariff), file("load.csv", load)
    (day,) = m2b("tariff", "simulate", "--tariff", paths[0], "--load", paths[1], "--json").data["periods"]
    (line,) = day["lines"]
    assert (line["quantity"], line["amount"], line["amount_rounded"]) == (said["kwh_rounded"], said["cost_p"], said["cost_p"])
    assert day["total"] == said["cost_p"]
    # the determinants are the sums of the load file
    assert day["determinants"]["import_kwh"] == said["kwh"]
