from __future__ import annotations

import pickle
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import TariffError
from tariffs.determinants import prices_export, required_determinants
from tariffs.load import parse_tariff, read_yaml

WHOLE = """\
tariff: example
currency: AUD
clock: Australia/Perth
holidays: {calendar: AU-WA, priced_as: weekend, observe: sunday_to_monday}
rounding: {line: none, total: {places: 2, mode: half_up}}
versions:
- from: 2020-01-01
  source: {url: "https://example.org", retrieved: 2026-06-30}
  seasons: {summer: {from: 10-01, to: 04-01, by: calendar}}
  periods:
    peak: [{season: summer, days: weekdays, from: "15:00", to: "21:00"}, {days: [mon-fri], from: 17:00, to: 20:00, months: [6]}]
    off: [{else: true}]
  charges:
  - {id: supply, kind: fixed, price: "1.0567", per: day}
  - {id: usage, kind: energy, quantity: import_kwh, price: {peak: "0.4863", off: 0.223}}
  - {id: blocks, kind: energy, quantity: controlled_load_kwh, price: ["0.11", "0.16"], tiers: {limits: ["200"], per: month}}
  - {id: fuel, kind: rider, per: kWh, price: "0.01"}
  - {id: discount, kind: percent, of: [usage], percent: "-3"}
  - {id: gst, kind: tax, of: all, percent: "10", code: GST}
  export:
    mode: net_billing
    periods: {evening: [{days: all, from: "15:00", to: "21:00"}], other: [{else: true}]}
    price: {evening: "0.1", other: "0.0225"}
"""


def refusal_of(old, new):
    assert old in WHOLE
    with pytest.raises(TariffError) as refused:
        parse_tariff(WHOLE.replace(old, new), "t.yaml")
    return refused.value


class TestWholeDocument:
    def test_it_loads(self):
        assert parse_tariff(WHOLE, "t.yaml").tariff == "example"

    def test_an_unquoted_price_is_the_decimal_that_stands_there(self):
        assert parse_tariff(WHOLE, "t.yaml").versions[0].charges[1].price["off"] == Decimal("0.223")

    def test_off_is_a_word(self):
        assert list(parse_tariff(WHOLE, "t.yaml").versions[0].periods) == ["peak", "off"]

    def test_the_same_text_gives_equal_tariffs_with_equal_hashes(self):
        one, other = parse_tariff(WHOLE, "a.yaml"), parse_tariff(WHOLE, "b.yaml")
        assert one == other
        assert hash(one) == hash(other)

    def test_another_price_is_another_tariff(self):
        assert parse_tariff(WHOLE, "t.yaml") != parse_tariff(WHOLE.replace("0.4863", "0.4864"), "t.yaml")

    def test_it_crosses_worker_borders(self):
        tariff = parse_tariff(WHOLE, "t.yaml")
        assert pickle.loads(pickle.dumps(tariff)) == tariff  # noqa: S301 - our own bytes

    def test_it_says_which_determinants_it_needs(self):
        assert required_determinants(parse_tariff(WHOLE, "t.yaml")) == {"import_kwh", "controlled_load_kwh"}

    def test_it_says_that_it_prices_export(self):
        assert prices_export(parse_tariff(WHOLE, "t.yaml"))

    def test_without_export_it_says_so(self):
        assert not prices_export(parse_tariff(WHOLE[: WHOLE.index("  export:")], "t.yaml"))


NOT_SUPPORTED = [
    pytest.param("of: [usage]", "of: [gst]", "charges[4].of[0]", id="a share of a tax"),
    pytest.param("of: [usage]", "of: [export]", "charges[4].of[0]", id="a share of export"),
    pytest.param(
        "quantity: import_kwh", "quantity: export_kwh", "charges[1].price", id="a charge on export by periods it has not"
    ),
]


class TestWhatIsNotSupported:
    @pytest.mark.parametrize(("old", "new", "where"), NOT_SUPPORTED)
    def test_is_refused_by_the_name_of_its_field(self, old, new, where):
        error = refusal_of(old, new)
        assert (error.code, error.where) == ("tariff.unsupported", f"versions[0].{where}")


