"""Files longer than a window: the same rows whatever the window, or a refusal; never other values."""

from __future__ import annotations

import io
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest.reader import ReadContext
from pipelines.ingest.tables.cells import Cells
from pipelines.ingest.tables.mapped_csv import read_mapped_csv
from pipelines.ingest.tables.order import Order, Rows
from pipelines.ingest.tables.time_column import Label
from schemas.codes import Quality
from schemas.errors import InputRefusedError

ONE_WINDOW = 10**6


def mapping(minutes: str = "auto", label: str = "start", zone: str = "Europe/Berlin") -> str:
    return (
        "service_point_id: {column: p}\n"
        f"time: {{column: at, label: {label}, zone: {zone}}}\n"
        f"interval_minutes: {minutes}\n"
        "channels:\n- {column: kwh, channel: E1, quantity: active_energy, direction: import, unit: kWh}\n"
    )


def found(data: bytes, document: str, window: int = ONE_WINDOW, piece_bytes: int = 2**21) -> dict[str, Counter[Any]]:
    """Slots, periods and rejections of a file, however they were handed over."""
    all_of: dict[str, Counter[Any]] = {"slots": Counter(), "periods": Counter(), "rejected": Counter()}
    for parsed in read_mapped_csv(io.BytesIO(data), ReadContext("p.csv", mapping=document), piece_bytes, window):
        assert parsed.rows_read == parsed.rows_taken + sum(parsed.rejections["rows"].to_pylist())
        for row in parsed.intervals.to_pylist():
            for place, value in enumerate(row["values"] or row["values64"]):
                missing = row["quality"] is not None and row["quality"][place] == Quality.MISSING
                start = row["start"] + timedelta(minutes=place * row["interval_minutes"])
                amount = None if missing else Decimal(value).scaleb(row["exponent"])
                all_of["slots"][row["service_point_id"], start, row["interval_minutes"], amount] += 1
        for row in parsed.reads.to_pylist():
            all_of["periods"][row["service_point_id"], row["period_from"], row["read_at"], row["value"]] += 1
        for row in parsed.rejections.to_pylist():
            all_of["rejected"][row["record"], row["code"], row["rows"]] += 1
    return all_of


def found_or_code(data: bytes, document: str, window: int, piece_bytes: int = 2**21) -> dict[str, Counter[Any]] | str:
    """What is in a file, or the code it is refused with."""
    try:
        return found(data, document, window, piece_bytes)
    except InputRefusedError as refusal:
        return refusal.code


@st.composite
def meters(draw: st.DrawFn) -> tuple[list[str], str]:
    """Rows of some meters over the autumn night, in an order in which files come, and their label."""
    minutes = draw(st.sampled_from([15, 30, 60]))
    label = draw(st.sampled_from(["start", "end"]))
    first = datetime(2026, 10, 24, draw(st.integers(18, 23)), tzinfo=ZoneInfo("UTC"))
    rows = []
    for meter in range(draw(st.integers(1, 4))):
        count = draw(st.integers(1, 24))
        missing = draw(st.sets(st.integers(0, 23), max_size=3))
        for place in range(count):
            if place not in missing:
                at = (first + timedelta(minutes=place * minutes)).astimezone(ZoneInfo("Europe/Berlin"))
                rows.append((f"M{meter}", place, f"M{meter},{at:%Y-%m-%d %H:%M},{meter}.{place:02d}"))
    backward = draw(st.booleans())
    if draw(st.booleans()):
        rows.sort(key=lambda row: row[1], reverse=backward)
    else:
        rows.sort(key=lambda row: (row[0], -row[1] if backward else row[1]))
    return [row[2] for row in rows], label


