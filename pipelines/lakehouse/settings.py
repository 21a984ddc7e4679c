"""A store's settings: written once by ``m2b init``, read by everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.errors import StoreError

SETTINGS_FILE = "store.json"
FORMAT_VERSION = 4


class StoreSettings(BaseModel):
    """What a store is for.

    ``buckets`` is a power of two: 8 serve some ten thousand service points, 64 a million (about 16,000 each).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format_version: int = FORMAT_VERSION
    zone: str = "+00:00"
    """Clock of files that carry local times without a zone: a zone name or a fixed offset."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    buckets: Annotated[int, Field(ge=1, le=1024)] = 8
    vee_profile: str = ""
    """YAML of the validation profile; empty for the default one."""
    read_deadline_days: Annotated[int, Field(ge=0, le=90)] = 5
    """A period may be billed this many days after it ended."""
    payment_days: Annotated[int, Field(ge=0, le=180)] = 14


def read_settings(root: Path) -> StoreSettings:
    """Return the settings of the store at ``root``.

    Raises:
        StoreError: there is no store, or a newer program made it.
    """
    path = root / SETTINGS_FILE
    try:
        settings = StoreSettings.model_validate_json(path.read_text("utf-8"))
    except FileNotFoundError:
        code = "store.missing"
        raise StoreError(code, f"there is no store at {root}", f"make one: m2b init --store {root}") from None
    except ValidationError as problem:
        code = "store.foreign"
        raise StoreError(code, f"{path} is not a store's settings: {problem}", "name another --store") from None
    if settings.format_version != FORMAT_VERSION:
        code = "store.version"
        message = f"{root} has format {settings.format_version}, this program writes {FORMAT_VERSION}"
        raise StoreError(code, message, "use the program that made it, or make a new store")
    return settings


def write_settings(root: Path, settings: StoreSettings) -> None:
    """Write the settings of a new store, whole or not at all."""
    root.mkdir(parents=True, exist_ok=True)
    part = root / f"{SETTINGS_FILE}.tmp"
    part.write_text(settings.model_dump_json(indent=1) + "\n", "utf-8")
    part.replace(root / SETTINGS_FILE)