WRONG = [
    pytest.param("currency: AUD", "currency: dollars", "currency", id="a currency is three letters"),
    pytest.param("currency: AUD\n", "", "currency", id="a currency is needed"),
    pytest.param("Australia/Perth", "Australia/Atlantis", "clock", id="an unknown zone"),
    pytest.param("Australia/Perth", '"+25:00"', "clock", id="an offset beyond the world"),
    pytest.param("AU-WA", "AU-XX", "holidays.calendar", id="an unknown region"),
    pytest.param("AU-WA,", "AU-WA, names: [festivus],", "holidays.names[0]", id="an unknown holiday"),
    pytest.param("priced_as: weekend", "priced_as: someday", "holidays.priced_as", id="holidays as no day"),
    pytest.param("observe: sunday_to_monday", "observe: always", "holidays.observe", id="no rule of observing"),
    pytest.param("places: 2", "places: 10", "rounding.total.places", id="more places than quantities have"),
    pytest.param("mode: half_up", "mode: half_down", "rounding.total.mode", id="a mode nobody knows"),
    pytest.param("line: none", "line: some", "rounding.line", id="lines rounded to some"),
    pytest.param("from: 2020-01-01", "from: 2020-13-01", "versions[0].from", id="no such month"),
    pytest.param("from: 10-01", "from: 02-30", "versions[0].seasons.summer.from", id="no such day"),
    pytest.param("to: 04-01", "to: 10-01", "versions[0].seasons.summer", id="an empty season"),
    pytest.param("season: summer", "season: sumer", "versions[0].periods.peak[0].season", id="an unknown season"),
    pytest.param("days: weekdays", "days: workdays", "versions[0].periods.peak[0].days", id="an unknown day"),
    pytest.param(
        "days: weekdays", "days: holiday", "versions[0].periods.peak[0].days", id="holidays priced as weekend never come"
    ),
    pytest.param('to: "21:00"}, {days: [mon', 'to: "21:60"}, {days: [mon', "versions[0].periods.peak[0].to", id="no such minute"),
    pytest.param(
        'to: "21:00"}, {days: [mon', 'to: "15:00"}, {days: [mon', "versions[0].periods.peak[0]", id="an empty time of day"
    ),
    pytest.param("months: [6]", "months: [13]", "versions[0].periods.peak[1].months[0]", id="a 13th month"),
    pytest.param("[{else: true}]\n", "[{else: true, days: sat}]\n", "versions[0].periods.off[0]", id="else stands alone"),
    pytest.param("{id: supply", "{id: all", "versions[0].charges[0].id", id="a reserved id"),
    pytest.param("{id: supply", "{id: usage", "versions[0].charges[1].id", id="an id twice"),
    pytest.param("{id: supply", "{id: a b", "versions[0].charges[0].id", id="an id with a blank"),
    pytest.param('"1.0567"', '"1,0567"', "versions[0].charges[0].price", id="a decimal comma"),
    pytest.param('"1.0567"', "1e3", "versions[0].charges[0].price", id="an exponent"),
    pytest.param('"1.0567"', '"1.0000000000001"', "versions[0].charges[0].price", id="13 decimals"),
    pytest.param("per: day}", "per: week}", "versions[0].charges[0].per", id="per week"),
    pytest.param("per: day}", "per: month, days: actual}", "versions[0].charges[0]", id="days of a monthly charge"),
    pytest.param("per: day}", "per: day, prorate: none}", "versions[0].charges[0]", id="proration of a daily charge"),
    pytest.param(
        '{peak: "0.4863", off: 0.223}',
        '{peak: "1", of: "2", off: "3"}',
        "versions[0].charges[1].price.of",
        id="an unknown period",
    ),
    pytest.param('["0.11", "0.16"]', '["0.11"]', "versions[0].charges[2].price", id="fewer prices than steps"),
    pytest.param('["0.11", "0.16"]', '"0.11"', "versions[0].charges[2].tiers", id="steps without prices"),
    pytest.param(', tiers: {limits: ["200"], per: month}', "", "versions[0].charges[2].price", id="prices without steps"),
    pytest.param('["200"]', '["200", "200"]', "versions[0].charges[2].tiers.limits", id="limits that do not rise"),
    pytest.param('["200"]', '["0"]', "versions[0].charges[2].tiers.limits", id="a limit of zero"),
    pytest.param(
        "per: month}}", "per: day, prorate: days_of_nominal_month}}", "versions[0].charges[2].tiers", id="daily limits prorated"
    ),
    pytest.param(
        "per: month}}", "per: month, prorate: days}}", "versions[0].charges[2].tiers.prorate", id="proration by days of nothing"
    ),
    pytest.param("per: month}}", "per: month, reset: day}}", "versions[0].charges[2].tiers", id="a monthly limit anew each day"),
    pytest.param("per: month}}", 'per: month, year_from: "07-01"}}', "versions[0].charges[2].tiers", id="a year of a month"),
    pytest.param("per: month}}", "per: year, prorate: days_of_month}}", "versions[0].charges[2].tiers", id="a year prorated"),
    pytest.param('{limits: ["200"], per: month}', "{per: month}", "versions[0].charges[2].tiers", id="tiers without limits"),
    pytest.param(
        'limits: ["200"], per: month}', 'blocks: [{kwh_per_kw: "200"}]}', "versions[0].charges[2].tiers", id="no block is open"
    ),
    pytest.param(
        'limits: ["200"], per: month}',
        'blocks: [{kwh_per_kw: "400"}, {kwh_per_kw: "200"}, {}]}',
        "versions[0].charges[2].tiers",
        id="blocks that do not rise",
    ),
    pytest.param(
        'limits: ["200"], per: month}',
        'blocks: [{kwh_per_kw: "0"}, {}]}',
        "versions[0].charges[2].tiers.blocks[0].kwh_per_kw",
        id="a block of no hours",
    ),
    pytest.param('limits: ["200"], per: month}', "blocks: [{}]}", "versions[0].charges[2].tiers", id="a ladder of one step"),
    pytest.param("of: [usage]", "of: [use]", "versions[0].charges[4].of[0]", id="a share of no charge"),
    pytest.param("of: [usage]", "of: [discount]", "versions[0].charges[4].of[0]", id="a share of itself"),
    pytest.param("of: [usage]", "of: []", "versions[0].charges[4].of", id="a share of nothing"),
    pytest.param("of: [usage]", "of: most", "versions[0].charges[4].of", id="a share of most"),
    pytest.param("kind: rider", "kind: levy", "versions[0].charges[3]", id="an unknown kind"),
    pytest.param("mode: net_billing", "mode: gross", "versions[0].export.mode", id="an unknown mode"),
    pytest.param(
        "mode: net_billing", "mode: net_billing\n    tax: [vat]", "versions[0].export.tax[0]", id="an unknown tax on export"
    ),
    pytest.param(
        'evening: "0.1", ', 'evening: "0.1", noon: "1", ', "versions[0].export.price.noon", id="an unknown export period"
    ),
]


