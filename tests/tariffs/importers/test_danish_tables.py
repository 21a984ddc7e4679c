"""The DataHub's charge tables: information periods, price points and links, packed in one file."""

from __future__ import annotations

import io
import random
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import TariffError
from tariffs.importers.danish_tables import INFORMATION, LINKS, POINTS
from tariffs.importers.importer import ImportOptions
from tariffs.importers.tariff_file import import_tariff
from tariffs.series import PriceSeries
from tests.tariffs.interval_bills import bill_of_intervals

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
KEY = "charge_code;charge_type;charge_owner_id"
HEADERS = {
    INFORMATION: f"{KEY};resolution;is_tax;from_date;to_date",
    POINTS: f"{KEY};charge_price;charge_time",
    LINKS: f"{KEY};metering_point_id;quantity;from_date;to_date",
}
OWNER = "0000000000800"


def utc(text):
    """An instant of Danish local time as the tables write it."""
    return f"{datetime.fromisoformat(text).replace(tzinfo=COPENHAGEN).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def information(code, kind="tariff", resolution="P1D", first="2016-01-01", after=""):
    return f"{code};{kind};{OWNER};{resolution};false;{utc(first)};{utc(after) if after else ''}"


def point(code, price, at, kind="tariff"):
    return f"{code};{kind};{OWNER};{price};{utc(at)}"


def link(code, kind="tariff", quantity=1, first="2026-01-01", after="", meter="571313180000000001"):
    return f"{code};{kind};{OWNER};{meter};{quantity};{utc(first)};{utc(after) if after else ''}"


def days(code, price, first, count):
    """A price for each of some days."""
    return [point(code, price, str(date.fromisoformat(first) + timedelta(days=number))) for number in range(count)]


def day_of_hours(code, day, prices):
    """A price for each hour of a local day."""
    start = datetime.fromisoformat(day).replace(tzinfo=COPENHAGEN).astimezone(UTC)
    return [
        f"{code};tariff;{OWNER};{price};{start + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}" for hour, price in enumerate(prices)
    ]


def packed(tables, **more):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, rows in tables.items():
            archive.writestr(f"{name}.csv", "\n".join([HEADERS[name], *rows]))
        for name, text in more.items():
            archive.writestr(f"{name}.csv", text)
    return file.getvalue()


def imported(info, points, links=None, *, without=(), overlay=None, content=None):
    tables = {INFORMATION: info, POINTS: points} | ({} if links is None else {LINKS: links})
    options = ImportOptions("charges.zip", frozenset(without))
    return import_tariff(packed(tables) if content is None else content, options, imported_on=date(2026, 7, 30), overlay=overlay)


def refusal_of(*tables, **more):
    with pytest.raises(TariffError) as refused:
        imported(*tables, **more)
    return refused.value.code, refused.value.where


def charges_of(made, place=0):
    return {charge.id: charge for charge in made.tariff.versions[place].charges}


def amounts(made, first, after, *, hours=None, options=(), series=None, load=lambda _: 1000):
    count = hours or (date.fromisoformat(after) - date.fromisoformat(first)).days * 24
    rated = bill_of_intervals(
        made.tariff,
        {"import_kwh": [[load(number) for number in range(count)]]},
        first=first,
        after=after,
        options={name: np.array([True]) for name in options},
        series=series or {},
    )
    found = {}
    for line in rated.lines.to_pylist():
        key = line["charge_id"] if line["band"] is None else f"{line['charge_id']} {line['band']}"
        found[key] = found.get(key, Decimal(0)) + line["amount_rounded"]
    return found


