"""Master data as it is delivered: one document a row, every cell a text or nothing.

A file (CSV, JSON lines, Parquet) becomes texts first and is judged here, so all three say the same thing about the
same cell. Numbers are read as decimals, never as floats. Times stay texts: a bare date is midnight in the service
point's zone, which the row alone does not know (see ``pipelines.masterdata.times``).

>>> MeterRow.model_validate({"meter_id": "007", "service_point_id": "S1", "installed_from": "2026-01-01"}).meter_id
'007'
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, NoReturn

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from schemas.errors import InputRefusedError
from schemas.periods import parse_clock, parse_offset, parse_time
from schemas.units import parse_unit

LONGEST_ID = 64
LONGEST_TEXT = 500
_WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
_DECIMAL = re.compile(r"-?[0-9]{1,29}(?:\.[0-9]{1,9})?")
_WHOLE = re.compile(r"-?[0-9]{1,4}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_STATE_NAME = re.compile(
    rf"bank\.money|bank\.kwh\|(?:{_NAME.pattern})?|peak\|(?:\*|{_NAME.pattern})\|[0-9]{{4}}-(?:0[1-9]|1[0-2])"
    rf"|minimum\|{_NAME.pattern}\|[0-9]{{4}}|ladder\|{_NAME.pattern}\|(?P<day>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:\|{_NAME.pattern})?"
)
_CURRENCY = re.compile(r"[A-Z]{3}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_YES_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_MINUTES_A_DAY = 1440
_LONGEST_INTERVAL_MINUTES = 60


def _refuse(what: str) -> NoReturn:
    """Raise the error pydantic collects; ``what`` is the sentence a person reads."""
    code = "cell"
    template = "{what}"
    raise PydanticCustomError(code, template, {"what": what})


def _identifier(text: str) -> str:
    if not text or len(text) > LONGEST_ID or not text.isprintable() or text != text.strip():
        _refuse(f"an id has 1 to {LONGEST_ID} printable characters and no space around it")
    return text


def _free_text(text: str) -> str:
    if not text.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\r\t" for c in text):
        _refuse("a control character")
    if not text.strip() or len(text) > LONGEST_TEXT:
        _refuse(f"a text has 1 to {LONGEST_TEXT} characters, not only spaces")
    return text


def _word(text: str) -> str:
    if _WORD.fullmatch(text) is None:
        _refuse("a name of lower-case letters, digits and _ is expected, such as import_kwh")
    return text


def _name(text: str) -> str:
    """Return a name as tariff documents write one."""
    if _NAME.fullmatch(text) is None:
        _refuse("a name of letters, digits, _, . and - is expected, such as contracted_kw.p1")
    return text


def _currency(text: str) -> str:
    if _CURRENCY.fullmatch(text) is None:
        _refuse("an ISO 4217 code of three capital letters is expected, such as EUR")
    return text


def _language(text: str) -> str:
    if _LANGUAGE.fullmatch(text) is None:
        _refuse("a language tag is expected, such as en or de-AT")
    return text


def _unit(text: str) -> str:
    """Return the store's spelling of a unit (``KWH`` is ``kWh``); a unit nobody knows keeps its own name."""
    known = parse_unit(_identifier(text))
    return known.unit if known is not None and known.exponent == 0 else text


def _time(text: str) -> str:
    try:
        parse_time(text)
    except InputRefusedError as error:
        _refuse(f"{error.message}; {error.hint}")
    return text


def _clock(text: str) -> str:
    try:
        parse_clock(text)
    except InputRefusedError as error:
        _refuse(f"{error.message}; {error.hint}")
    return text


def _offset(value: object) -> int:
    try:
        return parse_offset(_text(value))
    except InputRefusedError as error:
        _refuse(f"{error.message}; {error.hint}")


def _decimal(value: object) -> Decimal:
    if _DECIMAL.fullmatch(text := _text(value)) is None:
        _refuse("a decimal number with at most 9 decimals is expected, such as 0.5")
    return Decimal(text)


def _fact(value: object) -> Decimal:
    number = _decimal(value)
    return number if number >= 0 else _refuse("a fact is 0 or more")


def _state_name(text: str) -> str:
    """Return a name of carried state: one that nobody takes up would be handed on for ever, and paid to nobody."""
    found = _STATE_NAME.fullmatch(text)
    if found is None:
        names = "bank.money, bank.kwh|PERIOD, peak|CHARGE|YYYY-MM, minimum|CHARGE|YYYY or ladder|CHARGE|YYYY-MM-DD"
        _refuse(f"a name of carried state is expected: {names}")
    try:
        date.fromisoformat(found["day"] or "2000-01-01")
    except ValueError:
        _refuse(f"{found['day']} is no date")
    return text


def _whole(value: object) -> int:
    if _WHOLE.fullmatch(text := _text(value)) is None:
        _refuse("a whole number of at most four digits is expected")
    return int(text)


