"""Fields of URDB v8 by what they mean for a bill; the list is that of the database's own API and exports.

A field that stands in none of these and is not read by ``urdb`` is refused: nobody knows whether it has a price.
"""

from __future__ import annotations

INFORMATION = {
    "approved": "whether an expert has verified the record",
    "basicinformationcomments": "text",
    "coincidentrateschedule": "hours of coincidentratestructure",
    "coincidentrateunit": "unit of coincidentratestructure",
    "coincidentschedule": "hours of coincidentratestructure",
    "country": "country of the utility",
    "demandcomments": "text",
    "demandtoulabels": "names of the demand periods",
    "demandunits": "unit of peakkwcapacitymin and peakkwcapacitymax",
    "description": "text",
    "eiaid": "id of the utility",
    "energycomments": "text",
    "energytoulabels": "names of the energy periods",
    "is_default": "whether this is the utility's most common rate",
    "label": "id of the record",
    "latest_update": "when the record was changed",
    "name": "name of the rate",
    "peakkwcapacityhistory": "who may have the rate",
    "peakkwcapacitymax": "who may have the rate",
    "peakkwcapacitymin": "who may have the rate",
    "peakkwhusagehistory": "who may have the rate",
    "peakkwhusagemax": "who may have the rate",
    "peakkwhusagemin": "who may have the rate",
    "phasewiring": "who may have the rate",
    "revisions": "when the record was changed",
    "sector": "who may have the rate",
    "servicetype": "whether energy, delivery or both are priced",
    "source": "where the record was taken from",
    "sourceparent": "where the record was taken from",
    "supercedes": "id of the record before",
    "supersedes": "id of the record before",
    "uri": "page of the record",
    "utility": "name of the utility",
    "voltagecategory": "who may have the rate",
    "voltagemaximum": "who may have the rate",
    "voltageminimum": "who may have the rate",
    "x_note": "text",
}
"""Without a price: kept in ``source`` of the version."""

METERING = {
    "dgrules": "says that exports are settled, not at which price",
    "usenetmetering": "says that exports are settled, not at which price",
}
"""Kept as information; what is earned by export has to be said in an overlay."""

REFUSED_UNLESS_ZERO = {
    "coincidentratestructure": "a price for the system's peak hours, which the record does not name",
    "demandreactivepowercharge": "a price a kvar, and the record does not say of which kvar",
    "demandratchetpercentage": "a ratchet without the months it looks back to; say it as billing_demand in an overlay",
    "lookbackpercent": "a ratchet whose months and periods the record does not say; say it as billing_demand in an overlay",
    "lookbackrange": "a ratchet whose months and periods the record does not say; say it as billing_demand in an overlay",
    "fixedchargeeaaddl": "a price for each further meter, and a bill does not count meters",
    "fueladjustmentsmonthly": "prices that change by month, and it is not said whether rates contain them",
    "fueladjustments": "prices that change by month, and it is not said whether rates contain them",
}
"""Prices that cannot be carried; where all their numbers are zero they cost nothing."""

REFUSED = {
    "demandattrs": "texts that may hold prices",
    "energyattrs": "texts that may hold prices",
    "fixedattrs": "texts that may hold prices",
    "demandkeyvals": "texts that may hold prices",
    "energykeyvals": "texts that may hold prices",
    "fixedkeyvals": "texts that may hold prices",
}
"""Cannot be carried whatever they say."""

LOOKBACK_MONTHS = "lookbackmonths"
"""Months that a ratchet looks at: nothing by itself."""

CARRIED = frozenset(
    (
        "annualmincharge",
        "demandratestructure",
        "demandrateunit",
        "demandweekdayschedule",
        "demandweekendschedule",
        "demandwindow",
        "enddate",
        "energyratestructure",
        "energyweekdayschedule",
        "energyweekendschedule",
        "fixedchargefirstmeter",
        "fixedchargeunits",
        "fixedmonthlycharge",
        "flatdemandmonths",
        "flatdemandstructure",
        "flatdemandunit",
        "mincharge",
        "minchargeunits",
        "minmonthlycharge",
        "startdate",
        "x_holiday_policy",
        "x_holidays",
    )
)
"""Read for prices, hours and dates."""

KNOWN = CARRIED.union(INFORMATION, METERING, REFUSED_UNLESS_ZERO, REFUSED, (LOOKBACK_MONTHS,))
