"""The documentation says all that the code can say, nothing else, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipelines.bill.holds import OWNERS, HoldCode
from pipelines.ingest.tables import channel_column, time_column
from pipelines.ingest.tables import mapping as csv_mapping
from pipelines.lakehouse.settings import StoreSettings
from pipelines.lakehouse.views import view_statements
from pipelines.vee.estimation.steps import STEPS
from pipelines.vee.profile.reference import rule_line
from pipelines.vee.profile.thresholds import VeeProfile
from pipelines.vee.rules.catalogue import RULES
from schemas.codes import FileStatus, Method, Quality
from schemas.master_documents import ROWS
from schemas.tables import TABLES
from tests.docs.pages import DOCS, REPOSITORY, anchor, first_cells, headings, pages, prose, read, section
from tests.docs.words_of_code import codes_in, error_codes, rules
from tools.reference import pages as generated_pages

BILLED = "concepts/what_is_billed.md"
VEE = "concepts/vee.md"
REJECTIONS = "reference/rejections.md"
NAMES = [page.relative_to(DOCS).as_posix() for page in pages()]
DECISIONS = [name for name in NAMES if name.startswith("decisions/")]


def words(text: str) -> set[str]:
    return {word for cell in first_cells(text) for word in cell}


def missing_from(page: str, wanted: set[str]) -> set[str]:
    named = set(re.findall(r"`([^`\n]+)`", prose(read(page))))
    spelled = {part for name in named for part in re.split(r"[^\w]+", name)}
    return wanted - named - spelled


class TestHolds:
    def test_every_hold_code_has_its_row_and_no_other_is_there(self):
        assert words(section(read(BILLED), "Holds")) == {code.value for code in HoldCode}

    @pytest.mark.parametrize("code", list(HoldCode))
    def test_the_owner_is_the_one_that_the_row_in_holds_has(self, code):
        row = next(line for line in read(BILLED).splitlines() if line.startswith(f"| `{code.value}`"))
        assert row.split(" | ")[2] == OWNERS[code]


def rule_sections():
    """Sections of rules: name to text, of every page of rules."""
    found = {}
    for page in sorted((DOCS / "reference" / "vee").glob("rules_on_*.md")):
        for part in page.read_text("utf-8").split("\n## `")[1:]:
            name, _, text = part.partition("`")
            assert name not in found, f"{name} has two sections"
            found[name] = text.strip()
    return found


class TestValidation:
    def test_every_rule_has_its_section_and_no_other_is_there(self):
        assert set(rule_sections()) == {rule.name for rule in RULES}

    def test_every_rule_that_is_reported_is_in_the_catalogue(self):
        assert rules() <= {rule.name for rule in RULES}

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
    def test_a_rule_is_told_with_code_severity_basis_thresholds_and_example(self, rule):
        text = rule_sections()[rule.name]
        assert text.splitlines()[0] == rule_line(rule)
        assert "*Example*: " in text

    def test_every_threshold_that_a_rule_or_step_reads_exists(self):
        readers = [*RULES, *STEPS.values()]
        assert {name for reader in readers for name in reader.thresholds} <= set(VeeProfile.model_fields)

    def test_every_step_of_the_ladder_is_told(self):
        told = read(VEE)
        assert [name for name in STEPS if f"`{name}`" not in told] == []

    def test_every_code_of_a_blocked_advance_is_told(self):
        codes = {code for code in codes_in("pipelines/vee") if code.startswith("register.")}
        assert {word for word in words(section(read(VEE), "Registers")) if word.startswith("register.")} == codes


class TestReadings:
    @pytest.mark.parametrize("code", [*Quality, *Method], ids=lambda code: f"{type(code).__name__} {code.name}")
    def test_every_quality_and_method_is_there_with_its_number(self, code):
        assert f"| {int(code)} | `{code.name.lower()}` |" in read("concepts/readings.md")


class TestRejections:
    def test_every_code_of_ingest_is_there_and_no_other(self):
        known = codes_in("pipelines/ingest") | codes_in("head_end")
        listed = {word for word in words(read(REJECTIONS)) if "." in word}
        assert listed == known

    def test_every_status_of_a_file_is_there(self):
        assert {status.value for status in FileStatus} <= words(read(REJECTIONS))


class TestErrors:
    def test_every_error_code_is_there_and_no_other(self):
        elsewhere = {code.value for code in HoldCode} | {
            code for code in codes_in("pipelines/vee") if code.startswith("register.")
        }
        folders = ["bill", "cli", "conformance", "lakehouse", "masterdata", "operations", "publish", "vee"]
        known = error_codes("schemas", "tariffs", *(f"pipelines/{folder}" for folder in folders))
        known |= {code for code in error_codes("pipelines") if code.startswith("accounting.")}
        listed = {word for word in words(section(read("reference/exit_codes.md"), "Error codes")) if "." in word}
        assert listed == known - elsewhere


@pytest.mark.parametrize(
    "part",
    [csv_mapping.CsvMapping, time_column.TimeColumn, channel_column.ChannelColumn, csv_mapping.QualityColumn],
    ids=lambda part: part.__name__,
)
def test_every_key_of_a_mapping_file_is_told(part):
    assert not missing_from("reference/mapping_file.md", set(part.model_fields))


@pytest.mark.parametrize("table", ROWS)
def test_every_column_of_a_master_data_file_is_told(table):
    text = read("reference/master_data.md")
    assert [name for name in ROWS[table].model_fields if re.search(rf"\b{name}\b", text) is None] == []


class TestStore:
    def test_every_table_is_there_and_no_other(self):
        assert words(section(read("reference/store.md"), "Tables")) == set(TABLES)

    def test_every_setting_is_there_and_no_other(self):
        assert words(section(read("reference/store.md"), "Settings")) - {"store.json"} == set(StoreSettings.model_fields)

    def test_every_figure_of_kpis_is_there_and_no_other(self, small_store):
        (kpis,) = (s for s in view_statements(small_store, small_store.snapshot()) if s.startswith("CREATE OR REPLACE VIEW kpis"))
        figures = set(re.findall(r"'([a-z_]+)' AS kpi", kpis)) | set(
            re.findall(r"SELECT (?:\w+|coalesce\([^)]*\)), '([a-z_]+)'", kpis)
        )
        views = section(read("reference/store.md"), "Views")
        assert words(views[views.index("| kpi |") :]) == figures


@pytest.mark.parametrize("path", generated_pages(), ids=lambda path: path.name)
def test_generated_pages_are_what_the_code_says_now(path: Path):
    assert path.read_text("utf-8") == generated_pages()[path], "run: make docs"


class TestLinks:
    @pytest.mark.parametrize("name", NAMES)
    def test_links_lead_to_a_page_and_a_heading(self, name):
        page = DOCS / name
        broken = []
        for target in re.findall(r"\]\(([^)]+)\)", prose(page.read_text("utf-8"))):
            if target.startswith("https://"):
                continue
            path, _, heading = target.partition("#")
            other = (page.parent / path).resolve() if path else page
            if not other.exists() or (heading and heading not in map(anchor, headings(other.read_text("utf-8")))):
                broken.append(target)
        assert broken == []

    def test_the_index_leads_to_every_page(self):
        linked = {(DOCS / target).resolve() for target in re.findall(r"\]\(([^)#]+)\)", read("index.md"))}
        assert set(pages()) - linked == {DOCS / "index.md"}


class TestDecisions:
    def test_they_are_numbered_without_a_hole(self):
        assert [Path(name).name[:4] for name in DECISIONS] == [f"{n:04d}" for n in range(1, len(DECISIONS) + 1)]

    @pytest.mark.parametrize("name", DECISIONS)
    def test_each_has_a_date_context_choice_and_consequences(self, name):
        text = read(name)
        assert re.search(r"^\d{4}-\d{2}-\d{2}$", text, re.MULTILINE)
        assert headings(text)[1:] == ["Context", "Choice", "Consequences"]


def test_the_changelog_has_one_section_of_what_is_not_released():
    text = (REPOSITORY / "CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE)[0] == "[Unreleased]"


@pytest.mark.parametrize("name", NAMES)
def test_a_page_names_no_computer(name):
    assert re.search(r"/(?:work|home|root|tmp|Users)/", read(name)) is None
