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
}
"""Who clears each code."""
