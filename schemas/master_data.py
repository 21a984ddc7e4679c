"""Master data: service points, meters, registers, agreements and what they say, accounts, customers; tariffs and price series.

Each table exists twice: as it is delivered (a pydantic document per row, see ``schemas.master_documents``)
and as it is stored (the Arrow tables here). Times are half-open: ``_to`` is exclusive, null means still in force.
"""

from __future__ import annotations

import pyarrow as pa

from schemas.readings import CHANNEL, DIRECTION, METER, QUANTITY, SERVICE_POINT
from schemas.table import ENERGY, PRICE, UTC_TIME, Table, column

LOADED = column("loaded_run_id", pa.string(), "run that loaded the row")

SERVICE_POINTS = Table(
    name="service_points",
    doc="Where energy is delivered and measured.",
    key=("service_point_id",),
    columns=(
        SERVICE_POINT,
        column("zone", pa.string(), "zone name or fixed offset of its local time"),
        column("standard_offset_minutes", pa.int16(), "the market's standard time", unit="min"),
        column("commodity", pa.string(), "electricity, gas, water or heat"),
        column("billing_basis", pa.string(), "interval or register"),
        column("interval_minutes", pa.int16(), "expected interval length; null: as delivered", unit="min", nullable=True),
        column("fuse_kw", ENERGY, "rating of the main fuse", unit="kW", nullable=True),
        column("transformer_id", pa.string(), "transformer that feeds it", nullable=True),
        column("has_generation", pa.bool_(), "generation behind the meter", nullable=True),
        column("customer_class", pa.string(), "class of customer: residential, business, ...; null: nobody says", nullable=True),
        column("connected_from", UTC_TIME, "energised from", nullable=True),
        column("connected_to", UTC_TIME, "until, exclusive", nullable=True),
        LOADED,
    ),
)

METERS = Table(
    name="meters",
    doc="Meters and where they are installed.",
    key=("meter_id", "installed_from"),
    columns=(
        METER,
        SERVICE_POINT,
        column("installed_from", UTC_TIME, "installed from"),
        column("installed_to", UTC_TIME, "until, exclusive", nullable=True),
        column("meter_type", pa.string(), "make and model", nullable=True),
        column("head_end", pa.string(), "system that reads it", nullable=True),
        LOADED,
    ),
)

REGISTERS = Table(
    name="registers",
    doc="What each channel of a meter is, and the determinant it feeds.",
    key=("meter_id", "channel", "valid_from"),
    columns=(
        METER,
        CHANNEL,
        column("role", pa.string(), "main, check, rate, controlled_load or generation"),
        DIRECTION,
        QUANTITY,
        column("unit", pa.string(), "unit of the channel"),
        column("determinant", pa.string(), "import_kwh, export_kwh, controlled_load_kwh, ...; null: not billed", nullable=True),
        column("rate_band", pa.string(), "period of the tariff a rate register counts", nullable=True),
        column("multiplier", ENERGY, "index advance times this is the quantity; default 1"),
        column("dials", pa.int16(), "digits before the point; null when unknown", nullable=True),
        column(
            "wraps_at",
            ENERGY,
            "the index begins again at zero here; null: at 10^dials. Binary counters: 2^n steps",
            unit="unit",
            nullable=True,
        ),
        column("decimals", pa.int16(), "digits after the point; null when unknown", nullable=True),
        column("intervals", pa.string(), "primary (multiplied already) or secondary"),
        column("valid_from", UTC_TIME, "valid from"),
        column("valid_to", UTC_TIME, "until, exclusive", nullable=True),
        LOADED,
    ),
)

AGREEMENTS = Table(
    name="agreements",
    doc="Who pays which tariff for a service point, and from when.",
    key=("agreement_id", "valid_from"),
    columns=(
        column("agreement_id", pa.string(), "the agreement"),
        column("account_id", pa.string(), "the account that pays"),
        SERVICE_POINT,
        column("role", pa.string(), "supply or feed_in"),
        column("tariff_id", pa.string(), "name of the tariff document"),
        column("billing_clock", pa.string(), "zone or fixed offset of its periods"),
        column("valid_from", UTC_TIME, "valid from"),
        column("valid_to", UTC_TIME, "until, exclusive", nullable=True),
        LOADED,
    ),
)

