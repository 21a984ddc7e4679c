"""The pages of tariffs say every key, word and default that a document can have, nothing else, and show each kind of charge."""

from __future__ import annotations

import ast
import re
import sys
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import get_args

import pytest
from pydantic import ValidationError
from pydantic_core import PydanticUndefined

from schemas.errors import TariffError
from tariffs import model
from tariffs.carried import BANK_MONEY, bank_kwh, counted_to_minimum
from tariffs.charges import bank, base, contracted, demand, export, measure, prices, tax, tiers
from tariffs.charges.demand import FLAT
from tariffs.conversion import Conversion, DatedValue, SeriesValue
from tariffs.events import Window
from tariffs.periods import PeriodRule, Season
from tariffs.rated import ROUNDING
from tariffs.rounding import Places, Rounding, TaxPlaces
from tariffs.scalars import UNSUPPORTED, Document
from tests.docs.charge_examples import DOCUMENT, INDEX, charge_pages, examples_of, shown_by, tariff_of
from tests.docs.pages import REPOSITORY, anchor, headings, read, rows_of_keys, table_under

CHARGES = {tag.tag.removeprefix("~"): kind for kind, tag in (get_args(each) for each in get_args(get_args(model.Charge)[0]))}
"""The document of each kind of charge."""
FOLDER = PurePosixPath(INDEX).parent
OF_CHARGE = {charge: (f"{FOLDER}/{kind}.md", "key") for kind, charge in CHARGES.items()}
TABLES: dict[type[Document], tuple[str, str]] = {
    **OF_CHARGE,
    base.ChargeDocument: (INDEX, "key of every charge"),
    model.Tariff: (DOCUMENT, "key of the document"),
    model.Version: (DOCUMENT, "key of `versions`"),
    model.Holidays: (DOCUMENT, "key of `holidays`"),
    Season: (DOCUMENT, "key of `seasons`"),
    PeriodRule: (DOCUMENT, "key of a rule"),
    Window: (DOCUMENT, "key of `events`"),
    Rounding: (f"{FOLDER}/rounding.md", "key of `rounding`"),
    Places: (f"{FOLDER}/rounding.md", "key of `{places, mode}`"),
    TaxPlaces: (f"{FOLDER}/rounding.md", "key of `tax`"),
    tiers.Tiers: (f"{FOLDER}/energy.md", "key of `tiers`"),
    tiers.Block: (f"{FOLDER}/energy.md", "key of `blocks`"),
    prices.SeriesPrice: (f"{FOLDER}/energy.md", "key of a price by series"),
    demand.DemandTiers: (f"{FOLDER}/demand.md", "key of `tiers`"),
    demand.TargetPowerFactor: (f"{FOLDER}/demand.md", "key of `power_factor`"),
    measure.Measure: (f"{FOLDER}/demand.md", "key of `measure`"),
    measure.Lookback: (f"{FOLDER}/demand.md", "key of a ratchet"),
    measure.Ratchet: (f"{FOLDER}/demand.md", "key of a ratchet"),
    measure.ChargeRatchet: (f"{FOLDER}/demand.md", "key of a ratchet"),
    contracted.Excess: (f"{FOLDER}/contracted.md", "key of `excess`"),
    export.Export: (f"{FOLDER}/export.md", "key"),
    Conversion: (f"{FOLDER}/conversion.md", "key"),
    DatedValue: (f"{FOLDER}/conversion.md", "key of `calorific_value`"),
    SeriesValue: (f"{FOLDER}/conversion.md", "key of `calorific_value`"),
}
"""Where the keys of each part of a document are told: the page, and what the first column of the table is called."""
SHORT_FORMS = {(f"{FOLDER}/rider.md", "key"): {"series"}, (INDEX, "key of every charge"): {"kind"}}
"""Words in tables of keys that are no field of their part: a short form, and what every kind has for itself."""
BY_TABLE: dict[tuple[str, str], list[type[Document]]] = {}
for _part, _table in TABLES.items():
    BY_TABLE.setdefault(_table, []).append(_part)
RATCHETS = (measure.Lookback, measure.Ratchet, measure.ChargeRatchet)
BESIDE_ANOTHER = {
    (tax.TaxCharge, "round"), (Season, "at"), (PeriodRule, "else"), (tiers.Tiers, "limits"), (tiers.Tiers, "blocks"),
    (tiers.Block, "kwh_per_kw"), (measure.Measure, "n"), (export.Export, "pays"), (export.Export, "price"),
    (model.Version, "source"), *((part, key) for part in RATCHETS for key in ("percent", "percent_by_month")),
}  # fmt: skip
"""Keys that another key calls for or rules out, so that leaving them out means nothing of its own; and one that means nothing."""
FIELDS = [
    pytest.param(part, field.alias or name, field.default, id=f"{part.__name__}.{field.alias or name}")
    for part in TABLES
    for name, field in part.model_fields.items()
    if not (part in OF_CHARGE and name in {"id", "kind", *base.ChargeDocument.model_fields})
]


def parts_of_documents(part: type[Document] = Document) -> set[type[Document]]:
    """Return every part that a tariff document can have."""
    below = set(part.__subclasses__())
    return below.union(*(parts_of_documents(each) for each in below))