class TestPricePoints:
    def test_days_of_one_price_are_one_version_and_the_last_price_holds_on(self):
        made = imported([information("net")], [*days("net", "0.5", "2026-01-01", 31), *days("net", "0.6", "2026-02-01", 28)])
        assert [(version.from_, version.charges[0].price) for version in made.tariff.versions] == [
            (date(2026, 1, 1), Decimal("0.5")),
            (date(2026, 2, 1), Decimal("0.6")),
        ]
        assert "prices of net are known until 2026-03-01; the last ones hold on" in made.notes

    def test_a_month_of_a_subscription_holds_until_the_next_point(self):
        info = [information("sub", "subscription", "P1M")]
        made = imported(
            info, [point("sub", "31", "2026-01-01", "subscription"), point("sub", "56", "2026-03-01", "subscription")]
        )
        assert [version.from_ for version in made.tariff.versions] == [date(2026, 1, 1), date(2026, 3, 1)]
        # 10 of January's 31 days; half of February; March
        assert amounts(made, "2026-01-22", "2026-02-01")["sub"] == Decimal("10.00")
        assert amounts(made, "2026-02-01", "2026-02-15")["sub"] == Decimal("15.50")
        assert amounts(made, "2026-03-01", "2026-04-01", hours=743)["sub"] == Decimal("56.00")

    def test_hours_of_a_day_are_periods_and_days_alike_are_one_version(self):
        rows = [
            row
            for day in ("2026-01-01", "2026-01-02")
            for row in day_of_hours("net", day, ["0.1"] * 17 + ["0.9"] * 4 + ["0.1"] * 3)
        ]
        made = imported([information("net", resolution="PT1H")], rows)
        assert len(made.tariff.versions) == 1
        assert amounts(made, "2026-01-01", "2026-01-02") == {"net p0": Decimal("2.00"), "net p1": Decimal("3.60")}

    def test_the_hour_that_a_spring_day_lacks_divides_no_version(self):
        prices = ["0.1"] * 6 + ["0.3"] * 18
        rows = [
            *day_of_hours("net", "2026-03-28", prices),
            *day_of_hours("net", "2026-03-29", prices[1:]),
            *day_of_hours("net", "2026-03-30", prices),
        ]
        made = imported([information("net", resolution="PT1H")], rows)
        assert len(made.tariff.versions) == 1
        # 5 hours at 0.10 and 18 at 0.30
        assert amounts(made, "2026-03-29", "2026-03-30", hours=23) == {"net p0": Decimal("0.50"), "net p1": Decimal("5.40")}

    def test_an_autumn_hour_with_one_price_twice_divides_no_version(self):
        prices = ["0.1"] * 6 + ["0.3"] * 18
        rows = [
            *day_of_hours("net", "2026-10-24", prices),
            *day_of_hours("net", "2026-10-25", ["0.1", *prices]),
            *day_of_hours("net", "2026-10-26", prices),
        ]
        made = imported([information("net", resolution="PT1H")], rows)
        assert len(made.tariff.versions) == 1
        assert amounts(made, "2026-10-25", "2026-10-26", hours=25) == {"net p0": Decimal("0.70"), "net p1": Decimal("5.40")}

    def test_an_autumn_hour_with_two_prices_makes_a_series(self):
        prices = [str(Decimal(hour) / 100) for hour in range(25)]
        rows = [*day_of_hours("spot", "2026-10-25", prices), *day_of_hours("spot", "2026-10-26", ["1"] * 24)]
        made = imported([information("spot", resolution="PT1H")], rows)
        lines = made.series["spot"].splitlines()
        assert lines[:5] == [
            "interval_start,price",
            "2026-10-25T00:00:00+02:00,0",
            "2026-10-25T01:00:00+02:00,0.01",
            "2026-10-25T02:00:00+02:00,0.02",
            "2026-10-25T02:00:00+01:00,0.03",
        ]
        # 0.00 + 0.01 + … + 0.24
        assert amounts(made, "2026-10-25", "2026-10-26", hours=25, series={"spot": series_of(made, "spot")})["spot"] == Decimal(
            "3.00"
        )

    def test_prices_that_end_on_such_a_day_are_refused(self):
        rows = day_of_hours("spot", "2026-10-25", [str(hour) for hour in range(25)])
        assert refusal_of([information("spot", resolution="PT1H")], rows) == ("import.unsupported", POINTS)


def series_of(made, name):
    rows = [line.split(",") for line in made.series[name].splitlines()[1:]]
    starts = np.array([int(datetime.fromisoformat(start).timestamp()) for start, _ in rows])
    return PriceSeries(name, starts, np.array([int(Decimal(price) * 10**6) for _, price in rows]), 6)


class TestPricesThatChangeOften:
    @given(st.integers(0, 2**32))
    @settings(max_examples=3)
    def test_the_series_has_the_price_of_every_hour(self, seed):
        draw = random.Random(seed)  # noqa: S311 - prices, not secrets
        start, end = (datetime(2026, month, 1, tzinfo=COPENHAGEN).astimezone(UTC) for month in (10, 12))
        instants = [start + timedelta(hours=number) for number in range(int((end - start) / timedelta(hours=1)))]
        assert len(instants) == 61 * 24 + 1
        prices = [Decimal(draw.randrange(-10_000, 50_000)).scaleb(-4) for _ in instants]
        rows = [
            f"spot;tariff;{OWNER};{price};{instant:%Y-%m-%dT%H:%M:%SZ}" for price, instant in zip(prices, instants, strict=True)
        ]
        made = imported([information("spot", resolution="PT1H", after="2026-12-01")], rows)
        stamps = np.array([int(instant.timestamp()) for instant in instants])
        assert [Decimal(int(value)).scaleb(-6) for value in series_of(made, "spot").at(stamps)] == prices

    def test_after_the_last_change_the_prices_are_in_the_document_again(self):
        changing = [
            row
            for number in range(61)
            for row in days("net", str(number % 2 + 1), str(date(2026, 1, 1) + timedelta(days=number)), 1)
        ]
        made = imported([information("net")], changing)
        assert [version.from_ for version in made.tariff.versions] == [date(2026, 1, 1), date(2026, 3, 2)]
        assert charges_of(made)["net"].price.series == "net"
        assert charges_of(made, 1)["net"].price == Decimal(1)


