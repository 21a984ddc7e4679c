from __future__ import annotations

from tools.readme import README, with_output


def test_the_readme_shows_what_its_commands_print(tmp_path):
    text = README.read_text("utf-8")
    assert with_output(text, tmp_path) == text


def test_its_first_two_commands_are_the_two_that_do_everything():
    commands = [line for line in README.read_text("utf-8").splitlines() if line.startswith("$ ")]
    assert commands[:2] == ["$ make demo", "$ make test"]