def keys_of(part: type[Document]) -> set[str]:
    return {field.alias or name for name, field in part.model_fields.items()}


def accepted_words(part: type[Document], key: str) -> set[str]:
    """Return the words that a field takes, as its own refusal of another one lists them; none where it takes no words."""
    try:
        part.model_validate({key: "?"})
    except ValidationError as refused:
        said = [each["msg"] for each in refused.errors() if each["loc"] == (key,)]
        listed = re.search(r"is not one of: (.*)", " ".join(said))
        return set(listed[1].split(", ")) if listed else set()
    return set()


class TestKeys:
    def test_every_part_of_a_document_has_its_table(self):
        assert {part for part in parts_of_documents() if part.__module__.startswith("tariffs.")} == set(TABLES)

    @pytest.mark.parametrize("table", BY_TABLE, ids=lambda table: f"{PurePosixPath(table[0]).stem}: {table[1]}")
    def test_a_table_has_every_key_and_no_other(self, table):
        told = set(rows_of_keys(read(table[0]), table[1])) - SHORT_FORMS.get(table, set())
        assert told == set().union(*(keys_of(part) for part in BY_TABLE[table]))

    @pytest.mark.parametrize(("part", "key", "default"), FIELDS)
    def test_every_word_that_a_key_takes_is_told(self, part, key, default):
        page, header = TABLES[part]
        row = rows_of_keys(read(page), header)[key]
        assert {word for word in accepted_words(part, key) if f"`{word}`" not in row} == set()

    @pytest.mark.parametrize(("part", "key", "default"), FIELDS)
    def test_what_it_means_to_leave_a_key_out_is_told(self, part, key, default):
        page, header = TABLES[part]
        row = rows_of_keys(read(page), header)[key]
        if default is PydanticUndefined or (part, key) in BESIDE_ANOTHER:
            assert "default" not in row
            assert "left out" not in row
        elif default is None or part is PeriodRule:
            assert "left out" in row
        elif isinstance(default, str | int | Decimal):
            word = str(default).lower() if isinstance(default, bool) else str(default)
            assert f"`{word}` (default)" in row or f"default `{word}`" in row

    def test_a_demand_charge_takes_the_word_for_all_intervals(self):
        assert f"{{{FLAT}: P}}" in rows_of_keys(read(f"{FOLDER}/demand.md"), "key")["price"]


ROWS = table_under(read(INDEX), "Every kind")
KINDS = [pytest.param(word, row, id=word) for row in ROWS for word in re.findall(r"`([^`]+)`", row[0])]


class TestTableOfCharges:
    def test_it_has_every_kind_that_a_document_or_a_bill_can_have_and_no_other(self):
        made = {export.KIND, bank.BANK, bank.TRUE_UP, tax.INCLUDED, ROUNDING}
        keys = {"carry", "conversion"}
        assert keys <= keys_of(export.Export) | keys_of(model.Version)
        assert {each.id for each in KINDS} == set(CHARGES) | made | keys | accepted_words(export.Export, "mode")

    def test_each_has_one_row(self):
        assert len(KINDS) == len(ROWS) == len({each.id for each in KINDS})

    @pytest.mark.parametrize(("kind", "row"), KINDS)
    def test_each_says_what_for_formula_source_and_example(self, kind, row):
        assert all(row[column] for column in (1, 2, 5, 6))

    @pytest.mark.parametrize(("kind", "row"), KINDS)
    def test_its_example_shows_it(self, kind, row):
        page, _, place = re.findall(r"\]\(([^)]+)\)", row[6])[0].partition("#")
        page = f"{FOLDER}/{page}"
        (heading,) = [each for each in headings(read(page)) if anchor(each) == place]
        assert any(kind in shown_by(example) for example in examples_of(page, heading))

    @pytest.mark.parametrize(("kind", "row"), KINDS)
    def test_its_rules_of_rounding_are_rules(self, kind, row):
        assert set(re.findall(r"`([^`]+)`", row[4])) <= keys_of(Rounding)

    def test_every_page_is_in_it(self):
        linked = {f"{FOLDER}/{page}" for row in ROWS for page in re.findall(r"\]\(([^)#]+)", row[6])}
        assert linked == set(charge_pages())


