"""What meters push: lists of registers, each maker's way.

- Kaifa names nothing: the position decides (Kaifa, "OBIS List Codes", KFM_001, for the Norwegian customer interface).
- Kamstrup writes code and value in turn, and leaves scaler and unit to its list (Kamstrup, "HAN NVE interface description").
- Aidon, Iskraemeco and Sagemcom write code, value and scaler with unit, in structures or in turn.
- Landis+Gyr writes first which attributes follow, as the push setup object holds them, then their values.

The last two are told by their form alone, whoever made the meter. A number without scaler and unit stays without them:
nothing here guesses one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from head_end.dlms.axdr import Data, Tag
from head_end.dlms.clock import CosemTime, parse_date_time
from head_end.dlms.errors import unknown_list
from head_end.dlms.profile_buffer import CLOCK_CLASS, CaptureObject, capture_objects, is_buffer, is_clock
from head_end.dlms.units import Scale, scale_of
from schemas.obis import Obis, obis_of_bytes

_W, _VAR, _WH, _VARH, _A, _V = 27, 29, 30, 32, 33, 35
_REGISTERS = frozenset({3, 4})
_EXTENDED_REGISTER, _PROFILE, _PUSH_SETUP = 4, 7, 40
_VALUE, _SCALER_UNIT, _CAPTURE_TIME = 2, 3, 5
_CAPTURE_OBJECTS, _CAPTURE_PERIOD = 3, 4
_LAST_MEDIUM = 15
_PAIR, _WITH_SCALE = 2, 3


class Register(NamedTuple):
    """A number of a list.

    Attributes:
        place: where it stands in the list, from 1.
        code: which register it is.
        value: as written.
        scale: how it becomes a quantity; None where the list does not say.
        time: when it was captured, where it has a time of its own.
    """

    place: int
    code: Obis
    value: int | Decimal
    scale: Scale | None
    time: CosemTime | None = None


class Profile(NamedTuple):
    """A profile buffer inside a list.

    Attributes:
        place: where it stands in the list, from 1.
        code: which profile it is; None where nothing says.
        buffer: its rows.
        columns: what they hold; None where nothing says.
        period_seconds: its capture period [s]; None where nothing says.
        scales: scalers and units of its columns, by code, as far as something says.
    """

    place: int
    code: Obis | None
    buffer: Data
    columns: tuple[CaptureObject, ...] | None = None
    period_seconds: int | None = None
    scales: Mapping[Obis, Scale] = MappingProxyType({})


class PushList(NamedTuple):
    """A list, decoded.

    Attributes:
        meter_id: as the list writes it; None where it names none.
        time: the clock in the list; None where it has none.
        registers: its numbers.
        profiles: its profile buffers.
    """

    meter_id: str | None
    time: CosemTime | None
    registers: tuple[Register, ...]
    profiles: tuple[Profile, ...] = ()


# Kaifa: places after the three names, by number of elements; scalers as its sheet gives them.
_KAIFA_POWERS = ("0100010700ff", "0100020700ff", "0100030700ff", "0100040700ff")
_KAIFA_SINGLE = ("01001f0700ff", "0100200700ff")
_KAIFA_THREE = ("01001f0700ff", "0100330700ff", "0100470700ff", "0100200700ff", "0100340700ff", "0100480700ff")
_KAIFA_ENERGIES = ("0100010800ff", "0100020800ff", "0100030800ff", "0100040800ff")
_KAIFA_CLOCK = "0000010000ff"
_KAIFA_NAMES = 3
_KAIFA_METER = 1
_KAIFA_LISTS = {
    9: (*_KAIFA_POWERS, *_KAIFA_SINGLE),
    13: (*_KAIFA_POWERS, *_KAIFA_THREE),
    14: (*_KAIFA_POWERS, *_KAIFA_SINGLE, _KAIFA_CLOCK, *_KAIFA_ENERGIES),
    18: (*_KAIFA_POWERS, *_KAIFA_THREE, _KAIFA_CLOCK, *_KAIFA_ENERGIES),
}
_KAIFA_SHORT = Obis(1, 0, 1, 7, 0, 255)
_VOLTAGE_GROUPS, _CURRENT_GROUPS = (32, 52, 72), (31, 51, 71)
_REACTIVE_GROUPS = (3, 4)
_PHASE_POWERS = (21, 41, 61, 22, 42, 62)
_POWER, _ENERGY = 7, 8


def _kaifa_scale(code: Obis) -> Scale:
    if code.c in _VOLTAGE_GROUPS:
        return Scale(-1, _V)
    if code.c in _CURRENT_GROUPS:
        return Scale(-3, _A)
    reactive = code.c in _REACTIVE_GROUPS
    if code.d == _ENERGY:
        return Scale(0, _VARH if reactive else _WH)
    return Scale(0, _VAR if reactive else _W)


def _kamstrup_scale(code: Obis) -> Scale | None:
    """Return the scale of a code by Kamstrup's description; None of a code it does not describe."""
    reactive = code.c in _REACTIVE_GROUPS
    active = code.c in (1, 2, *_PHASE_POWERS)
    if code.d == _ENERGY and (reactive or active):
        return Scale(1, _VARH if reactive else _WH)
    if code.d != _POWER:
        return None
    if code.c in _VOLTAGE_GROUPS:
        return Scale(0, _V)
    if code.c in _CURRENT_GROUPS:
        return Scale(-2, _A)
    if reactive or active:
        return Scale(0, _VAR if reactive else _W)
    return None


