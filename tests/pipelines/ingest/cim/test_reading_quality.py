from __future__ import annotations

import pytest

from pipelines.ingest.cim.reading_quality import judge
from schemas.codes import Quality


class TestOneQuality:
    # IEC 61968-9, quality code categories: 0 valid ... 4 data collection, 7 edited, 8 estimated, 12 projected
    @pytest.mark.parametrize(
        ("code", "quality"),
        [
            ("2.0.0", Quality.MEASURED),
            ("3.0.1", Quality.MEASURED),
            ("1.2.32", Quality.MEASURED),
            ("5.4.260", Quality.MEASURED),
            ("3.7.0", Quality.SUBSTITUTED),
            ("2.8.0", Quality.DELIVERED_ESTIMATE),
            ("3.12.0", Quality.DELIVERED_ESTIMATE),
            ("2.5.259", Quality.MISSING),
        ],
    )
    def test_the_category_decides(self, code, quality):
        assert judge((code,)) == (quality, code, (), ())

    @pytest.mark.parametrize("code", ["2.5.258", "3.6.3", "3.10.0", "3.11.1"])
    def test_a_value_that_the_sender_doubts_stays_measured_and_is_told(self, code):
        assert judge((code,)) == (Quality.MEASURED, code, (code,), ())

    def test_a_derived_value_that_is_deterministic_is_not_doubted(self):
        assert judge(("3.11.0",)).doubted == ()

    @pytest.mark.parametrize("code", ["3.9.0", "3.13.0", "valid", "3.8", "3.8.0.0", "-1.8.0"])
    def test_an_unknown_code_stays_measured_and_is_told(self, code):
        assert judge((code,)) == (Quality.MEASURED, code, (), (code,))


class TestSeveralQualities:
    @pytest.mark.parametrize(
        ("codes", "quality"),
        [
            (["1.0.0", "3.8.1"], Quality.DELIVERED_ESTIMATE),
            (["3.8.1", "3.7.0"], Quality.DELIVERED_ESTIMATE),
            (["3.7.0", "1.4.2"], Quality.SUBSTITUTED),
            (["3.8.0", "2.5.259", "1.0.0"], Quality.MISSING),
        ],
    )
    def test_the_worst_counts_and_all_are_kept(self, codes, quality):
        found = judge(tuple(codes))
        assert (found.quality, found.native) == (quality, " ".join(codes))

    def test_none_is_measured_without_a_code(self):
        assert judge(()) == (Quality.MEASURED, None, (), ())