AGREEMENT_FACTS = Table(
    name="agreement_facts",
    doc="What agreements say in numbers, such as contracted_kw, or contracted_kw.p1 for a period of the tariff.",
    key=("agreement_id", "fact", "valid_from"),
    columns=(
        column("agreement_id", pa.string(), "the agreement"),
        column("fact", pa.string(), "contracted_kw, contracted_kw.p1, or any other name that a tariff asks for"),
        column("value", ENERGY, "the number, in the unit that its name or the tariff says"),
        column("valid_from", UTC_TIME, "valid from"),
        column("valid_to", UTC_TIME, "until, exclusive", nullable=True),
        LOADED,
    ),
)

AGREEMENT_OPTIONS = Table(
    name="agreement_options",
    doc="What agreements are entitled to, such as low_income: charges may stand only for those.",
    key=("agreement_id", "option", "valid_from"),
    columns=(
        column("agreement_id", pa.string(), "the agreement"),
        column("option", pa.string(), "the word that a charge names in only_for"),
        column("valid_from", UTC_TIME, "valid from"),
        column("valid_to", UTC_TIME, "until, exclusive", nullable=True),
        LOADED,
    ),
)

OPENING_STATE = Table(
    name="opening_state",
    doc="What a billing period is handed over where no bill in this store came before it: banks, peaks, sums of the year.",
    key=("agreement_id", "as_of", "name"),
    columns=(
        column("agreement_id", pa.string(), "the agreement"),
        column("name", pa.string(), "as in carried_state: bank.money, bank.kwh|peak, peak|*|2025-12, ..."),
        column("value", ENERGY, "how it stood when that day began"),
        column("as_of", UTC_TIME, "begin of the first day of the billing period that it is handed to"),
        LOADED,
    ),
)

ACCOUNTS = Table(
    name="accounts",
    doc="Who is billed: ids only, names live in customers.",
    key=("account_id",),
    columns=(
        column("account_id", pa.string(), "the account"),
        column("customer_id", pa.string(), "the customer behind it"),
        column("currency", pa.string(), "ISO 4217 code"),
        column("language", pa.string(), "language of documents", nullable=True),
        column("cycle", pa.string(), "billing cycle", nullable=True),
        column("export_tax", pa.bool_(), "export bears tax: the customer is a registered seller"),
        LOADED,
    ),
)

CUSTOMERS = Table(
    name="customers",
    doc="The only table with a person's data.",
    key=("customer_id",),
    columns=(
        column("customer_id", pa.string(), "the customer"),
        column("name", pa.string(), "name"),
        column("address", pa.string(), "postal address", nullable=True),
        column("email", pa.string(), "electronic mail", nullable=True),
        column("phone", pa.string(), "telephone", nullable=True),
        LOADED,
    ),
)

TARIFFS = Table(
    name="tariffs",
    doc="Tariff documents as loaded, by hash; the newest of a name is in force.",
    key=("tariff_id", "sha256"),
    columns=(
        column("tariff_id", pa.string(), "the document's tariff: name"),
        column("sha256", pa.string(), "hash of the text"),
        column("sequence", pa.int64(), "1 for the first loaded, one more for each: the newest of a name counts"),
        column("text", pa.string(), "the YAML as loaded"),
        column("loaded_run_id", pa.string(), "run that loaded it"),
    ),
)

PRICE_SERIES = Table(
    name="price_series",
    doc="Prices (or calorific values) in time, by name; of two deliveries the newer counts for the time that it covers.",
    key=("name", "starts_at"),
    partition_by=("month",),
    columns=(
        column("month", pa.string(), "month of starts_at in UTC, YYYY-MM"),
        column("name", pa.string(), "what tariffs call the series"),
        column("starts_at", UTC_TIME, "when the value begins to hold"),
        column("ends_at", UTC_TIME, "until, exclusive; where the next row begins later, nothing is known in between"),
        column("value", PRICE, "the value; what it is per, the tariff says"),
        LOADED,
    ),
)
