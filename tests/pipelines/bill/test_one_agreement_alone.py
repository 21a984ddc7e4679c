"""What one agreement lacks holds that one; the others of its tariff are billed.

Four homes share a tariff and a month, and are rated together. A1 to A4 use 24 kWh a day in Brisbane, March 2026.
"""

from __future__ import annotations

import shutil
from datetime import date

import pytest

from pipelines.bill import settle
from pipelines.operations.flow import FlowRequest, run_flow
from pipelines.plan import BillingRequest
from schemas.bills import BILLS, CHARGE_LINES, HOLDS
from schemas.errors import TariffError
from schemas.periods import month_dates
from tests.scenarios.deliveries import write_delivery
from tests.scenarios.stage import Stage

HOMES = (1, 2, 3, 4)
ALL = {f"A{number}" for number in HOMES}
MASTER = {
    "service_points": "service_point_id,zone,commodity,billing_basis,interval_minutes\n"
    + "".join(f"SYN000000{n},Australia/Brisbane,electricity,interval,30\n" for n in HOMES),
    "meters": "meter_id,service_point_id,installed_from\n" + "".join(f"M{n},SYN000000{n},2020-01-01\n" for n in HOMES),
    "accounts": "account_id,customer_id,currency\nC1,P1,AUD\n",
    "agreements": "agreement_id,account_id,service_point_id,role,tariff_id,valid_from\n"
    + "".join(f"A{n},C1,SYN000000{n},supply,home,2026-01-01\n" for n in HOMES),
    "agreement_facts": "agreement_id,fact,value,valid_from\nA1,contracted_kw,5,2020-01-01\nA3,contracted_kw,13,2020-01-01\n",
    "agreement_options": "agreement_id,option,valid_from\nA3,dynamic,2020-01-01\nA4,dynamic,2020-01-01\n",
}
HEAD = "tariff: home\ncurrency: AUD\nclock: Australia/Brisbane\nversions:\n- from: 2020-01-01\n"
USAGE = '{id: usage, kind: energy, price: "0.3"}'


@pytest.fixture(scope="module")
def _delivered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    stage = Stage.at(folder / "store", zone="Australia/Brisbane", currency="AUD")
    paths = []
    for name, text in MASTER.items():
        paths.append(folder / f"{name}.csv")
        paths[-1].write_text(text, "utf-8")
    paths.append(folder / "tariff.yaml")
    paths[-1].write_text(f"{HEAD}  charges: [{USAGE}]\n", "utf-8")
    stage.load(*paths)
    rows = "".join(f"SYN000000{n},M{n},E1,2026-03-01..2026-03-31,48x0.5\n" for n in HOMES)
    (folder / "daily.csv").write_text(f"service_point_id,meter_id,channel,day,pattern\n{rows}", "utf-8")
    stage.run(write_delivery([folder / "daily.csv"], folder / "inbox"))
    return folder / "store"


@pytest.fixture
def settled(_delivered, tmp_path):
    """``settled(charges)``: what became of each agreement in March: the lines of its bill, or the code of its hold.

    The reference engine rates every bill again.
    """

    def run(*charges):
        shutil.copytree(_delivered, tmp_path / "store")
        stage = Stage.at(tmp_path / "store", zone="Australia/Brisbane", currency="AUD")
        (tmp_path / "tariff.yaml").write_text(f"{HEAD}  charges: [{', '.join([USAGE, *charges])}]\n", "utf-8")
        stage.load(tmp_path / "tariff.yaml")
        billing = BillingRequest(*month_dates("2026-03"), date(2026, 4, 10))
        run_flow(stage.store, FlowRequest("bill.run", billing=billing, workers=1, cross_check=100), stage.now)
        found = {row["agreement_id"]: row["code"] for row in stage.store.snapshot().read(HOLDS).to_pylist()}
        bills = {row["bill_id"]: row["agreement_id"] for row in stage.store.snapshot().read(BILLS).to_pylist()}
        for line in stage.store.snapshot().read(CHARGE_LINES).to_pylist():
            found.setdefault(bills[line["bill_id"]], {})[line["charge_id"]] = line["amount"]
        return found

    return run


def billed(found):
    return {name for name, told in found.items() if isinstance(told, dict)}


def test_a_fact_that_one_does_not_have_holds_that_one(settled):
    found = settled('{id: power, kind: contracted, price: "2", per: month, power: contracted_kw}')
    assert (found["A2"], found["A4"]) == ("fact.missing", "fact.missing")
    assert (found["A1"]["power"], found["A3"]["power"]) == (10, 26)


def test_a_fact_is_asked_of_those_whom_the_charge_is_for(settled):
    found = settled('{id: power, kind: contracted, price: "2", per: month, only_for: dynamic}')
    assert found["A4"] == "fact.missing"
    assert {name: found[name].get("power") for name in billed(found)} == {"A1": None, "A2": None, "A3": 26}


def test_nobody_is_asked_for_what_a_charge_of_other_months_needs(settled):
    power = '{id: power, kind: contracted, price: "2", per: month, months: [7]}'
    spot = "{id: fuel, kind: rider, price: {series: fuel}, months: [7]}"
    found = settled(power, spot)
    assert billed(found) == ALL
    assert {tuple(lines) for lines in found.values()} == {("usage",)}


def test_prices_that_are_not_there_hold_those_who_pay_them(settled):
    found = settled("{id: fuel, kind: rider, price: {series: fuel}, only_for: dynamic}")
    assert (found["A3"], found["A4"]) == ("series.missing", "series.missing")
    assert billed(found) == {"A1", "A2"}


def test_prices_that_everybody_pays_hold_everybody(settled):
    assert set(settled("{id: fuel, kind: rider, price: {series: fuel}}").values()) == {"series.missing"}


def test_a_period_before_that_is_not_known_holds_those_to_whom_it_matters(settled):
    """The agreements began in January, and nobody billed February."""
    found = settled('{id: power, kind: demand, price: "2", ratchet: {percent: "80", months: 11}, only_for: dynamic}')
    assert (found["A3"], found["A4"]) == ("previous.missing", "previous.missing")
    assert billed(found) == {"A1", "A2"}


@pytest.mark.parametrize(
    "unlucky", [{"SYN0000001"}, {"SYN0000003"}, {"SYN0000004"}, {"SYN0000001", "SYN0000004"}, {f"SYN000000{n}" for n in HOMES}]
)
def test_whoever_cannot_be_rated_is_found_among_those_rated_together(settled, monkeypatch, unlucky):
    """Rating refuses a group with one of them in it, whoever else is there; which one, it does not say."""
    calls = []
    draw_up = settle.draw_up

    def strict(part, *rest):
        calls.append(len(part.ready))
        if any(ready.due.service_point_id in unlucky for ready in part.ready):
            code = "tariff.unsupported"
            raise TariffError(code, "somebody here cannot be rated")
        return draw_up(part, *rest)

    monkeypatch.setattr(settle, "draw_up", strict)
    found = settled()
    held = {f"A{point[-1]}" for point in unlucky}
    assert {name for name, told in found.items() if told == "tariff.failed"} == held
    assert billed(found) == ALL - held
    assert calls[0] == len(HOMES)
