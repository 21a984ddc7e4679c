"""The conformance pack: every case ends as it must, and a case that does not is told."""

from __future__ import annotations

import shutil

import pytest

from pipelines.conformance.pack import SHIPPED, read_pack
from pipelines.conformance.play import play
from pipelines.conformance.slots import in_short, spread
from pipelines.conformance.verdict import judge
from pipelines.vee.estimation.steps import STEPS
from pipelines.vee.profile.load import load_profile, shipped_profiles, shipped_text
from pipelines.vee.rules.catalogue import RULES
from schemas.errors import InputRefusedError

CASES = read_pack(SHIPPED)
ONE = "gap_of_two_hours_is_a_straight_line"


@pytest.mark.parametrize("profile", shipped_profiles())
def test_every_case_of_a_profile_ends_as_it_must(profile):
    cases = [case for case in CASES if profile in case.says.profiles]
    verdicts = [judge(case, made) for case, made in zip(cases, play(cases, load_profile(shipped_text(profile))), strict=True)]
    assert {verdict.case.name: verdict.differences for verdict in verdicts if not verdict.passed} == {}


def test_a_case_claims_only_rules_and_steps_that_there_are():
    known = {rule.name for rule in RULES} | set(STEPS)
    assert {claim for case in CASES for claim in case.says.claims} <= known


def test_a_case_is_of_profiles_that_are_shipped():
    assert {name for case in CASES for name in case.says.profiles} <= set(shipped_profiles())


def changed(tmp_path, file, old, new):
    shutil.copytree(SHIPPED / "default", tmp_path / "default")
    shutil.copytree(SHIPPED / ONE, tmp_path / ONE)
    path = tmp_path / ONE / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    (case,) = read_pack(tmp_path)
    (made,) = play([case], load_profile(""))
    return judge(case, made).differences


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        pytest.param("then/readings.csv", "0.50 0.60", "0.50 0.61", "values 0.4 0.5 0.6 0.7", id="another value"),
        pytest.param("then/readings.csv", "4xlinear", "4xlike_day", "method none 4xlinear none, must be", id="another method"),
        pytest.param("then/readings.csv", "4xestimated", "4xmeasured", "quality measured 4xestimated", id="another quality"),
        pytest.param("then/exceptions.csv", "21,25,gap", "21,24,gap", "not found: channel E1", id="another finding"),
        pytest.param("then/exceptions.csv", "E1,2026-01-05,21,25,gap,est\n", "", "and must not be", id="a finding too much"),
        pytest.param("when/readings.csv", "S,M,E1,import,kWh", "S,M,E1,import,pints", "set aside: ", id="a row set aside"),
    ],
)
def test_what_differs_is_told(tmp_path, file, old, new, told):
    assert any(told in difference for difference in changed(tmp_path, file, old, new))


@pytest.mark.parametrize(
    ("file", "text", "code"),
    [
        ("case.yaml", "title: x", "conformance.case"),
        ("case.yaml", "title: [", "conformance.case"),
        ("when/readings.csv", "a,b\n1\n", "conformance.case"),
        ("when/reading.csv", "a\n1\n", "conformance.case"),
    ],
)
def test_a_case_that_cannot_be_read_is_refused_with_its_place(tmp_path, file, text, code):
    shutil.copytree(SHIPPED / ONE, tmp_path / ONE)
    (tmp_path / ONE / file).write_text(text, "utf-8")
    with pytest.raises(InputRefusedError) as refused:
        read_pack(tmp_path)
    assert refused.value.code == code
    assert ONE in refused.value.where


def test_a_folder_without_cases_is_refused(tmp_path):
    with pytest.raises(InputRefusedError, match="holds no case"):
        read_pack(tmp_path)


@pytest.mark.parametrize("text", ["0x1", "99999999x1", "3x"])
def test_slots_that_cannot_be_read_are_refused(text):
    with pytest.raises(InputRefusedError, match=r"conformance\.slots|is no slot"):
        spread(text, "a table")


def test_slots_in_short_are_the_slots():
    assert in_short(spread("48x0.5 - 2x1.25 1.25", "")) == "48x0.5 - 3x1.25"
