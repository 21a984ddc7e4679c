"""Families of tables that are known by their header; the samples are made up in the layout of each."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import pytest

from pipelines.ingest.formats import HEAD_BYTES, READERS, detect
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.tables.families import family, family_names, recognise_family
from schemas.codes import Quality
from schemas.errors import InputRefusedError
from schemas.readings import PARSED_INTERVALS
from schemas.register_reads import PARSED_READS

DAY = ",".join(f"{n // 2:02d}:{n % 2 * 30:02d} - {(n + 1) // 2 % 24:02d}:{(n + 1) % 2 * 30:02d}" for n in range(48))
ENDS = ",".join(f"{n // 2 % 24}:{n % 2 * 30:02d}" for n in range(1, 49))
ONES = ",".join("1" for _ in range(48))


class Sample(NamedTuple):
    """A made-up file and what it holds: (point, meter, channel, direction, start in UTC, minutes, value)."""

    family: str
    data: str
    holds: Sequence[tuple[str, str, str, str, str, int, str]]
    encoding: str = "utf-8"


SAMPLES = [
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


def read(data: str | bytes, name: str = "P1.csv") -> tuple[str, Parsed]:
    raw = data.encode() if isinstance(data, str) else data
    format_name = detect(raw[:HEAD_BYTES], name, None)
    (parsed,) = READERS[format_name](io.BytesIO(raw), ReadContext(name))
    PARSED_INTERVALS.check(parsed.intervals)
    PARSED_READS.check(parsed.reads)
    assert parsed.rows_read == parsed.rows_taken + sum(parsed.rejections["rows"].to_pylist())
    return format_name, parsed


def holds(parsed: Parsed) -> set[tuple[str, str, str, str, str, int, str]]:
    found = set()
    for row in parsed.intervals.to_pylist():
        for place, value in enumerate(row["values"] or row["values64"]):
            if row["quality"] is None or row["quality"][place] != Quality.MISSING:
                start = row["start"] + timedelta(minutes=place * row["interval_minutes"])
                amount = f"{Decimal(value).scaleb(row['exponent']).normalize():f}"
                identity = (row["service_point_id"], row["meter_id"], row["channel"], row["direction"])
                found.add((*identity, f"{start:%Y-%m-%d %H:%M}", row["interval_minutes"], amount))
    return found


class TestEveryFamily:
    @pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.family)
    def test_is_known_by_its_header_and_read_by_its_own_clock(self, sample):
        name, parsed = read(sample.data)
        assert name == sample.family
        assert holds(parsed) == set(sample.holds)
        assert parsed.rejections.to_pylist() == []

    @pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.family)
    @pytest.mark.parametrize("end", ["\r\n", "\r"], ids=["CR LF", "CR"])
    def test_whatever_its_lines_end_in(self, sample, end):
        name, parsed = read(sample.data.replace("\r\n", "\n").replace("\n", end))
        assert (name, holds(parsed)) == (sample.family, set(sample.holds))

    @pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.family)
    def test_is_not_taken_for_it_with_a_column_that_nobody_knows(self, sample):
        if sample.family in ("csv_jemena", "csv_ausgrid_wide"):
            return  # their header goes on with the intervals of the day, which the reader checks
        header = next(
            line
            for line in sample.data.split("\n")
            if set(family(sample.family).columns[:2]) <= set(map(str.strip, line.strip("\ufeff\r").replace(";", ",").split(",")))
        )
        delimiter = family(sample.family).mapping.delimiter
        changed = sample.data.replace(header, header.rstrip("\r") + delimiter + "Tariff")
        with pytest.raises(InputRefusedError) as refusal:
            read(changed)
        assert refusal.value.code in {"mapping.missing", "format.unknown"}

    @pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.family)
    def test_yields_to_a_mapping(self, sample):
        assert detect(sample.data.encode()[:HEAD_BYTES], "a.csv", "service_point_id: {from: file_name}") == "csv"

    @pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.family)
    def test_cut_anywhere_it_is_never_taken_for_whole(self, sample):
        raw = sample.data.replace("\r\n", "\n").rstrip("\n").encode()
        for end in range(max(1, len(raw) - 300), len(raw) + 1):
            if raw[end - 1 : end] == b"\n":
                continue
            with pytest.raises(InputRefusedError) as refusal:
                read(raw[:end])
            assert refusal.value.code in {"file.empty", "file.truncated", "mapping.missing", "format.unknown", "mapping.column"}

    def test_has_a_sample_here_or_a_real_file(self):
        assert set(family_names()) - {sample.family for sample in SAMPLES} == {"csv_d0010_table"}

    @pytest.mark.parametrize("name", family_names())
    def test_can_be_followed_and_is_described(self, name):
        assert family(name).title
        assert set(family(name).mapping.columns) <= set(family(name).columns) | set(family(name).more)


class TestParticulars:
    def test_register_reads_under_the_names_of_a_d0010(self):
        data = (
            "MPAN Core,Meter Id (Serial Number),Meter Register Id,Reading Date & Time,Register Reading,Reading Type\n"
            "1200000000001,F75A 00802,S,20160701000000,56311.0,N\n"
        )
        name, parsed = read(data)
        (row,) = parsed.reads.to_pylist()
        assert name == "csv_d0010_table"
        assert (row["service_point_id"], row["meter_id"], row["channel"], row["kind"], row["native_quality"]) == (
            "1200000000001", "F75A 00802", "S", "index", "N",
        )  # fmt: skip
        assert (row["read_at"], row["value"]) == (datetime(2016, 6, 30, 23, tzinfo=UTC), Decimal(56311))

    def test_an_autumn_day_of_texas_has_a_hundred_quarter_hours(self):
        header = SAMPLES[2].data.split("\n")[0]
        begin = datetime(2026, 11, 1, 5, tzinfo=UTC)
        rows = []
        for n in range(100):
            local = begin + timedelta(minutes=15 * n) - timedelta(hours=5 if n < 8 else 6)
            end = local + timedelta(minutes=15)
            rows.append(f"'1,11/01/2026,11/02/2026 06:00:00,{local:%H:%M},{end:%H:%M},{n},A,Consumption")
        _, parsed = read("\n".join([header, *rows, ""]))
        assert {(start, value) for _, _, _, _, start, _, value in holds(parsed)} == {
            (f"{begin + timedelta(minutes=15 * n):%Y-%m-%d %H:%M}", str(n)) for n in range(100)
        }

    def test_the_revision_is_the_version(self):
        _, parsed = read(SAMPLES[2].data)
        assert set(parsed.intervals["version"].to_pylist()) == {datetime(2026, 3, 9, 11, 18, 33, tzinfo=UTC)}

    @pytest.mark.parametrize(
        ("family_name", "old", "new", "code"),
        [
            ("csv_esb_hdf", "Active Export Interval (kWh)", "Reactive Interval (kVArh)", "channel.unknown"),
            ("csv_smart_meter_texas", ",A,Consumption", ",X,Consumption", "quality.unknown"),
            ("csv_smart_meter_texas", "03/08/2026", "13/08/2026", "time.invalid"),
            ("csv_red_energy", ",E1,", ",X1,", "channel.unknown"),
            ("csv_red_energy", "KWH", "MJH", "unit.unknown"),
            ("csv_jemena", ",Generation,", ",Both,", "channel.unknown"),
            ("csv_fingrid", "8716867000030", "8716867000016", "channel.unknown"),
            ("csv_fluvius", "Afname Nacht", "Capacitief", "channel.unknown"),
            ("csv_low_carbon_london", " 0.219 ", " 0,219 ", "record.length"),
        ],
    )
    def test_what_the_family_does_not_know_is_set_aside_and_not_guessed(self, family_name, old, new, code):
        sample = next(sample for sample in SAMPLES if sample.family == family_name)
        assert old in sample.data
        _, parsed = read(sample.data.replace(old, new))
        assert code in set(parsed.rejections["code"].to_pylist())

    @pytest.mark.parametrize(("old", "new"), [("Consommation", "Production"), (";W;", ";Wh;"), ("Courbe de charge", "Index")])
    def test_a_load_curve_of_something_else_is_not_taken_for_use(self, old, new):
        sample = next(sample for sample in SAMPLES if sample.family == "csv_enedis")
        with pytest.raises(InputRefusedError) as refusal:
            read(sample.data.replace(old, new))
        assert refusal.value.code == "mapping.missing"

    @pytest.mark.parametrize("head", [b"", b"a", b"a,b\n", b"\xff\xfe,\n", b"MPRN\n", b'"', b",GC\n"])
    def test_other_texts_are_of_no_family(self, head):
        assert recognise_family(head) is None
