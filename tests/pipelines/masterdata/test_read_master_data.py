from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.masterdata.cells import SOURCES
from pipelines.masterdata.read import loaded_schema, read_master_data
from schemas.errors import MasterDataError

METER = {"meter_id": "007", "service_point_id": "S1", "installed_from": "2020-01-01"}
REGISTER = {
    "meter_id": "007", "channel": "E1", "role": "main", "direction": "import", "quantity": "active_energy", "unit": "kWh",
    "determinant": "import_kwh", "multiplier": "0.5", "dials": "6", "valid_from": "2020-01-01",
}  # fmt: skip


def write_csv(path, *rows):
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_jsonl(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def write_parquet(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


def refusal(*paths):
    with pytest.raises(MasterDataError) as refused:
        read_master_data(paths)
    assert refused.value.code == "masterdata.invalid"
    return refused.value


def facts(tables, table):
    return [{name: cell for name, cell in row.items() if name != "place"} for row in tables[table].to_pylist()]


class TestFormats:
    @pytest.fixture
    def register_files(self, tmp_path):
        """The same row in three formats, numbers as each format has them."""
        numbers = REGISTER | {"dials": 6, "decimals": None}
        columns = {name: [cell] for name, cell in numbers.items()}
        columns |= {"multiplier": pa.array([Decimal("0.500")], pa.decimal128(9, 3)), "valid_from": pa.array([date(2020, 1, 1)])}
        return [
            write_csv(tmp_path / "registers.csv", REGISTER | {"decimals": ""}),
            write_jsonl(tmp_path / "registers.jsonl", numbers | {"multiplier": 0.5}),
            write_parquet(tmp_path / "registers.parquet", **columns),
        ]

    def test_all_say_the_same(self, register_files):
        first, second, third = (facts(read_master_data([path]), "registers") for path in register_files)
        assert first == second == third

    def test_a_folder_holds_them_all(self, register_files):
        assert read_master_data([register_files[0].parent])["registers"].num_rows == 3

    def test_every_row_has_its_place(self, register_files):
        places = read_master_data([register_files[1]])["registers"]["place"].to_pylist()
        assert places == [f"{register_files[1]}:1"]

    def test_rows_come_with_the_declared_types(self, register_files):
        assert read_master_data(register_files)["registers"].schema == loaded_schema("registers")


class TestCsv:
    def test_leading_zeros_are_kept(self, tmp_path):
        loaded = read_master_data([write_csv(tmp_path / "meters.csv", METER)])
        assert loaded["meters"]["meter_id"].to_pylist() == ["007"]

    def test_a_byte_order_mark_is_no_part_of_the_header(self, tmp_path):
        path = tmp_path / "meters.csv"
        path.write_bytes(b"\xef\xbb\xbf" + write_csv(path, METER).read_bytes())
        assert read_master_data([path])["meters"].num_rows == 1

    def test_a_header_alone_is_a_table_without_rows(self, tmp_path):
        path = tmp_path / "meters.csv"
        path.write_text("meter_id,service_point_id,installed_from\n", "utf-8")
        assert read_master_data([path])["meters"].num_rows == 0

    def test_lines_count_what_an_editor_counts(self, tmp_path):
        path = tmp_path / "customers.csv"
        path.write_text('customer_id,name,address\nP1,Jana,"1 High\nStreet"\n\nP2,,\n', "utf-8")
        assert f"{path}:5: name: the cell is empty" in str(refusal(path))

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            pytest.param(b"", ":1: the file is empty", id="empty"),
            pytest.param(b"meter_id,meter_id\n", "a column twice", id="a column twice"),
            pytest.param(b"meter_id,service_point_id,installed_from\n1,2\n", ":2: 2 cells, the header has 3", id="short row"),
            pytest.param(b"meter_id,service_point_id,installed_from\n1,2,2020-01-01,4\n", ":2: 4 cells", id="long row"),
            pytest.param(b'meter_id,service_point_id,installed_from\n"1" x,2,3\n', "no valid CSV", id="text after a quote"),
            pytest.param(b'meter_id,service_point_id,installed_from\n"1,2,3\n', "no valid CSV", id="an open quote"),
            pytest.param("meter_id,service_point_id,installed_from\né,2,3\n".encode("latin-1"), "not UTF-8", id="latin-1"),
            pytest.param(b"meter_id;service_point_id;installed_from\n", "not a column of this table", id="semicolons"),
        ],
    )
    def test_a_file_that_is_no_csv_is_refused(self, tmp_path, content, told):
        path = tmp_path / "meters.csv"
        path.write_bytes(content)
        assert told in str(refusal(path))