class TestHoles:
    INFO = (information("net"), information("sys"))

    def test_a_day_without_a_price_is_refused_by_name(self):
        rows = [*days("net", "0.5", "2026-01-01", 2), *days("net", "0.5", "2026-01-04", 2)]
        with pytest.raises(TariffError, match=r"net has no price on 2026-01-03"):
            imported([information("net")], rows)

    def test_so_is_an_hour(self):
        with pytest.raises(TariffError, match=r"net has no price on 2026-01-01 at 02:00"):
            imported(
                [information("net", resolution="PT1H")],
                [row for row in day_of_hours("net", "2026-01-01", ["0.1"] * 24) if "T01:00" not in row],
            )

    def test_so_is_a_charge_whose_prices_end_before_those_of_others(self):
        rows = [*days("net", "0.5", "2026-01-01", 4), *days("sys", "0.1", "2026-01-01", 2)]
        with pytest.raises(TariffError, match=r"sys has no price on 2026-01-03"):
            imported(self.INFO, rows)

    def test_or_that_begin_after_them(self):
        rows = [*days("net", "0.5", "2026-01-01", 4), *days("sys", "0.1", "2026-01-03", 2)]
        with pytest.raises(TariffError, match=r"sys has no price on 2026-01-01"):
            imported(self.INFO, rows)

    def test_a_charge_that_does_not_exist_yet_or_any_more_needs_no_price(self):
        info = [information("net"), information("sys", first="2026-01-03"), information("old", after="2026-01-02")]
        rows = [*days("net", "0.5", "2026-01-01", 4), *days("sys", "0.1", "2026-01-03", 2), *days("old", "0.2", "2026-01-01", 1)]
        made = imported(info, rows)
        assert [sorted(charges_of(made, place)) for place in range(3)] == [["net", "old"], ["net"], ["net", "sys"]]

    def test_left_out_on_purpose_nothing_is_charged_where_no_price_is(self):
        made = imported([information("net")], days("net", "0.5", "2026-01-01", 2), without=["missing_prices"])
        assert [(version.from_, len(version.charges)) for version in made.tariff.versions] == [
            (date(2026, 1, 1), 1),
            (date(2026, 1, 3), 0),
        ]
        assert "# Left out on request: missing_prices" in made.text.splitlines()


class TestLinks:
    def test_a_charge_stands_for_agreements_with_an_option_of_its_name(self):
        info = [information("net"), information("sub", "subscription", "P1M")]
        rows = [*days("net", "0.5", "2026-01-01", 31), point("sub", "31", "2026-01-01", "subscription")]
        made = imported(info, rows, [link("net"), link("sub", "subscription", 2)])
        assert amounts(made, "2026-01-01", "2026-01-02", options=["net", "sub.x2"]) == {
            "net": Decimal("12.00"),
            "sub.x2": Decimal("2.00"),
        }
        assert amounts(made, "2026-01-01", "2026-01-02", options=["sub"]) == {"sub": Decimal("1.00")}

    def test_a_fee_is_paid_on_the_day_of_its_link(self):
        info = [information("fee", "fee", "P1M"), information("net")]
        rows = [point("fee", "20", "2026-01-05", "fee"), *days("net", "0.5", "2026-01-01", 31)]
        links = [link("fee", "fee", 1, "2026-01-05", "2026-01-06"), link("fee", "fee", 3, "2026-01-07", "2026-01-08")]
        made = imported(info, rows, links)
        assert amounts(made, "2026-01-01", "2026-02-01", options=["fee", "fee.x3"]) == {
            "fee.2026-01-05": Decimal("20.00"),
            "fee.x3.2026-01-07": Decimal("60.00"),
        }

    def test_a_fee_without_links_or_with_one_of_many_days_is_refused(self):
        info = [information("fee", "fee", "P1M")]
        rows = [point("fee", "20", "2026-01-05", "fee")]
        assert refusal_of(info, rows) == ("import.unsupported", POINTS)
        assert refusal_of(info, rows, [link("fee", "fee")]) == ("import.unsupported", LINKS)
        early = [link("fee", "fee", 1, "2026-01-04", "2026-01-05")]
        assert refusal_of(info, rows, early) == ("import.unsupported", POINTS)