def read_list(body: Data) -> PushList:
    """Return the list that a push carries.

    Raises:
        ListError: no maker writes lists like this.
        ClockError: its clock shows a time that does not exist.
    """
    first = body.elements[0] if body.elements else None
    if first is None:
        message = f"the body is no list but one value of the type {body.tag.name.lower()}"
        raise unknown_list(message)
    name = (first.text or "") if first.tag in (Tag.OCTET_STRING, Tag.VISIBLE_STRING) else ""
    if name.startswith("KFM_") and len(body.elements) in _KAIFA_LISTS:
        return _read_kaifa(body.elements)
    if (
        len(body.elements) == 1
        and body.tag is Tag.STRUCTURE
        and first.tag is Tag.DOUBLE_LONG_UNSIGNED
        and isinstance(first.value, int)
    ):
        return PushList(None, None, (Register(1, _KAIFA_SHORT, first.value, Scale(0, _W)),))
    if is_buffer(body):
        return PushList(None, None, (), (Profile(1, None, body),))
    objects = capture_objects(first)
    if objects is not None:
        return _read_objects(objects, body.elements)
    found = _Findings(name.startswith("Kamstrup_V"))
    found.take(body.elements)
    return found.as_list()


def read_attribute(code: Obis, class_id: int, number: int, data: Data) -> PushList:
    """Return an attribute that came by itself as a list of one."""
    found = _Findings(documented=False)
    found.take_attributes([(1, CaptureObject(class_id, code, number, 0), data)])
    return found.as_list()


def _is_short_kaifa(body: Data) -> bool:
    """Whether a body is Kaifa's shortest list: the active power and nothing else."""
    return body.tag is Tag.STRUCTURE and [data.tag for data in body.elements] == [Tag.DOUBLE_LONG_UNSIGNED]


def _read_kaifa(elements: Sequence[Data]) -> PushList:
    time = None
    registers: list[Register] = []
    for place, (text, data) in enumerate(
        zip(_KAIFA_LISTS[len(elements)], elements[_KAIFA_NAMES:], strict=True), _KAIFA_NAMES + 1
    ):
        code = Obis(*bytes.fromhex(text))
        if text == _KAIFA_CLOCK:
            if not is_clock(data):
                message = "a Kaifa list holds no clock where it should"
                raise unknown_list(message)
            time = parse_date_time(data.octets or b"")
        elif data.number is not None:
            registers.append(Register(place, code, data.number, _kaifa_scale(code)))
        elif not data.is_null:
            message = f"a Kaifa list holds no number at place {place}"
            raise unknown_list(message)
    return PushList(elements[_KAIFA_METER].text, time, tuple(registers))


def _read_objects(objects: Sequence[CaptureObject], elements: Sequence[Data]) -> PushList:
    """Return a list that says first what it holds: the list of objects is itself an attribute of the push setup."""
    values = elements if objects[0].class_id == _PUSH_SETUP and objects[0].attribute == _VALUE else elements[1:]
    if len(values) != len(objects):
        message = f"the list names {len(objects)} objects and holds {len(values)} values"
        raise unknown_list(message)
    found = _Findings(documented=False)
    named = ((place, one, data) for place, (one, data) in enumerate(zip(objects, values, strict=True), start=1))
    found.take_attributes([entry for entry in named if entry[1].class_id != _PUSH_SETUP])
    return found.as_list()


