"""The price list of a synthetic utility: a few tariff documents of different kinds, with made-up prices.

Flat, by time of use with seasons and public holidays, by blocks of energy, a flat price on a dial meter; the
ones for homes price the water heater's register and pay for export.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pipelines.synthetic.population import region_of

_HEAD = """\
tariff: {name}
currency: AUD
clock: {zone}
{holidays}rounding: {{line: {{places: 2, mode: half_up}}, total: sum_of_lines}}
versions:
"""

_HOME_FLAT = """\
- from: {since}
  charges:
  - {{id: supply, kind: fixed, price: "1.0230", per: day}}
  - {{id: usage, kind: energy, quantity: import_kwh, price: "0.3421"}}
  - {{id: controlled_load, kind: energy, quantity: controlled_load_kwh, price: "0.1852"}}
  - {{id: gst, kind: tax, of: [supply, usage, controlled_load], percent: "10"}}
  export: {{mode: net_billing, price: "0.05"}}
"""

_HOME_TIME_OF_USE = """\
- from: {since}
  seasons:
    summer: {{from: 11-01, to: 04-01}}
    winter: {{from: 04-01, to: 11-01}}
  periods:
    peak:
    - {{season: summer, days: mon-fri, from: "15:00", to: "21:00"}}
    - {{season: winter, days: mon-fri, from: "17:00", to: "21:00"}}
    solar_soak: [{{days: all, from: "10:00", to: "15:00"}}]
    off_peak: [{{else: true}}]
  charges:
  - {{id: supply, kind: fixed, price: "1.1055", per: day}}
  - {{id: usage, kind: energy, quantity: import_kwh, price: {{peak: "0.5142", solar_soak: "0.1730", off_peak: "0.2875"}}}}
  - {{id: controlled_load, kind: energy, quantity: controlled_load_kwh, price: "0.1710"}}
  - {{id: gst, kind: tax, of: [supply, usage, controlled_load], percent: "10"}}
  export:
    mode: net_billing
    periods: {{evening: [{{days: all, from: "16:00", to: "21:00"}}], other: [{{else: true}}]}}
    price: {{evening: "0.12", other: "0.035"}}
"""

_HOME_BLOCKS = """\
- from: {since}
  charges:
  - {{id: supply, kind: fixed, price: "0.9560", per: day}}
  - id: usage
    kind: energy
    quantity: import_kwh
    price: ["0.3015", "0.3390", "0.4120"]
    tiers: {{limits: ["250", "600"], per: month}}
  - {{id: controlled_load, kind: energy, quantity: controlled_load_kwh, price: "0.1790"}}
  - {{id: concession, kind: percent, of: [usage], percent: "-3"}}
  - {{id: gst, kind: tax, of: [supply, usage, controlled_load, concession], percent: "10"}}
  export: {{mode: net_billing, price: "0.048"}}
"""

_BUSINESS_TIME_OF_USE = """\
- from: {since}
  periods:
    peak: [{{days: mon-fri, from: "14:00", to: "20:00"}}]
    shoulder: [{{days: mon-fri, from: "07:00", to: "14:00"}}, {{days: mon-fri, from: "20:00", to: "22:00"}}]
    off_peak: [{{else: true}}]
  charges:
  - {{id: supply, kind: fixed, price: "1.8875", per: day}}
  - {{id: usage, kind: energy, quantity: import_kwh, price: {{peak: "0.4468", shoulder: "0.3120", off_peak: "0.2195"}}}}
  - {{id: gst, kind: tax, of: [supply, usage], percent: "10"}}
  export: {{mode: net_billing, price: "0.04"}}
"""

_DIAL_METER_FLAT = """\
- from: {since}
  charges:
  - {{id: supply, kind: fixed, price: "0.9875", per: day}}
  - {{id: usage, kind: energy, quantity: import_kwh, price: "0.3365"}}
  - {{id: gst, kind: tax, of: [supply, usage], percent: "10"}}
"""

_DOCUMENTS = {
    "home-flat": (_HOME_FLAT, False),
    "home-time-of-use": (_HOME_TIME_OF_USE, True),
    "home-blocks": (_HOME_BLOCKS, False),
    "business-time-of-use": (_BUSINESS_TIME_OF_USE, True),
    "dial-meter-flat": (_DIAL_METER_FLAT, False),
}


def tariff_documents(zone: str, since: date) -> dict[str, str]:
    """Return the documents by name: YAML with every decimal in quotes.

    Args:
        zone: the clock of their periods; its region's public holidays count as weekend.
        since: first day of their only version.

    Raises:
        InputRefusedError: the market has no such zone.
    """
    calendar = f"holidays: {{calendar: {region_of(zone).calendar}, priced_as: weekend}}\n"
    made = {}
    for name, (version, has_holidays) in _DOCUMENTS.items():
        head = _HEAD.format(name=name, zone=zone, holidays=calendar if has_holidays else "")
        made[name] = head + version.format(since=since)
    return made


def write_tariffs(folder: Path, zone: str, since: date) -> list[Path]:
    """Write the documents, one file each, and return the files.

    Args:
        folder: where to, made if it is not there.
        zone: the clock of their periods.
        since: first day of their only version.

    Raises:
        InputRefusedError: the market has no such zone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, text in tariff_documents(zone, since).items():
        path = folder / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        files.append(path)
    return files
