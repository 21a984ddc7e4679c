"""A book small enough for a pocket calculator: seven agreements in Brisbane, March 2026 billed and released.

========  ==========================================================================================
A1        home, 24 kWh a day: 744 kWh; entitled to ``low_income``
A2        home, 12 kWh a day: 372 kWh
A3        home, 4.8 kWh a day: 148.8 kWh, and in March 30 kWh a day from the roof: 930 kWh: its bill is a credit;
          what it was handed on 1 March is known: nothing
A4        home until 15 March (15 days, 360 kWh), then cheap
A5        home, nothing delivered: held
A6        home, a dial meter read on 27 February and 30 March: 31 days, 310 kWh
A7        cheap, 24 kWh a day: no draft of home touches it
========  ==========================================================================================
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pipelines.lakehouse.store import Store
from tests.scenarios.deliveries import write_delivery
from tests.scenarios.stage import Stage

AS_AT = date(2026, 4, 10)
TABLES = {
    "accounts": "account_id,customer_id,currency,cycle\n"
    + "".join(f"C{n},P{n},AUD,{'north' if n < 3 else ''}\n" for n in range(1, 8)),
    "agreements": (
        "agreement_id,account_id,service_point_id,role,tariff_id,valid_from,valid_to\n"
        "A1,C1,SYN0000001,supply,home,2024-01-01,\nA2,C2,SYN0000002,supply,home,2024-01-01,\n"
        "A3,C3,SYN0000003,supply,home,2024-01-01,\nA4,C4,SYN0000004,supply,home,2024-01-01,2026-03-16\n"
        "A4,C4,SYN0000004,supply,cheap,2026-03-16,\nA5,C5,SYN0000005,supply,home,2024-01-01,\n"
        "A6,C6,SYN0000006,supply,home,2024-01-01,\nA7,C7,SYN0000007,supply,cheap,2024-01-01,\n"
    ),
    "opening_state": "agreement_id,name,value,as_of\nA3,bank.money,0,2026-03-01\n",
    "agreement_options": "agreement_id,option,valid_from,valid_to\nA1,low_income,2024-01-01,\n",
    "meters": "meter_id,service_point_id,installed_from,installed_to\n"
    + "".join(f"M{n},SYN000000{n},2020-01-01,\n" for n in range(1, 8)),
    "registers": (
        "meter_id,channel,role,direction,quantity,unit,determinant,multiplier,dials,decimals,valid_from\n"
        "M6,11,main,import,active_energy,kWh,import_kwh,1,5,0,2020-01-01\n"
    ),
    "service_points": "service_point_id,zone,commodity,billing_basis,interval_minutes,has_generation\n"
    + "".join(
        f"SYN000000{n},Australia/Brisbane,electricity,{'register' if n == 6 else 'interval'},30,{'true' if n == 3 else 'false'}\n"
        for n in range(1, 8)
    ),
}
DAILY = """\
service_point_id,meter_id,channel,day,pattern
SYN0000001,M1,E1,2026-03-01..2026-04-30,48x0.5
SYN0000002,M2,E1,2026-03-01..2026-04-30,48x0.25
SYN0000003,M3,E1,2026-03-01..2026-04-30,48x0.1
SYN0000003,M3,B1,2026-03-01..2026-03-31,"20x0,10x3,18x0"
SYN0000003,M3,B1,2026-04-01..2026-04-30,48x0
SYN0000004,M4,E1,2026-03-01..2026-04-30,48x0.5
SYN0000007,M7,E1,2026-03-01..2026-04-30,48x0.5
"""
READS = """\
service_point_id,meter_id,channel,read_at,value,quality
SYN0000006,M6,11,2026-02-27T10:00:00+10:00,01000,
SYN0000006,M6,11,2026-03-30T11:00:00+10:00,01310,
"""
HEAD = """\
tariff: {name}
currency: AUD
clock: Australia/Brisbane
versions:
- from: {since}
  charges:
"""
HOME_LINES = """\
  - {{id: supply, kind: fixed, price: "{supply}", per: day}}
  - {{id: usage, kind: energy, price: "{usage}"}}
  - {{id: gst, kind: tax, of: [supply, usage], percent: "10"}}
  export: {{mode: net_billing, price: "{export}"}}
"""


def tariff_text(
    supply: str = "1.00", usage: str = "0.30", export: str = "0.10", *, name: str = "home", since: str = "2020-01-01"
) -> str:
    """Return the tariff home, or one like it."""
    return HEAD.format(name=name, since=since) + HOME_LINES.format(supply=supply, usage=usage, export=export)


def make_small_book(folder: Path) -> Store:
    """Make the store: everything delivered, March billed and released."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in TABLES.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    (folder / "tariff_home.yaml").write_text(tariff_text(), "utf-8")
    (folder / "tariff_cheap.yaml").write_text(tariff_text(usage="0.20", name="cheap"), "utf-8")
    (folder / "daily.csv").write_text(DAILY, "utf-8")
    (folder / "reads.csv").write_text(READS, "utf-8")
    stage = Stage.at(folder / "store", buckets=1, zone="Australia/Brisbane", currency="AUD")
    stage.load(*(folder / f"{name}.csv" for name in TABLES), folder / "tariff_home.yaml", folder / "tariff_cheap.yaml")
    files = write_delivery([folder / "daily.csv", folder / "reads.csv"], folder / "inbox")
    stage.run(files, month="2026-03", as_at=AS_AT)
    stage.release()
    return stage.store
