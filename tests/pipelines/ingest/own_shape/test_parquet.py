from __future__ import annotations

import io
from decimal import Decimal

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.own_shape import parquet as module
from pipelines.ingest.own_shape import parquet_pages
from pipelines.ingest.own_shape.parquet import recognise_parquet
from pipelines.ingest.reader import ReadContext


def replaced(table, name, column):
    return table.set_column(table.schema.get_field_index(name), name, column)


class TestTypes:
    def test_only_the_first_bytes_tell(self, own):
        assert recognise_parquet(own.parquet(own.run()))
        assert recognise_parquet(b"PARE")
        assert not recognise_parquet(b"PARQUET,1")

    @pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
    def test_instants_of_any_precision_and_zone_are_taken(self, own, unit):
        table = own.table(own.run())
        stamps = table["start"].cast(pa.timestamp(unit, "Europe/Berlin"))
        found = own.parse("parquet", own.written(replaced(table, "start", stamps))).intervals
        assert found["start"].to_pylist() == table["start"].to_pylist()

    def test_an_instant_finer_than_a_microsecond_is_set_aside(self, own):
        table = own.table(own.run())
        odd = pa.array([1_767_225_600_000_000_001], pa.timestamp("ns", "UTC"))
        assert own.outcome("parquet", own.written(replaced(table, "start", odd))) == "time.invalid"

    @pytest.mark.parametrize("kind", [pa.int32(), pa.int64(), pa.uint16(), pa.decimal128(12, 4)])
    def test_whole_numbers_and_decimals_are_exact(self, own, values, kind):
        table = replaced(own.table(own.run()), "values", pa.array([[164, None, 12]], pa.list_(kind)))
        assert values(own.parse("parquet", own.written(table))) == [164, None, 12]

    def test_qualities_may_be_the_codes_of_the_store(self, own):
        table = own.table(own.run()).append_column("quality", pa.array([[0, 1, 3]], pa.list_(pa.int8())))
        assert own.parse("parquet", own.written(table)).intervals["quality"].to_pylist() == [[0, 1, 3]]

    def test_texts_may_be_large_or_dictionaries(self, own):
        table = own.table(own.run())
        table = replaced(table, "channel", table["channel"].cast(pa.large_string()))
        table = replaced(table, "meter_id", table["meter_id"].dictionary_encode())
        assert own.outcome("parquet", own.written(table)) == "accepted"

    @pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip", "lz4", "brotli"])
    @pytest.mark.parametrize("version", ["1.0", "2.0"])
    def test_any_compression_and_page_version_is_read(self, own, values, compression, version):
        data = own.parquet(own.run(), compression=compression, data_page_version=version)
        assert values(own.parse("parquet", data)) == [Decimal("0.5"), None, Decimal("0.25")]

    def test_a_file_of_duckdb_is_read(self, own, values, tmp_path):
        path = tmp_path / "a.parquet"
        duckdb.sql(
            "COPY (SELECT '001' AS service_point_id, 'E1' AS channel, 'import' AS direction, 'kWh' AS unit, "
            "TIMESTAMPTZ '2026-01-01 00:00:00+00' + to_minutes(30 * i::INT) AS interval_start, 30 AS interval_minutes, "
            f"(i * 0.125)::DECIMAL(9,3) AS value FROM range(4) AS t(i)) TO '{path}'"
        )
        parsed = own.parse("parquet", path.read_bytes())
        assert values(parsed) == [0, Decimal("0.125"), Decimal("0.25"), Decimal("0.375")]
        assert [warning.code for warning in parsed.warnings] == ["crc.missing"]


def of_type(name, array, shape="slot"):
    """A file with one column of another type."""

    def make(own):
        return own.written(replaced(own.table(getattr(own, shape)()), name, array))

    return make


class Secret(pa.ExtensionType):
    def __init__(self):
        super().__init__(pa.string(), "own.secret")

    def __arrow_ext_serialize__(self):
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage, serialized):
        return cls()


