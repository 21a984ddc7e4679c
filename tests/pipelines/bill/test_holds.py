from __future__ import annotations

import pytest

from pipelines.bill.holds import OWNERS, HoldCode


@pytest.mark.parametrize("code", HoldCode)
def test_every_hold_has_somebody_who_clears_it(code):
    assert OWNERS[code] in ("billing", "crm", "metering", "pricing")


@pytest.mark.parametrize("code", HoldCode)
def test_a_code_is_lower_case_words_joined_by_dots(code):
    assert all(word.isalpha() and word.islower() for word in code.value.replace("_", ".").split("."))
