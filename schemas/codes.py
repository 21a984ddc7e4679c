"""The stable words that rows carry: quality of a slot, how it was estimated, severities, statuses."""

from __future__ import annotations

from enum import IntEnum, IntFlag, StrEnum


class Quality(IntEnum):
    """What is known about one slot of a daily array; stored as int8, shown by its name in lower case."""

    MEASURED = 0
    MISSING = 1
    """No value: the slot holds 0 and views show null."""
    DELIVERED_ESTIMATE = 2
    """Estimated by the sender (NEM12 E and its like)."""
    SUBSTITUTED = 3
    """Substituted by the sender (NEM12 S)."""
    FINAL_SUBSTITUTED = 4
    """Finally substituted by the sender (NEM12 F)."""
    ESTIMATED = 5
    """Estimated here; ``Method`` says how."""
    EDITED = 6
    """Set by a person."""
    CONFLICT = 7
    """Delivered twice with different values and nothing that says which is newer; holds 0, shown as null."""
    NOT_EXPECTED = 8
    """Outside the meter's installation; holds 0, shown as no row."""
    FINAL_ESTIMATED = 9
    """Estimated here and locked by a person: a later delivery is reported, and does not replace it."""


NOT_A_VALUE = (Quality.MISSING, Quality.CONFLICT, Quality.NOT_EXPECTED)
"""Qualities of slots that hold no value."""

COUNTS_AS_ESTIMATED = (
    Quality.DELIVERED_ESTIMATE,
    Quality.SUBSTITUTED,
    Quality.FINAL_SUBSTITUTED,
    Quality.ESTIMATED,
    Quality.FINAL_ESTIMATED,
)
"""Qualities that count in a bill's estimated share."""


class Method(IntEnum):
    """How a slot's value was made; stored as int8, shown by its name in lower case."""

    NONE = 0
    DELIVERED = 1
    """The sender's own method; ``native_quality`` names it."""
    LINEAR = 2
    LINEAR_SCALED = 3
    """Linear, then scaled so that the estimates add up to the register residual."""
    LIKE_DAY = 4
    LIKE_DAY_SCALED = 5
    FLAT_SCALED = 6
    """The register residual spread evenly: nothing else was known."""
    OUTAGE_ZERO = 7
    """Zero: the supply was out for the whole slot."""
    CHECK_METER = 8
    """Copied from the check meter of the same service point."""
    TWO_WEEK = 9
    """The first usable day of a two-week like-day table."""
    TWO_WEEK_SCALED = 10
    LAST_YEAR = 11
    """The two-week table, one year before."""
    LAST_YEAR_SCALED = 12
    TEMPERATURE_DAY = 13
    """The day of the same type with the nearest mean temperature."""
    TEMPERATURE_DAY_SCALED = 14
    CLASS_PROFILE = 15
    """The load profile of the customer class times the expected annual use."""
    CLASS_PROFILE_SCALED = 16
    FLAT_AVERAGE = 17
    """Average daily use, spread evenly."""
    FLAT_AVERAGE_SCALED = 18
    EXTREME = 19
    """The highest measured value of a load, the lowest of a generator: Ontario's wholesale last resort."""
    EXTREME_SCALED = 20
    MANUAL = 21
    """A value that a person agreed or set; ``edits`` says who and why."""


class SlotFlag(IntFlag):
    """What the meter, the head-end or the outage list says of one slot, beside its value; bits of an int16 array."""

    OUTAGE = 1
    """The supply was out for the whole slot, confirmed."""
    PARTIAL_OUTAGE = 2
    """The supply was out for a part of the slot: the energy stands, nothing is scaled in it."""
    OVERFLOW = 4
    """The pulse counter was full: the value is too small."""
    TEST_MODE = 8
    """The meter was being tested."""
    RESET = 16
    """The meter was reset, restarted or failed its own checks."""
    PARTIAL = 32
    """The interval was shorter or longer than it should be: the energy stands, a demand does not."""
    CLOCK_OFF = 64
    """The clock was wrong by more than the tolerance and less than one interval: the energy stands, a demand does not."""
    CLOCK_LOST = 128
    """The clock was wrong by more than one interval: nobody knows when this energy was used."""


class Severity(StrEnum):
    """How much a finding matters."""

    INFO = "info"
    WARN = "warn"
    """Billable; somebody should look."""
    EST = "est"
    """The slot was replaced by an estimate."""
    BLOCK = "block"
    """The period cannot be billed until this is resolved."""


class FileStatus(StrEnum):
    """What became of a delivered file."""

    ACCEPTED = "accepted"
    PARTIAL = "partial"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"


class BillStatus(StrEnum):
    """A bill's life: draft, final, cancelled. Final is final."""

    DRAFT = "draft"
    FINAL = "final"
    CANCELLED = "cancelled"


class ReadKind(StrEnum):
    """What a register read is."""

    INDEX = "index"
    PERIOD = "period"
    INSTANT = "instant"


class Direction(StrEnum):
    """Direction of energy seen from the customer."""

    IMPORT = "import"
    EXPORT = "export"
    NONE = "none"