class TestTheWindowChangesNothing:
    @settings(max_examples=50)
    @given(meters(), st.integers(1, 40), st.integers(20, 200), st.sampled_from(["auto", "step"]))
    def test_of_files_in_order_forward_or_backward_side_by_side_or_not(self, rows_and_label, window, piece_bytes, minutes):
        rows, label = rows_and_label
        data = "".join(f"{row}\n" for row in ("p,at,kwh", *rows)).encode()
        document = mapping(minutes, label)
        whole = found(data, document)
        # A gap at the very beginning hides the step of a window of a few rows: then the file is refused, never misread.
        parts = found_or_code(data, document, window)
        assert parts == whole or (minutes, parts) == ("step", "order.mixed")
        assert found_or_code(data, document, window, piece_bytes) == parts

    @pytest.mark.parametrize("minutes", ["auto", "15", "step"])
    @pytest.mark.parametrize("window", [3, 96, 97, 1000])
    @pytest.mark.parametrize("order", [1, -1], ids=["forward", "backward"])
    @pytest.mark.parametrize("label", ["start", "end"])
    def test_of_two_days_around_the_autumn_night(self, minutes, window, order, label):
        instants = [datetime(2026, 10, 24, 22, tzinfo=ZoneInfo("UTC")) + timedelta(minutes=15 * n) for n in range(192)]
        late = timedelta(minutes=15 if label == "end" else 0)
        rows = [f"M,{(at + late).astimezone(ZoneInfo('Europe/Berlin')):%Y-%m-%d %H:%M},{n}" for n, at in enumerate(instants)]
        data = "".join(f"{row}\n" for row in ("p,at,kwh", *rows[::order])).encode()
        expected = Counter(("M", at, 15, Decimal(n)) for n, at in enumerate(instants))
        assert found(data, mapping(minutes, label), window)["slots"] == expected

    @settings(max_examples=20)
    @given(st.permutations(range(12)), st.integers(12, 30))
    def test_rows_in_any_order_are_put_in_order_in_one_window(self, order, window):
        rows = [f"M,2026-01-01 {hour:02d}:00,{hour}" for hour in order]
        data = "".join(f"{row}\n" for row in ("p,at,kwh", *rows)).encode()
        in_order = "".join(f"{row}\n" for row in ("p,at,kwh", *sorted(rows))).encode()
        assert found(data, mapping(), window)["slots"] == found(in_order, mapping())["slots"]


class TestWhatCannotBeKnown:
    def refused(self, rows: list[str], document: str, window: int) -> str:
        with pytest.raises(InputRefusedError) as refusal:
            found("".join(f"{row}\n" for row in ("p,at,kwh", *rows)).encode(), document, window)
        return refusal.value.code

    def test_a_row_between_rows_handed_over_refuses_a_file_whose_lengths_are_distances(self):
        rows = [f"M,2026-01-01 {hour:02d}:00,1" for hour in (0, 2, 4, 6, 3)]
        assert self.refused(rows, mapping(), 4) == "order.mixed"

    def test_with_a_length_that_is_said_the_same_file_is_taken(self):
        rows = [f"M,2026-01-01 {hour:02d}:00,{hour}" for hour in (0, 2, 4, 6, 3)]
        data = "".join(f"{row}\n" for row in ("p,at,kwh", *rows)).encode()
        assert sum(found(data, mapping("60"), 2)["slots"].values()) == 5

    def test_the_two_rows_of_an_autumn_stamp_far_apart_refuse_the_file(self):
        rows = [
            "M,2026-10-25 02:00,1",
            "M,2026-10-25 04:00,2",
            "M,2026-10-25 05:00,2",
            "M,2026-10-25 02:00,3",
            "M,2026-10-25 04:00,2",
        ]
        assert self.refused(rows, mapping("60"), 3) == "order.mixed"

    def test_in_one_window_only_those_two_rows_are_set_aside(self):
        rows = [
            "M,2026-10-25 02:00,1",
            "M,2026-10-25 04:00,2",
            "M,2026-10-25 05:00,2",
            "M,2026-10-25 02:00,3",
            "M,2026-10-25 06:00,2",
        ]
        data = "".join(f"{row}\n" for row in ("p,at,kwh", *rows)).encode()
        assert found(data, mapping("60"))["rejected"] == Counter({("2", "time.ambiguous", 1): 1, ("5", "time.ambiguous", 1): 1})

    def test_rows_around_that_contradict_each_other_set_an_autumn_hour_aside(self):
        rows = ["M,2026-10-25 05:00,1", "M,2026-10-25 02:00,1", "M,2026-10-25 02:00,2", "M,2026-10-25 07:00,2"]
        data = "".join(f"{row}\n" for row in ("p,at,kwh", *rows)).encode()
        codes = found(data, mapping("60"))["rejected"]
        assert codes == Counter({("3", "time.ambiguous", 1): 1, ("4", "time.ambiguous", 1): 1})

    def test_a_stamp_that_comes_three_times_in_a_night_is_set_aside(self):
        rows = ["M,2026-10-25 01:00,1", *["M,2026-10-25 02:00,1"] * 3, "M,2026-10-25 03:00,2"]
        data = "".join(f"{row}\n" for row in ("p,at,kwh", *rows)).encode()
        assert sum(found(data, mapping("60"))["rejected"].values()) == 3

    def test_more_rows_that_wait_than_fit_refuse_the_file(self, monkeypatch):
        monkeypatch.setattr("pipelines.ingest.tables.order.MOST_OPEN_ROWS", 10)
        rows = [f"M{n},2026-01-01 00:00,1" for n in range(30)]
        assert self.refused(rows, mapping(), 5) == "order.mixed"


