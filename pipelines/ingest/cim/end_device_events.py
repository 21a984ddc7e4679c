"""EndDeviceEventType of IEC 61968-9: ``type.domain.subDomain.eventOrAction``, as an event of ours.

``3.26.0.85`` is an electricity meter (3) whose power (26) failed (85). Only combinations whose three last numbers are
sure have a word of ours; every other event is ``unknown`` and keeps its code. The type of the device is not looked at.

Numbers: IEC 61968-9, annex E (EndDeviceDomain, EndDeviceSubdomain, EndDeviceEventorAction).
"""

from __future__ import annotations

import re

UNKNOWN = "unknown"

_CODE = re.compile(r"[0-9]{1,5}\.(?P<domain>[0-9]{1,5})\.(?P<sub>[0-9]{1,5})\.(?P<action>[0-9]{1,5})")
_SECURITY, _POWER, _CLOCK = 12, 26, 36
_NONE = 0
_VOLTAGES = (38, 79, 131, 132, 133)  # voltage, phase voltage, voltage of phase A, B, C
_COVERS = (29, 141)  # cover, meter cover
_TIMES = (_NONE, 34, 114, 116)  # date, time, time synchronisation

_FAILED, _RESTORED, _LOSS_DETECTED, _RE_ESTABLISHED = 85, 216, 47, 49
_SAG_STARTED, _SWELL_STARTED, _MAXIMUM_REACHED, _MINIMUM_REACHED = 223, 248, 93, 150
_REMOVED, _OPENED, _TAMPER_DETECTED, _CHANGED = 212, 39, 257, 24

_POWER_ACTIONS = {_FAILED: "outage", _LOSS_DETECTED: "outage", _RESTORED: "restoration", _RE_ESTABLISHED: "restoration"}
_VOLTAGE_ACTIONS = {
    _SAG_STARTED: "sag",
    _SWELL_STARTED: "swell",
    _MAXIMUM_REACHED: "over_voltage",
    _MINIMUM_REACHED: "under_voltage",
}
_WORDS: dict[tuple[int, int, int], str] = {
    **{(_POWER, _NONE, action): word for action, word in _POWER_ACTIONS.items()},
    **{(_POWER, sub, action): word for sub in _VOLTAGES for action, word in _VOLTAGE_ACTIONS.items()},
    **{(_SECURITY, sub, action): "cover_opened" for sub in _COVERS for action in (_REMOVED, _OPENED)},
    **{(_CLOCK, sub, _CHANGED): "clock_change" for sub in _TIMES},
}


def event_type_of(code: str) -> str:
    """Return our word for an event; ``unknown`` where its numbers are not sure.

    >>> event_type_of("3.26.0.85"), event_type_of("3.26.131.223"), event_type_of("3.12.93.257"), event_type_of("3.21.67.79")
    ('outage', 'sag', 'tamper', 'unknown')
    """
    match = _CODE.fullmatch(code)
    if match is None:
        return UNKNOWN
    domain, sub, action = int(match["domain"]), int(match["sub"]), int(match["action"])
    if (domain, action) == (_SECURITY, _TAMPER_DETECTED):
        return "tamper"
    return _WORDS.get((domain, sub, action), UNKNOWN)