@dataclass
class _Findings:
    """What was found in a list so far.

    Attributes:
        documented: scaler and unit stand in the maker's description and not in the list.
        identities: texts by the code they stand at.
        time: the newest clock.
        registers: the numbers.
        profiles: the profile buffers.
        closing: a text without a code at the end of the list.
    """

    documented: bool
    identities: dict[Obis, str] = field(default_factory=dict)
    time: CosemTime | None = None
    registers: list[Register] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)
    closing: str | None = None
    _place: int = 0

    def take(self, elements: Sequence[Data]) -> None:
        """Take the elements of a list: structures that begin with a code, or codes and values in turn."""
        at = 0
        while at < len(elements):
            data = elements[at]
            following = elements[at + 1] if at + 1 < len(elements) else None
            code = _code_of(data)
            if code is not None and following is not None:
                scale = scale_of(elements[at + 2]) if at + _PAIR < len(elements) else None
                self._take_value(code, following, scale)
                at += _PAIR if scale is None else _WITH_SCALE
                continue
            self._take_alone(data, is_last=following is None)
            at += 1

    def _take_alone(self, data: Data, *, is_last: bool) -> None:
        """Take an element that no code stands before."""
        self._place += 1
        if data.is_container:
            members = data.elements
            code = _code_of(members[0]) if members else None
            if code is not None and len(members) in (_PAIR, _WITH_SCALE):
                self._place -= 1
                self._take_value(code, members[1], scale_of(members[2]) if len(members) == _WITH_SCALE else None)
            elif is_buffer(data):
                self.profiles.append(Profile(self._place, None, data))
            elif any(member.is_container for member in members) or code is not None:
                self._place -= 1
                self.take(members)
        elif is_clock(data):
            self.time = parse_date_time(data.octets or b"")
        elif is_last:
            self.closing = data.text

    def _take_value(self, code: Obis, data: Data, scale: Scale | None) -> None:
        self._place += 1
        if is_buffer(data):
            self.profiles.append(Profile(self._place, code, data))
        elif _is_clock_of(code, data):
            self.time = parse_date_time(data.octets or b"")
        elif data.number is not None:
            scale = scale or (_kamstrup_scale(code) if self.documented else None)
            self.registers.append(Register(self._place, code, data.number, scale))
        elif data.text is not None:
            self.identities.setdefault(code, data.text)

    def take_attributes(self, attributes: Sequence[tuple[int, CaptureObject, Data]]) -> None:
        """Take attributes that are named by object and number, each with its place."""
        given = {one.code: scale_of(data) for _, one, data in attributes if _is(one, _REGISTERS, _SCALER_UNIT)}
        scales = {code: scale for code, scale in given.items() if scale is not None}
        times = {one.code: data for _, one, data in attributes if _is(one, (_EXTENDED_REGISTER,), _CAPTURE_TIME)}
        columns = {one.code: capture_objects(data) for _, one, data in attributes if _is(one, (_PROFILE,), _CAPTURE_OBJECTS)}
        periods = {one.code: data.number for _, one, data in attributes if _is(one, (_PROFILE,), _CAPTURE_PERIOD)}
        for place, one, data in attributes:
            if one.class_id == CLOCK_CLASS and one.attribute == _VALUE and is_clock(data):
                self.time = parse_date_time(data.octets or b"")
            elif one.attribute == 0 and data.is_container:
                self.take((data,))
            elif one.attribute != _VALUE:
                continue
            elif one.class_id == _PROFILE and is_buffer(data):
                period = periods.get(one.code)
                seconds = period if isinstance(period, int) and period > 0 else None
                self.profiles.append(Profile(place, one.code, data, columns.get(one.code), seconds, scales))
            elif data.number is not None:
                time = times.get(one.code)
                captured = parse_date_time(time.octets or b"") if time is not None and is_clock(time) else None
                self.registers.append(Register(place, one.code, data.number, scales.get(one.code), captured))
            elif data.text is not None:
                self.identities.setdefault(one.code, data.text)

    def as_list(self) -> PushList:
        """Return what was found.

        Raises:
            ListError: there was nothing to find.
        """
        if not (self.registers or self.profiles or self.identities):
            message = "the values are decoded, and no code says what they are"
            raise unknown_list(message)
        named = next(iter(_by_rank(self.identities)), None)
        return PushList(named or self.closing, self.time, tuple(self.registers), tuple(self.profiles))


def _is(one: CaptureObject, classes: Iterable[int], attribute: int) -> bool:
    return one.class_id in classes and one.attribute == attribute


def _code_of(data: Data) -> Obis | None:
    """Return the code that an octet-string of six bytes is; None of anything else, and of six letters."""
    code = obis_of_bytes(data.octets) if data.octets is not None else None
    return code if code is not None and code.a <= _LAST_MEDIUM else None


def _is_clock_of(code: Obis, data: Data) -> bool:
    """Whether a value is the clock: an octet-string at the code 0-b:1.0.0."""
    return data.octets is not None and (code.a, code.c, code.d, code.e) == (0, 1, 0, 0)


def _by_rank(identities: dict[Obis, str]) -> Iterator[str]:
    """Yield the texts that can name a meter, best first: device numbers, its number as sold, its logical device."""
    ranks = {(0, 96, 1, 0): 0, (1, 0, 0, 5): 1, (1, 0, 0, 0): 2, (0, 96, 1, 1): 3, (1, 96, 1, 0): 4, (0, 42, 0, 0): 5}
    ranked = [(ranks.get((code.a, code.c, code.d, code.e)), text) for code, text in identities.items()]
    yield from (text for rank, text in sorted((rank, text) for rank, text in ranked if rank is not None))
