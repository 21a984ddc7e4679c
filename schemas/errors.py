"""The errors of the project, drawn once.

::

    MeterToBillError
    ├── InputRefusedError        a file, document or table is refused whole   exit 4
    │   ├── MasterDataError      master data that contradicts itself
    │   └── TariffError          a tariff document that cannot be followed
    ├── StoreError               the store is not what the command needs       exit 4
    │   └── StoreBusyError       another writer holds the store                exit 75
    ├── SchemaMismatchError      rows that are not what their table declares   exit 5
    └── InvariantError           a check on our own results failed             exit 5

A record that cannot be billed from is not an exception: it is a row in ``rejections``, ``exceptions``
or ``holds`` with a stable code.
"""

from __future__ import annotations


class MeterToBillError(Exception):
    """A failure this project anticipates.

    Attributes:
        code: stable, lower case, words joined by dots.
        message: one sentence that names the thing and the value.
        hint: the way out; empty when there is none.
        where: file, line or field path the failure points at; empty when there is none.
    """

    exit_code = 1

    def __init__(self, code: str, message: str, hint: str = "", where: str = "") -> None:
        """Keep the facts; they cross worker borders by pickling, so they are the arguments."""
        super().__init__(code, message, hint, where)
        self.code = code
        self.message = message
        self.hint = hint
        self.where = where

    def __str__(self) -> str:
        """Return message, place and way out in one text."""
        place = f" ({self.where})" if self.where else ""
        return f"{self.message}{place}" + (f"\nhint: {self.hint}" if self.hint else "")


class InputRefusedError(MeterToBillError):
    """A file or document is refused whole: nothing of it is used."""

    exit_code = 4


class MasterDataError(InputRefusedError):
    """Master data that contradicts itself: the whole set is refused, every reason in the message."""


class TariffError(InputRefusedError):
    """A tariff document that cannot be followed to the letter."""


class StoreError(MeterToBillError):
    """The store is absent, foreign or older than what the command needs."""

    exit_code = 4


class StoreBusyError(StoreError):
    """Another writer holds the store."""

    exit_code = 75


class SchemaMismatchError(MeterToBillError):
    """Rows that are not what their table declares."""

    exit_code = 5


class InvariantError(MeterToBillError):
    """A check on our own results failed; nothing is published."""

    exit_code = 5
