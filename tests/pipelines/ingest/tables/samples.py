"""Small files of every family of tables, and what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

DAY = ",".join(f"{n // 2:02d}:{n % 2 * 30:02d} - {(n + 1) // 2 % 24:02d}:{(n + 1) % 2 * 30:02d}" for n in range(48))
ENDS = ",".join(f"{n // 2 % 24}:{n % 2 * 30:02d}" for n in range(1, 49))
ONES = ",".join("1" for _ in range(48))


class Sample(NamedTuple):
    """A made-up file and what it holds: (point, meter, channel, direction, start in UTC, minutes, value)."""

    family: str
    data: str
    holds: Sequence[tuple[str, str, str, str, str, int, str]]
    encoding: str = "utf-8"


FAMILY_SAMPLES = [
    Sample(
        "csv_esb_hdf",
        "MPRN,Meter Serial Number,Read Value,Read Type,Read Date and End Time\r\n"
        "10000000001,000123,0.5000,Active Export Interval (kWh),01-07-2026 00:30\r\n"
        "10000000001,000123,0.2500,Active Import Interval (kWh),01-07-2026 00:30\r\n"
        "10000000001,000123,0.7500,Active Import Interval (kWh),01-07-2026 00:00\r\n",
        [
            ("10000000001", "000123", "Active Import Interval (kWh)", "import", "2026-06-30 22:30", 30, "0.75"),
            ("10000000001", "000123", "Active Import Interval (kWh)", "import", "2026-06-30 23:00", 30, "0.25"),
            ("10000000001", "000123", "Active Export Interval (kWh)", "export", "2026-06-30 23:00", 30, "0.5"),
        ],
    ),
    Sample(
        "csv_esb_hdf",
        "MPRN,Meter Serial Number,Read Value,Read Type,Read Date and End Time\n"
        "10000000001,000123,0.5,Active Import Interval (kW),01-01-2026 00:30\n",
        [("10000000001", "000123", "Active Import Interval (kW)", "import", "2026-01-01 00:00", 30, "0.25")],
    ),
    Sample(
        "csv_smart_meter_texas",
        "ESIID,USAGE_DATE,REVISION_DATE,USAGE_START_TIME,USAGE_END_TIME,USAGE_KWH,ESTIMATED_ACTUAL,"
        "CONSUMPTION_SURPLUSGENERATION\n"
        "'00100000000000001,03/08/2026,03/09/2026 06:18:33,01:45,02:00,.145,A,Consumption\n"
        "'00100000000000001,03/08/2026,03/09/2026 06:18:33,02:00,02:15,,,Consumption\n"
        "'00100000000000001,03/08/2026,03/09/2026 06:18:33,03:00,03:15,.1,E,Consumption\n"
        "'00100000000000001,03/08/2026,03/09/2026 06:18:33,03:00,03:15,2,A,Surplus Generation\n",
        [
            ("00100000000000001", "", "Consumption", "import", "2026-03-08 07:45", 15, "0.145"),
            ("00100000000000001", "", "Consumption", "import", "2026-03-08 08:00", 15, "0.1"),
            ("00100000000000001", "", "Surplus Generation", "export", "2026-03-08 08:00", 15, "2"),
        ],
    ),
    Sample(
        "csv_low_carbon_london",
        "LCLid,tstp,energy(kWh/hh)\nMAC9,2013-07-01 00:00:00, 0.219 \nMAC9,2013-07-01 00:30:00.0000000, 1 \n",
        [
            ("MAC9", "", "energy(kWh/hh)", "import", "2013-07-01 00:00", 30, "0.219"),
            ("MAC9", "", "energy(kWh/hh)", "import", "2013-07-01 00:30", 30, "1"),
        ],
    ),
    Sample(
        "csv_low_carbon_london_full",
        "LCLid,stdorToU,DateTime,KWH/hh (per half hour) ,Acorn,Acorn_grouped\n"
        "MAC9,Std,2012-10-12 00:30:00.0000000, 0.2 ,ACORN-A,Affluent\n"
        "MAC9,Std,2012-10-12 00:43:12.0000000,Null,ACORN-A,Affluent\n",
        [("MAC9", "", "KWH/hh (per half hour)", "import", "2012-10-12 00:30", 30, "0.2")],
    ),
    Sample(
        "csv_sce_green_button",
        'Energy Usage Information\n"For location: 1 SOME ST, TOWN"\n\nDetailed Usage\n'
        '"Start date: 2026-01-01 00:00:00\u00a0 for 2 days"\n\n'
        '"Data for period starting: 2026-01-01 00:00:00\u00a0 for 24 hours"\n'
        "Energy consumption time period,Usage(Real energy in kilowatt-hours),Reading quality\n"
        '"2026-01-01 23:00:00\u00a0 to 2026-01-02 00:00:00","0.25",""\n\n'
        '"Data for period starting: 2026-01-02 00:00:00\u00a0 for 24 hours"\n'
        "Energy consumption time period,Usage(Real energy in kilowatt-hours),Reading quality\n"
        '"2026-01-02 00:00:00\u00a0 to 2026-01-02 01:00:00","0.5",""\n\n',
        [
            ("P1", "", "Usage", "import", "2026-01-02 07:00", 60, "0.25"),
            ("P1", "", "Usage", "import", "2026-01-02 08:00", 60, "0.5"),
        ],
    ),
    Sample(
        "csv_sce_delivered_received",
        'Energy Usage Information\n"For location: 1 SOME ST"\n\nDetailed Usage\n'
        "Date,Energy Consumption time Period Start,Energy Consumption time Period End,Delivered,Received\n"
        '"07/28/2025 ","07/28/2025 12:45PM ","07/28/2025 1:00PM ","0.480","0.000"\n',
        [
            ("P1", "", "Delivered", "import", "2025-07-28 19:45", 15, "0.48"),
            ("P1", "", "Received", "export", "2025-07-28 19:45", 15, "0"),
        ],
    ),
    Sample(
        "csv_jemena",
        '"NMI","METER SERIAL NUMBER","CON/GEN","DATE","ESTIMATED?",' + ",".join(f'"{name}"' for name in DAY.split(",")) + "\n"
        f"6000000001,0204324,Consumption,01/07/2014,No,{ONES}\n6000000001,0204324,Generation,02/07/2014,Yes,{ONES}\n\n",
        [
            ("6000000001", "0204324", channel, direction, f"{begin + timedelta(minutes=30 * n):%Y-%m-%d %H:%M}", 30, "1")
            for channel, direction, begin in (
                ("Consumption", "import", datetime(2014, 6, 30, 14, tzinfo=UTC)),
                ("Generation", "export", datetime(2014, 7, 1, 14, tzinfo=UTC)),
            )
            for n in range(48)
        ],
    ),
    Sample(
        "csv_red_energy",
        "Nmi,Read Type,Meter,Register,Date,Interval,Start Time,End Time,Value,Unit of Measure\n"
        "6000000001,A,0234134,E1,2013-09-21,48,23:30,00:00,0.019,KWH\n"
        "6000000001,S,0234134,B1,2013-09-21,1,00:00,00:30,63,WH\n"
        "6000000001,A,0234134,Q1,2013-09-21,1,00:00,00:05,2,KVARH\n",
        [
            ("6000000001", "0234134", "E1", "import", "2013-09-21 13:30", 30, "0.019"),
            ("6000000001", "0234134", "B1", "export", "2013-09-20 14:00", 30, "0.063"),
            ("6000000001", "0234134", "Q1", "import", "2013-09-20 14:00", 5, "2"),
        ],
    ),
    Sample(
        "csv_ausgrid",
        ",GC,GG\n2011-07-01 00:00:00,0.48200000000000004,0.0\n2011-07-01 00:30:00,0.39799999999999996,0.5\n",
        [
            ("P1", "", "GC", "import", "2011-06-30 14:00", 30, "0.241"),
            ("P1", "", "GC", "import", "2011-06-30 14:30", 30, "0.199"),
            ("P1", "", "GG", "export", "2011-06-30 14:00", 30, "0"),
            ("P1", "", "GG", "export", "2011-06-30 14:30", 30, "0.25"),
        ],
    ),
    Sample(
        "csv_ausgrid_wide",
        '"Solar home electricity data, please read the notes"' + "," * 53 + "\n"
        f"Customer,Generator Capacity,Postcode,Consumption Category,date,{ENDS},Row Quality\n"
        f"1,3.78,2076,GC,1/07/2012,{ONES},\n1,3.78,2076,GG,1-Jul-12,{ONES},\n",
        [
            (
                "1",
                "",
                channel,
                direction,
                f"{datetime(2012, 6, 30, 14, tzinfo=UTC) + timedelta(minutes=30 * n):%Y-%m-%d %H:%M}",
                30,
                "1",
            )
            for channel, direction in (("GC", "import"), ("GG", "export"))
            for n in range(48)
        ],
    ),
    Sample(
        "csv_datadis",
        "CUPS;Fecha;Hora;Consumo_kWh;Metodo_obtencion\n"
        "ES0021000000000001AA;2026/01/01;01:00;0,232;Real\nES0021000000000001AA;2026/01/01;24:00;1,5;Estimada\n",
        [
            ("ES0021000000000001AA", "", "Consumo_kWh", "import", "2025-12-31 23:00", 60, "0.232"),
            ("ES0021000000000001AA", "", "Consumo_kWh", "import", "2026-01-01 22:00", 60, "1.5"),
        ],
    ),
    Sample(
        "csv_datadis_cnmc",
        "CUPS;Fecha;Hora;Consumo;Metodo_obtencion\r\n"
        "ES0021000000000001AA;25/10/2026;1;0,1;R\r\nES0021000000000001AA;25/10/2026;25;0,2;R\r\n",
        [
            ("ES0021000000000001AA", "", "Consumo", "import", "2026-10-24 22:00", 60, "0.1"),
            ("ES0021000000000001AA", "", "Consumo", "import", "2026-10-25 22:00", 60, "0.2"),
        ],
    ),
    Sample(
        "csv_fingrid",
        "\ufeffMittauspisteen tunnus;Tuotteen tyyppi;Resoluutio;Yksikkötyyppi;Lukeman tyyppi;Alkuaika;Määrä;Laatu\n"
        "643000000000000001;8716867000030;PT15M;kWh;BN01;2024-12-31T22:00:00Z;2,126000;OK\n"
        "643000000000000001;8716867000030;PT15M;kWh;BN01;2024-12-31T22:15:00Z;1,5;OK\n",
        [
            ("643000000000000001", "", "BN01", "none", "2024-12-31 22:00", 15, "2.126"),
            ("643000000000000001", "", "BN01", "none", "2024-12-31 22:15", 15, "1.5"),
        ],
    ),
    Sample(
        "csv_fluvius",
        "\ufeffVan (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);EAN-code;Meter;Metertype;Register;Volume;Eenheid;"
        "Validatiestatus;Omschrijving\n"
        '02-09-2025;00:00:00;02-09-2025;00:15:00;="541440000000000001";1SAG01;Digitale meter;Afname Nacht;0,065;kWh;Uitgelezen;\n'
        '02-09-2025;12:00:00;02-09-2025;12:15:00;="541440000000000001";1SAG01;Digitale meter;Injectie Dag;0,5;kWh;Geschat;\n',
        [
            ("541440000000000001", "1SAG01", "Afname Nacht", "import", "2025-09-01 22:00", 15, "0.065"),
            ("541440000000000001", "1SAG01", "Injectie Dag", "export", "2025-09-02 10:00", 15, "0.5"),
        ],
    ),
    Sample(
        "csv_enedis",
        "Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;Etape metier;"
        "Unite;Pas en minutes\n"
        "01234567890123;Courbe de charge;05/01/2026;06/01/2026;Energie active;Consommation;Comptage Brut;W;\n\n"
        "Horodate;Valeur\n2026-01-05T00:30:00+01:00;1200\n2026-01-05T01:00:00+01:00;800\n2026-01-05T02:00:00+01:00;\n",
        [
            ("01234567890123", "", "Courbe de charge", "import", "2026-01-04 23:00", 30, "0.6"),
            ("01234567890123", "", "Courbe de charge", "import", "2026-01-04 23:30", 30, "0.4"),
        ],
    ),
]

SAMPLES = {sample.family: sample.data.encode(sample.encoding) for sample in FAMILY_SAMPLES}
"""A file of each family."""