def swapped(rows, old, new):
    return [row.replace(old, new) for row in rows]


GOOD = [information("net")], days("net", "0.5", "2026-01-01", 2)
BAD = [
    (swapped(GOOD[0], "P1D", "PT15M"), GOOD[1], "import.unsupported", f"{INFORMATION}:2"),
    (swapped(GOOD[0], "false", "no"), GOOD[1], "import.invalid", f"{INFORMATION}:2"),
    (swapped(GOOD[0], ";tariff;", ";tax;"), GOOD[1], "import.invalid", f"{INFORMATION}:2"),
    ([information("net", first="2016-01-01T06:00")], GOOD[1], "import.invalid", f"{INFORMATION}:2"),
    ([information("net", after="2015-01-01")], GOOD[1], "import.invalid", f"{INFORMATION}:2"),
    ([*GOOD[0], information("net", first="2020-01-01")], GOOD[1], "import.invalid", INFORMATION),
    (
        [information("net", after="2020-01-01"), information("net", resolution="PT1H", first="2020-01-01")],
        GOOD[1],
        "import.unsupported",
        INFORMATION,
    ),
    (GOOD[0], [], "import.unsupported", POINTS),
    (GOOD[0], [*GOOD[1], GOOD[1][0]], "import.invalid", f"{POINTS}:4"),
    (GOOD[0], [point("other", "1", "2026-01-01")], "import.invalid", POINTS),
    (GOOD[0], [point("net", "1,5", "2026-01-01")], "import.invalid", f"{POINTS}:2"),
    (GOOD[0], [point("net", "1", "2026-01-01T06:00")], "import.invalid", POINTS),
    (GOOD[0], [f"net;tariff;{OWNER};1;2026-01-01T00:00:00"], "import.invalid", f"{POINTS}:2"),
    (GOOD[0], [f"net;tariff;{OWNER};1;new year"], "import.invalid", f"{POINTS}:2"),
    (GOOD[0], [f"net;tariff;{OWNER};1"], "import.invalid", f"{POINTS}:2"),
    ([information("net", resolution="PT1H")], [point("net", "1", "2026-01-01T06:30")], "import.invalid", POINTS),
]


class TestRefusals:
    @pytest.mark.parametrize(
        ("info", "points", "code", "where"), BAD, ids=[f"{number} {bad[3]}" for number, bad in enumerate(BAD)]
    )
    def test_a_row_that_cannot_be_carried_is_refused_by_its_place(self, info, points, code, where):
        assert refusal_of(info, points) == (code, where)

    @pytest.mark.parametrize("quantity", ["0", "-1", "1.5", "many"])
    def test_a_quantity_is_a_whole_number(self, quantity):
        assert refusal_of(*GOOD, [link("net", quantity=quantity)]) == ("import.invalid", f"{LINKS}:2")

    def test_an_unknown_table_or_column_is_refused(self):
        tables = {INFORMATION: GOOD[0], POINTS: GOOD[1]}
        assert refusal_of([], [], content=packed(tables, surcharges="x")) == ("import.unknown", "surcharges.csv")
        wide = f"{HEADERS[POINTS]};surcharge\n{GOOD[1][0]};0.1"
        assert refusal_of([], [], content=packed({INFORMATION: GOOD[0]}, **{POINTS: wide})) == (
            "import.unknown",
            f"{POINTS}.surcharge",
        )

    def test_a_missing_table_or_column_is_refused(self):
        assert refusal_of([], [], content=packed({POINTS: GOOD[1]})) == ("import.invalid", INFORMATION)
        narrow = "charge_code;charge_type;charge_owner_id;charge_price\n"
        assert refusal_of([], [], content=packed({INFORMATION: GOOD[0]}, **{POINTS: narrow})) == (
            "import.invalid",
            f"{POINTS}.charge_time",
        )

    def test_a_file_that_is_no_archive_is_none_of_the_formats(self):
        assert refusal_of([], [], content=b"PK\x03\x04 nothing more")[0] == "import.unrecognised"

    def test_a_charge_can_be_left_out_by_its_code(self):
        made = imported(
            [*GOOD[0], information("fee", "fee", "P1M")], [*GOOD[1], point("fee", "20", "2026-01-05", "fee")], without=["fee"]
        )
        assert made.tariff.versions == imported(*GOOD).tariff.versions
