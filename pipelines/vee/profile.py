"""The VEE profile: every threshold of validation and estimation, with its basis.

No threshold is a truth: each is a parameter that a utility signs off. The defaults suit homes with half-hourly or
quarter-hourly electricity. A profile is a small YAML text; what it leaves out keeps its default::

    spike_percent: 250
    zero_run_slots: {electricity: 192}
"""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from schemas.errors import InputRefusedError

_STRICT = ConfigDict(strict=True, extra="forbid", frozen=True)
Share = Annotated[Decimal, Field(ge=0, le=1)]


class ZeroRunSlots(BaseModel):
    """Shortest run of zeros worth a look [slots], by commodity; 0 switches the rule off."""

    model_config = _STRICT

    electricity: int = Field(
        default=96,
        ge=0,
        description="mako's V05 has 4, which a home with a gas boiler passes every night: two days of half hours",
    )
    gas: int = Field(default=48, ge=0, description="mako V05")
    water: int = Field(default=720, ge=0, description="mako V05")
    heat: int = Field(default=720, ge=0, description="mako V05")


class VeeProfile(BaseModel):
    """Parameters of the rules and of the estimation ladder."""

    model_config = _STRICT

    name: str = Field(default="default", description="what the utility calls this profile")
    linear_max_minutes: int = Field(
        default=120, ge=0, description="longest gap filled by a straight line [min]; California VEE 1999 section 4.1: 2 hours"
    )
    like_day_count: int = Field(
        default=3, ge=1, description="like days that are averaged; Elhub, Itron's historical method, ERCOT's Oncor"
    )
    like_day_window_days: int = Field(
        default=28, ge=1, description="how far back like days are looked for [d]; four weeks, AEMO method 15"
    )
    spike_percent: int = Field(
        default=180, gt=0, description="highest above third highest slot of a day [%]; California VEE section 3.4, Oracle"
    )
    spike_floor: Decimal = Field(
        default=Decimal("0.5"), ge=0, description="a slot up to this energy is no spike [the channel's unit]; project default"
    )
    zero_run_slots: ZeroRunSlots = Field(default=ZeroRunSlots(), description="see ZeroRunSlots")
    fuse_factor: Decimal = Field(
        default=Decimal("1.2"), gt=0, description="energy above the main fuse's rating times this is impossible; mako V12"
    )
    sum_check_steps: int = Field(
        default=2, ge=0, description="sum check tolerance [register steps times multiplier]; California: two multiplier units"
    )
    sum_check_permille: int = Field(default=0, ge=0, description="sum check tolerance [per mille of the register's advance]")
    negative_scaling: bool = Field(
        default=False, description="spread a negative register residual over the gap; Itron's switch, off: the period is blocked"
    )
    rollover_guard: Share = Field(
        default=Decimal("0.8"), description="a register below this share of its capacity does not roll over; project default"
    )
    max_estimated_share: Share = Field(
        default=Decimal("0.25"), description="a bill with more estimated energy than this share is held; project default"
    )


def load_profile(text: str) -> VeeProfile:
    """Return the profile that a YAML text describes; an empty text is the default profile.

    Args:
        text: YAML 1.2 (or JSON) mapping of parameter to value; decimals may be quoted.

    Raises:
        InputRefusedError: not YAML, not a mapping, a parameter nobody knows or a value out of its range; all reasons at once.

    >>> load_profile("spike_percent: 250").spike_percent
    250
    """
    code, hint = "profile.invalid", "the parameters and their defaults are those of VeeProfile"
    try:
        parsed = YAML(typ="safe", pure=True).load(io.StringIO(text))
        return VeeProfile.model_validate_json(json.dumps({} if parsed is None else parsed))
    except (YAMLError, TypeError) as error:
        raise InputRefusedError(code, f"the VEE profile is no YAML mapping: {error}", hint) from error
    except ValidationError as error:
        reasons = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'profile'}: {e['msg']} (got {e['input']!r})" for e in error.errors()
        )
        raise InputRefusedError(code, f"the VEE profile cannot be followed: {reasons}", hint) from error
