"""Events of a tariff: dated windows in local time, such as critical peaks or the hours of the system's own peak."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from tariffs.scalars import INVALID, Document, problem

_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")


def _local_time(value: object) -> datetime:
    try:
        return datetime.fromisoformat(value if isinstance(value, str) and _LOCAL.fullmatch(value) else "")
    except ValueError:
        raise problem(INVALID, f"{value!r} is not a local time such as 2026-07-01T16:00") from None


LocalTime = Annotated[datetime, BeforeValidator(_local_time)]
"""A time of the tariff's clock, to the minute, without an offset."""


class Window(Document):
    """``{from: "2026-07-01T16:00", to: "2026-07-01T21:00"}``; the end is not included."""

    from_: LocalTime = Field(alias="from")
    to: LocalTime

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        if self.to <= self.from_:
            raise problem(INVALID, "a window ends after it begins")
        return self
