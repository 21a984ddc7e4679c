"""Refusals of a whole file, as every reader words them."""

from __future__ import annotations

from schemas.errors import InputRefusedError


def empty_file(name: str) -> InputRefusedError:
    """Return the refusal of a file that holds nothing."""
    return unfit_file("file.empty", f"{name} is empty")


def other_format(name: str, what: str) -> InputRefusedError:
    """Return the refusal of a file that holds nothing of a format.

    Args:
        name: of the file.
        what: the format consists of: ``P1 telegram``, ``list of consumption``.
    """
    return InputRefusedError("format.unknown", f"{name} holds no {what}", "name its format with --format")


def unfit_file(code: str, message: str) -> InputRefusedError:
    """Return the refusal of a file that only its sender can mend."""
    return InputRefusedError(code, message, "ask the sender for the file again")
