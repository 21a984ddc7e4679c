"""The tariff of ``rate_year.py`` in PySAM's Utilityrate5; run by the interpreter that has it, loads on standard input."""

import json
import sys
import time

import PySAM
from PySAM import Utilityrate5

HIGHEST = 1e38
PEAK_HOURS = range(16, 21)


def schedule(*, weekend: bool) -> list[list[int]]:
    """Return the period of each month and hour: 1 from 16:00 to 21:00 of a weekday, else 2."""
    return [[1 if not weekend and hour in PEAK_HOURS else 2 for hour in range(24)] for _ in range(12)]


def model(load: list[float]) -> object:
    """Return the model of a customer without generation [kW in each hour]."""
    made = Utilityrate5.new()
    rates = [[1, 1, 500, 0, 0.3034, 0], [1, 2, HIGHEST, 0, 0.2954, 0], [2, 1, 500, 0, 0.1106, 0], [2, 2, HIGHEST, 0, 0.1026, 0]]
    made.ElectricityRates.assign(
        {
            "en_electricity_rates": 1,
            "ur_metering_option": 0,
            "ur_ec_sched_weekday": schedule(weekend=False),
            "ur_ec_sched_weekend": schedule(weekend=True),
            "ur_ec_tou_mat": rates,
            "ur_monthly_fixed_charge": 16.36,
            "ur_dc_enable": 1,
            "ur_dc_sched_weekday": [[1] * 24] * 12,
            "ur_dc_sched_weekend": [[1] * 24] * 12,
            "ur_dc_tou_mat": [[1, 1, HIGHEST, 0]],
            "ur_dc_flat_mat": [[month, 1, HIGHEST, 7.5] for month in range(12)],
            "ur_monthly_min_charge": 0,
            "ur_annual_min_charge": 0,
            "ur_nm_yearend_sell_rate": 0,
            "ur_nm_credit_month": 11,
            "ur_nm_credit_rollover": 0,
            "ur_sell_eq_buy": 0,
            "ur_en_ts_sell_rate": 0,
            "ur_en_ts_buy_rate": 0,
            "ur_enable_billing_demand": 0,
        }
    )
    made.Lifetime.assign({"analysis_period": 1, "system_use_lifetime_output": 0, "inflation_rate": 0})
    made.SystemOutput.assign({"gen": [0.0] * len(load), "degradation": [0.0]})
    made.Load.assign({"load": load})
    made.ElectricityRates.rate_escalation = [0.0]
    return made


def main() -> None:
    """Bill every load and print the first one's months, and the seconds of all."""
    loads = json.load(sys.stdin)
    models = [model(load) for load in loads]
    begin = time.perf_counter()
    for made in models:
        made.execute()
    seconds = time.perf_counter() - begin
    months = list(models[0].Outputs.utility_bill_wo_sys_ym[1])
    print(json.dumps({"version": PySAM.__version__, "seconds": seconds, "months": months}))


if __name__ == "__main__":
    main()
