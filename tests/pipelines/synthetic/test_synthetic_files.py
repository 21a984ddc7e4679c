from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from pipelines.synthetic.energy import index_wh, true_energy
from pipelines.synthetic.faults import FaultKind
from pipelines.synthetic.files import write_utility
from pipelines.synthetic.population import Kind
from pipelines.synthetic.utility import Cast, market_midnight
from schemas.errors import InputRefusedError

ALTERED = {
    FaultKind.GAP,
    FaultKind.LONG_GAP,
    FaultKind.NEGATIVE,
    FaultKind.ABOVE_FUSE,
    FaultKind.SUBSTITUTE,
    FaultKind.FINAL_SUBSTITUTE,
    FaultKind.DELIVERED_ESTIMATE,
    FaultKind.SUM_MISMATCH,
}
"""Faults after which the newest delivered values differ from the true ones, in the slots that they name."""


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def newest(rows):
    """The newest version of a day; rows of the conflict file claim a version that is not theirs."""
    return max((row for row in rows if "conflict" not in row.file), key=lambda row: row.version)


class TestRepeatability:
    def test_the_same_seed_gives_the_same_bytes(self, tmp_path, folders):
        again = write_utility(tmp_path, seed=7)
        assert contents(again.inbox.parent) == contents(folders.inbox.parent)

    def test_another_seed_gives_other_files(self, tmp_path, folders):
        other = write_utility(tmp_path, seed=8, service_points=1)
        assert (other.truth / "energy.csv").read_bytes() != (folders.truth / "energy.csv").read_bytes()

    def test_a_service_points_rows_do_not_depend_on_how_many_there_are(self, tmp_path, folders, read_text):
        small = write_utility(tmp_path, seed=7, service_points=10)
        name = "nem12_20260115_1.csv"
        rows = read_text(small.inbox / name).split("\n")[1:-2]
        assert read_text(folders.inbox / name).split("\n")[1 : len(rows) + 1] == rows

    def test_days_a_file_change_no_value(self, tmp_path, folders, read_text):
        nightly = write_utility(tmp_path, seed=7, service_points=3, days_per_file=1)
        row = next(
            line for line in read_text(nightly.inbox / "nem12_20260106_1.csv").split("\n") if line.startswith("300,20260105")
        )
        assert row.rsplit(",", 2)[0] in read_text(folders.inbox / "nem12_20260108_1.csv")


class TestInbox:
    def test_a_month_of_sixty_service_points_is_small(self, folders):
        assert sum(path.stat().st_size for path in folders.inbox.iterdir()) < 10_000_000

    def test_some_files_are_packed(self, folders):
        assert {path.suffix for path in folders.inbox.glob("nem12_*")} == {".csv", ".zip", ".gz"}

    def test_every_day_of_every_register_is_delivered_once_but_for_the_planted_ones(self, plan, parsed, faults):
        again = {FaultKind.LATE_VERSION, FaultKind.CONFLICT, FaultKind.DUPLICATE_ROWS}
        expected = sum(row["fault"] in again for row in faults) - sum(row["fault"] == FaultKind.MISSING_DAY for row in faults)
        registers = [p for p in plan.service_points if p.kind is not Kind.ACCUMULATION for _ in p.meters[0].registers]
        exchange_day_counts_twice = 1
        assert sum(map(len, parsed.days.values())) == len(registers) * plan.days + exchange_day_counts_twice + expected

    def test_every_slot_has_a_quality(self, parsed):
        assert {len(row.flags) == len(row.values) for rows in parsed.days.values() for row in rows} == {True}

    def test_accumulation_meters_deliver_no_intervals(self, plan, parsed):
        counted = {p.service_point_id for p in plan.service_points if p.kind is Kind.ACCUMULATION}
        assert counted.isdisjoint(key[0] for key in parsed.days)

    def test_the_copied_file_has_the_bytes_of_its_model(self, folders):
        (copy,) = folders.inbox.glob("again_*")
        assert copy.read_bytes() == copy.with_name(copy.name.removeprefix("again_")).read_bytes()

    def test_batches_share_the_service_points(self, tmp_path, read_text):
        made = write_utility(tmp_path, seed=7, service_points=5, service_points_per_file=3)
        texts = [read_text(made.inbox / f"nem12_20260108_{number}.csv") for number in (1, 2)]
        assert ["NMB0000003" in text for text in texts] == [True, False]
        assert ["NMB0000004" in text for text in texts] == [False, True]

    @pytest.mark.parametrize("number", ["days_per_file", "service_points_per_file"])
    def test_an_empty_file_is_refused(self, tmp_path, number):
        with pytest.raises(InputRefusedError):
            write_utility(tmp_path, seed=7, **{number: 0})

    def test_without_faults_every_row_is_actual_and_comes_once(self, tmp_path, folders, parsed):
        plain = write_utility(tmp_path, seed=7, service_points=3, faults=False)
        for path in sorted(plain.inbox.iterdir()):
            assert "late" not in path.name
            parsed_again = type(parsed)()
            parsed_again.read(path)
            assert {flag for rows in parsed_again.days.values() for row in rows for flag in row.flags} == {"A"}