class TestSteps:
    def test_a_gap_makes_no_interval_longer(self):
        rows = ["M,2026-01-01 00:00,1", "M,2026-01-01 00:30,2", "M,2026-01-01 02:00,3"]
        data = "".join(f"{row}\n" for row in ("p,at,kwh", *rows)).encode()
        lengths = [minutes for _, _, minutes, _ in found(data, mapping("step"))["slots"]]
        assert lengths == [30, 30, 30]

    def test_each_meter_has_its_own(self):
        rows = ["A,2026-01-01 00:00,1", "A,2026-01-01 00:15,2", "B,2026-01-01 00:00,3", "B,2026-01-01 01:00,3"]
        data = "".join(f"{row}\n" for row in ("p,at,kwh", *rows)).encode()
        assert {(point, minutes) for point, _, minutes, _ in found(data, mapping("step"))["slots"]} == {("A", 15), ("B", 60)}

    def test_a_single_row_has_no_step(self):
        data = b"p,at,kwh\nA,2026-01-01 00:00,1\n"
        assert found(data, mapping("step"))["rejected"] == Counter({("2", "interval.unknown", 1): 1})


class TestOverlaps:
    def rejected(self, minutes: str, *stamps: str, value: str = "1") -> list[str]:
        data = "".join(f"{row}\n" for row in ("p,at,kwh", *(f"M,2026-01-01 {at},{value}" for at in stamps))).encode()
        return sorted(f"{record} {code}" for record, code, _ in found(data, mapping(minutes))["rejected"])

    def test_quarter_hours_that_are_said_to_be_hours_are_not_counted_four_times(self):
        assert self.rejected("60", "00:00", "00:15", "00:30") == [f"{line} interval.overlap" for line in (2, 3, 4)]

    def test_hours_that_are_said_to_be_quarter_hours_leave_gaps_and_are_taken(self):
        assert self.rejected("15", "00:00", "01:00") == []

    def test_an_interval_that_ends_where_the_next_begins_does_not_overlap(self):
        assert self.rejected("60", "00:00", "01:00", "02:00") == []

    def test_a_row_twice_is_no_overlap(self):
        assert self.rejected("60", "00:00", "00:00", "01:00") == []

    def test_rows_without_values_overlap_nothing(self):
        assert self.rejected("60", "00:00", "00:15", value="") == []

    @pytest.mark.parametrize("backward", [False, True])
    def test_an_overlap_between_windows_refuses_the_file(self, backward):
        rows = [f"M{n % 3},2026-01-01 00:{n // 3 * 15:02d},1" for n in range(12)]
        data = "".join(f"{row}\n" for row in ("p,at,kwh", *(rows[::-1] if backward else rows))).encode()
        with pytest.raises(InputRefusedError) as refusal:
            found(data, mapping("60"), 3)
        assert refusal.value.code == "interval.overlap"
        assert found(data, mapping("15"), 3)["rejected"] == Counter()


class TestMemory:
    @pytest.mark.parametrize("minutes", ["auto", "step"])
    @pytest.mark.parametrize("order", [1, -1], ids=["forward", "backward"])
    def test_no_more_than_one_row_a_meter_stays_open(self, minutes, order):
        order_of = Order(Label.START, minutes, window_rows=1000)
        meters_met, kept = 7, 0
        for block in range(40):
            line = np.arange(500, dtype=np.int64) + block * 500
            stamp = (line // meters_met) * 900 * order + 10**9
            zero = np.zeros(500, dtype=np.int64)
            cells = Cells(zero, zero.astype(np.uint8), zero.astype(np.int8))
            rows = Rows(line, line % meters_met, stamp, stamp, stamp, zero, zero, zero, np.zeros((500, 0), np.int64), (cells,))
            for ordered in order_of.add(rows):
                kept += ordered.spans.rows.size if ordered.spans is not None else 0
                assert sum(part.size for part, _ in order_of._open) <= meters_met
        assert kept >= 40 * 500 - 1000 - meters_met

    def test_a_file_of_nothing_but_faults_hands_them_over_as_it_goes(self, monkeypatch):
        monkeypatch.setattr("pipelines.ingest.tables.mapped_csv.MOST_REJECTIONS", 100)
        data = b"p,at,kwh\n" + b"".join(b"M,never,%d\n" % n for n in range(1000))
        parts = list(read_mapped_csv(io.BytesIO(data), ReadContext("p.csv", mapping=mapping()), 500))
        assert max(part.rejections.num_rows for part in parts) < 200
        assert sum(part.rows_read for part in parts) == 1000
