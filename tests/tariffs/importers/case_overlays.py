"""The overlays that the oracle cases need: what their rates cannot say and their options do."""

from __future__ import annotations

import json

PYSAM = """\
clock: "-07:00"
rounding: {line: none, total: {places: 2, mode: half_up}}
charges:
  energy: {tiers: {scope: all_periods, fill: pro_rata}}
  fixed: {days: nominal_month}
"""
RATEBOOK = """\
clock: "-05:00"
rounding: {line: {places: 2, mode: half_up}, total: sum_of_lines}
charges: {energy: {tiers: {scope: each_period}}}
"""
NOT_CARRIED = ("demandreactivepowercharge",)
"""What the rates of the cases have and the engines leave out, beside the fields that a case names."""


def overlay_of(case):
    """The overlay that says what a case's options say."""
    options = case.get("options", {})
    text = RATEBOOK if "meter_reads" in case else PYSAM
    if "ratchet" in options:
        ratchet = options["ratchet"]
        months = [month for month, actual in enumerate(ratchet["actual_by_month"], start=1) if actual]
        percent = json.dumps([str(each) for each in ratchet["percent_by_month"]])
        text += (
            f"billing_demand: {{percent_by_month: {percent}, months: {ratchet['lookback_months']}, "
            f'minimum: "{ratchet["minimum_kw"]}", at_least_actual: {months}}}\n'
        )
    if options.get("metering") == "nem_kwh":
        text += f'export: {{mode: nem_kwh, true_up: {options["true_up_month"]}, pays: "{options["true_up_rate"]}"}}\n'
    if options.get("metering") == "net_billing":
        prices = ", ".join(f'p{period}: "{price}"' for period, price in options["sell"]["by_period"].items())
        text += f"export: {{mode: net_billing, price: {{{prices}}}}}\n"
    return text