class TestWhatCannotBe:
    @pytest.mark.parametrize(("old", "new", "where"), WRONG)
    def test_is_refused_at_its_field(self, old, new, where):
        error = refusal_of(old, new)
        assert (error.code, error.where) == ("tariff.invalid", where)

    @pytest.mark.parametrize(
        ("field", "path"),
        [
            ("currency: AUD\nname: x", "name"),
            ("currency: AUD\nlimits: []", "limits"),
        ],
    )
    def test_an_unknown_field_is_refused(self, field, path):
        assert refusal_of("currency: AUD", field).where == path

    @pytest.mark.parametrize(
        ("dates", "right"),
        [
            pytest.param(("2020-01-01", "2021-01-01"), True, id="rising"),
            pytest.param(("2020-01-01", "2020-01-01"), False, id="the same date twice"),
            pytest.param(("2021-01-01", "2020-01-01"), False, id="falling"),
        ],
    )
    def test_versions_stand_in_order(self, dates, right):
        versions = "".join(f"- {{from: {day}, charges: []}}\n" for day in dates)
        text = f"tariff: t\ncurrency: EUR\nclock: UTC\nversions:\n{versions}"
        if right:
            assert len(parse_tariff(text, "t.yaml").versions) == 2
        else:
            with pytest.raises(TariffError):
                parse_tariff(text, "t.yaml")


class TestEveryMinuteHasAPrice:
    def test_minutes_that_no_period_takes_are_named(self):
        error = refusal_of("[{else: true}]\n", '[{days: all, from: "00:00", to: "15:00"}]\n')
        assert error.code == "tariff.gap"
        assert error.where == "versions[0].periods"
        assert "no period takes sunday 15:00 to 24:00 in month 1" in error.message

    def test_one_minute_is_enough(self):
        error = refusal_of("[{else: true}]\n", '[{from: "00:00", to: "23:59"}]\n')
        assert "monday 23:59 to 24:00" in error.message

    def test_a_period_without_a_price_is_named(self):
        error = refusal_of('{peak: "0.4863", off: 0.223}', '{peak: "0.4863"}')
        assert (error.code, error.where) == ("tariff.gap", "versions[0].charges[1].price")

    def test_export_periods_are_looked_at_too(self):
        error = refusal_of("other: [{else: true}]", 'other: [{from: "21:00", to: "14:59"}]')
        assert (error.code, error.where) == ("tariff.gap", "versions[0].export.periods")

    def test_a_price_by_period_needs_periods(self):
        charge = '{id: e, kind: energy, price: {p: "1"}}'
        text = f"tariff: t\ncurrency: EUR\nclock: UTC\nversions:\n- from: 2020-01-01\n  charges: [{charge}]\n"
        with pytest.raises(TariffError, match="there is no period 'p' among none"):
            parse_tariff(text, "t.yaml")

    def test_holidays_with_rules_of_their_own_are_looked_at(self):
        text = WHOLE.replace(", priced_as: weekend", "").replace("[{else: true}]\n", "[{days: mon-fri}, {days: [sat, sun]}]\n")
        with pytest.raises(TariffError, match="no period takes a holiday 00:00 to 24:00"):
            parse_tariff(text, "t.yaml")

    def test_two_elses_are_one_too_many(self):
        error = refusal_of('evening: [{days: all, from: "15:00", to: "21:00"}]', "evening: [{else: true}]")
        assert (error.code, error.where) == ("tariff.invalid", "versions[0].export.periods.other[0]")


