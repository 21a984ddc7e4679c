"""The examples of the documentation run: tariffs, mappings, master data, queries, commands."""

from __future__ import annotations

import io
import json
import re
import shlex
from datetime import UTC, datetime

import click
import pytest

from pipelines.cli.main import m2b
from pipelines.ingest.reader import ReadContext
from pipelines.ingest.tables.mapped_csv import read_mapped_csv
from pipelines.ingest.tables.mapping import parse_mapping
from pipelines.lakehouse.catalogue import connect
from pipelines.masterdata.load import load_master_data
from pipelines.vee.profile.load import load_profile
from tests.docs.charge_examples import BILL, CHARGES, DOCUMENT, GIVEN, TARIFF, charge_pages, examples_of, sentences_of
from tests.docs.pages import DOCS, blocks, blocks_of_all_pages, pages, read

MAPPING, MASTER, ANALYSTS = "reference/mapping_file.md", "reference/master_data.md", "operating/analysts.md"


def named(found):
    return [pytest.param(block, id=block.name) for block in found]


class TestTariffs:
    """The pages of tariffs and charges: for what is given, the charges make the sentences that stand under them."""

    PAGES = (DOCUMENT, *charge_pages())

    @pytest.mark.parametrize("example", [each for page in PAGES for each in examples_of(page)], ids=lambda each: each.name)
    def test_the_charges_make_the_bill_that_stands_under_them(self, example):
        assert sentences_of(example) == example.said

    @pytest.mark.parametrize("page", PAGES)
    def test_every_block_of_a_page_is_part_of_an_example(self, page):
        given, charges, tariffs, bills = (len(blocks(page, language)) for language in (GIVEN, CHARGES, TARIFF, BILL))
        assert given == charges + tariffs == bills == len(examples_of(page))
        assert read(page).count("\n```") == 2 * (given + charges + tariffs + bills)

    @pytest.mark.parametrize("page", PAGES)
    def test_a_page_has_an_example(self, page):
        assert examples_of(page)


class TestMappings:
    @pytest.mark.parametrize("block", named(blocks(MAPPING, "yaml")))
    def test_a_mapping_can_be_followed(self, block):
        assert parse_mapping(block.text).channels

    def test_the_table_is_read_whole_by_the_mapping_under_it(self):
        (table,) = blocks(MAPPING, "csv")
        mapping = next(block for block in blocks(MAPPING, "yaml") if block.line > table.line)
        (parsed,) = read_mapped_csv(io.BytesIO(table.text.encode()), ReadContext("table.csv", mapping=mapping.text))
        assert parsed.rejections.num_rows == 0
        assert parsed.rows_taken == 8

    def test_its_cells_are_what_the_page_says(self):
        (table,) = blocks(MAPPING, "csv")
        mapping = next(block for block in blocks(MAPPING, "yaml") if block.line > table.line)
        (parsed,) = read_mapped_csv(io.BytesIO(table.text.encode()), ReadContext("table.csv", mapping=mapping.text))
        rows = {(r["service_point_id"], r["direction"]): r for r in parsed.intervals.to_pylist()}
        assert rows["M1", "import"]["values"] == [125, 130]
        assert rows["M1", "import"]["start"] == datetime(2026, 3, 28, 23, tzinfo=UTC)
        assert rows["M2", "import"]["quality"] == [0, 1]


def test_the_profile_can_be_followed():
    (block,) = blocks("concepts/vee.md", "yaml")
    assert load_profile(block.text).newest().spike_percent == 250


def test_the_master_data_are_loaded_without_a_contradiction(tmp_path):
    files = re.findall(r"`(\w+\.csv)`[^\n]*\n\n```csv\n(.*?)```", read(MASTER), re.DOTALL)
    for name, text in files:
        (tmp_path / name).write_text(text, "utf-8")
    tables = load_master_data([tmp_path], {}, "run")
    assert {name: rows.num_rows for name, rows in tables.items()} == {
        "service_points": 1, "meters": 2, "registers": 5, "agreements": 2, "accounts": 2, "customers": 2,
        "agreement_facts": 1, "agreement_options": 1, "opening_state": 1,
    }  # fmt: skip


class TestQueries:
    @pytest.mark.parametrize("block", named(blocks_of_all_pages("sql")))
    def test_a_query_runs(self, block, small_store):
        with connect(small_store, small_store.snapshot()) as connection:
            connection.execute(block.text)

    @pytest.mark.parametrize("block", named(blocks(ANALYSTS, "sql")))
    def test_the_analysts_queries_find_something_but_wrong_bills(self, block, small_store):
        with connect(small_store, small_store.snapshot()) as connection:
            rows = connection.execute(block.text).fetchall()
        assert bool(rows) is ("HAVING" not in block.text)


@pytest.mark.parametrize("block", named(blocks_of_all_pages("json")))
def test_json_is_json(block):
    assert json.loads(block.text)


def told_commands():
    """Return every command line that a page tells, by page."""
    found = {}
    for page in pages():
        if page.name == "commands.md":
            continue
        text = page.read_text("utf-8")
        joined = re.sub(r"\$\([^)]*\)|\{\{.*?\}\}", "X", text.replace("\\\n", " "))
        inline = re.findall(r"`(m2b [^`\n]+)`", joined)
        shell = "\n".join(re.findall(r"```(?:bash|ini|python|)\n(.*?)```", joined, re.DOTALL))
        fenced = re.findall(r"(?:^|[\s'])(m2b [a-z][^'\n]*)", shell, re.MULTILINE)
        for line in [*inline, *fenced]:
            found[page.relative_to(DOCS).as_posix(), line] = None
    return [pytest.param(line, id=f"{page}: {line[:60]}") for page, line in found]


@pytest.mark.parametrize("line", told_commands())
def test_a_command_and_its_options_exist(line):
    told = shlex.split(re.split(r"[;|>…]", line)[0])[1:]
    context, command = click.Context(m2b, info_name="m2b"), m2b
    while isinstance(command, click.Group) and told and not told[0].startswith("-"):
        name = told.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"there is no command {name}"
        context, command = click.Context(found, info_name=name, parent=context), found
    known = {option for parameter in command.get_params(context) for option in parameter.opts}
    assert [word for word in told if word.startswith("--") and word not in known] == []