def _interval(minutes: int) -> int:
    if not 1 <= minutes <= _LONGEST_INTERVAL_MINUTES or _MINUTES_A_DAY % minutes:
        _refuse("an interval has 1 to 60 minutes and divides the day")
    return minutes


def _yes_no(value: object) -> bool:
    answer = _YES_NO.get(_text(value).lower())
    return answer if answer is not None else _refuse("true or false is expected")


def _text(value: object) -> str:
    return value if isinstance(value, str) else _refuse("a text is expected")


Identifier = Annotated[str, AfterValidator(_identifier)]
FreeText = Annotated[str, AfterValidator(_free_text)]
Word = Annotated[str, AfterValidator(_word)]
Name = Annotated[str, AfterValidator(_name)]
TimeText = Annotated[str, AfterValidator(_time)]
ClockText = Annotated[str, AfterValidator(_clock)]
OffsetMinutes = Annotated[int, BeforeValidator(_offset)]
ExactDecimal = Annotated[Decimal, BeforeValidator(_decimal)]
Whole = Annotated[int, BeforeValidator(_whole)]
IntervalMinutes = Annotated[int, BeforeValidator(_whole), AfterValidator(_interval)]
YesNo = Annotated[bool, BeforeValidator(_yes_no)]


class MasterRow(BaseModel):
    """A delivered row: cells are texts, an absent cell is None, other columns are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ServicePointRow(MasterRow):
    """Where energy is delivered and measured."""

    service_point_id: Identifier
    zone: ClockText
    standard_offset: OffsetMinutes | None = None
    commodity: Literal["electricity", "gas", "water", "heat"]
    billing_basis: Literal["interval", "register"]
    interval_minutes: IntervalMinutes | None = None
    fuse_kw: ExactDecimal | None = None
    transformer_id: Identifier | None = None
    has_generation: YesNo | None = None
    customer_class: Word | None = None
    connected_from: TimeText | None = None
    connected_to: TimeText | None = None


class MeterRow(MasterRow):
    """A meter and where it is installed."""

    meter_id: Identifier
    service_point_id: Identifier
    installed_from: TimeText
    installed_to: TimeText | None = None
    meter_type: FreeText | None = None
    head_end: FreeText | None = None


class RegisterRow(MasterRow):
    """What a channel of a meter is, and the determinant it feeds."""

    meter_id: Identifier
    channel: Identifier
    role: Literal["main", "check", "rate", "controlled_load", "generation"]
    direction: Literal["import", "export", "none"]
    quantity: Word
    unit: Annotated[str, AfterValidator(_unit)]
    determinant: Word | None = None
    rate_band: Identifier | None = None
    multiplier: ExactDecimal = Decimal(1)
    dials: Whole | None = None
    wraps_at: ExactDecimal | None = None
    decimals: Whole | None = None
    intervals: Literal["primary", "secondary"] = "primary"
    valid_from: TimeText
    valid_to: TimeText | None = None


class AgreementRow(MasterRow):
    """Who pays which tariff for a service point."""

    agreement_id: Identifier
    account_id: Identifier
    service_point_id: Identifier
    role: Literal["supply", "feed_in"]
    tariff_id: Identifier
    billing_clock: ClockText | None = None
    valid_from: TimeText
    valid_to: TimeText | None = None


class AgreementFactRow(MasterRow):
    """What an agreement says in a number."""

    agreement_id: Identifier
    fact: Name
    value: Annotated[Decimal, BeforeValidator(_fact)]
    valid_from: TimeText
    valid_to: TimeText | None = None


class AgreementOptionRow(MasterRow):
    """What an agreement is entitled to."""

    agreement_id: Identifier
    option: Name
    valid_from: TimeText
    valid_to: TimeText | None = None


class OpeningStateRow(MasterRow):
    """What the first billing period in this store is handed over."""

    agreement_id: Identifier
    name: Annotated[str, AfterValidator(_state_name)]
    value: ExactDecimal
    as_of: TimeText


class AccountRow(MasterRow):
    """Who is billed, by ids only."""

    account_id: Identifier
    customer_id: Identifier
    currency: Annotated[str, AfterValidator(_currency)]
    language: Annotated[str, AfterValidator(_language)] | None = None
    cycle: Identifier | None = None
    export_tax: YesNo = False


class CustomerRow(MasterRow):
    """A person's data."""

    customer_id: Identifier
    name: FreeText
    address: FreeText | None = None
    email: FreeText | None = None
    phone: FreeText | None = None


ROWS: dict[str, type[MasterRow]] = {
    "service_points": ServicePointRow,
    "meters": MeterRow,
    "registers": RegisterRow,
    "agreements": AgreementRow,
    "agreement_facts": AgreementFactRow,
    "agreement_options": AgreementOptionRow,
    "opening_state": OpeningStateRow,
    "accounts": AccountRow,
    "customers": CustomerRow,
}
"""The delivered row of each table, in the order tables are read: a row's references come before it."""
