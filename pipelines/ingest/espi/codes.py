"""The code lists of ESPI: what each number means here.

Source: NAESB REQ.21 Energy Services Provider Interface, XML schema version 3.3 (its enumerations and annotations).
"""

from __future__ import annotations

from enum import Enum

from schemas.codes import Direction, Quality
from schemas.units import Unit, parse_unit


class Behaviour(Enum):
    """What a value of a ReadingType says about its time."""

    INTERVAL = "a quantity of the interval"
    INDEX = "what a register showed when the interval ended"
    INSTANT = "a momentary value"


BEHAVIOURS = {
    "0": Behaviour.INTERVAL,  # not applicable, or implied by the unit
    "1": Behaviour.INDEX,  # bulk quantity: the dial
    "2": Behaviour.INDEX,  # continuous cumulative
    "3": Behaviour.INDEX,  # cumulative
    "4": Behaviour.INTERVAL,  # delta
    "6": Behaviour.INSTANT,  # indicating
    "9": Behaviour.INDEX,  # summation: a dial that counts at times
    "10": Behaviour.INTERVAL,  # time delay
    "12": Behaviour.INSTANT,  # instantaneous
    "13": Behaviour.INDEX,  # latching quantity
    "14": Behaviour.INDEX,  # bounded quantity
}
"""accumulationBehaviour; where it is absent, a value with a duration is a quantity of it."""

DIRECTIONS = {"1": Direction.IMPORT, "19": Direction.EXPORT}
"""flowDirection: forward is delivered to the customer, reverse received; net, total and the quadrants are neither."""

QUALITIES = {
    "0": Quality.MEASURED,  # valid
    "7": Quality.SUBSTITUTED,  # manually edited
    "8": Quality.DELIVERED_ESTIMATE,  # estimated using a reference day
    "9": Quality.DELIVERED_ESTIMATE,  # estimated using linear interpolation
    "10": Quality.MEASURED,  # questionable: a measured value that failed a check
    "11": Quality.SUBSTITUTED,  # derived: calculated
    "12": Quality.DELIVERED_ESTIMATE,  # projected
    "13": Quality.DELIVERED_ESTIMATE,  # mixed
    "14": Quality.MEASURED,  # raw: not validated yet
    "15": Quality.SUBSTITUTED,  # normalized for weather
    "16": Quality.MEASURED,  # other
    "17": Quality.MEASURED,  # validated
    "18": Quality.MEASURED,  # verified
    "19": Quality.MEASURED,  # revenue quality
}
"""QualityOfReading. Where a reading names none, its ReadingType's default counts; where that is absent, it is valid."""
UNKNOWN_QUALITY = Quality.DELIVERED_ESTIMATE
"""A code that is none of the list says that the value is not plainly valid; it is not billed as measured."""
DOUBTFUL_QUALITIES = frozenset({"10", "16"})
"""Codes of values that are taken as measured and that a person should look at."""
_WORST_LAST = (Quality.MEASURED, Quality.SUBSTITUTED, Quality.DELIVERED_ESTIMATE)

CURRENCIES = {
    "36": "AUD", "124": "CAD", "156": "CNY", "208": "DKK", "356": "INR", "392": "JPY", "578": "NOK", "643": "RUB",
    "752": "SEK", "756": "CHF", "826": "GBP", "840": "USD", "978": "EUR",
}  # fmt: skip
"""Numbers of ISO 4217 that the schema lists."""
OTHER_CURRENCY = "0"

COST_EXPONENT = -5
"""Money is in hundred-thousandths of the currency, whatever the multiplier of the readings."""

MULTIPLIERS = frozenset({"-12", "-9", "-6", "-3", "-2", "-1", "0", "1", "2", "3", "6", "9", "12"})

ELECTRICITY = frozenset({"0", "1", "2", "26"})
"""Commodities whose watt hours are electric energy; 0 is not applicable."""
ELECTRICITY_SERVICE = "0"
"""ServiceCategory kind of a UsagePoint for electricity."""

_NOT_IN_USE = {1, 29, 30, 39, *range(61, 64), *range(65, 81), *range(82, 90)}
ENUMERATIONS: dict[str, frozenset[int]] = {
    "commodity": frozenset(range(27)),
    "dataQualifier": frozenset({0, 2, 4, 5, 7, 8, 9, 11, 12, 16, 17, 23, 24, 25, 26}),
    "defaultQuality": frozenset(map(int, QUALITIES)),
    "flowDirection": frozenset(range(22)) - {6},
    "kind": frozenset(range(156)) - _NOT_IN_USE,
    "phase": frozenset({
        0, 16, 17, 32, 33, 40, 41, 64, 65, 66, 72, 96, 97, 128, 129, 132, 136, 193, 224, 225, 256, 272, 512, 528, 768, 769, 784,
    }),
    "timeAttribute": frozenset({0, 8, 11, 13, 22, 24, 32}),
}  # fmt: skip
"""Fields of a ReadingType that do not change what its values are: a code that is none of the list is a warning."""

