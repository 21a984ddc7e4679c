"""Words of a mapping: every scalar is text as it was written, and becomes a number or a truth only where one is asked for."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from pipelines.ingest.tables.stamp_forms import compile_form


def words_to_bool(text: object) -> object:
    """Return ``true`` and ``false`` as truths, anything else as it is."""
    return {"true": True, "false": False}.get(text, text) if isinstance(text, str) else text


def to_number(text: object) -> object:
    """Return a text of digits as a number, anything else as it is."""
    return int(text) if isinstance(text, str) and text.isascii() and text.isdecimal() else text


def to_tuple(found: object) -> object:
    """Return a list, or one word alone, as a tuple."""
    return tuple(found) if isinstance(found, list) else (found,) if isinstance(found, str) else found


def _known_forms(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        compile_form(text)
    return texts


Words = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(to_tuple)]
Forms = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_known_forms), BeforeValidator(to_tuple)]
Count = Annotated[int, BeforeValidator(to_number), Field(ge=0)]


class MappingPart(BaseModel):
    """A part of a mapping: keys nobody knows are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, populate_by_name=False)
