"""Event types: the project's own words for what happens to a meter or its supply, whatever a standard calls it."""

from __future__ import annotations

from enum import StrEnum


class EventType(StrEnum):
    """What happened; ``MEANINGS`` says each in a sentence."""

    OUTAGE = "outage"
    RESTORATION = "restoration"
    PHASE_OUTAGE = "phase_outage"
    PHASE_RESTORATION = "phase_restoration"
    SAG = "sag"
    SWELL = "swell"
    OVER_VOLTAGE = "over_voltage"
    UNDER_VOLTAGE = "under_voltage"
    MISSING_VOLTAGE = "missing_voltage"
    VOLTAGE_NORMAL = "voltage_normal"
    VOLTAGE_QUALITY = "voltage_quality"
    HARMONICS = "harmonics"
    HARMONICS_NORMAL = "harmonics_normal"
    TAMPER = "tamper"
    COVER_OPENED = "cover_opened"
    COVER_CLOSED = "cover_closed"
    MAGNET = "magnet"
    MAGNET_GONE = "magnet_gone"
    LOGIN_FAILED = "login_failed"
    REVERSE_FLOW = "reverse_flow"
    HIGH_FLOW = "high_flow"
    CLOCK_CHANGE = "clock_change"
    CLOCK_INVALID = "clock_invalid"
    CONFIGURATION_CHANGE = "configuration_change"
    TARIFF_CHANGE = "tariff_change"
    FIRMWARE = "firmware"
    BATTERY = "battery"
    HARDWARE_FAULT = "hardware_fault"
    COMMUNICATION_FAULT = "communication_fault"
    COMMUNICATION_OK = "communication_ok"
    DEVICE_CHANGE = "device_change"
    KEY_CHANGE = "key_change"
    MAINTENANCE = "maintenance"
    LOG_CLEARED = "log_cleared"
    DATA_REQUESTED = "data_requested"
    UNKNOWN = "unknown"


MEANINGS = {
    EventType.OUTAGE: "the supply failed",
    EventType.RESTORATION: "the supply came back",
    EventType.PHASE_OUTAGE: "one phase failed",
    EventType.PHASE_RESTORATION: "one phase came back",
    EventType.SAG: "the voltage dipped for a short time, or how often it did",
    EventType.SWELL: "the voltage rose for a short time, or how often it did",
    EventType.OVER_VOLTAGE: "the voltage rose above its limit",
    EventType.UNDER_VOLTAGE: "the voltage fell below its limit",
    EventType.MISSING_VOLTAGE: "a phase has no voltage at the meter",
    EventType.VOLTAGE_NORMAL: "the voltage is within its limits again",
    EventType.VOLTAGE_QUALITY: "the voltage was out of its limits for too large a part of the time",
    EventType.HARMONICS: "the total harmonic distortion rose above its limit",
    EventType.HARMONICS_NORMAL: "the total harmonic distortion is below its limit again",
    EventType.TAMPER: "somebody may have interfered with the meter",
    EventType.COVER_OPENED: "a cover of the meter was opened",
    EventType.COVER_CLOSED: "a cover of the meter was closed",
    EventType.MAGNET: "a strong magnet was held to the meter",
    EventType.MAGNET_GONE: "the strong magnet is gone",
    EventType.LOGIN_FAILED: "somebody without the key tried to log in",
    EventType.REVERSE_FLOW: "gas, water or heat flowed backwards",
    EventType.HIGH_FLOW: "gas, water or heat flowed faster than the meter is made for",
    EventType.CLOCK_CHANGE: "the clock was set",
    EventType.CLOCK_INVALID: "the clock cannot be trusted",
    EventType.CONFIGURATION_CHANGE: "a setting was changed",
    EventType.TARIFF_CHANGE: "another tariff calendar was stored or came into force",
    EventType.FIRMWARE: "firmware was received, activated or refused",
    EventType.BATTERY: "the battery is low or has to be replaced",
    EventType.HARDWARE_FAULT: "the meter found a fault in itself",
    EventType.COMMUNICATION_FAULT: "the meter behind the meter does not answer",
    EventType.COMMUNICATION_OK: "the meter behind the meter answers again",
    EventType.DEVICE_CHANGE: "a module or a meter behind the meter was connected or removed",
    EventType.KEY_CHANGE: "a key was sent, accepted or refused",
    EventType.MAINTENANCE: "somebody worked on the meter",
    EventType.LOG_CLEARED: "a log or a register of errors or alarms was cleared",
    EventType.DATA_REQUESTED: "readings were fetched",
    EventType.UNKNOWN: "nobody knows the code; `native_code` keeps it",
}
"""Each type in a sentence, for the documentation."""
