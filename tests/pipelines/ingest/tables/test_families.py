"""Families of tables that are known by their header; the samples are made up in the layout of each."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from pipelines.ingest.formats import HEAD_BYTES, READERS, detect
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.tables.families import family, family_names, recognise_family
from schemas.codes import Quality
from schemas.errors import InputRefusedError
from schemas.readings import PARSED_INTERVALS
from schemas.register_reads import PARSED_READS
from tests.pipelines.ingest.tables.samples import FAMILY_SAMPLES


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
    @pytest.mark.parametrize("sample", FAMILY_SAMPLES, ids=lambda sample: sample.family)
    def test_is_known_by_its_header_and_read_by_its_own_clock(self, sample):
        name, parsed = read(sample.data)
        assert name == sample.family
        assert holds(parsed) == set(sample.holds)
        assert parsed.rejections.to_pylist() == []

    @pytest.mark.parametrize("sample", FAMILY_SAMPLES, ids=lambda sample: sample.family)
    @pytest.mark.parametrize("end", ["\r\n", "\r"], ids=["CR LF", "CR"])
    def test_whatever_its_lines_end_in(self, sample, end):
        name, parsed = read(sample.data.replace("\r\n", "\n").replace("\n", end))
        assert (name, holds(parsed)) == (sample.family, set(sample.holds))

    @pytest.mark.parametrize("sample", FAMILY_SAMPLES, ids=lambda sample: sample.family)
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

    @pytest.mark.parametrize("sample", FAMILY_SAMPLES, ids=lambda sample: sample.family)
    def test_yields_to_a_mapping(self, sample):
        assert detect(sample.data.encode()[:HEAD_BYTES], "a.csv", "service_point_id: {from: file_name}") == "csv"

    @pytest.mark.parametrize("sample", FAMILY_SAMPLES, ids=lambda sample: sample.family)
    def test_cut_anywhere_it_is_never_taken_for_whole(self, sample):
        raw = sample.data.replace("\r\n", "\n").rstrip("\n").encode()
        for end in range(max(1, len(raw) - 300), len(raw) + 1):
            if raw[end - 1 : end] == b"\n":
                continue
            with pytest.raises(InputRefusedError) as refusal:
                read(raw[:end])
            assert refusal.value.code in {"file.empty", "file.truncated", "mapping.missing", "format.unknown", "mapping.column"}

    def test_has_a_sample_here_or_a_real_file(self):
        assert set(family_names()) - {sample.family for sample in FAMILY_SAMPLES} == {"csv_d0010_table"}

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
        header = FAMILY_SAMPLES[2].data.split("\n")[0]
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
        _, parsed = read(FAMILY_SAMPLES[2].data)
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
        sample = next(sample for sample in FAMILY_SAMPLES if sample.family == family_name)
        assert old in sample.data
        _, parsed = read(sample.data.replace(old, new))
        assert code in set(parsed.rejections["code"].to_pylist())

    @pytest.mark.parametrize(("old", "new"), [("Consommation", "Production"), (";W;", ";Wh;"), ("Courbe de charge", "Index")])
    def test_a_load_curve_of_something_else_is_not_taken_for_use(self, old, new):
        sample = next(sample for sample in FAMILY_SAMPLES if sample.family == "csv_enedis")
        with pytest.raises(InputRefusedError) as refusal:
            read(sample.data.replace(old, new))
        assert refusal.value.code == "mapping.missing"

    @pytest.mark.parametrize("head", [b"", b"a", b"a,b\n", b"\xff\xfe,\n", b"MPRN\n", b'"', b",GC\n"])
    def test_other_texts_are_of_no_family(self, head):
        assert recognise_family(head) is None