REFUSED = {
    ("charges[].tiers", "`blocks` with `per: day` or `per: year`"):
        '- {id: a, kind: energy, price: ["1", "2"], tiers: {per: day, blocks: [{kwh_per_kw: "1"}, {}]}}',
    ("charges[].price", "prices by period of a charge on `export_kwh`, where export has periods of its own"):
        'charges: [{id: a, kind: energy, quantity: export_kwh, price: {peak: "1", off: "2"}}]\n'
        'export: {mode: net_billing, periods: {all: [{else: true}]}, price: "1"}',
    ("charges[].price", "under net metering, a series on `import_kwh`"):
        "charges: [{id: a, kind: energy, price: {series: spot}}]\nexport: {mode: nem_kwh}",
    ("charges[].tiers.fill", "under net metering, `time_order` on `import_kwh`"):
        'charges: [{id: a, kind: energy, price: ["1", "2"], tiers: {limits: ["9"], fill: time_order}}]\nexport: {mode: nem_kwh}',
    ("charges[].tiers.reset", "under net metering, `reset: day` on `import_kwh`"):
        'charges: [{id: a, kind: energy, price: ["1", "2"], tiers: {limits: ["9"], per: day, reset: day}}]\n'
        "export: {mode: nem_kwh}",
    ("charges[].net", "a rider by series on the net kWh"):
        'charges: [{id: b, kind: energy, price: "1"}, {id: a, kind: rider, series: spot, net: true}]\nexport: {mode: nem_kwh}',
    ("charges[].of[]", "a percentage or tax on export, by its name; `export: {tax: […]}` says which taxes it bears"):
        '- {id: a, kind: tax, of: [export], percent: "1"}',
    ("charges[].of[]", "a percentage on a tax"):
        '- {id: b, kind: tax, of: all, percent: "1"}\n- {id: a, kind: percent, of: [b], percent: "1"}',
    ("charges[].of[]", "a percentage on a minimum"):
        '- {id: b, kind: minimum, amount: "9", per: month}\n- {id: a, kind: percent, of: [b], percent: "1"}',
    ("charges[].of[]", "a tax contained in prices on a tax, or a tax on it"):
        '- {id: b, kind: tax, of: all, percent: "1", inclusive: true, round: tax}\n- {id: a, kind: tax, of: [b], percent: "1"}',
    ("charges[].covers[]", "a minimum that names export, or a tax"):
        '- {id: a, kind: minimum, amount: "9", per: month, covers: [export]}',
    ("charges[].inclusive", "two taxes contained in the same price"):
        '- {id: a, kind: tax, of: all, percent: "1", inclusive: true, round: tax}\n'
        '- {id: b, kind: tax, of: all, percent: "2", inclusive: true, round: tax}',
    ("charges[]", "another charge than energy and rider on the energy that a conversion makes"):
        'conversion: {volume: volume_m3, energy: gas_kwh, calorific_value: "39.5", divide_by: "3.6"}\n'
        'charges: [{id: a, kind: demand, price: "1", measure: {quantity: gas_kwh}}]',
    ("billing_demand.measure.quantity", "billing demand of the energy that a conversion makes"):
        'conversion: {volume: volume_m3, energy: gas_kwh, calorific_value: "39.5", divide_by: "3.6"}\n'
        'billing_demand: {percent: "80", months: 11, measure: {quantity: gas_kwh}}',
    ("rounding.quantity", "rounded quantities where a price is by series"):
        "rounding: {quantity: {places: 2}}\ncharges: [{id: a, kind: energy, price: {series: spot}}]",
}  # fmt: skip
"""For each row of what is known and not supported a document that asks for it."""


class TestNotSupported:
    def test_the_page_lists_what_is_refused_here_and_nothing_else(self):
        rows = table_under(read(DOCUMENT), "Known and not supported")
        assert [(field.strip("`"), what) for field, what in rows] == list(REFUSED)

    @pytest.mark.parametrize(("field", "what"), REFUSED, ids=[what for _, what in REFUSED])
    def test_it_is_refused_at_the_field(self, field, what):
        with pytest.raises(TariffError) as refused:
            tariff_of(REFUSED[field, what])
        where = re.sub(r"\[\d+\]", "[]", refused.value.where).removeprefix("versions[].")
        assert (refused.value.code, where) == (UNSUPPORTED, field)

    def test_every_refusal_of_the_code_has_its_row(self):
        refusals = {(str(path), line) for path in CHECKED for line in lines_that_refuse(path)}
        assert refusals
        assert refusals - set().union(*(lines_run_by(document) for document in REFUSED.values())) == set()


CHECKED = [
    path
    for path in sorted((REPOSITORY / "tariffs").rglob("*.py"))
    if path.parent.name in ("tariffs", "charges") and path.name not in ("load.py", "scalars.py")
]
"""The modules that may find a document asking for what is not supported."""


def lines_that_refuse(path: Path) -> list[int]:
    """Return the lines of a module that use the code of what is not supported."""
    names = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Name))
    return [node.lineno for node in names if node.id == "UNSUPPORTED" and isinstance(node.ctx, ast.Load)]


def lines_run_by(document: str) -> set[tuple[str, int]]:
    """Return the lines of the program that run while a document is refused."""
    run: set[tuple[str, int]] = set()

    def trace(frame, event, _):
        if "tariffs" not in frame.f_code.co_filename:
            return None
        if event == "line":
            run.add((frame.f_code.co_filename, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with pytest.raises(TariffError):
            tariff_of(document)
    finally:
        sys.settrace(before)
    return run


def test_every_name_of_what_is_handed_on_is_told():
    told = [
        cell[0].strip("`").replace("\\|", "|")
        for cell in table_under(read(DOCUMENT), "What one billing period hands to the next")
    ]
    made = [bank_kwh("PERIOD"), BANK_MONEY, "ladder|CHARGE|2025-07-01", counted_to_minimum("CHARGE", 2025), "peak|CHARGE|2026-07"]
    assert told == made