class TestEnergy:
    def test_delivered_energy_is_the_true_energy_but_in_the_planted_slots(self, parsed, true_day, fault_days):
        altered = {key: slots for kind in ALTERED for key, slots in fault_days(kind)}
        for key, rows in parsed.days.items():
            row = newest(rows)
            installed = np.array([flag != "N" for flag in row.flags])
            differs = (row.values != true_day(key)) & (installed | (key in altered))
            if key in altered:
                differs[altered[key]] = False
            assert not differs.any(), key

    @pytest.mark.parametrize("kind", [FaultKind.SUBSTITUTE, FaultKind.FINAL_SUBSTITUTE, FaultKind.DELIVERED_ESTIMATE])
    def test_what_a_sender_estimates_adds_up_to_what_was_used(self, parsed, true_day, fault_days, kind):
        for key, slots in fault_days(kind):
            assert newest(parsed.days[key]).values[slots].sum() == true_day(key)[slots].sum()

    def test_two_meters_share_the_energy_of_the_exchange_day(self, plan, parsed, true_day):
        point = plan.service_points[Cast.METER_EXCHANGE]
        day = point.meters[1].installed_from.date()
        keys = [(point.service_point_id, meter.meter_id, "E1", day) for meter in point.meters]
        rows = [newest(parsed.days[key]) for key in keys]
        assert (sum(row.values for row in rows) == true_day(keys[0])).all()
        assert all((a == "N") != (b == "N") for a, b in zip(rows[0].flags, rows[1].flags, strict=True))

    def test_index_reads_advance_by_the_true_energy_to_the_watt_hour(self, plan, truth, parsed):
        assert len(parsed.reads) > 70
        for (service_point, meter_id, channel), reads in parsed.reads.items():
            point = truth[service_point].point
            meter = next(meter for meter in point.meters if meter.meter_id == meter_id)
            register = next(register for register in meter.registers if register.channel == channel)
            energy = truth[service_point].planted.energy[channel]
            for read in reads:
                if read.wh:
                    assert read.wh == index_wh(plan, meter, register, energy, read.read_at)

    def test_an_index_advances_by_the_month_between_the_reads_at_its_ends(self, plan, truth, parsed):
        reads = {read.read_at: read.wh for read in parsed.reads["NMB0000001", "M0000001A", "E1"]}
        first = plan.day_place(plan.month_start)
        used = int(truth["NMB0000001"].planted.energy["E1"][first : first + 31].sum())
        assert reads[market_midnight(plan.month_end)] - reads[market_midnight(plan.month_start)] == used

    def test_the_ground_truth_holds_the_energy_of_every_day(self, folders, truth):
        lines = (folders.truth / "energy.csv").read_text().split("\n")
        energy = truth["NMB0000002"].planted.energy
        assert f"NMB0000002,B1,2025-12-04,{energy['B1'][0].sum()}" in lines
        assert len(lines) == 2 + 62 * sum(len(item.planted.energy) for item in truth.values())

    def test_export_happens_in_daylight_only(self, truth):
        exported = [item.planted.energy["B1"] for item in truth.values() if "B1" in item.planted.energy]
        assert len(exported) == 12
        assert max(energy[:, : energy.shape[1] // 6].max() for energy in exported) == 0


class TestPlantedFaults:
    def test_every_kind_of_fault_is_in_the_ground_truth(self, faults):
        assert {row["fault"] for row in faults} == set(FaultKind) - {FaultKind.CLOCK_CHANGE}

    def test_every_fault_stands_there_once(self, faults):
        told = [tuple(row.values()) for row in faults]
        assert len(set(told)) == len(told)

    def test_a_change_of_the_clock_is_told_when_the_month_has_one(self, tmp_path):
        made = write_utility(tmp_path, seed=7, service_points=1, month="2026-04")
        assert ",,,2026-04-05,,,clock_change," in (made.truth / "faults.csv").read_text()

    @pytest.mark.parametrize("kind", [FaultKind.GAP, FaultKind.LONG_GAP])
    def test_a_gap_is_flagged_n_where_it_is_and_nowhere_else(self, parsed, fault_days, kind):
        for key, slots in fault_days(kind):
            flags = newest(parsed.days[key]).flags
            assert set(flags[slots]) == {"N"}
            assert set(flags[: slots.start] + flags[slots.stop :]) == {"A"}

    def test_a_short_gap_has_one_to_four_slots(self, fault_days):
        assert {1 <= slots.stop - slots.start <= 4 for _, slots in fault_days(FaultKind.GAP)} == {True}

    def test_a_missing_day_has_no_row(self, parsed, fault_days):
        assert [key for key, _ in fault_days(FaultKind.MISSING_DAY) if key in parsed.days] == []

    def test_a_spike_is_true_and_far_above_the_third_highest(self, true_day, fault_days):
        ((key, slots),) = fault_days(FaultKind.SPIKE)
        energy = np.sort(true_day(key))
        assert true_day(key)[slots] == energy[-1]
        assert energy[-1] > 2.8 * energy[-3]

    def test_a_negative_value_is_delivered_as_actual(self, parsed, fault_days):
        ((key, slots),) = fault_days(FaultKind.NEGATIVE)
        assert newest(parsed.days[key]).values[slots].tolist() == [-350]

    def test_a_value_above_the_fuse_is_delivered_as_actual(self, parsed, fault_days):
        ((key, slots),) = fault_days(FaultKind.ABOVE_FUSE)
        assert newest(parsed.days[key]).values[slots] / 0.5 > 1.2 * 15_000

    def test_a_zero_run_of_four_days_is_true_and_ends(self, plan, truth, fault_days):
        (((point, _, channel, day), slots),) = fault_days(FaultKind.ZERO_RUN)
        energy = truth[point].planted.energy[channel][plan.day_place(day) :].reshape(-1)
        assert np.nonzero(energy == 0)[0].tolist() == list(range(slots.start, slots.stop))
        assert slots.stop - slots.start > 4 * 48

    def test_a_late_version_supersedes_an_estimate(self, parsed, fault_days):
        ((key, _),) = fault_days(FaultKind.LATE_VERSION)
        first, second = sorted(parsed.days[key], key=lambda row: row.version)
        assert (set(first.flags), set(second.flags)) == ({"E52"}, {"A"})
        assert first.values.sum() != second.values.sum()

    def test_a_late_arrival_comes_in_the_late_file_only(self, parsed, fault_days):
        ((key, _),) = fault_days(FaultKind.LATE_ARRIVAL)
        assert ["late" in row.file for row in parsed.days[key]] == [True]

    def test_a_conflict_is_two_values_of_one_version(self, parsed, fault_days):
        ((key, slots),) = fault_days(FaultKind.CONFLICT)
        one, other = parsed.days[key]
        assert one.version == other.version
        assert np.nonzero(one.values != other.values)[0].tolist() == list(range(slots.start, slots.stop))

    def test_duplicate_rows_are_the_same_in_all(self, parsed, fault_days):
        ((key, _),) = fault_days(FaultKind.DUPLICATE_ROWS)
        one, other = parsed.days[key]
        assert (one.version, one.flags) == (other.version, other.flags)
        assert (one.values == other.values).all()

    def test_a_sum_mismatch_disagrees_with_the_register(self, parsed, true_day, fault_days):
        ((key, _),) = fault_days(FaultKind.SUM_MISMATCH)
        assert newest(parsed.days[key]).values.sum() < true_day(key).sum() - 1000

    def test_an_index_dips_to_zero_and_recovers(self, parsed, fault_days):
        ((key, _),) = fault_days(FaultKind.INDEX_DIP)
        shown = [read.wh for read in sorted(parsed.reads[key[:3]])]
        dip = shown.index(0)
        assert shown[dip - 1] < shown[dip + 1]
        assert [wh for wh in shown if wh == 0] == [0]


@pytest.fixture(scope="module")
def advances(folders):
    """The cells of the 250 records by service point, in order."""
    found: dict[str, list[list[str]]] = {}
    for path in sorted(folders.inbox.glob("nem13_*")):
        lines = path.read_text().split("\n")
        assert lines[0].startswith("100,NEM13,")
        assert lines[-2:] == ["900", ""]
        for line in lines[1:-2]:
            cells = line.split(",")
            assert len(cells) == 23
            found.setdefault(cells[1], []).append(cells)
    return found


class TestRounds:
    def test_every_accumulation_meter_is_read_once_a_month(self, plan, advances):
        counted = [p.service_point_id for p in plan.service_points if p.kind is Kind.ACCUMULATION]
        assert {point: len(lines) for point, lines in advances.items()} == dict.fromkeys(counted, 2)

    def test_each_advance_begins_where_the_last_one_ended(self, advances):
        for lines in advances.values():
            for before, now in pairwise(lines):
                assert before[13:15] == now[8:10]

    def test_reads_are_taken_in_the_last_days_of_a_month(self, advances):
        days = {int(lines[1][14][6:8]) for lines in advances.values()}
        assert days <= {29, 30, 31}

    def test_the_quantity_is_the_advance_of_five_dials_times_the_multiplier(self, advances):
        for point, lines in advances.items():
            multiplier = 20 if point == "NMB0000060" else 1
            for cells in lines:
                assert int(cells[18]) == (int(cells[13]) - int(cells[8])) % 100_000 * multiplier

    def test_one_meter_rolls_over_in_the_month(self, advances):
        rolled = [point for point, lines in advances.items() if int(lines[1][13]) < int(lines[1][8])]
        assert rolled == ["NMB0000040"]

    def test_the_quantity_is_the_true_energy_to_a_step_of_the_dials_at_each_end(self, plan, truth, advances):
        for point, lines in advances.items():
            step_kwh = truth[point].point.meters[0].registers[0].multiplier
            energy = truth[point].planted.energy["11"]
            days = [plan.day_place(date(int(s[:4]), int(s[4:6]), int(s[6:8]))) for s in (lines[1][9], lines[1][14])]
            slots = [
                48 * day + int(s[8:10]) * 2 + int(s[10:12]) // 30
                for day, s in zip(days, (lines[1][9], lines[1][14]), strict=True)
            ]
            used_kwh = energy.reshape(-1)[slots[0] : slots[1]].sum() / 1000
            assert abs(int(lines[1][18]) - used_kwh) <= step_kwh


def test_true_energy_of_some_is_that_of_all(plan, truth):
    some = true_energy(plan, plan.service_points[5:9])
    clean = [place for place in range(plan.days) if place < plan.day_place(plan.month_start)]
    for point, energy in some.items():
        for channel, values in energy.items():
            assert (values[clean] == truth[point].planted.energy[channel][clean]).all()


def test_a_nightly_delivery_says_when_it_was_sent(tmp_path):
    made = write_utility(tmp_path, seed=7, service_points=1, days_per_file=1, faults=False)
    names = {path.name.split(".")[0] for path in made.inbox.iterdir()}
    first = date(2025, 12, 5)
    assert names == {f"nem12_{first + timedelta(days=place):%Y%m%d}_1" for place in range(62)}
