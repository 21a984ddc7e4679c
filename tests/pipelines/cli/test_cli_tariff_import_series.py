"""``tariff import``: the price series that a document names are written beside it, and ``tariff simulate`` takes them."""

from __future__ import annotations

import json

RATES = [
    ("2026-01-05T00:00:00+00:00", "2026-01-05T12:00:00+00:00", "10"),
    ("2026-01-05T12:00:00+00:00", "2026-01-06T00:00:00+00:00", "30"),
]
TARIFF = {
    "dno_region": 12,
    "rate_type": "time_of_use_dynamic",
    "fuel_type": "electricity",
    "payment_method": "direct_debit",
    "on_supply_from": "2026-01-01T00:00:00",
    "standing_charges": [],
    "rates": [
        {
            "rate_type": "time_of_use_dynamic",
            "fuel": "electricity",
            "unit_rate": price,
            "datetime_from": start,
            "datetime_to": end,
        }
        for start, end, price in RATES
    ],
}


def test_a_series_stands_beside_the_document_and_prices_a_load(m2b, tmp_path):
    source, target, load = (tmp_path / name for name in ("tariff.json", "agile.yaml", "load.csv"))
    source.write_text(json.dumps(TARIFF), "utf-8")
    rows = [f"2026-01-05T{hour:02d}:00:00+00:00,1" for hour in range(24)]
    load.write_text("\n".join(["interval_start,import_kwh", *rows]), "utf-8")
    made = m2b("tariff", "import", source, "--to", target, "--json")
    series = tmp_path / "agile.unit_rate.csv"
    assert made.data["series"] == {"unit_rate": str(series)}
    priced = m2b("tariff", "simulate", "--tariff", target, "--load", load, "--series", f"unit_rate={series}", "--json")
    # 12 kWh at 10p and 12 at 30p
    assert [period["total_rounded"] for period in priced.data["periods"]] == ["4.8"]


def test_a_tariff_that_names_no_series_writes_none(m2b, tmp_path):
    source, target = tmp_path / "tariff.json", tmp_path / "flat.yaml"
    rate = {"rate_type": "single_rate", "fuel": "electricity", "unit_rate": "20"}
    source.write_text(json.dumps(TARIFF | {"rate_type": "single_rate", "rates": [rate]}), "utf-8")
    assert m2b("tariff", "import", source, "--to", target, "--json").data["series"] == {}
    assert [path.name for path in tmp_path.glob("*.csv")] == []


def test_a_series_never_replaces_the_file_it_is_made_of(m2b, tmp_path):
    source = tmp_path / "agile.unit_rate.csv"
    source.write_text(json.dumps(TARIFF), "utf-8")
    called = m2b("tariff", "import", source, "--to", tmp_path / "agile.yaml")
    assert called.code == 2
    assert json.loads(source.read_text("utf-8")) == TARIFF
    assert not (tmp_path / "agile.yaml").exists()