def with_tail(own, footer_bytes, magic=b"PAR1"):
    data = own.parquet(own.run())
    return data[:-8] + footer_bytes.to_bytes(4, "little") + magic


def twice(own):
    """A file with a column that stands twice."""
    table = own.table(own.slot())
    return own.written(table.append_column("value", table["value"]))


NOT_UTF8 = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe"))
BAD_INPUT = [
    ("floats", of_type("value", pa.array([0.1])), "refused value.float"),
    ("whole floats", of_type("value", pa.array([1.0])), "refused value.float"),
    ("lists of floats", of_type("values", pa.array([[0.1]]), "run"), "refused value.float"),
    ("text for numbers", of_type("value", pa.array(["0.1"])), "refused shape.type"),
    ("a number for an id", of_type("service_point_id", pa.array([12345678])), "refused shape.type"),
    ("bytes for an id", of_type("meter_id", pa.array([b"1"])), "refused shape.type"),
    ("a time without zone", of_type("interval_start", pa.array([0], pa.timestamp("us"))), "refused shape.type"),
    ("a date for a time", of_type("interval_start", pa.array([0], pa.date32())), "refused shape.type"),
    ("text for a time", of_type("interval_start", pa.array(["2026-01-01T00:00:00Z"])), "refused shape.type"),
    ("a float for minutes", of_type("interval_minutes", pa.array([30.0])), "refused shape.type"),
    ("lists of lists", of_type("values", pa.array([[[1]]]), "run"), "refused shape.type"),
    ("a struct", of_type("value", pa.array([{"kWh": 1}])), "refused shape.type"),
    ("an extension", of_type("meter_id", pa.ExtensionArray.from_storage(Secret(), pa.array(["1"]))), "refused shape.type"),
    ("256 bits", of_type("value", pa.array([Decimal(1)], pa.decimal256(50, 2))), "refused shape.type"),
    ("another scale", of_type("value", pa.array([Decimal("1.5")], pa.decimal128(20, 12))), "accepted"),
    ("a scale too fine", of_type("value", pa.array([Decimal("0.0000000001")], pa.decimal128(20, 10))), "value.precision"),
    ("a null id", of_type("service_point_id", pa.array([None], pa.string())), "record.identifier"),
    ("a null list", of_type("values", pa.array([None], pa.list_(pa.int64())), "run"), "record.length"),
    ("another table", lambda own: own.written(pa.table({"a": [1]})), "refused shape.unknown"),
    ("a column too many", lambda own: own.parquet(own.slot(exponnet="1")), "refused shape.column"),
    ("a column twice", twice, "refused shape.column"),
    ("no row", lambda own: own.written(own.table(own.slot()).slice(0, 0)), "refused file.empty"),
    ("no row group", lambda own: own.written(pa.table({"a": pa.array([], pa.int8())})), "refused shape.unknown"),
    ("nothing", lambda own: b"", "refused parquet.corrupt"),
    ("its name alone", lambda own: b"PAR1PAR1", "refused parquet.corrupt"),
    ("a footer longer than the file", lambda own: with_tail(own, 2**31), "refused parquet.corrupt"),
    ("a footer of nothing", lambda own: with_tail(own, 0), "refused parquet.corrupt"),
    ("a footer from elsewhere", lambda own: with_tail(own, 40), "refused parquet.corrupt"),
    ("an encrypted footer", lambda own: with_tail(own, 40, b"PARE"), "refused encrypted.no_key"),
    ("text of another encoding", of_type("channel", NOT_UTF8), "refused parquet.corrupt"),
    ("a text of 2,000 letters", lambda own: own.parquet(own.slot(native_quality="x" * 2000)), "refused parquet.limit"),
    ("JSON", lambda own: own.jsonl(own.slot()), "refused parquet.corrupt"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "expected"), [row[1:] for row in BAD_INPUT], ids=[row[0] for row in BAD_INPUT])
def test_bad_input(own, make, expected):
    assert own.outcome("parquet", make(own)) == expected


