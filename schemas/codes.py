"""The stable words that rows carry: quality of a slot, how it was estimated, severities, statuses."""

from __future__ import annotations

from enum import IntEnum, StrEnum


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


NOT_A_VALUE = (Quality.MISSING, Quality.CONFLICT, Quality.NOT_EXPECTED)
"""Qualities of slots that hold no value."""

COUNTS_AS_ESTIMATED = (Quality.DELIVERED_ESTIMATE, Quality.SUBSTITUTED, Quality.FINAL_SUBSTITUTED, Quality.ESTIMATED)
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
