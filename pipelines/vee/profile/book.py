"""A profile's book: which thresholds hold for a channel in a month.

A profile is a YAML document. It has versions, each in force from the first of a month until the next one; readings of a month
are judged by that month's version whenever they arrive. A version's thresholds hold for all meters, with exceptions for
classes of customers and for single meters: meter before class before profile. What a document leaves out is that of the shipped
profile it extends, else the default::

    profile: our-homes
    extends: california
    source: our rule book, section 4
    signed_by: the metering manager
    versions:
    - from: 2025-01-01
      thresholds: {spike_percent: 120}
    - from: 2026-01-01
      thresholds: {spike_percent: 150}
      severities: {spike: est}
      classes: {business: {thresholds: {spike_percent: 400}}}
      meters: {M17: {severities: {zero_run: off}}}

A profile without versions has one that is always in force; its thresholds may stand at the top: ``spike_percent: 250``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pipelines.vee.profile.thresholds import VeeProfile

_STRICT = ConfigDict(strict=True, extra="forbid", frozen=True)
ALWAYS = date(1, 1, 1)


class Says(BaseModel):
    """What a profile, a class or a meter says; the rest it leaves to whoever it falls back to."""

    model_config = _STRICT

    thresholds: dict[str, Any] = Field(default={}, description="parameter to value")
    severities: dict[str, str] = Field(default={}, description="rule to info, warn, est, block or off")


class Version(Says):
    """What a profile says from the first of a month on."""

    since: date = Field(default=ALWAYS, alias="from", strict=False, description="the first of a month")
    source: str | None = Field(default=None, description="where this version's numbers come from")
    signed_by: str | None = Field(default=None, description="who signed this version")
    classes: dict[str, Says] = Field(default={}, description="exceptions by customer class")
    meters: dict[str, Says] = Field(default={}, description="exceptions by meter")


class ProfileBook(BaseModel):
    """A profile with all its versions, oldest first; what it extends is merged in already.

    Attributes are those of the document; ``origin`` names the shipped profile underneath, with its own source.
    """

    model_config = _STRICT

    profile: str = Field(default="generic", description="what the utility calls this profile")
    extends: str | None = Field(default=None, description="the shipped profile underneath")
    source: str = Field(default="project defaults", description="the text that the numbers are taken from")
    source_read: str = Field(default="", description="what of the source was read; no conformity is claimed beyond it")
    signed_by: str | None = Field(default=None, description="who signed the profile; nobody: a proposal")
    versions: tuple[Version, ...] = Field(default=(Version.model_validate({"from": ALWAYS}),), strict=False)

    def version_of(self, month: str) -> Version:
        """Return the version in force in a month (YYYY-MM); before the first one the first one holds."""
        day = date.fromisoformat(f"{month}-01")
        return next((version for version in reversed(self.versions) if version.since <= day), self.versions[0])

    def thresholds(self, month: str, *, customer_class: str | None = None, meter_id: str = "") -> VeeProfile:
        """Return what holds for a channel in a month.

        Args:
            month: YYYY-MM.
            customer_class: class of the service point; None where nobody says.
            meter_id: serial number of the meter.
        """
        version = self.version_of(month)
        own_class = version.classes.get(customer_class) if customer_class is not None else None
        return resolved(version, own_class, version.meters.get(meter_id))

    def newest(self) -> VeeProfile:
        """Return what the newest version says for everybody."""
        return resolved(self.versions[-1], None, None)


def resolved(*said: Says | None) -> VeeProfile:
    """Return the thresholds that several fallbacks make, the last one winning.

    Raises:
        pydantic.ValidationError: a parameter nobody knows, or a value out of its range.
    """
    thresholds: dict[str, Any] = {}
    severities: dict[str, str] = {}
    for one in said:
        if one is not None:
            thresholds = merged(thresholds, one.thresholds)
            severities |= one.severities
    return _profile(_frozen(thresholds), tuple(sorted(severities.items())))


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return two mappings as one, mappings inside them merged too; ``above`` wins."""
    both = dict(below)
    for name, value in above.items():
        old = both.get(name)
        both[name] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return both


def _frozen(value: Any) -> Any:  # noqa: ANN401 - what YAML may hold
    if isinstance(value, Mapping):
        return tuple(sorted((name, _frozen(inner)) for name, inner in value.items()))
    return ("list", *map(_frozen, value)) if isinstance(value, list | tuple) else value


def _thawed(value: Any) -> Any:  # noqa: ANN401 - what YAML may hold
    if isinstance(value, tuple) and value and value[0] == "list":
        return [_thawed(inner) for inner in value[1:]]
    return {name: _thawed(inner) for name, inner in value} if isinstance(value, tuple) else value


@lru_cache(maxsize=4096)
def _profile(thresholds: tuple[Any, ...], severities: tuple[tuple[str, str], ...]) -> VeeProfile:
    """Return one object for equal thresholds, so that channels judged alike can be told by identity."""
    import json  # noqa: PLC0415

    return VeeProfile.model_validate_json(json.dumps(_thawed(thresholds) | {"severities": dict(severities)}, default=str))
