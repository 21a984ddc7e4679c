"""What the units of one link say, put together: answers with their questions, blocks with their neighbours."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias, TypeVar

from head_end.dlms.apdu import (
    Apdu,
    Attribute,
    Ciphered,
    DataNotification,
    EventNotification,
    GeneralBlock,
    GetBlock,
    GetRequest,
    GetResponse,
    decode_apdu,
)
from head_end.dlms.axdr import Data, Tag, decode, decode_beginning
from head_end.dlms.blocks import Blocks
from head_end.dlms.clock import CosemTime
from head_end.dlms.errors import DlmsError, ListError, incomplete, malformed
from head_end.dlms.profile_buffer import CaptureObject, capture_objects, is_buffer, read_rows
from head_end.dlms.push_lists import Profile, PushList, read_attribute, read_list
from head_end.dlms.units import Scale, scale_of
from pipelines.ingest.dlms.units import Broken, is_body
from pipelines.ingest.rejected import Fault
from schemas.obis import Obis

_T = TypeVar("_T")
_INVOKE_ID = 0x0F
_REGISTERS, _PROFILE = (3, 4), 7
_SCALER_UNIT, _CAPTURE_OBJECTS, _CAPTURE_PERIOD = 3, 3, 4
_GENERAL = -1
_MOST_KNOWN, _MOST_COLUMNS, _MOST_SEQUENCES = 500, 200, 2
"""Facts a conversation remembers, columns of a profile, and sequences of blocks that are open at once."""


class Said(NamedTuple):
    """A list of values that a meter sent.

    Attributes:
        place: where it stands.
        values: the list.
        sent: when the meter sent it; None where the unit does not say.
    """

    place: str
    values: PushList
    sent: CosemTime | None


class Refused(NamedTuple):
    """An answer without a value: where it stands, and the number of the reason."""

    place: str
    reason: int


Finding: TypeAlias = Said | Refused | Broken


@dataclass
class Conversation:
    """The units of one link so far.

    Attributes:
        asked: attributes by the invoke id of the request.
        blocks: sequences that are not whole yet, by invoke id; ``_GENERAL`` for general block transfer.
        scales: scalers and units that were read before the values they belong to.
        columns: what the columns of a profile hold, where that was read.
        periods: capture periods [s], where they were read.
        meter_id: the meter's name, where it was read.
    """

    asked: dict[int, tuple[Attribute, ...]] = field(default_factory=dict)
    blocks: dict[int, Blocks] = field(default_factory=dict)
    scales: dict[Obis, Scale] = field(default_factory=dict)
    columns: dict[Obis, tuple[CaptureObject, ...]] = field(default_factory=dict)
    periods: dict[Obis, int] = field(default_factory=dict)
    meter_id: str | None = None

    def take(self, raw: bytes, place: str) -> Iterator[Finding]:
        """Yield what a unit says: an application unit, or the bare body of one.

        Args:
            raw: its bytes.
            place: where it begins.
        """
        try:
            content, end = decode(raw) if is_body(raw) else decode_apdu(raw)
            if end != len(raw):
                message = f"{len(raw) - end} bytes are left after the unit's last value"
                raise malformed(message)
        except DlmsError as error:
            yield Broken(place, Fault(error.code, error.message), raw)
            return
        yield from self.follow(content, raw, place)

    def follow(self, content: Data | Apdu, raw: bytes, place: str) -> Iterator[Finding]:
        """Yield what a decoded unit says.

        Args:
            content: the unit, or the bare body of one.
            raw: its bytes.
            place: where it begins.
        """
        try:
            yield from self._follow(content, raw, place)
        except DlmsError as error:
            yield Broken(place, Fault(error.code, error.message), raw)

    def take_beginning(self, raw: bytes, place: str) -> Iterator[Finding]:
        """Yield the whole rows of a profile buffer that is cut, and what is left of it."""
        yield from self._cut(raw, place, None, "the bytes end before the buffer does")

    def end(self) -> Iterator[Finding]:
        """Yield what is left of sequences whose last block never came."""
        for key in list(self.blocks):
            yield from self._break_off(key, "the last block is not there")

    # --- units

    def _follow(self, apdu: Data | Apdu, raw: bytes, place: str) -> Iterator[Finding]:
        match apdu:
            case Data():
                yield Said(place, self._known(read_list(apdu)), None)
            case DataNotification():
                yield Said(place, self._known(read_list(apdu.body)), apdu.time)
            case EventNotification():
                yield from self._answer(apdu.attribute, apdu.data, place, apdu.time)
            case GetRequest():
                if apdu.attributes:
                    self.asked[apdu.invoke_id & _INVOKE_ID] = apdu.attributes
            case GetResponse():
                yield from self._answers(apdu, place)
            case GetBlock():
                yield from self._get_block(apdu, raw, place)
            case GeneralBlock():
                yield from self._general_block(apdu, raw, place)
            case Ciphered():
                yield Broken(place, Fault("encrypted.no_key", f"{apdu.service}: encrypted, and no key is known"), raw)

    def _answers(self, apdu: GetResponse, place: str) -> Iterator[Finding]:
        asked: Sequence[Attribute | None] = self.asked.pop(apdu.invoke_id & _INVOKE_ID, ())
        if len(asked) != len(apdu.results):
            asked = [None] * len(apdu.results)
        for number, (attribute, result) in enumerate(zip(asked, apdu.results, strict=True), start=1):
            at = place if len(apdu.results) == 1 else f"{place}/Answer/{number}"
            if isinstance(result, int):
                yield Refused(at, result)
            else:
                yield from self._answer(attribute, result, at, None)

    def _answer(self, attribute: Attribute | None, data: Data, place: str, sent: CosemTime | None) -> Iterator[Finding]:
        """Yield what a value says, where it is known which attribute it is, or where it says so itself."""
        if attribute is None:
            if not data.elements or data.elements[0].number is not None:
                message = "an answer without its question: nothing says what the value is"
                raise ListError("list.unknown", message)
            yield Said(place, self._known(read_list(data)), sent)
            return
        code = Obis(*attribute.logical_name)
        if self._learn(attribute, code, data):
            return
        try:
            found = read_attribute(code, attribute.class_id, attribute.number, data)
        except ListError:
            return  # an attribute that is no value of a register: names, states, tables
        self.meter_id = found.meter_id or self.meter_id
        yield Said(place, self._known(found), sent)

    def _learn(self, attribute: Attribute, code: Obis, data: Data) -> bool:
        """Keep what an attribute says about other values; return whether it is such a one."""
        scale, columns = scale_of(data), capture_objects(data)
        if attribute.class_id in _REGISTERS and attribute.number == _SCALER_UNIT and scale is not None:
            _keep(self.scales, code, scale)
        elif attribute.class_id == _PROFILE and attribute.number == _CAPTURE_OBJECTS and columns is not None:
            if len(columns) <= _MOST_COLUMNS:
                _keep(self.columns, code, columns)
        elif attribute.class_id == _PROFILE and attribute.number == _CAPTURE_PERIOD and isinstance(data.number, int):
            _keep(self.periods, code, data.number)
        else:
            return False
        return True

    def _known(self, found: PushList) -> PushList:
        """Return a list with what was read before it."""
        registers = tuple(one._replace(scale=one.scale or self.scales.get(one.code)) for one in found.registers)
        return found._replace(
            meter_id=found.meter_id or self.meter_id,
            registers=registers,
            profiles=tuple(self._known_profile(one) for one in found.profiles),
        )

    def _known_profile(self, found: Profile) -> Profile:
        if found.code is None:
            return found
        columns, seconds = self.columns.get(found.code), self.periods.get(found.code)
        return found._replace(
            columns=found.columns or columns,
            period_seconds=found.period_seconds or seconds or None,
            scales={**self.scales, **found.scales},
        )

    # --- blocks

    def _get_block(self, apdu: GetBlock, raw: bytes, place: str) -> Iterator[Finding]:
        key = apdu.invoke_id & _INVOKE_ID
        if isinstance(apdu.content, int):
            yield from self._break_off(key, "the meter broke the answer off")
            yield Refused(place, apdu.content)
            return
        whole = yield from self._block(key, apdu.number, apdu.content, place, raw, is_last=apdu.is_last)
        if whole is not None:
            attribute = next(iter(self.asked.pop(key, ())), None)
            try:
                yield from self._answer(attribute, _whole(bytes(whole.collected)), whole.place, None)
            except DlmsError as error:
                yield Broken(whole.place, Fault(error.code, error.message), bytes(whole.collected))

    def _general_block(self, apdu: GeneralBlock, raw: bytes, place: str) -> Iterator[Finding]:
        whole = yield from self._block(_GENERAL, apdu.number, apdu.content, place, raw, is_last=apdu.is_last)
        if whole is None:
            return
        inner = bytes(whole.collected)
        if not inner or inner[0] == raw[0]:
            yield Broken(whole.place, Fault("apdu.malformed", "a block transfer that carries no other unit"), inner)
        else:
            yield from self.take(inner, whole.place)

    def _block(
        self, key: int, number: int, content: bytes, place: str, raw: bytes, *, is_last: bool
    ) -> Generator[Finding, None, Blocks | None]:
        """Take a block; return its sequence where it is the last one."""
        pending = self.blocks.get(key)
        if pending is not None and number == pending.newest and pending.collected.endswith(content):
            return None  # sent again
        if pending is not None and not pending.takes(number, content):
            yield from self._break_off(key, f"a block is missing before block {number}")
            pending = None
        if pending is None:
            if len(self.blocks) >= _MOST_SEQUENCES:
                yield from self._break_off(next(iter(self.blocks)), "the last block is not there")
            if number != 1:
                yield Broken(place, Fault("frame.incomplete", f"block {number} comes without the blocks before it"), raw)
                return None
            pending = self.blocks[key] = Blocks(place)
        pending.add(number, content, is_last=is_last)
        return self.blocks.pop(key) if is_last else None

    def _break_off(self, key: int, reason: str) -> Iterator[Finding]:
        """Yield what a sequence of blocks that will not be whole still says."""
        pending = self.blocks.pop(key, None)
        if pending is None:
            return
        raw = bytes(pending.collected)
        if key == _GENERAL:
            yield Broken(pending.place, Fault("frame.incomplete", reason), raw)
        else:
            yield from self._cut(raw, pending.place, next(iter(self.asked.pop(key, ())), None), reason)

    def _cut(self, raw: bytes, place: str, attribute: Attribute | None, reason: str) -> Iterator[Finding]:
        """Yield the whole rows of a buffer that is cut, and the rest of it."""
        try:
            found = decode_beginning(raw)
            buffer = Data(Tag.ARRAY, found.elements)
            if not is_buffer(buffer):
                message = "no row is whole"
                raise incomplete(message)
            profile = Profile(1, None if attribute is None else Obis(*attribute.logical_name), buffer)
            values = self._known(PushList(None, None, (), (profile,)))
            width = len(next(read_rows(found.elements[:1], values.profiles[0].columns)).cells)
        except DlmsError:
            yield Broken(place, Fault("frame.incomplete", reason), raw)
            return
        yield Said(place, values, None)
        text = f"{reason}: {len(found.elements)} of {found.announced} rows are whole"
        yield Broken(f"{place}/Row/{len(found.elements) + 1}", Fault("frame.incomplete", text), raw[found.end :], width)


def _keep(known: dict[Obis, _T], code: Obis, fact: _T) -> None:
    """Remember a fact; the oldest makes room."""
    if len(known) >= _MOST_KNOWN and code not in known:
        del known[next(iter(known))]
    known[code] = fact


def _whole(raw: bytes) -> Data:
    """Return the value that some bytes are, and nothing else."""
    found, end = decode(raw)
    if end != len(raw):
        message = f"{len(raw) - end} bytes are left after the last value"
        raise malformed(message)
    return found