class TestLimits:
    def test_a_large_dictionary_that_every_row_repeats_is_refused_and_not_spread(self, own):
        table = own.table(*[own.slot(native_reason="x" * 900_000)] * 50)
        assert own.outcome("parquet", own.written(table)) == "refused parquet.limit"

    def test_a_page_that_unpacks_to_more_than_a_page_has_is_refused(self, own, monkeypatch):
        data = own.parquet(own.run(values=["1"] * 2000), use_dictionary=False)
        monkeypatch.setattr(parquet_pages, "MOST_PAGE_BYTES", 1000)
        assert own.outcome("parquet", data) == "refused parquet.limit"

    def test_a_row_group_that_unpacks_to_more_than_its_limit_is_refused(self, own, monkeypatch):
        data = own.parquet(own.run(values=["1"] * 2000), use_dictionary=False)
        monkeypatch.setattr(module, "MOST_GROUP_BYTES", 20_000)
        assert own.outcome("parquet", data) == "refused parquet.limit"

    @pytest.mark.parametrize(("most", "outcome"), [(3, "accepted"), (2, "refused parquet.limit")])
    def test_a_column_of_a_row_group_has_so_many_values(self, own, monkeypatch, most, outcome):
        monkeypatch.setattr(module, "MOST_GROUP_VALUES", most)
        assert own.outcome("parquet", own.parquet(own.run())) == outcome

    @pytest.mark.parametrize(("most", "outcome"), [(10, "accepted"), (9, "refused parquet.limit")])
    def test_a_file_has_so_many_row_groups(self, own, monkeypatch, most, outcome):
        data = own.parquet(*(own.read(value=str(value)) for value in range(10)), row_group_size=1)
        monkeypatch.setattr(parquet_pages, "MOST_GROUPS", most)
        assert own.outcome("parquet", data) == outcome

    @pytest.mark.parametrize(("most", "outcome"), [(7, "accepted"), (6, "refused parquet.limit")])
    def test_a_file_has_so_many_columns(self, own, monkeypatch, most, outcome):
        monkeypatch.setattr(module, "MOST_COLUMNS", most)
        assert own.outcome("parquet", own.parquet(own.read())) == outcome

    def test_more_than_a_files_bytes_are_not_spooled(self, own, monkeypatch):
        data = own.parquet(own.run())
        monkeypatch.setattr(module, "MOST_BYTES", len(data))
        assert own.outcome("parquet", data) == "accepted"
        monkeypatch.setattr(module, "MOST_BYTES", len(data) - 1)
        assert own.outcome("parquet", data) == "refused parquet.limit"

    def test_texts_written_as_differences_are_refused(self, own):
        data = own.parquet(own.slot(), use_dictionary=False, column_encoding={"channel": "DELTA_BYTE_ARRAY"})
        assert own.outcome("parquet", data) == "refused parquet.limit"

    @pytest.mark.parametrize("encoding", ["DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"])
    def test_other_encodings_are_read(self, own, encoding):
        data = own.parquet(own.slot(), use_dictionary=False, column_encoding={"interval_minutes": encoding})
        assert own.outcome("parquet", data) == "accepted"

    def test_a_row_of_too_many_values_is_set_aside_and_counted(self, own, monkeypatch):
        monkeypatch.setattr(module, "MOST_VALUES", 3)
        parsed = own.parse("parquet", own.parquet(own.run(), own.run(values=["1"] * 4), own.run(channel="E2")))
        assert (own.codes(parsed), parsed.rows_taken) == ([("2", "record.length", 4)], 6)

    def test_rows_are_decoded_some_at_a_time(self, own, monkeypatch):
        monkeypatch.setattr(module, "_SLICE_VALUES", 5)
        monkeypatch.setattr("pipelines.ingest.collector.FULL_AT", 6)
        data = own.parquet(*(own.run(channel=f"E{n}") for n in range(5)), row_group_size=3)
        pieces = list(module.read_parquet(io.BytesIO(data), ReadContext("a")))
        assert [piece.rows_read for piece in pieces] == [6, 6, 3]
        records = [record for piece in pieces for record in piece.intervals["record"].to_pylist()]
        assert records == ["1/1", "2/1", "3/1", "4/1", "5/1"]


