"""Application units of DLMS (IEC 62056-5-3): what a meter pushes, what it answers, and what hides from us.

Units that carry values are decoded; ciphered ones are named; those that only open, close or steer an association carry
no value and are named too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from head_end.dlms.axdr import Data, Tag, decode, decode_length
from head_end.dlms.clock import DATE_TIME_BYTES, CosemTime, parse_date_time
from head_end.dlms.errors import incomplete, malformed

DATA_NOTIFICATION = 0x0F
GET_REQUEST, EVENT_NOTIFICATION, GET_RESPONSE = 0xC0, 0xC2, 0xC4
GENERAL_BLOCK_TRANSFER = 0xE0
CIPHERED = {
    0xC8: "glo-get-request",
    0xC9: "glo-set-request",
    0xCA: "glo-event-notification-request",
    0xCB: "glo-action-request",
    0xCC: "glo-get-response",
    0xCD: "glo-set-response",
    0xCF: "glo-action-response",
    0xD0: "ded-get-request",
    0xD1: "ded-set-request",
    0xD2: "ded-event-notification-request",
    0xD3: "ded-action-request",
    0xD4: "ded-get-response",
    0xD5: "ded-set-response",
    0xD7: "ded-action-response",
    0xDB: "general-glo-ciphering",
    0xDC: "general-ded-ciphering",
    0xDD: "general-ciphering",
    0xDF: "general-signing",
}
"""Units that only the holder of a key can read, or trust."""
ENDLESS = frozenset({0xDD, 0xDF})
"""Ciphered units whose end only their inside tells."""
WITHOUT_VALUES = {
    0x0E: "confirmed-service-error",
    0x60: "association request",
    0x61: "association response",
    0x62: "release request",
    0x63: "release response",
    0xC1: "set-request",
    0xC3: "action-request",
    0xC5: "set-response",
    0xC7: "action-response",
    0xD8: "exception-response",
}
"""Units that hold no value of a register."""
_WITH_VALUES = (DATA_NOTIFICATION, GET_REQUEST, EVENT_NOTIFICATION, GET_RESPONSE, GENERAL_BLOCK_TRANSFER)
TAGS = frozenset({*_WITH_VALUES, *CIPHERED, *WITHOUT_VALUES})
"""First bytes of application units."""

_SYSTEM_TITLE_FIRST = (0xDB, 0xDC)
_LAST_BLOCK, _LOGICAL_NAME_BYTES = 0x80, 6
_VALUE, _ERROR = 0, 1


class Attribute(NamedTuple):
    """An attribute of a COSEM object: class, logical name and number."""

    class_id: int
    logical_name: bytes
    number: int


class DataNotification(NamedTuple):
    """A push: when the meter sent it, and what."""

    time: CosemTime | None
    body: Data


class EventNotification(NamedTuple):
    """One attribute, pushed by itself."""

    time: CosemTime | None
    attribute: Attribute
    data: Data


class GetRequest(NamedTuple):
    """What a client asked for; nothing where it asks for the next block only."""

    invoke_id: int
    attributes: tuple[Attribute, ...]


class GetResponse(NamedTuple):
    """Answers to a request, in its order: a value, or the number of the reason why there is none."""

    invoke_id: int
    results: tuple[Data | int, ...]


class GetBlock(NamedTuple):
    """A part of an answer: a piece of the encoded value, or the number of the reason why there is none."""

    invoke_id: int
    number: int
    is_last: bool
    content: bytes | int


class GeneralBlock(NamedTuple):
    """A part of an application unit."""

    number: int
    is_last: bool
    content: bytes


class Ciphered(NamedTuple):
    """A unit that cannot be read without a key."""

    service: str


class WithoutValues(NamedTuple):
    """A unit that holds no value."""

    service: str


Apdu: TypeAlias = (
    DataNotification | EventNotification | GetRequest | GetResponse | GetBlock | GeneralBlock | Ciphered | WithoutValues
)


def decode_apdu(data: bytes, at: int = 0) -> tuple[Apdu, int]:
    """Return the application unit that begins at ``at`` and the first byte after it.

    A unit that holds no value, or whose end cannot be told without reading it, reaches to the end of the bytes.

    Raises:
        IncompleteError: the bytes end before the unit does.
        MalformedError: no unit begins like this, or its inside is broken.
        LimitError: nested deeper or longer than any unit.
        ClockError: the time of a push does not exist.
    """
    tag = _byte(data, at)
    if tag in CIPHERED:
        return Ciphered(CIPHERED[tag]), _end_of_ciphered(data, at)
    if tag in WITHOUT_VALUES:
        return WithoutValues(WITHOUT_VALUES[tag]), len(data)
    read = _READERS.get(tag)
    if read is None:
        message = f"no application unit begins with {tag:02X}"
        raise malformed(message)
    return read(data, at)


def _byte(data: bytes, at: int) -> int:
    return _number(data, at, 1)


def _number(data: bytes, at: int, count: int) -> int:
    return int.from_bytes(_raw(data, at, count), "big")


def _raw(data: bytes, at: int, count: int) -> bytes:
    if len(data) < at + count:
        message = f"{at + count - len(data)} bytes are missing at the end"
        raise incomplete(message)
    return bytes(data[at : at + count])


def _octets(data: bytes, at: int) -> tuple[bytes, int]:
    """Return bytes that stand after their length, and the first byte after them."""
    length, at = decode_length(data, at)
    return _raw(data, at, length), at + length


def _optional_time(data: bytes, at: int) -> tuple[CosemTime | None, int]:
    """Return the time of a push: twelve bytes after their length, or nothing after the length 0.

    Some meters (Kaifa) write the tag of an octet-string before the length, which the standard leaves out.
    """
    if _byte(data, at) == Tag.OCTET_STRING:
        at += 1
    raw, at = _octets(data, at)
    if raw and len(raw) != DATE_TIME_BYTES:
        message = f"the time of a notification has {len(raw)} bytes"
        raise malformed(message)
    return parse_date_time(raw) if raw else None, at


def _attribute(data: bytes, at: int) -> tuple[Attribute, int]:
    raw = _raw(data, at, 3 + _LOGICAL_NAME_BYTES)
    return Attribute(int.from_bytes(raw[:2], "big"), raw[2:8], int.from_bytes(raw[8:], "big", signed=True)), at + len(raw)


def _selected_attribute(data: bytes, at: int) -> tuple[Attribute, int]:
    """Return an attribute with the selection of its rows, if any, passed over."""
    attribute, at = _attribute(data, at)
    if _byte(data, at):
        _, at = decode(data, at + 2)
        return attribute, at
    return attribute, at + 1


def _data_notification(data: bytes, at: int) -> tuple[Apdu, int]:
    time, at = _optional_time(data, at + 5)
    body, at = decode(data, at)
    return DataNotification(time, body), at


def _general_block(data: bytes, at: int) -> tuple[Apdu, int]:
    content, end = _octets(data, at + 6)
    return GeneralBlock(_number(data, at + 2, 2), bool(_byte(data, at + 1) & _LAST_BLOCK), content), end


def _get_request(data: bytes, at: int) -> tuple[Apdu, int]:
    kind, invoke_id, at = _byte(data, at + 1), _byte(data, at + 2), at + 3
    match kind:
        case 1:
            attribute, at = _selected_attribute(data, at)
            return GetRequest(invoke_id, (attribute,)), at
        case 2:
            return GetRequest(invoke_id, ()), at + len(_raw(data, at, 4))
        case 3:
            count, at = decode_length(data, at)
            attributes: list[Attribute] = []
            while len(attributes) < count:
                attribute, at = _selected_attribute(data, at)
                attributes.append(attribute)
            return GetRequest(invoke_id, tuple(attributes)), at
    message = f"no kind of GET request has the number {kind}"
    raise malformed(message)


def _event_notification(data: bytes, at: int) -> tuple[Apdu, int]:
    has_time, at = _byte(data, at + 1), at + 2
    time, at = _optional_time(data, at) if has_time else (None, at)
    attribute, at = _attribute(data, at)
    found, at = decode(data, at)
    return EventNotification(time, attribute, found), at


def _get_response(data: bytes, at: int) -> tuple[Apdu, int]:
    kind, invoke_id, at = _byte(data, at + 1), _byte(data, at + 2), at + 3
    match kind:
        case 1:
            result, at = _result(data, at)
            return GetResponse(invoke_id, (result,)), at
        case 2:
            is_last, number, choice = bool(_byte(data, at)), _number(data, at + 1, 4), _byte(data, at + 5)
            if choice == _ERROR:
                return GetBlock(invoke_id, number, is_last, _byte(data, at + 6)), at + 7
            content, end = _octets(data, at + 6)
            return GetBlock(invoke_id, number, is_last, content), end
        case 3:
            count, at = decode_length(data, at)
            results: list[Data | int] = []
            while len(results) < count:
                result, at = _result(data, at)
                results.append(result)
            return GetResponse(invoke_id, tuple(results)), at
    message = f"no kind of GET response has the number {kind}"
    raise malformed(message)


def _result(data: bytes, at: int) -> tuple[Data | int, int]:
    choice = _byte(data, at)
    if choice == _VALUE:
        return decode(data, at + 1)
    if choice == _ERROR:
        return _byte(data, at + 1), at + 2
    message = f"an answer is a value (0) or an error (1), not {choice}"
    raise malformed(message)


def _end_of_ciphered(data: bytes, at: int) -> int:
    """Return the end of a ciphered unit; the end of the bytes where only its inside tells."""
    tag = data[at]
    if tag in ENDLESS:
        _octets(data, at + 1)
        return len(data)
    at += 1
    if tag in _SYSTEM_TITLE_FIRST:
        _, at = _octets(data, at)
    return _octets(data, at)[1]


_READERS: dict[int, Callable[[bytes, int], tuple[Apdu, int]]] = {
    DATA_NOTIFICATION: _data_notification,
    GET_REQUEST: _get_request,
    EVENT_NOTIFICATION: _event_notification,
    GET_RESPONSE: _get_response,
    GENERAL_BLOCK_TRANSFER: _general_block,
}
