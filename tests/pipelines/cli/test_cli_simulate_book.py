"""``m2b tariff simulate --book``: the small book of ``tests/pipelines/small_book.py``, every amount worked out by hand."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.bill.due import due_agreements
from pipelines.lakehouse.store import Store
from pipelines.masterdata.master import master_data
from pipelines.plan import BillingRequest, RunPlan
from tests.pipelines.small_book import make_small_book, tariff_text

MARCH = ("--book", "--month", "2026-03", "--as-at", "2026-04-10")
DEARER_SUPPLY = tariff_text(supply="1.20", usage="0.28")
"""What each bill of March is now, and by this draft: supply per day, usage per kWh, 10 % tax on both, export at 0.10.

A1  31.00 + 744 x 0.30 = 223.20, tax 25.42: 279.62;  37.20 + 208.32, tax 24.55: 270.07
A2  31.00 + 372 x 0.30 = 111.60, tax 14.26: 156.86;  37.20 + 104.16, tax 14.14: 155.50
A3  31.00 + 148.8 x 0.30 = 44.64, tax 7.56, less 93.00: -9.80;  37.20 + 41.66, tax 7.89, less 93.00: -6.25
A4  15.00 + 360 x 0.30 = 108.00, tax 12.30: 135.30;  18.00 + 100.80, tax 11.88: 130.68
A6  31.00 + 310 x 0.30 = 93.00, tax 12.40: 136.40;  37.20 + 86.80, tax 12.40: 136.40
"""
DIFFERENCES = {"A1": "-9.55", "A2": "-1.36", "A3": "3.55", "A4": "-4.62", "A6": "0"}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """The store; nobody writes to it, tests see to that."""
    return make_small_book(tmp_path_factory.mktemp("book")).root


@pytest.fixture(scope="module")
def simulated(m2b, book, tmp_path_factory):
    """``simulated(TEXT, options...)``: what the program says of a draft; the same question is asked once."""
    known = {}

    def ask(text, *options, month=MARCH):
        if (text, options, month) not in known:
            draft = tmp_path_factory.mktemp("draft") / "draft.yaml"
            draft.write_text(text, "utf-8")
            known[text, options, month] = m2b(
                "tariff", "simulate", "--tariff", draft, *month, "--store", book, *options, "--json"
            )
        return known[text, options, month]

    return ask


@pytest.fixture(scope="module")
def dearer(simulated, tmp_path_factory):
    """The draft above, with every file."""
    folder = tmp_path_factory.mktemp("out")
    outs = [part for name in ("r.html", "c.svg", "rows.csv", "rows.parquet") for part in ("--out", str(folder / name))]
    by = [part for name in ("tariff", "generation", "usage", "option", "basis") for part in ("--by", name)]
    called = simulated(DEARER_SUPPLY, *by, *outs)
    assert called.code == 0, called.err
    return called.data, folder


def bytes_of(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


class TestTheDifferencesWorkedOutByHand:
    def test_of_every_bill(self, dearer):
        _, folder = dearer
        with (folder / "rows.csv").open() as stream:
            rows = {row["agreement_id"]: row for row in csv.DictReader(stream)}
        assert {name: row["difference_total"] for name, row in rows.items()} == DIFFERENCES | {"A5": ""}
        assert (rows["A1"]["before_total"], rows["A1"]["after_total"]) == ("279.62", "270.07")
        assert (rows["A1"]["before_net"], rows["A1"]["after_net"], rows["A1"]["difference_net"]) == ("254.2", "245.52", "-8.68")
        assert (rows["A3"]["before_total"], rows["A3"]["after_total"]) == ("-9.8", "-6.25")
        assert (rows["A3"]["import_kwh"], rows["A3"]["export_kwh"]) == ("148.8", "930")
        assert (rows["A4"]["period_from"], rows["A4"]["period_to"], rows["A4"]["tariff"]) == ("2026-03-01", "2026-03-16", "home")
        assert (rows["A6"]["period_from"], rows["A6"]["period_to"], rows["A6"]["basis"]) == (
            "2026-02-27",
            "2026-03-30",
            "register",
        )

    def test_of_the_revenue(self, dearer):
        (aud,) = dearer[0]["currencies"]
        whole = aud["whole"]
        assert whole["bills"] == 5
        # 279.62 + 156.86 - 9.80 + 135.30 + 136.40, and 270.07 + 155.50 - 6.25 + 130.68 + 136.40; 11.98 / 698.38
        assert whole["total"] == {"before": "698.38", "after": "686.4", "difference": "-11.98", "percent": "-1.72"}
        # tax: 25.42 + 14.26 + 7.56 + 12.30 + 12.40 = 71.94, and 24.55 + 14.14 + 7.89 + 11.88 + 12.40 = 70.86
        assert (whole["net"]["before"], whole["net"]["after"], whole["net"]["difference"]) == ("626.44", "615.54", "-10.9")
        assert (whole["rises"], whole["falls"], whole["equal"]) == (1, 3, 1)
        assert aud["billed"]["before"] == {"bills": 5, "net": "626.44", "total": "698.38"}

    def test_of_every_charge(self, dearer):
        (aud,) = dearer[0]["currencies"]
        found = {row["charge_id"]: (row["before"], row["after"], row["difference"]) for row in aud["charges"]}
        assert found == {
            "supply": ("139", "166.8", "27.8"),  # 31 + 31 + 31 + 15 + 31 days
            "usage": ("580.44", "541.74", "-38.7"),
            "gst": ("71.94", "70.86", "-1.08"),
            "export": ("-93", "-93", "0"),
        }

    def test_the_figures_of_a_distribution_are_differences_of_bills(self, dearer):
        (aud,) = dearer[0]["currencies"]
        # in order: -9.55 -4.62 -1.36 0 3.55; of five the 2nd ends the first quarter, the 3rd the half, the 4th the third quarter
        assert aud["whole"]["per_bill"] == {
            "min": "-9.55", "p5": "-9.55", "p25": "-4.62", "median": "-1.36", "p75": "0", "p95": "3.55", "max": "3.55",
        }  # fmt: skip

    def test_the_bills_that_move_most_are_named(self, dearer):
        whole = dearer[0]["currencies"][0]["whole"]
        assert [(bill["agreement_id"], bill["difference"]) for bill in whole["largest_falls"]] == [
            ("A1", "-9.55"), ("A4", "-4.62"), ("A2", "-1.36"),
        ]  # fmt: skip
        assert whole["largest_rises"] == [
            {"agreement_id": "A3", "period_from": "2026-03-01", "period_to": "2026-04-01", "before": "-9.8", "after": "-6.25",
             "difference": "3.55"},
        ]  # fmt: skip

    def test_bins_have_every_bill_once(self, dearer):
        histogram = dearer[0]["currencies"][0]["whole"]["histogram"]
        assert histogram["width"] == "1"
        filled = {(bin_["from"], bin_["to"]): bin_["bills"] for bin_ in histogram["bins"] if bin_["bills"]}
        assert filled == {("-10", "-9"): 1, ("-5", "-4"): 1, ("-2", "-1"): 1, ("0", "0"): 1, ("3", "4"): 1}

    def test_of_groups_of_master_data(self, dearer):
        by = dearer[0]["currencies"][0]["by"]
        found = {name: {group["group"]: group["total"]["difference"] for group in groups} for name, groups in by.items()}
        assert found["tariff"] == {"home": "-11.98"}
        assert found["generation"] == {"no": "-15.53", "yes": "3.55"}
        assert found["option"] == {"none": "-2.43", "low_income": "-9.55"}
        assert found["basis"] == {"interval": "-11.98", "register": "0"}

    def test_bands_of_usage_end_at_the_quarters_of_the_bills(self, dearer):
        # 148.8 310 360 372 744: the 2nd, 3rd and 4th of five bills are the quarters
        by = dearer[0]["currencies"][0]["by"]["usage"]
        assert {group["group"]: group["bills"] for group in by} == {
            "1: up to 310 kWh": 2, "2: above 310, up to 360 kWh": 1, "3: above 360, up to 372 kWh": 1, "4: above 372 kWh": 1,
        }  # fmt: skip

    def test_a_revenue_below_zero_has_no_percentage(self, dearer):
        by = dearer[0]["currencies"][0]["by"]["generation"]
        assert {group["group"]: group["total"]["percent"] for group in by} == {"no": "-2.19", "yes": None}


class TestWhatIsNotCompared:
    def test_a_held_agreement_is_listed_with_its_code(self, dearer):
        (held,) = dearer[0]["held"]
        assert (held["agreement_id"], held["before_hold"], held["after_hold"]) == ("A5", "readings.missing", "readings.missing")
        assert (dearer[0]["positions"], dearer[0]["compared"]) == (6, 5)

    def test_what_the_draft_alone_holds_is_in_the_total_of_all_bills_now(self, simulated):
        power = '  - {id: power, kind: contracted, price: "0.05", per: day}\n  - {id: gst'
        data = simulated(tariff_text().replace("  - {id: gst", power)).data
        (aud,) = data["currencies"]
        codes = {row["agreement_id"]: (row["before_hold"], row["after_hold"]) for row in data["held"]}
        assert codes == dict.fromkeys(("A1", "A2", "A3", "A4", "A6"), (None, "fact.missing")) | {
            "A5": ("readings.missing", "readings.missing")
        }
        assert aud["billed"] == {
            "before": {"bills": 5, "net": "626.44", "total": "698.38"},
            "after": {"bills": 0, "net": "0", "total": "0"},
        }
        assert aud["whole"] is None

    def test_without_any_bill_to_compare_it_is_refused(self, simulated):
        power = '  - {id: power, kind: contracted, price: "0.05", per: day}\n  - {id: gst'
        called = simulated(tariff_text().replace("  - {id: gst", power))
        assert (called.code, called.error["code"]) == (4, "book.nothing_compared")
        assert called.error["message"] == "none of 6 bills is made both now and by draft"

    def test_a_period_that_is_not_over_is_held_as_open_and_nothing_is_drawn(self, simulated, tmp_path):
        outs = ("--out", str(tmp_path / "c.svg"), "--out", str(tmp_path / "r.html"))
        called = simulated(tariff_text(), *outs, month=("--book", "--month", "2026-03", "--as-at", "2026-03-10"))
        assert called.code == 4
        assert {row["before_hold"] for row in called.data["held"]} == {"period.open"}
        assert called.data["written"] == [str(tmp_path / "r.html")]
        assert not (tmp_path / "c.svg").exists()
        assert "period.open" in (tmp_path / "r.html").read_text("utf-8")

    def test_an_agreement_on_another_tariff_is_none_of_its_business(self, dearer):
        _, folder = dearer
        assert "A7" not in pq.read_table(folder / "rows.parquet")["agreement_id"].to_pylist()

    def test_a_draft_that_nobody_has_is_refused(self, m2b, book, tmp_path):
        (tmp_path / "d.yaml").write_text(tariff_text(), "utf-8")
        called = m2b(
            "tariff", "simulate", "--tariff", tmp_path / "d.yaml", "--book", "--month", "2023-11", "--as-at", "2026-04-10",
            "--store", book, "--json",
        )  # fmt: skip
        assert (called.code, called.error["code"]) == (4, "book.no_agreements")
        assert "no agreement has home from 2023-11-01 to 2023-12-01" in called.error["message"]


class TestPricesAlone:
    def test_the_same_tariff_makes_no_difference_anywhere(self, simulated):
        data = simulated(tariff_text()).data
        (aud,) = data["currencies"]
        assert set(aud["whole"]["per_bill"].values()) == {"0"}
        assert (aud["whole"]["equal"], aud["whole"]["rises"], aud["whole"]["falls"]) == (5, 0, 0)
        assert {charge["difference"] for charge in aud["charges"]} == {"0"}
        assert [bin_["bills"] for bin_ in aud["whole"]["histogram"]["bins"]] == [5]
        assert (aud["whole"]["largest_rises"], aud["whole"]["largest_falls"]) == ([], [])

    def test_a_price_that_moves_brings_price_times_energy(self, simulated):
        (aud,) = simulated(tariff_text(usage="0.35", export="0.08")).data["currencies"]
        charges = {charge["charge_id"]: Decimal(charge["difference"]) for charge in aud["charges"]}
        kwh = Decimal(744) + 372 + Decimal("148.8") + 360 + 310
        assert charges["usage"] == kwh * Decimal("0.05")
        assert charges["export"] == 930 * Decimal("0.02")
        assert charges["supply"] == 0
        assert aud["whole"]["rises"] == 5


class TestTheDraft:
    def test_under_another_name_it_needs_to_be_told_what_it_replaces(self, simulated):
        text = tariff_text(supply="1.20", usage="0.28", name="home-2027")
        called = simulated(text)
        assert (called.code, called.error["code"]) == (4, "tariff.unknown")
        assert called.error["hint"] == "name the one that it replaces: --replaces TARIFF, one of: cheap, home"

    def test_under_another_name_it_replaces_those_that_it_is_told(self, simulated):
        text = tariff_text(supply="1.20", usage="0.28", name="home-2027")
        data = simulated(text, "--replaces", "home", "--replaces", "cheap").data
        assert data["drafts"][0]["tariff"] == "home-2027"
        assert [entry["tariff"] for entry in data["drafts"][0]["replaces"]] == ["home", "cheap"]
        by = {group["group"]: group for group in data["currencies"][0]["by"]["tariff"]}
        assert by["home"]["total"]["difference"] == "-11.98"
        # A7 and A4 from 16 March on: 744 and 384 kWh at 0.20; 47 days at 1.00
        assert by["cheap"]["bills"] == 2
        assert by["cheap"]["total"]["before"] == "299.86"  # (31 + 148.80) x 1.1 = 197.78; (16 + 76.80) x 1.1 = 102.08

    def test_a_tariff_of_the_store_that_takes_over_another_one_leaves_its_own_customers_alone(self, simulated):
        data = simulated(tariff_text(usage="0.20", name="cheap"), "--replaces", "home").data
        (aud,) = data["currencies"]
        assert aud["whole"]["bills"] == 5
        charges = {charge["charge_id"]: charge["difference"] for charge in aud["charges"]}
        assert charges["usage"] == "-193.48"  # 1934.8 kWh x 0.10

    def test_an_unknown_name_is_refused_with_those_that_are_known(self, simulated):
        called = simulated(tariff_text(), "--replaces", "hoem")
        assert (called.code, called.error["code"], called.error["where"]) == (4, "tariff.unknown", "--replaces")
        assert "the store has no tariff hoem" in called.error["message"]
        assert called.error["hint"] == "tariffs of the store: cheap, home"

    def test_another_currency_is_refused(self, simulated):
        called = simulated(tariff_text().replace("AUD", "NZD"))
        assert (called.code, called.error["code"]) == (4, "tariff.currencies")
        assert "is in NZD, tariff home that it replaces in AUD" in called.error["message"]

    def test_one_that_is_not_in_force_yet_is_refused_with_the_way_out(self, simulated):
        later = tariff_text(supply="1.20", usage="0.28", since="2026-04-01")
        called = simulated(later)
        assert (called.code, called.error["code"]) == (4, "tariff.no_version")
        assert "--tariff-version latest" in called.error["hint"]
        assert simulated(later, "--tariff-version", "latest").data["currencies"][0]["whole"]["total"]["difference"] == "-11.98"


class TestSeveralMonths:
    def test_are_billed_month_by_month_and_hand_on_what_they_leave_under_the_draft(self, simulated):
        banks = tariff_text().replace('{mode: net_billing, price: "0.10"}', '{mode: nem_kwh, true_up: 12, pays: "0.03"}')
        span = ("--book", "--from", "2026-03-01", "--to", "2026-05-01", "--as-at", "2026-05-10")
        data = simulated(banks, "--by", "month", month=span).data
        assert [(period["period_from"], period["period_to"]) for period in data["periods"]] == [
            ("2026-03-01", "2026-04-01"), ("2026-04-01", "2026-05-01"),
        ]  # fmt: skip
        by = {group["group"]: group for group in data["currencies"][0]["by"]["month"]}
        # A3 alone: what the others were handed in March nobody knows. March: 31 days, all 148.8 kWh out of 930, 781.2 stay;
        # April: 144 kWh out of the bank, which now cost 43.20 and tax
        assert (by["2026-03"]["bills"], by["2026-03"]["total"]["before"], by["2026-03"]["total"]["after"]) == (1, "-9.8", "34.1")
        assert (by["2026-04"]["bills"], by["2026-04"]["total"]["before"], by["2026-04"]["total"]["after"]) == (1, "80.52", "33")
        assert {row["after_hold"] for row in data["held"]} == {"previous.missing", "readings.missing", "reads.missing"}

    def test_go_on_from_the_bills_before_them(self, simulated):
        banks = tariff_text().replace('{mode: net_billing, price: "0.10"}', '{mode: nem_kwh, true_up: 12, pays: "0.03"}')
        (aud,) = simulated(banks, month=("--book", "--month", "2026-04", "--as-at", "2026-05-10")).data["currencies"]
        # March of A1, A2 and A3 is billed and left no bank
        assert (aud["whole"]["bills"], aud["whole"]["equal"]) == (3, 3)

    def test_go_on_from_a_bill_that_ends_on_the_day_they_begin(self, simulated):
        banks = tariff_text(usage="0.20", name="cheap").replace(
            '{mode: net_billing, price: "0.10"}', '{mode: nem_kwh, true_up: 12, pays: "0.03"}'
        )
        span = ("--book", "--from", "2026-03-16", "--to", "2026-04-01", "--as-at", "2026-04-10")
        data = simulated(banks, month=span).data
        # A4 has a bill until 16 March; A7 has one of the whole month, which ends on no such day: (16 + 76.80) x 1.1 = 102.08 each
        (aud,) = data["currencies"]
        assert (aud["billed"]["before"]["bills"], aud["billed"]["before"]["total"]) == (2, "204.16")
        assert (aud["whole"]["bills"], aud["whole"]["total"]["after"]) == (1, "102.08")
        assert [(row["agreement_id"], row["after_hold"]) for row in data["held"]] == [("A7", "previous.missing")]


class TestPricesInTime:
    SPOT = tariff_text().replace('price: "0.30"', "price: {series: spot}")

    def test_come_from_a_file_for_the_draft_alone(self, m2b, book, simulated, tmp_path):
        (tmp_path / "spot.csv").write_text(
            "interval_start,price\n2026-02-27T00:00+10:00,0.31\n2026-04-02T00:00+10:00,0.31\n", "utf-8"
        )
        data = simulated(self.SPOT, "--series", f"spot={tmp_path / 'spot.csv'}").data
        # A1: 31.00 + 744 x 0.31 = 230.64, tax 26.16: 287.80
        whole = data["currencies"][0]["whole"]
        assert (whole["bills"], whole["largest_rises"][0]["agreement_id"], whole["largest_rises"][0]["after"]) == (
            4,
            "A1",
            "287.8",
        )
        assert {row["agreement_id"]: row["after_hold"] for row in data["held"]}["A6"] == "tariff.needs_intervals"
        assert m2b("sql", "SELECT count(*) AS n FROM price_series", "--format", "json", "--store", book).out == '[{"n": 0}]\n'

    def test_that_nobody_gave_hold_what_needs_them(self, simulated):
        called = simulated(self.SPOT)
        assert {row["after_hold"] for row in called.data["held"]} >= {"series.missing"}


def test_an_agreement_that_ever_has_the_tariff_is_due_with_all_that_it_has_in_the_time(book):
    # what A4 leaves behind on one tariff in the middle of a month is what it begins with on the other
    store = Store(book)
    request = BillingRequest(date(2026, 3, 1), date(2026, 4, 1), date(2026, 4, 10), frozenset({"home"}))
    base = store.snapshot()
    plan = RunPlan(store.root, "r", datetime(2026, 4, 10, tzinfo=UTC), store.settings, base, billing=request)
    dues = [(due.agreement_id, due.tariff_id) for due in due_agreements(master_data(base, 0, 1), plan)]
    assert dues == [
        ("A1", "home"), ("A2", "home"), ("A3", "home"), ("A4", "home"), ("A4", "cheap"), ("A5", "home"), ("A6", "home"),
    ]  # fmt: skip


class TestTheStore:
    def test_is_not_touched_and_rated_the_same_way_twice(self, m2b, book, tmp_path, dearer):
        (tmp_path / "d.yaml").write_text(DEARER_SUPPLY, "utf-8")
        outs = [part for name in ("rows.csv", "rows.parquet") for part in ("--out", tmp_path / name)]
        before = bytes_of(book.parent)
        assert m2b("tariff", "simulate", "--tariff", tmp_path / "d.yaml", *MARCH, "--store", book, *outs).code == 0
        assert bytes_of(book.parent) == before
        for name in ("rows.csv", "rows.parquet"):
            assert (tmp_path / name).read_bytes() == (dearer[1] / name).read_bytes()

    def test_what_it_pins_stands_in_the_answer(self, m2b, book, dearer):
        runs = m2b("runs", "list", "--store", book, "--json").data["runs"]
        assert dearer[0]["pinned_run"] == runs[-1]["run_id"]


class TestFiles:
    def test_the_report_loads_nothing_and_runs_nothing(self, dearer):
        text = (dearer[1] / "r.html").read_text("utf-8")
        assert "<script" not in text
        assert "default-src 'none'" in text
        addresses = {part.split('"')[0] for part in text.split("http")[1:]}
        assert addresses <= {"://www.w3.org/2000/svg", "://www.w3.org/1999/xlink", "-equiv="}

    def test_it_says_what_was_compared(self, dearer):
        data, folder = dearer
        text = (folder / "r.html").read_text("utf-8")
        for said in (
            data["pinned_run"],
            data["drafts"][0]["sha256"][:12],
            "2026-03-01 to 2026-04-01",
            "readings.missing",
            "A5",
            "-11.98",
        ):
            assert said in text

    def test_the_charts_have_their_units_and_groups(self, dearer):
        text = (dearer[1] / "c.svg").read_text("utf-8")
        assert text.startswith("<svg")
        for said in (
            "total of a bill: draft less now [AUD]",
            "low_income: 1 bill (1 fall), bins of 1.00 AUD",
            "home",
            "-11.98 (-1.72 %)",
        ):
            assert said in text

    def test_a_name_that_says_nothing_is_refused(self, m2b, book, tmp_path):
        (tmp_path / "d.yaml").write_text(tariff_text(), "utf-8")
        called = m2b("tariff", "simulate", "--tariff", tmp_path / "d.yaml", *MARCH, "--store", book, "--out", "report.pdf")
        assert called.code == 2
        assert ".html, .svg, .csv, .parquet" in called.err


class TestTheCommand:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("--load", "l.csv", "--book", "--month", "2026-03"), "--load and --book exclude each other"),
            ((), "give --load FILE to price a load file, or --book"),
            (("--book",), "give --month, or --from and a later --to"),
            (("--book", "--month", "2026-03", "--from", "2026-03-01"), "give --month, or --from and a later --to"),
            (("--book", "--month", "2026-03", "--against", "x.yaml"), "--against means something with --load alone"),
            (("--book", "--month", "2026-03", "--fact", "contracted_kw=5"), "--fact means something with --load alone"),
            (("--book", "--month", "2026-03", "--periods", "p.csv"), "--periods means something with --load alone"),
            (("--load", "l.csv", "--by", "tariff"), "--by means something with --book alone"),
            (("--load", "l.csv", "--month", "2026-03"), "--month means something with --book alone"),
            (("--load", "l.csv", "--store", "s"), "--store means something with --book alone"),
            (("--load", "l.csv", "--tariff", "other.yaml"), "others are compared with it by --against"),
            (
                ("--book", "--month", "2026-03", "--tariff", "other.yaml", "--replaces", "home"),
                "--replaces goes with one --tariff",
            ),
            (("--book", "--month", "2026-03", "--by", "customer_class"), "'customer_class' is not one of"),
        ],
    )
    def test_what_cannot_be_meant_is_a_usage_error(self, m2b, tmp_path, arguments, said):
        (tmp_path / "d.yaml").write_text(tariff_text(), "utf-8")
        called = m2b("tariff", "simulate", "--tariff", tmp_path / "d.yaml", *arguments, "--json")
        assert (called.code, called.error["code"]) == (2, "usage")
        assert said in called.error["message"]

    def test_a_store_named_by_the_environment_does_not_disturb_a_load_file(self, m2b, tmp_path, monkeypatch):
        monkeypatch.setenv("M2B_STORE", "somewhere")
        (tmp_path / "d.yaml").write_text(tariff_text(), "utf-8")
        rows = "".join(f"2026-03-01T{hour:02}:00:00+10:00,1\n" for hour in range(24))
        (tmp_path / "l.csv").write_text("interval_start,import_kwh\n" + rows, "utf-8")
        called = m2b("tariff", "simulate", "--tariff", tmp_path / "d.yaml", "--load", tmp_path / "l.csv", "--json")
        assert (called.code, called.data["periods"][0]["total_rounded"]) == (0, "9.02")  # (1 + 24 x 0.30) x 1.1

    def test_without_a_store_the_way_out_is_said(self, m2b, tmp_path):
        (tmp_path / "d.yaml").write_text(tariff_text(), "utf-8")
        called = m2b("tariff", "simulate", "--tariff", tmp_path / "d.yaml", *MARCH, "--store", tmp_path / "none", "--json")
        assert (called.code, called.error["code"]) == (4, "store.missing")
        assert list(tmp_path.iterdir()) == [tmp_path / "d.yaml"]


@pytest.fixture(scope="module")
def demo(m2b, demo_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo-draft")
    text = (demo_folder / "demo_inbox" / "tariffs" / "home-flat.yaml").read_text("utf-8")
    (folder / "flat.yaml").write_text(text.replace('"0.3421"', '"0.3471"'), "utf-8")
    blocks = (demo_folder / "demo_inbox" / "tariffs" / "home-blocks.yaml").read_text("utf-8")
    (folder / "blocks.yaml").write_text(blocks.replace('"0.9560"', '"0.7560"'), "utf-8")
    by = [part for name in ("tariff", "usage", "transformer", "cycle") for part in ("--by", name)]
    called = m2b(
        "tariff", "simulate", "--tariff", folder / "flat.yaml", "--tariff", folder / "blocks.yaml", "--book", "--month",
        "2026-01", "--as-at", "2026-02-10", "--store", demo_folder / "store", *by, "--out", folder / "rows.csv", "--json",
    )  # fmt: skip
    assert called.code == 0, called.err
    return called.data, folder


class TestTheDemo:
    """A whole utility: the sums of the parts are the whole, whatever is grouped by."""

    def test_groups_add_up_to_the_whole(self, demo):
        (aud,) = demo[0]["currencies"]
        for groups in aud["by"].values():
            assert sum(group["bills"] for group in groups) == aud["whole"]["bills"]
            assert sum(Decimal(group["total"]["difference"]) for group in groups) == Decimal(aud["whole"]["total"]["difference"])
        assert sum(Decimal(charge["difference"]) for charge in aud["charges"]) == Decimal(aud["whole"]["total"]["difference"])

    def test_half_a_cent_more_brings_half_a_cent_a_kilowatt_hour_but_for_the_rounding_of_lines(self, m2b, demo, demo_folder):
        (aud,) = demo[0]["currencies"]
        found = {(charge["tariff"], charge["charge_id"]): Decimal(charge["difference"]) for charge in aud["charges"]}
        compared = {
            row["agreement_id"]
            for row in csv.DictReader((demo[1] / "rows.csv").open())
            if row["tariff"] == "home-flat" and row["difference_total"]
        }
        query = "SELECT agreement_id, sum(value) AS kwh FROM usage WHERE determinant = 'import_kwh' GROUP BY ALL"
        rows = json.loads(m2b("sql", query, "--format", "json", "--store", demo_folder / "store").out)
        kwh = sum(Decimal(row["kwh"]) for row in rows if row["agreement_id"] in compared)
        assert kwh > 1000
        assert abs(found["home-flat", "usage"] - kwh * Decimal("0.005")) <= Decimal("0.01") * len(compared)
        assert found["home-flat", "supply"] == 0

    def test_bills_now_are_those_of_the_store(self, m2b, demo, demo_folder):
        query = "SELECT agreement_id, total FROM bills"
        stored = {
            row["agreement_id"]: Decimal(row["total"])
            for row in json.loads(m2b("sql", query, "--format", "json", "--store", demo_folder / "store").out)
        }
        with (demo[1] / "rows.csv").open() as stream:
            rows = [row for row in csv.DictReader(stream) if row["before_total"]]
        assert len(rows) > 20
        assert {row["agreement_id"]: Decimal(row["before_total"]) for row in rows} == {
            row["agreement_id"]: stored[row["agreement_id"]] for row in rows
        }
