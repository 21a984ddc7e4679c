"""Why an agreement was not billed: every code, who clears it, and what a person is told."""

from __future__ import annotations

from enum import StrEnum


class HoldCode(StrEnum):
    """Stable codes of ``holds``."""

    PERIOD_OPEN = "period.open"
    TARIFF_MISSING = "tariff.missing"
    TARIFF_FAILED = "tariff.failed"
    CURRENCY = "tariff.currency"
    CHANNEL_UNMAPPED = "channel.unmapped"
    READINGS_MISSING = "readings.missing"
    READINGS_INCOMPLETE = "readings.incomplete"
    EXCEPTION = "exception.open"
    CLOCK_CONFLICT = "clock.conflict"
    ESTIMATED_SHARE = "estimate.share"
    UNPRICED = "determinant.unpriced"
    READS_MISSING = "reads.missing"
    READS_BLOCKED = "reads.blocked"
    BAND_UNKNOWN = "register.band"
    NEEDS_INTERVALS = "tariff.needs_intervals"
    INTERVALS_UNEVEN = "intervals.uneven"
    SERIES_MISSING = "series.missing"
    PREVIOUS_MISSING = "previous.missing"
    FACT_MISSING = "fact.missing"
    FACT_CHANGED = "fact.changed"


def of_tariff_error(code: str) -> HoldCode:
    """Return the hold that a tariff error while rating puts on an agreement."""
    named = (HoldCode.NEEDS_INTERVALS, HoldCode.SERIES_MISSING)
    return next((hold for hold in named if hold.value == code), HoldCode.TARIFF_FAILED)


OWNERS = {
    HoldCode.PERIOD_OPEN: "billing",
    HoldCode.TARIFF_MISSING: "pricing",
    HoldCode.TARIFF_FAILED: "pricing",
    HoldCode.CURRENCY: "pricing",
    HoldCode.CHANNEL_UNMAPPED: "metering",
    HoldCode.READINGS_MISSING: "metering",
    HoldCode.READINGS_INCOMPLETE: "metering",
    HoldCode.EXCEPTION: "metering",
    HoldCode.CLOCK_CONFLICT: "metering",
    HoldCode.ESTIMATED_SHARE: "metering",
    HoldCode.UNPRICED: "pricing",
    HoldCode.READS_MISSING: "metering",
    HoldCode.READS_BLOCKED: "metering",
    HoldCode.BAND_UNKNOWN: "pricing",
    HoldCode.NEEDS_INTERVALS: "pricing",
    HoldCode.INTERVALS_UNEVEN: "metering",
    HoldCode.SERIES_MISSING: "pricing",
    HoldCode.PREVIOUS_MISSING: "billing",
    HoldCode.FACT_MISSING: "crm",
    HoldCode.FACT_CHANGED: "crm",
}
"""Who clears each code."""