class TestDamage:
    def test_a_file_cut_anywhere_is_refused(self, own):
        data = own.parquet(own.run(), own.run(channel="B1"))
        assert {own.outcome("parquet", data[:cut]) for cut in range(len(data))} == {"refused parquet.corrupt"}

    @pytest.mark.parametrize("compression", ["none", "zstd"])
    def test_no_flipped_bit_of_a_page_changes_a_value_where_there_are_checksums(self, own, values, compression):
        data = own.parquet(own.run(values=["0.125"] * 48), compression=compression, use_dictionary=False)
        chunk = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0)
        value = next(chunk.column(at) for at in range(chunk.num_columns) if chunk.column(at).path_in_schema.startswith("values"))
        whole = values(own.parse("parquet", data))
        for at in range(value.data_page_offset, value.data_page_offset + value.total_compressed_size):
            for bit in (1, 128):
                hurt = bytearray(data)
                hurt[at] ^= bit
                outcome = own.outcome("parquet", bytes(hurt))
                codes = {"refused crc.mismatch", "refused parquet.corrupt", "refused parquet.limit"}
                assert outcome in codes or values(own.parse("parquet", bytes(hurt))) == whole

    def test_a_page_that_is_not_what_its_checksum_says_has_its_own_code(self, own):
        data = own.parquet(own.run(values=["1"] * 48), compression="none", use_dictionary=False)
        chunk = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0)
        value = next(chunk.column(at) for at in range(chunk.num_columns) if "values" in chunk.column(at).path_in_schema)
        hurt = bytearray(data)
        hurt[value.data_page_offset + value.total_compressed_size - 1] ^= 1
        hurt = bytes(hurt)
        assert own.outcome("parquet", hurt) == "refused crc.mismatch"

    @pytest.mark.parametrize("checksums", [True, False])
    def test_a_file_without_checksums_says_so(self, own, checksums):
        parsed = own.parse("parquet", own.parquet(own.run(), write_page_checksum=checksums))
        assert [warning.code for warning in parsed.warnings] == ([] if checksums else ["crc.missing"])

    @given(st.data())
    def test_whatever_the_bytes_nothing_but_a_refusal_comes_out(self, own, data):
        good = bytearray(own.parquet(own.run(), own.run(channel="B1", quality="substituted"), compression="none"))
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(good) - 1))
            good[at] = data.draw(st.integers(0, 255))
        begin = data.draw(st.integers(0, len(good)))
        spliced = bytes(good) if data.draw(st.booleans()) else bytes(good[:begin] + good[begin // 2 :])
        assert own.outcome("parquet", spliced)


def test_statistics_that_lie_change_nothing(own, values):
    """Statistics are not looked at: the values are the pages'."""
    data = own.parquet(own.run(values=["7", "9"]), compression="none", use_dictionary=False)
    metadata = pq.ParquetFile(io.BytesIO(data)).metadata
    chunk = next(
        metadata.row_group(0).column(at) for at in range(9) if "values" in metadata.row_group(0).column(at).path_in_schema
    )
    assert chunk.statistics.max == 9
    footer = len(data) - 8 - metadata.serialized_size
    seven, nine = ((value * 10**9).to_bytes(16, "big") for value in (7, 9))
    lied = data[:footer] + data[footer:].replace(nine, seven)
    assert lied != data
    assert values(own.parse("parquet", lied)) == [7, 9]


def test_the_walk_over_pages_counts_what_is_there(own):
    rng = np.random.default_rng(1)
    numbers = pa.array(rng.integers(0, 10**6, 50_000))
    out = io.BytesIO()
    pq.write_table(pa.table({"a": numbers}), out, data_page_size=4096, use_dictionary=False, write_page_checksum=True)
    chunk = pq.ParquetFile(out).metadata.row_group(0).column(0)
    sizes = parquet_pages.page_sizes(out, chunk.data_page_offset, chunk.num_values, out.tell())
    assert sizes.checked
    assert sizes.unpacked_bytes >= 8 * 50_000
