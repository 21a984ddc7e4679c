from __future__ import annotations

import pytest

from pipelines.ingest.cim.end_device_events import event_type_of


# IEC 61968-9: domains 12 security, 26 power, 36 clock; subdomains 29 cover, 38 voltage, 131 voltage of phase A, 114 time;
# actions 85 failed, 216 restored, 223 sag started, 248 swell started, 93 and 150 limits, 257 tamper, 212 removed, 24 changed
@pytest.mark.parametrize(
    ("code", "event"),
    [
        ("3.26.0.85", "outage"),
        ("3.26.0.216", "restoration"),
        ("26.26.0.85", "outage"),
        ("3.26.131.223", "sag"),
        ("3.26.79.248", "swell"),
        ("3.26.38.93", "over_voltage"),
        ("3.26.38.150", "under_voltage"),
        ("3.12.29.212", "cover_opened"),
        ("3.12.29.39", "cover_opened"),
        ("3.12.0.257", "tamper"),
        ("3.12.43.257", "tamper"),
        ("3.36.114.24", "clock_change"),
        ("3.36.0.24", "clock_change"),
    ],
)
def test_what_is_sure_has_a_word(code, event):
    assert event_type_of(code) == event


@pytest.mark.parametrize(
    "code",
    [
        "3.26.25.85",  # one phase failed: no outage of the customer
        "3.26.38.37",  # voltage is normal
        "3.12.29.16",  # cover closed
        "3.36.114.13",  # a command to change the time, not a change
        "3.21.67.79",
        "0.0.0.1",
        "26.0.85",
        "3.26.0.85.1",
        "power down",
        "",
    ],
)
def test_everything_else_is_unknown_and_never_guessed(code):
    assert event_type_of(code) == "unknown"