_SOURCE_UNITS = {
    "5": "A", "29": "V", "31": "J", "33": "Hz", "38": "W", "42": "m3", "61": "VA", "63": "var", "65": "pf", "71": "VAh",
    "72": "Wh", "73": "varh", "119": "ft3", "120": "ft3", "134": "l", "153": "pf", "156": "l", "157": "l", "166": "m3",
    "167": "m3", "169": "therm",
}  # fmt: skip
"""Units that the store knows; whether a volume was compensated is the channel's business."""

_OWN_UNITS = {
    "amount": {"7": "mol", "111": "count", "154": "rev"},
    "angle": {"9": "deg", "10": "rad"},
    "area": {"41": "m2"},
    "capacitance": {"25": "F"},
    "charge": {"68": "As", "106": "Ah"},
    "code": {"108": "timeStamp", "109": "status", "114": "code", "118": "meCode"},
    "concentration": {"143": "litrePerLitre", "144": "gPerG", "145": "molPerM3", "146": "molPerMol", "147": "molPerKg"},
    "data": {"76": "char", "77": "charPerSec"},
    "energy": {"132": "btu"},
    "energy_constant": {"115": "WhPerRev", "116": "VArhPerRev", "117": "VAhPerRev"},
    "energy_density": {"107": "WhPerM3", "165": "jPerKg"},
    "flow": {
        "45": "m3PerSec", "82": "litrePerSec", "123": "ft3compensatedPerH", "125": "m3PerH", "126": "m3compensatedPerH",
        "127": "m3uncompensatedPerH", "129": "usGalPerH", "131": "imperialGalPerH", "137": "litrePerH",
        "138": "litreCompensatedPerH", "139": "litreUncompensatedPerH",
    },
    "frequency_change": {"75": "HzPerSec", "150": "HzPerHz"},
    "length": {"2": "m", "148": "mPerM"},
    "mass": {"3": "g", "47": "kgM", "48": "kgPerM3", "78": "gM2"},
    "money": {"80": "money"},
    "power": {"133": "btuPerH"},
    "pressure": {"39": "pa", "140": "paG", "141": "psiA", "142": "psiG", "155": "paA"},
    "quantity_power": {"100": "q", "101": "qh", "161": "q45", "162": "q60", "163": "q45h", "164": "q60h"},
    "resistance": {"30": "ohm", "53": "siemens", "102": "ohmM"},
    "signal": {"79": "b", "113": "bm"},
    "squared": {"67": "V2", "69": "A2", "70": "A2s", "104": "V2h", "105": "A2h"},
    "temperature": {"6": "K", "23": "degC"},
    "time": {"27": "sec", "149": "secPerSec", "159": "min", "160": "h"},
    "volume": {"128": "usGal", "130": "imperialGal"},
    "other": {
        "4": "revPerSec", "8": "cd", "11": "sr", "21": "gy", "22": "bq", "24": "sv", "28": "H", "32": "n", "34": "lx", "35": "lm",
        "36": "wb", "37": "t", "43": "mPerSec", "44": "mPerSec2", "46": "mPerM3", "49": "m2PerSec", "50": "wPerMK", "51": "jPerK",
        "54": "radPerSec", "66": "Vs", "74": "VPerHz", "81": "WPerSec",
        "103": "APerM", "151": "VPerV", "152": "APerA", "158": "kat", "168": "WPerW",
    },
}  # fmt: skip
"""Quantity to code to the schema's own name: units that are no power of ten of one of the store."""


def _units() -> dict[str, Unit]:
    known = {code: parse_unit(text) for code, text in _SOURCE_UNITS.items()}
    own = {code: Unit(quantity, name, 0) for quantity, names in _OWN_UNITS.items() for code, name in names.items()}
    return own | {code: unit for code, unit in known.items() if unit is not None}


UNITS = _units()
"""uom to the unit of the store."""
NO_UNIT = "0"
"""uom 'not applicable'."""


def worst(qualities: list[Quality]) -> Quality:
    """Return the quality of a value that several are said of.

    >>> worst([Quality.MEASURED, Quality.DELIVERED_ESTIMATE]).name
    'DELIVERED_ESTIMATE'
    """
    return max(qualities, key=_WORST_LAST.index)