class TestJsonLines:
    @pytest.mark.parametrize(
        ("line", "told"),
        [
            ('{"meter_id": "1", "meter_id": "2"}', "a key stands twice"),
            ('{"meter_id": NaN}', "NaN is no JSON"),
            ('{"meter_id": -Infinity}', "no JSON"),
            ('{"meter_id": {"a": 1}}', "meter_id is an object or a list"),
            ('{"meter_id": ["1"]}', "meter_id is an object or a list"),
            ("[1]", "a JSON object is expected"),
            ("{", "no valid row"),
            ("[" * 100_000, "no valid row"),
            ('{"meter_id": "' + "1" * 1_000_000 + '"}', "a line of 1000000 characters or more"),
        ],
        ids=lambda text: text[:20],
    )
    def test_a_line_that_is_no_row_is_refused(self, tmp_path, line, told):
        path = tmp_path / "meters.jsonl"
        path.write_text(json.dumps(METER) + "\n" + line + "\n", "utf-8")
        message = str(refusal(path))
        assert told in message
        assert f"{path}:2" in message

    def test_a_number_keeps_its_digits(self, tmp_path):
        path = tmp_path / "registers.jsonl"
        path.write_text(json.dumps(REGISTER).replace('"0.5"', "0.100000001"), "utf-8")
        assert facts(read_master_data([path]), "registers")[0]["multiplier"] == Decimal("0.100000001")

    def test_true_is_yes(self, tmp_path):
        account = {"account_id": "C1", "customer_id": "P1", "currency": "CZK", "export_tax": True}
        loaded = read_master_data([write_jsonl(tmp_path / "accounts.jsonl", account)])
        assert loaded["accounts"]["export_tax"].to_pylist() == [True]

    def test_an_absent_key_is_an_empty_cell(self, tmp_path):
        path = write_jsonl(tmp_path / "meters.jsonl", METER, {"meter_id": "8", "service_point_id": "S1"})
        assert f"{path}:2: installed_from: the cell is empty" in str(refusal(path))

    def test_bytes_that_are_no_text_are_refused(self, tmp_path):
        path = tmp_path / "meters.jsonl"
        path.write_bytes(b'{"meter_id": "\xff"}\n')
        assert "not UTF-8" in str(refusal(path))


class TestParquet:
    def test_a_time_with_a_zone_is_an_instant(self, tmp_path):
        times = pa.array([datetime(2020, 1, 1, tzinfo=UTC)], pa.timestamp("ns", tz="Europe/Prague"))
        path = write_parquet(tmp_path / "meters.parquet", meter_id=["1"], service_point_id=["S1"], installed_from=times)
        assert read_master_data([path])["meters"]["installed_from"].to_pylist() == ["2020-01-01T00:00:00+00:00"]

    def test_a_time_without_one_is_local(self, tmp_path):
        times = pa.array([datetime(2020, 1, 1)], pa.timestamp("ms"))  # noqa: DTZ001 - local time is the point
        path = write_parquet(tmp_path / "meters.parquet", meter_id=["1"], service_point_id=["S1"], installed_from=times)
        assert read_master_data([path])["meters"]["installed_from"].to_pylist() == ["2020-01-01T00:00:00"]

    def test_a_dictionary_of_texts_is_texts(self, tmp_path):
        columns = {name: pa.array([cell]).dictionary_encode() for name, cell in METER.items()}
        assert read_master_data([write_parquet(tmp_path / "meters.parquet", **columns)])["meters"].num_rows == 1

    def test_whole_floats_are_whole_numbers(self, tmp_path):
        columns = {name: [cell] for name, cell in REGISTER.items()} | {"dials": [6.0], "decimals": pa.array([None], pa.float64())}
        loaded = read_master_data([write_parquet(tmp_path / "registers.parquet", **columns)])
        assert facts(loaded, "registers")[0]["dials"] == 6

    @pytest.mark.parametrize("value", [0.1, float("nan"), float("inf"), 2.0**53])
    def test_another_float_is_refused(self, tmp_path, value):
        columns = {name: [cell] for name, cell in REGISTER.items()} | {"multiplier": [value]}
        path = write_parquet(tmp_path / "registers.parquet", **columns)
        assert "multiplier" in str(refusal(path))

    def test_a_column_of_bytes_is_refused(self, tmp_path):
        columns = {name: [cell] for name, cell in METER.items()} | {"meter_id": [b"1"]}
        assert "column meter_id: binary" in str(refusal(write_parquet(tmp_path / "meters.parquet", **columns)))

    def test_a_file_without_rows_is_a_table_without_rows(self, tmp_path):
        path = tmp_path / "meters.parquet"
        pq.write_table(pa.table({name: pa.array([], pa.string()) for name in METER}), path)
        assert read_master_data([path])["meters"].num_rows == 0

    @pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + b"\x00" * 64 + b"PAR1"])
    def test_bytes_that_are_no_parquet_are_refused(self, tmp_path, content):
        path = tmp_path / "meters.parquet"
        path.write_bytes(content)
        assert "not readable as Parquet" in str(refusal(path))


