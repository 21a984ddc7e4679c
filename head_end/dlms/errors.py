"""What can be wrong with the bytes of a meter."""

from __future__ import annotations

from schemas.errors import MeterToBillError


class DlmsError(MeterToBillError):
    """Bytes that are not what they should be; ``code`` says in which way."""


class IncompleteError(DlmsError):
    """The bytes end before what they began: ``frame.incomplete``."""


class ChecksumError(DlmsError):
    """A frame whose check sequence does not fit its bytes: ``frame.checksum``."""


class MalformedError(DlmsError):
    """Bytes that the encoding does not know: ``apdu.malformed``."""


class LimitError(DlmsError):
    """Deeper or larger than anything a meter sends: ``apdu.limit``."""


class ClockError(DlmsError):
    """A date or time that does not exist: ``time.invalid``."""


class ListError(DlmsError):
    """Values that are decoded, and that nobody can name: ``list.unknown``."""


def incomplete(message: str) -> IncompleteError:
    """Return the error of bytes that end too early."""
    return IncompleteError("frame.incomplete", message, "ask for the message again")


def checksum(message: str) -> ChecksumError:
    """Return the error of a frame that was damaged on its way."""
    return ChecksumError("frame.checksum", message, "ask for the message again")


def malformed(message: str) -> MalformedError:
    """Return the error of bytes that break the encoding."""
    return MalformedError("apdu.malformed", message)


def beyond_limit(message: str) -> LimitError:
    """Return the error of bytes that ask for more than a meter sends."""
    return LimitError("apdu.limit", message)


def no_time(message: str) -> ClockError:
    """Return the error of a clock that shows what does not exist."""
    return ClockError("time.invalid", message)


def unknown_list(message: str) -> ListError:
    """Return the error of values that nobody can name."""
    return ListError("list.unknown", message)
