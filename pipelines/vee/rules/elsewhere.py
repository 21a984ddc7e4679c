"""Rules that are judged outside a block: when files are read, by identity, by registers, while estimating."""

from __future__ import annotations

from pipelines.vee.rules.rule import Rule
from schemas.codes import Severity

_MODULE = "pipelines.vee."

RULES = (
    Rule("F04", "service_point.unknown", Severity.BLOCK, "California VEE 3.3", where=_MODULE + "identity"),
    Rule("F04", "meter.unknown", Severity.BLOCK, "California VEE 3.3", where=_MODULE + "identity"),
    Rule("F04", "meter.not_installed", Severity.BLOCK, "California VEE 3.3", where=_MODULE + "expectation"),
    Rule("F05", "channel.unmapped", Severity.WARN, "Oracle Unit-of-measure Check", where=_MODULE + "identity"),
    Rule("T05", "clock.conflict", Severity.BLOCK, "mako V07", where=_MODULE + "identity"),
    Rule("T04", "interval.overlap", Severity.BLOCK, "mako V02", where=_MODULE + "identity"),
    Rule("T04", "source.overlap", Severity.BLOCK, "mako V02", where=_MODULE + "identity"),
    Rule("V12", "vacant_use", Severity.WARN, "Oracle Inactive Measurement Check", where=_MODULE + "identity"),
    Rule(
        "R03",
        "sum_check",
        Severity.WARN,
        "California VEE 3.4; Elhub",
        where=_MODULE + "estimation.scaling",
        thresholds=("sum_check_steps", "sum_check_permille", "negative_scaling"),
        may_report=(Severity.BLOCK, Severity.INFO),
    ),
    Rule("E01", "no_estimate", Severity.BLOCK, "project rule", where=_MODULE + "estimation.ladder", thresholds=("ladder",)),
    Rule(
        "E02",
        "few_like_days",
        Severity.INFO,
        "Itron: three like days",
        where=_MODULE + "estimation.ladder",
        thresholds=("like_day_count",),
    ),
)