class TestFiles:
    @pytest.mark.parametrize("name", ["flat.yaml", "flat.yml", "README", "README.md", "notes.txt", ".hidden.csv"])
    def test_what_belongs_beside_master_data_is_left_alone(self, tmp_path, name):
        write_csv(tmp_path / "meters.csv", METER)
        (tmp_path / name).write_text("x", "utf-8")
        assert list(read_master_data([tmp_path])) == ["meters"]

    def test_a_folder_inside_is_left_alone(self, tmp_path):
        write_csv(tmp_path / "meters.csv", METER)
        (tmp_path / "inbox").mkdir()
        (tmp_path / "inbox" / "day.csv").write_text("x", "utf-8")
        assert list(read_master_data([tmp_path])) == ["meters"]

    @pytest.mark.parametrize(
        "name", ["meters_new.csv", "meter.csv", "Meters.csv", "meters.json", "meters.csv.gz", "meters", "bills.csv"]
    )
    def test_another_file_is_refused_by_name(self, tmp_path, name):
        write_csv(tmp_path / "meters.csv", METER)
        (tmp_path / name).write_text("x", "utf-8")
        assert f"{tmp_path / name}: no master data" in str(refusal(tmp_path))

    def test_a_named_file_is_never_left_alone(self, tmp_path):
        path = tmp_path / "flat.yaml"
        path.write_text("tariff: flat", "utf-8")
        assert "no master data" in str(refusal(path))

    def test_an_absent_file_is_refused(self, tmp_path):
        assert "there is no such file or folder" in str(refusal(tmp_path / "meters.csv"))

    def test_a_file_that_cannot_be_opened_is_refused(self, tmp_path, monkeypatch):
        def locked(path, problems):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setitem(SOURCES, ".csv", locked)
        assert "cannot be read: Permission denied" in str(refusal(write_csv(tmp_path / "meters.csv", METER)))

    def test_an_empty_folder_is_refused(self, tmp_path):
        assert "no master data here" in str(refusal(tmp_path))

    def test_several_files_of_one_table_are_one_table(self, tmp_path):
        one = write_csv(tmp_path / "meters.csv", METER)
        two = write_jsonl(tmp_path / "meters.jsonl", METER | {"meter_id": "8"})
        assert read_master_data([one, two])["meters"]["meter_id"].to_pylist() == ["007", "8"]


class TestProblems:
    def test_every_problem_of_every_file_is_told(self, tmp_path):
        write_csv(tmp_path / "meters.csv", METER | {"installed_from": "soon"}, METER | {"meter_id": " 7"})
        write_csv(tmp_path / "registers.csv", REGISTER | {"role": "total", "multiplier": "1e3"})
        message = refusal(tmp_path).message
        assert "4 problems" in message
        assert all(
            cell in message for cell in ("meters.csv:2: installed_from", "meters.csv:3: meter_id", "registers.csv:2: role")
        )

    def test_a_problem_names_what_was_found(self, tmp_path):
        path = write_csv(tmp_path / "registers.csv", REGISTER | {"role": "total"})
        assert f"{path}:2: role: Input should be 'main', 'check'" in str(refusal(path))
        assert "found 'total'" in str(refusal(path))

    def test_the_error_points_at_the_first(self, tmp_path):
        path = write_csv(tmp_path / "meters.csv", METER, METER | {"installed_from": "soon", "meter_id": " 7"})
        assert refusal(path).where == f"{path}:3: meter_id"

    def test_problems_come_in_the_order_of_lines(self, tmp_path):
        rows = [METER | {"installed_from": "soon"}, METER | {"meter_id": " 7"}]
        message = refusal(write_csv(tmp_path / "meters.csv", *rows)).message
        assert message.index("meters.csv:2") < message.index("meters.csv:3")

    @pytest.mark.parametrize(("count", "more"), [(50, False), (51, True)])
    def test_fifty_are_shown_and_all_are_counted(self, tmp_path, count, more):
        rows = [METER | {"installed_from": "soon", "meter_id": str(n)} for n in range(count)]
        message = refusal(write_csv(tmp_path / "meters.csv", *rows)).message
        assert message.count("installed_from:") == 50
        assert (f"{count} problems" in message, "and 1 more" in message) == (True, more)

    def test_another_column_is_refused_once_and_by_name(self, tmp_path):
        rows = [METER | {"colour": "red", "meter_id": str(n)} for n in range(3)]
        path = write_csv(tmp_path / "meters.csv", *rows)
        assert f"1 problem\n  {path}: colour: not a column of this table" in refusal(path).message

    def test_a_missing_column_is_told_once(self, tmp_path):
        rows = [{"meter_id": str(n), "installed_from": "2020-01-01"} for n in range(3)]
        path = write_csv(tmp_path / "meters.csv", *rows)
        assert f"1 problem\n  {path}: service_point_id: the column is missing" in refusal(path).message

    @settings(deadline=None)
    @given(st.binary(max_size=200), st.sampled_from(["csv", "jsonl", "parquet"]))
    def test_whatever_the_bytes_they_are_read_or_refused(self, tmp_path_factory, content, ending):
        path = tmp_path_factory.getbasetemp() / f"meters.{ending}"
        path.write_bytes(content)
        try:
            read_master_data([path])
        except MasterDataError as error:
            assert error.code == "masterdata.invalid"  # noqa: PT017 - reading may also succeed