class TestMessages:
    def test_all_problems_stand_in_one_message_with_line_and_path(self):
        text = WHOLE.replace("AUD", "aud").replace('"1.0567"', "dear").replace("per: day", "per: week")
        with pytest.raises(TariffError) as refused:
            parse_tariff(text, "rates/t.yaml")
        lines = refused.value.message.splitlines()
        assert [line.split(": ")[:2] for line in lines] == [
            ["rates/t.yaml:2", "currency"],
            ["rates/t.yaml:14", "versions[0].charges[0].per"],
            ["rates/t.yaml:14", "versions[0].charges[0].price"],
        ]

    def test_what_is_not_supported_gives_the_code_among_other_problems(self):
        text = WHOLE.replace("{id: supply", "{id: all").replace("of: [usage]", "of: [gst]")
        with pytest.raises(TariffError) as refused:
            parse_tariff(text, "t.yaml")
        assert (refused.value.code, refused.value.where) == ("tariff.unsupported", "versions[0].charges[4].of[0]")


class TestReadYaml:
    @pytest.mark.parametrize(
        ("text", "what"),
        [
            pytest.param("a: &x 1\nb: 2", "t.yaml:1: anchors", id="anchor"),
            pytest.param("a: 1\nb: *a", "t.yaml:2: anchors", id="alias"),
            pytest.param("a: !!int 1", "tags are not used", id="tag"),
            pytest.param("a: 1\na: 2", "t.yaml:2: a stands twice", id="a key twice"),
            pytest.param("a: {b: 1, b: 1}", "a.b stands twice", id="a key twice inside"),
            pytest.param("? [a]\n: 1", "a key is a plain word", id="a list as a key"),
            pytest.param("a: 1\n---\nb: 2", "second document", id="two documents"),
            pytest.param("a: [1", "t.yaml:", id="an open bracket"),
            pytest.param("a:\n\t- 1", "t.yaml:", id="a tab"),
            pytest.param("[" * 30 + "]" * 30, "levels deep", id="thirty levels"),
        ],
    )
    def test_refuses(self, text, what):
        with pytest.raises(TariffError) as refused:
            read_yaml(text, "t.yaml")
        assert refused.value.code == "tariff.syntax"
        assert what in refused.value.message

    @pytest.mark.parametrize(("size", "right"), [(1_000_000, True), (1_000_001, False)])
    def test_limits_the_size(self, size, right):
        text = "#" * size
        if right:
            assert read_yaml(text, "t.yaml").value is None
        else:
            with pytest.raises(TariffError, match="larger than"):
                read_yaml(text, "t.yaml")

    def test_every_scalar_is_text(self):
        value = read_yaml("{a: off, b: 12:30, c: 0.10, d: 1e3, e: true, f: 06-01, g: 2020-01-01, h: ~, i: '~'}", "t.yaml").value
        assert value == dict(
            zip("abcdefghi", ["off", "12:30", "0.10", "1e3", "true", "06-01", "2020-01-01", None, "~"], strict=True)
        )

    @pytest.mark.parametrize("text", ["", "just words", "[1, 2]", "a: 1"])
    def test_what_is_no_tariff_is_refused_as_one(self, text):
        with pytest.raises(TariffError) as refused:
            parse_tariff(text, "t.yaml")
        assert refused.value.code == "tariff.invalid"


def loads_or_is_refused(text):
    try:
        parse_tariff(text, "t.yaml")
    except TariffError:
        return True
    return True


class TestHostileText:
    @given(st.text(max_size=200))
    @settings(max_examples=200, deadline=None)
    def test_any_text_is_a_tariff_or_is_refused(self, text):
        assert loads_or_is_refused(text)

    @given(
        st.integers(0, len(WHOLE) - 1), st.integers(1, 30), st.sampled_from(["", "x", "[", "{", ": ", "\n", '"', "- ", "~", "-1"])
    )
    @settings(max_examples=150, deadline=None)
    def test_a_damaged_tariff_loads_or_is_refused(self, at, length, put):
        assert loads_or_is_refused(WHOLE[:at] + put + WHOLE[at + length :])
