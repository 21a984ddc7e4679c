from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from pipelines.synthetic.bulk import bulk_days, bulk_ids, write_bulk_nem12
from pipelines.synthetic.energy import true_energy
from pipelines.synthetic.utility import plan_utility

DAYS = {"first_day": date(2026, 1, 1), "days": 2}


def test_any_part_of_the_population_can_be_asked_for():
    together = bulk_days(seed=3, first_service_point=0, service_points=40, **DAYS)
    part = bulk_days(seed=3, first_service_point=25, service_points=15, **DAYS)
    assert (together[25:] == part).all()


@pytest.mark.parametrize(("minutes", "slots"), [(30, 48), (15, 96), (5, 288)])
def test_the_shape_is_service_points_by_days_by_slots(minutes, slots):
    made = bulk_days(seed=3, first_service_point=0, service_points=3, interval_minutes=minutes, **DAYS)
    assert (made.shape, made.dtype) == ((3, 2, slots), np.int32)


def test_readings_ids_and_plan_are_of_the_same_utility():
    plan = plan_utility(seed=3, service_points=25, month="2026-01", plain=True)
    energy = true_energy(plan, plan.service_points)
    bulk = bulk_days(seed=3, first_service_point=0, service_points=25, first_day=plan.first_day, days=plan.days)
    points, meters = bulk_ids(0, 25)
    assert [(p.service_point_id, p.meters[0].meter_id) for p in plan.service_points] == list(zip(points, meters, strict=True))
    assert all((energy[point]["E1"] == values).all() for point, values in zip(points, bulk, strict=True))


def test_files_hold_the_readings(tmp_path, parsed):
    written = write_bulk_nem12(tmp_path, seed=3, service_points=5, service_points_per_file=3, **DAYS)
    found = type(parsed)()
    for path in written:
        found.read(path)
    bulk = bulk_days(seed=3, first_service_point=0, service_points=5, **DAYS)
    points, meters = bulk_ids(0, 5)
    assert len(written) == 2
    for place, (point, meter) in enumerate(zip(points, meters, strict=True)):
        (second_day,) = found.days[point, meter, "E1", date(2026, 1, 2)]
        assert (second_day.values == bulk[place, 1]).all()
