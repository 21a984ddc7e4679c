"""One bill or more of every published tariff, computed by hand from the published prices: the engine comes to the cent.

The numbers in these tests are those of the price lists, written out again; nothing is read from the documents but the bill.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from tariffs.catalogue.entries import entry, names
from tariffs.load import parse_tariff
from tests.tariffs.catalogue.customer import bill, cents


def D(text):  # noqa: N802 - a decimal of a price list, as short as it can be
    return Decimal(text)


@pytest.fixture
def tariff(request):
    """The document that a class of tests is about."""
    name = request.cls.name
    return entry(name).tariff


def worked_bills():
    """The classes below by the tariff they are about; ``shown`` is the total of the bill that the documentation shows."""
    return {each.name: each for each in globals().values() if isinstance(each, type) and hasattr(each, "shown")}


def test_every_tariff_has_a_worked_bill():
    assert set(worked_bills()) == set(names())


class TestSynergyMiddaySaver:
    name = "au-wa-synergy-midday-saver"
    shown = D("283.39")

    def test_january_with_solar_panels(self, tariff):
        # each day 6 h at 1 kWh (9-15), 6 h at 2 kWh (15-21), 12 h at 0.5 kWh; fed in are 3 kWh an hour from 12:00 to 15:00,
        # and half a kWh in the hours from 15:00, from 20:00 and from 21:00
        def used(at):
            return "1" if 9 <= at.hour < 15 else "2" if 15 <= at.hour < 21 else "0.5"

        def fed_in(at):
            return "3" if 12 <= at.hour < 15 else "0.5" if at.hour in (15, 20, 21) else "0"

        january = bill(tariff, "2024-01-01", "2024-02-01", import_kwh=used, export_kwh=fed_in)
        supply = cents(31 * D("1.260750"))  # 39.08
        super_off_peak = cents(31 * 6 * D("0.084050"))  # 186 kWh: 15.63
        peak = cents(31 * 12 * D("0.525313"))  # 372 kWh: 195.42
        off_peak = cents(31 * 6 * D("0.231138"))  # 186 kWh: 42.99
        with_gst = supply + super_off_peak + peak + off_peak  # 293.12
        gst = cents(with_gst * 10 / 110)  # 26.65
        evening, other = -cents(31 * D("0.10")), -cents(31 * D("9.5") * D("0.0225"))  # 31 kWh: 3.10; 294.5 kWh: 6.63
        assert january.lines == {
            ("supply", "fixed", None, None): supply,
            ("usage", "energy", "super_off_peak", None): super_off_peak,
            ("usage", "energy", "peak", None): peak,
            ("usage", "energy", "off_peak", None): off_peak,
            ("export", "export", "evening", None): evening,
            ("export", "export", "other", None): other,
            ("gst", "tax", None, None): gst,
            ("gst", "tax_included", None, None): -gst,
        }
        assert january.total == with_gst + evening + other == self.shown


class TestErgonTariff12A:
    name = "au-qld-ergon-tariff-12a"
    shown = D("107.05")

    @staticmethod
    def used(at):
        """0.4 kWh each half hour from 15:00 to 21:30 (5.2 kWh a day), 0.1 kWh in the other 35 (3.5 kWh)."""
        return "0.4" if (15, 0) <= (at.hour, at.minute) < (21, 30) else "0.1"

    def test_the_summer_ends_with_february(self, tariff):
        # 15 February to 14 March 2018: 28 days, of which 10 are weekdays of February (15, 16, 19-23, 26-28)
        around = bill(tariff, "2018-02-15", "2018-03-15", minutes=30, import_kwh=self.used)
        supply = cents(28 * D("0.98833"))  # 27.67
        peak = cents(10 * D("5.2") * D("0.67251"))  # 52 kWh: 34.97
        off_peak = cents((28 * D("8.7") - 52) * D("0.23177"))  # 191.6 kWh: 44.41
        gst = cents((supply + peak + off_peak) * 10 / 110)  # 9.73
        assert around.lines == {
            ("supply", "fixed", None, None): supply,
            ("usage", "energy", "peak", None): peak,
            ("usage", "energy", "off_peak", None): off_peak,
            ("gst", "tax", None, None): gst,
            ("gst", "tax_included", None, None): -gst,
        }
        assert around.total == supply + peak + off_peak == self.shown

    @pytest.mark.parametrize(
        ("first", "after", "peak_days", "days", "peak", "off_peak"),
        [
            # Thursday, 30 November, and Friday, 1 December 2017
            ("2017-11-30", "2017-12-02", 1, 2, "0.67251", "0.23177"),
            # Monday, 30 November, and Tuesday, 1 December 2020
            ("2020-11-30", "2020-12-02", 1, 2, "0.68933", "0.23621"),
            # Thursday, 28 February, and Friday, 1 March 2019
            ("2019-02-28", "2019-03-02", 1, 2, "0.68933", "0.23621"),
            # Friday to Monday in January 2019
            ("2019-01-18", "2019-01-22", 2, 4, "0.68933", "0.23621"),
        ],
    )
    def test_both_ends_of_the_summer_and_its_weekends(self, tariff, first, after, peak_days, days, peak, off_peak):
        around = bill(tariff, first, after, minutes=30, import_kwh=self.used)
        assert around.lines[("usage", "energy", "peak", None)] == cents(peak_days * D("5.2") * D(peak))
        assert around.lines[("usage", "energy", "off_peak", None)] == cents(
            (days * D("8.7") - peak_days * D("5.2")) * D(off_peak)
        )

    def test_new_prices_in_the_middle_of_a_bill(self, tariff):
        # 20 June to 9 July 2018: 11 days at the old prices, 9 at the new; no summer, so no peak
        around = bill(tariff, "2018-06-20", "2018-07-10", minutes=30, import_kwh=self.used)
        supply = cents(11 * D("0.98833")) + cents(9 * D("0.85391"))  # 10.87 + 7.69
        usage = cents(11 * D("8.7") * D("0.23177")) + cents(9 * D("8.7") * D("0.23621"))  # 22.18 + 18.50
        gst = cents((supply + usage) * 10 / 110)  # 5.39
        assert around.lines == {
            ("supply", "fixed", None, None): supply,
            ("usage", "energy", "off_peak", None): usage,
            ("gst", "tax", None, None): gst,
            ("gst", "tax_included", None, None): -gst,
        }
        assert around.total == supply + usage == D("59.24")


class TestBcHydroNetMetering:
    name = "ca-bc-hydro-net-metering"
    shown = D("101.56")

    def test_january_pays_for_its_net_kwh_on_two_steps(self, tariff):
        january = bill(
            tariff, "2025-01-01", "2025-02-01", import_kwh={"2025-01-10T18:00": "900"}, export_kwh={"2025-01-10T12:00": "40"}
        )
        basic = 31 * D("0.2253")  # 6.9843
        limit = 31 * D("22.1918")  # 687.9458 kWh
        first, second = limit * D("0.1097"), (860 - limit) * D("0.1408")  # 75.46765426, 172.0542 kWh: 24.22523136
        riders = [cents((basic + first + second) * percent / 100) for percent in (D("-2.3"), D("-2.5"))]  # -2.45, -2.67
        assert january.lines == {
            ("basic", "fixed", None, None): cents(basic),
            ("energy", "energy", None, 1): cents(first),
            ("energy", "energy", None, 2): cents(second),
            ("first_rider", "percent", None, None): riders[0],
            ("second_rider", "percent", None, None): riders[1],
        }
        assert january.total == self.shown

    def test_a_surplus_waits_in_the_bank_and_is_paid_out_with_the_anniversary(self, tariff):
        # July feeds in 400 kWh more than it takes; 350 of them pay for August, 50 stay; from September to January nothing moves
        july = bill(
            tariff, "2024-07-01", "2024-08-01", import_kwh={"2024-07-10T20:00": "300"}, export_kwh={"2024-07-10T12:00": "700"}
        )
        august = bill(
            tariff,
            "2024-08-01",
            "2024-09-01",
            carried=july.carried,
            import_kwh={"2024-08-10T20:00": "600"},
            export_kwh={"2024-08-10T12:00": "250"},
        )
        nothing = {"import_kwh": {}, "export_kwh": {}}
        february = bill(tariff, "2025-02-01", "2025-03-01", carried=august.carried, **nothing)
        march = bill(tariff, "2025-03-01", "2025-04-01", carried=february.carried, **nothing)
        month = cents(31 * D("0.2253")) - cents(31 * D("0.2253") * D("0.023")) - cents(31 * D("0.2253") * D("0.025"))  # 6.65
        assert (july.total, august.total, march.total) == (month, month, month) == (D("6.65"),) * 3
        assert february.lines == {
            ("basic", "fixed", None, None): cents(28 * D("0.2253")),  # 6.31
            ("first_rider", "percent", None, None): -cents(28 * D("0.2253") * D("0.023")),  # -0.15
            ("second_rider", "percent", None, None): -cents(28 * D("0.2253") * D("0.025")),  # -0.16
            ("true_up", "true_up", None, None): -cents(50 * D("0.0999")),  # 4.995: -5.00
        }
        assert february.total == D("1.00")


class TestOntarioTimeOfUse:
    name = "ca-on-oeb-rpp-time-of-use"
    shown = D("70.83")

    @staticmethod
    def used(at):
        return "1"

    def test_august_has_a_day_that_no_calendar_knows(self, tariff):
        # August 2026 has 21 weekdays, one of them Civic Holiday (the 3rd); on the other 20: 12 h off, 6 h on (11-17), 6 h mid
        august = bill(tariff, "2026-08-01", "2026-09-01", import_kwh=self.used)
        off_peak, on_peak, mid_peak = (20 * 12 + 11 * 24) * D("0.098"), 20 * 6 * D("0.203"), 20 * 6 * D("0.157")
        rebate = -cents((off_peak + on_peak + mid_peak) * D("0.235"))  # 23.5 % of 92.592: -21.76
        assert august.lines == {
            ("usage", "energy", "off_peak", None): cents(off_peak),  # 504 kWh: 49.39
            ("usage", "energy", "on_peak", None): cents(on_peak),  # 24.36
            ("usage", "energy", "mid_peak", None): cents(mid_peak),  # 18.84
            ("electricity_rebate", "percent", None, None): rebate,
        }
        assert august.total == self.shown

    def test_december_has_two_holidays(self, tariff):
        # December 2025 has 23 weekdays; the 25th and 26th are holidays; on the other 21: 12 h off, 6 h on (7-11, 17-19), 6 h mid
        december = bill(tariff, "2025-12-01", "2026-01-01", import_kwh=self.used)
        off_peak, on_peak, mid_peak = (21 * 12 + 10 * 24) * D("0.098"), 21 * 6 * D("0.203"), 21 * 6 * D("0.157")
        rebate = -cents((off_peak + on_peak + mid_peak) * D("0.235"))  # 23.5 % of 93.576: -21.99
        assert december.lines == {
            ("usage", "energy", "off_peak", None): cents(off_peak),  # 492 kWh: 48.22
            ("usage", "energy", "on_peak", None): cents(on_peak),  # 25.58
            ("usage", "energy", "mid_peak", None): cents(mid_peak),  # 19.78
            ("electricity_rebate", "percent", None, None): rebate,
        }
        assert december.total == D("71.59")

    def test_the_hours_change_on_the_first_of_may(self, tariff):
        # noon is mid-peak on Thursday, 30 April, and on-peak on Friday, 1 May 2026; 8:00 the other way round
        around = bill(
            tariff,
            "2026-04-30",
            "2026-05-02",
            import_kwh={"2026-04-30T08:00": "1", "2026-04-30T12:00": "10", "2026-05-01T08:00": "100", "2026-05-01T12:00": "1000"},
        )
        assert around.lines == {
            ("usage", "energy", "on_peak", None): cents(1001 * D("0.203")),
            ("usage", "energy", "mid_peak", None): cents(110 * D("0.157")),
            ("electricity_rebate", "percent", None, None): cents((1001 * D("0.203") + 110 * D("0.157")) * D("-0.235")),
        }

    def test_and_again_on_the_first_of_november(self, tariff):
        # 1 November 2027 is a Monday: on-peak at 8:00, mid-peak at noon
        monday = bill(tariff, "2027-11-01", "2027-11-02", import_kwh={"2027-11-01T08:00": "1", "2027-11-01T12:00": "10"})
        assert monday.lines[("usage", "energy", "on_peak", None)] == D("0.20")
        assert monday.lines[("usage", "energy", "mid_peak", None)] == D("1.57")

    def test_boxing_day_on_a_saturday_is_kept_on_monday(self, tariff):
        # Monday, 28 December 2026, is off-peak for 24 hours; Tuesday for 12
        both = bill(tariff, "2026-12-28", "2026-12-30", import_kwh=self.used)
        assert both.lines[("usage", "energy", "off_peak", None)] == cents(36 * D("0.098"))


class TestOntarioTiered:
    name = "ca-on-oeb-rpp-tiered"
    shown = D("113.53")

    def test_the_first_thousand_kwh_of_a_winter_month(self, tariff):
        november = bill(tariff, "2025-11-01", "2025-12-01", import_kwh={"2025-11-10T18:00": "1200"})
        first, second = 1000 * D("0.120"), 200 * D("0.142")
        assert november.lines == {
            ("winter_usage", "energy", None, 1): D("120.00"),
            ("winter_usage", "energy", None, 2): D("28.40"),
            ("electricity_rebate", "percent", None, None): -cents((first + second) * D("0.235")),  # -34.87
        }
        assert november.total == self.shown

    def test_the_first_six_hundred_kwh_of_a_summer_month(self, tariff):
        may = bill(tariff, "2026-05-01", "2026-06-01", import_kwh={"2026-05-10T18:00": "700"})
        first, second = 600 * D("0.120"), 100 * D("0.142")
        assert may.lines == {
            ("summer_usage", "energy", None, 1): D("72.00"),
            ("summer_usage", "energy", None, 2): D("14.20"),
            ("electricity_rebate", "percent", None, None): -cents((first + second) * D("0.235")),  # -20.26
        }
        assert may.total == D("65.94")


class TestHydroQuebecFlexD:
    name = "ca-qc-hydro-quebec-flex-d"
    shown = D("100.90")
    WINDOWS = """
  peak_demand_events:
  - {from: "2026-01-20T06:00", to: "2026-01-20T10:00"}
  - {from: "2026-01-20T16:00", to: "2026-01-20T20:00"}"""

    @staticmethod
    def used(at):
        return "2"

    def test_january_with_a_day_of_two_events(self, tariff):
        # 31 days of 48 kWh, of which 8 hours of 2 kWh are events; the other 1,472 kWh are on two steps, 31 x 40 kWh on the first
        text = entry(self.name).text
        announced = text.replace("\n  peak_demand_events: []", self.WINDOWS)
        assert announced != text
        january = bill(parse_tariff(announced, self.name), "2026-01-01", "2026-02-01", import_kwh=self.used)
        assert january.lines == {
            ("access", "fixed", None, None): cents(31 * D("0.46154")),  # 14.31
            ("energy", "energy", "peak_event", 1): cents(16 * D("0.45088")),  # 7.21
            ("energy", "energy", "winter", 1): cents(1240 * D("0.04774")),  # 59.20
            ("energy", "energy", "winter", 2): cents(232 * D("0.08699")),  # 20.18
        }
        assert january.total == self.shown

    def test_the_winter_begins_on_the_first_of_december(self, tariff):
        around = bill(tariff, "2025-11-30", "2025-12-02", import_kwh=self.used)
        assert around.lines == {
            ("access", "fixed", None, None): cents(2 * D("0.46154")),
            ("energy", "energy", "winter", 1): cents(40 * D("0.04774")),
            ("energy", "energy", "winter", 2): cents(8 * D("0.08699")),
            ("energy", "energy", "summer", 1): cents(40 * D("0.06905")),
            ("energy", "energy", "summer", 2): cents(8 * D("0.10652")),
        }

    def test_a_bill_over_the_end_of_the_winter(self, tariff):
        # 25 March to 4 April 2026: 7 days of winter and 4 of summer, 48 kWh each, 40 of them on the first step
        around = bill(tariff, "2026-03-25", "2026-04-05", import_kwh=self.used)
        assert around.lines == {
            ("access", "fixed", None, None): cents(11 * D("0.46154")),  # 5.08
            ("energy", "energy", "winter", 1): cents(7 * 40 * D("0.04774")),  # 13.37
            ("energy", "energy", "winter", 2): cents(7 * 8 * D("0.08699")),  # 4.87
            ("energy", "energy", "summer", 1): cents(4 * 40 * D("0.06905")),  # 11.05
            ("energy", "energy", "summer", 2): cents(4 * 8 * D("0.10652")),  # 3.41
        }
        assert around.total == D("37.78")


class TestMalchow:
    name = "de-malchow-netz-ns-monat"
    shown = D("1888.34")

    def test_january_with_a_quarter_hour_of_50_kw(self, tariff):
        # 31 x 96 quarter hours of 5 kWh and 2.5 kvarh, one of them 12.5 kWh: 14,887.5 kWh, 7,440 kvarh
        def used(at):
            return "12.5" if f"{at:%m-%dT%H:%M}" == "01-15T10:15" else "5"

        january = bill(tariff, "2025-01-01", "2025-02-01", minutes=15, import_kwh=used, kvarh=lambda at: "2.5")
        power = cents(D("12.5") * 4 * D("24.80"))  # 50 kW: 1240.00
        energy = cents(D("14887.5") * D("0.0222"))  # 330.50
        reactive = cents((7440 - D("14887.5") * D("0.40")) * D("0.0110"))  # 1,485 kvarh: 16.335: 16.34
        vat = cents((power + energy + reactive) * D("0.19"))  # 301.50
        assert january.lines == {
            ("power", "demand", None, None): power,
            ("energy", "energy", None, None): energy,
            ("reactive", "reactive", None, None): reactive,
            ("vat", "tax", None, None): vat,
        }
        assert january.total == self.shown

    def test_the_prices_of_2024_price_december_2024(self, tariff):
        december = bill(
            tariff,
            "2024-12-01",
            "2025-01-01",
            minutes=15,
            import_kwh={"2024-12-03T08:00": "1000"},
            kvarh={"2024-12-03T08:00": "1000"},
        )
        power, energy, reactive = 4000 * D("29.16"), 1000 * D("0.0307"), 600 * D("0.0110")  # 116640.00, 30.70, 6.60
        assert december.total == power + energy + reactive + cents((power + energy + reactive) * D("0.19")) == D("138845.99")


class TestDanishSpot:
    name = "dk-spot-2024"
    shown = D("1308.91")

    def test_january_with_a_dear_hour_and_a_negative_one(self, tariff):
        # 1 kWh an hour: 742 hours at 500, one at 2000 and one at -50 DKK/MWh
        prices = {
            "2024-01-01T00:00": "500",
            "2024-01-02T03:00": "-50",
            "2024-01-02T04:00": "500",
            "2024-01-10T17:00": "2000",
            "2024-01-10T18:00": "500",
        }
        january = bill(tariff, "2024-01-01", "2024-02-01", series={"day_ahead": prices}, import_kwh=lambda at: "1")
        parts = {
            ("spot", "energy", None, None): cents(742 * D("0.5") + D("2.0") - D("0.05")),  # 372.95
            ("transmission", "rider", None, None): cents(744 * D("0.074")),  # 55.06
            ("system", "rider", None, None): cents(744 * D("0.051")),  # 37.94
            ("system_subscription", "fixed", None, None): D("15.00"),  # 180 DKK a year
            ("electricity_tax", "rider", None, None): cents(744 * D("0.761")),  # 566.18
        }
        vat = cents(sum(parts.values()) * D("0.25"))  # of 1047.13: 261.78
        assert january.lines == parts | {("vat", "tax", None, None): vat}
        assert january.total == self.shown


class TestSpanishTolls:
    name = "es-2.0td"
    shown = D("32.79")
    CONTRACT = {"contracted_kw.p1": "4.6", "contracted_kw.p2": "4.6"}  # noqa: RUF012 - read by the tests below, never written

    def test_april_in_which_good_friday_is_a_working_day(self, tariff):
        # April 2025 has 22 weekdays, Good Friday among them: 8 h each of P1, P2 and P3; the 8 days of weekends are P3
        april = bill(tariff, "2025-04-01", "2025-05-01", facts=self.CONTRACT, import_kwh=lambda at: "1")
        assert april.lines == {
            ("power_p1", "contracted", None, None): cents(D("4.6") * 30 * D("26.930550") / 365),  # 10.18
            ("power_p2", "contracted", None, None): cents(D("4.6") * 30 * D("0.697588") / 365),  # 0.26
            ("energy", "energy", "p1", None): cents(22 * 8 * D("0.092539")),  # 16.29
            ("energy", "energy", "p2", None): cents(22 * 8 * D("0.028201")),  # 4.96
            ("energy", "energy", "p3", None): cents((22 * 8 + 8 * 24) * D("0.002994")),  # 1.10
        }
        assert april.total == self.shown

    @pytest.mark.parametrize("day", ["2025-01-01", "2025-01-06", "2025-05-01", "2025-08-15", "2025-12-08", "2025-12-25"])
    def test_a_national_holiday_of_fixed_date_is_all_p3(self, tariff, day):
        after = f"{day[:8]}{int(day[8:]) + 1:02d}"
        whole = bill(tariff, day, after, facts=self.CONTRACT, import_kwh=lambda at: "100")
        energy = {line: amount for line, amount in whole.lines.items() if line[0] == "energy"}
        assert energy == {("energy", "energy", "p3", None): cents(2400 * D("0.002994"))}  # 7.19


class TestFijiSmallBusiness:
    name = "fj-efl-small-business"
    shown = D("7792.16")

    def test_october_with_reactive_energy_above_its_share(self, tariff):
        october = bill(
            tariff, "2019-10-01", "2019-11-01", import_kwh={"2019-10-10T12:00": "18000"}, kvarh={"2019-10-10T12:00": "12000"}
        )
        limit = Fraction(14999) * 31 / Fraction(365, 12)  # 15,286.652 kWh: the month of 30.42 days drawn out to 31
        first, second = limit * Fraction("0.4099"), (18000 - limit) * Fraction("0.4295")
        reactive = (12000 - D("0.62") * 18000) * D("0.4295")  # 840 kvarh
        assert october.lines == {
            ("energy", "energy", None, 1): D("6266.00"),
            ("energy", "energy", None, 2): D("1165.38"),
            ("excess_reactive", "reactive", None, None): cents(reactive),  # 360.78
        }
        assert (round(first, 2), round(second, 2)) == (Fraction("6266.00"), Fraction("1165.38"))
        assert october.total == self.shown


class TestTarifBleu:
    name = "fr-edf-tarif-bleu-base-6kva"
    shown = D("64.18")

    def test_march_and_the_vat_in_it(self, tariff):
        march = bill(tariff, "2026-03-01", "2026-04-01", import_kwh={"2026-03-10T12:00": "250"})
        subscription, usage = cents(D("188.2") / 12), cents(250 * D("0.19398"))  # 15.68, 48.495: 48.50
        vat = cents((subscription + usage) * 20 / 120)  # 10.70
        assert march.lines == {
            ("subscription", "fixed", None, None): subscription,
            ("usage", "energy", None, None): usage,
            ("vat", "tax", None, None): vat,
            ("vat", "tax_included", None, None): -vat,
        }
        assert march.total == self.shown


class TestOfgemGas:
    name = "gb-ofgem-cap-gas"
    shown = D("14933.19")

    def test_a_bill_over_two_quarters_and_two_calorific_values(self, tariff):
        # 20 June to 9 July 2025: 1,000 m3 a day, 11 days of 39.0 and 9 of 39.6 MJ/m3
        around = bill(
            tariff,
            "2025-06-20",
            "2025-07-10",
            series={"calorific_value": {"2025-06-01T00:00": "39.0", "2025-07-01T00:00": "39.6"}},
            volume_m3=lambda at: "1000" if at.hour == 7 else "0",
        )
        june = 11000 * D("1.02264") * D("39.0") / D("3.6")  # 121,864.6 kWh
        july = 9000 * D("1.02264") * D("39.6") / D("3.6")  # 101,241.36 kWh
        standing = cents(11 * D("0.3267")) + cents(9 * D("0.2982"))  # 3.59 + 2.68
        gas = cents(june * D("0.0699")) + cents(july * D("0.0633"))  # 8518.34 + 6408.58
        vat = cents((standing + gas) * 5 / 105)  # 711.10
        assert around.lines == {
            ("standing", "fixed", None, None): standing,
            ("gas", "energy", None, None): gas,
            ("vat", "tax", None, None): vat,
            ("vat", "tax_included", None, None): -vat,
        }
        assert around.total == self.shown


class TestOfgemElectricity:
    name = "gb-ofgem-cap-electricity"
    shown = D("80.25")

    def test_june_at_the_prices_of_the_quarter_before(self, tariff):
        june = bill(tariff, "2025-06-01", "2025-07-01", import_kwh={"2025-06-10T12:00": "1000"})
        assert june.lines[("vat", "tax", None, None)] == cents((30 * D("0.5380") + 1000 * D("0.2703")) * 5 / 105)  # 13.64
        assert june.total == 30 * D("0.5380") + 1000 * D("0.2703") == D("286.44")

    def test_july_and_the_vat_in_it(self, tariff):
        july = bill(tariff, "2025-07-01", "2025-08-01", import_kwh={"2025-07-10T12:00": "250"})
        standing, usage = cents(31 * D("0.5137")), cents(250 * D("0.2573"))  # 15.92, 64.325: 64.33
        vat = cents((standing + usage) * 5 / 105)  # 3.82
        assert july.lines == {
            ("standing", "fixed", None, None): standing,
            ("usage", "energy", None, None): usage,
            ("vat", "tax", None, None): vat,
            ("vat", "tax_included", None, None): -vat,
        }
        assert july.total == self.shown


class TestSceTou8:
    name = "us-ca-sce-tou-8-d"
    shown = D("99113.51")

    def test_june_with_a_peak_at_noon_and_a_lower_one_in_the_evening(self, tariff):
        # June 2025: 21 weekdays, 9 days of weekends; 150 kWh each quarter hour, 200 in one of the evening peak (800 kW) and
        # 225 on a Saturday at noon (900 kW)
        dear = {"2025-06-10T17:30": "200", "2025-06-14T12:00": "225"}
        june = bill(tariff, "2025-06-01", "2025-07-01", minutes=15, import_kwh=lambda at: dear.get(f"{at:%Y-%m-%dT%H:%M}", "150"))
        assert june.lines == {
            ("customer", "fixed", None, None): D("447.44"),
            ("facilities_demand", "demand", None, None): 900 * D("25.36"),  # 22824.00
            ("peak_demand", "demand", "summer_on", None): 800 * D("29.54"),  # 23632.00
            # 21 days x 5 h: 63,050 kWh; 9 days x 5 h: 27,000; 30 days x 19 h: 342,075
            ("energy", "energy", "summer_on", None): cents((21 * 20 * 150 + 50) * (D("0.15072") + D("0.00114"))),  # 9574.77
            ("energy", "energy", "summer_mid", None): cents(9 * 20 * 150 * (D("0.14085") + D("0.00114"))),  # 3833.73
            ("energy", "energy", "summer_off", None): cents((30 * 76 * 150 + 75) * (D("0.11229") + D("0.00114"))),  # 38801.57
        }
        assert june.total == self.shown

    def test_the_winter_begins_with_october(self, tariff):
        # October 2025: 31 days of 5 h, 8 h and 11 h; on the 1st 200 kWh in the quarter hour from 16:00, 225 in that from 8:00
        dear = {"2025-10-01T16:00": "200", "2025-10-01T08:00": "225"}
        october = bill(
            tariff, "2025-10-01", "2025-11-01", minutes=15, import_kwh=lambda at: dear.get(f"{at:%Y-%m-%dT%H:%M}", "150")
        )
        assert october.lines == {
            ("customer", "fixed", None, None): D("447.44"),
            ("facilities_demand", "demand", None, None): 900 * D("25.36"),  # 22824.00
            ("peak_demand", "demand", "winter_mid", None): 800 * D("8.83"),  # 7064.00
            ("energy", "energy", "winter_mid", None): cents((31 * 20 * 150 + 50) * (D("0.12314") + D("0.00114"))),  # 11564.25
            ("energy", "energy", "winter_super_off", None): cents(
                (31 * 32 * 150 + 75) * (D("0.08859") + D("0.00114"))
            ),  # 13358.55
            ("energy", "energy", "winter_off", None): cents(31 * 44 * 150 * (D("0.12217") + D("0.00114"))),  # 25229.23
        }
        assert october.total == D("80487.47")


class TestFplGsld1:
    name = "us-fl-fpl-gsld-1"
    shown = D("6833.67")

    def test_a_month_below_the_minimum_is_raised_to_it(self, tariff):
        # April 2025: 720 hours of 50 kWh, one of them 150: 36,100 kWh, 150 kW
        april = bill(tariff, "2025-04-01", "2025-05-01", import_kwh=lambda at: "150" if (at.day, at.hour) == (10, 14) else "50")
        demand, energy = 150 * (D("13.59") + D("2.06")), 36100 * (D("0.01958") + D("0.03544"))  # 2347.50, 1986.222
        assert april.lines == {
            ("base", "fixed", None, None): D("88.67"),
            ("demand", "demand", None, None): demand,
            ("energy", "energy", None, None): cents(energy),  # 1986.22
            ("minimum_bill", "minimum", None, None): cents(D("6833.67") - D("88.67") - demand - energy),  # 2411.278: 2411.28
        }
        assert april.total == self.shown

    def test_a_month_above_the_minimum_is_not(self, tariff):
        april = bill(tariff, "2025-04-01", "2025-05-01", import_kwh=lambda at: "200" if (at.day, at.hour) == (10, 14) else "100")
        assert ("minimum_bill", "minimum", None, None) not in april.lines
        assert april.total == D("88.67") + 200 * D("15.65") + cents(72100 * D("0.05502")) == D("7185.61")


class TestGeorgiaPowerPll:
    name = "us-ga-georgia-power-pll"
    shown = D("14607.39")

    def test_last_summer_s_peak_sets_the_demand_of_january(self, tariff):
        # 744 hours of 250 kWh, one of them 500 kWh: 186,250 kWh; 60 % of 500 kW is less than 95 % of August's 700: 665 kW.
        # 200 hours' use are 133,000 kWh: 3,000 + 7,000 + 123,000; the other 53,250 kWh are below 400 hours
        january = bill(
            tariff,
            "2026-01-01",
            "2026-02-01",
            carried={"peak|*|2025-08": "700"},
            import_kwh=lambda at: "500" if (at.day, at.hour) == (10, 14) else "250",
        )
        assert january.lines == {
            ("base", "fixed", None, None): D("21.00"),
            ("energy", "energy", None, 1): cents(3000 * D("0.132655")),  # 397.965: 397.97
            ("energy", "energy", None, 2): cents(7000 * D("0.120303")),  # 842.12
            ("energy", "energy", None, 3): cents(123000 * D("0.102607")),  # 12620.66
            ("energy", "energy", None, 5): cents(53250 * D("0.013627")),  # 725.64
        }
        assert january.total == self.shown

    def test_a_summer_month_has_its_own_peak_at_least(self, tariff):
        # 690 kW in July 2026 against 95 % of August's 700: 690 kW; 200 hours' use are 138,000 kWh
        july = bill(
            tariff,
            "2026-07-01",
            "2026-08-01",
            carried={"peak|*|2025-08": "700"},
            import_kwh=lambda at: "690" if (at.day, at.hour) == (10, 14) else "250",
        )
        assert july.lines[("energy", "energy", None, 3)] == cents(128000 * D("0.102607"))  # 13133.70
        assert july.lines[("energy", "energy", None, 5)] == cents((744 * 250 + 440 - 138000) * D("0.013627"))  # 48,440 kWh

    @pytest.mark.parametrize("month", range(2, 13))
    def test_every_month_of_the_last_eleven_counts_with_its_own_percentage(self, tariff, month):
        # 1,000 kW in one month of 2025: 950 kW from June to September, 600 kW else; 200 hours' use of that are one block
        january = bill(
            tariff,
            "2026-01-01",
            "2026-02-01",
            carried={f"peak|*|2025-{month:02d}": "1000"},
            import_kwh=lambda at: "400" if at.day < 31 else "500",
        )
        block = 200 * (950 if 6 <= month <= 9 else 600)
        used = 30 * 24 * 400 + 24 * 500  # 300,000 kWh
        assert january.lines[("energy", "energy", None, 3)] == cents((block - 10000) * D("0.102607"))
        assert january.lines[("energy", "energy", None, 5)] == cents(min(used - block, block) * D("0.013627"))

    def test_the_month_itself_counts_with_60_percent_and_the_same_month_a_year_before_not_at_all(self, tariff):
        january = bill(
            tariff,
            "2026-01-01",
            "2026-02-01",
            carried={"peak|*|2025-01": "5000"},
            import_kwh={"2026-01-10T14:00": "500"},
        )
        # 300 kW: 500 kWh are on the first step of the first block
        assert january.lines == {
            ("base", "fixed", None, None): D("21.00"),
            ("energy", "energy", None, 1): cents(500 * D("0.132655")),
        }
        busy = bill(tariff, "2026-01-01", "2026-02-01", import_kwh=lambda at: "1000")
        # 600 kW; 744,000 kWh: blocks of 120,000, 120,000 and 120,000, and 384,000 above
        assert busy.lines == {
            ("base", "fixed", None, None): D("21.00"),
            ("energy", "energy", None, 1): cents(3000 * D("0.132655")),
            ("energy", "energy", None, 2): cents(7000 * D("0.120303")),
            ("energy", "energy", None, 3): cents(110000 * D("0.102607")),
            ("energy", "energy", None, 5): cents(120000 * D("0.013627")),
            ("energy", "energy", None, 6): cents(120000 * D("0.010275")),
            ("energy", "energy", None, 7): cents(384000 * D("0.00771")),
        }

    def test_100_kw_are_billed_at_least_and_a_large_block_has_four_steps(self, tariff):
        small = bill(tariff, "2026-01-01", "2026-02-01", import_kwh=lambda at: "40")
        # 29,760 kWh at 40 kW: 20,000 kWh are 200 hours' use of 100 kW
        assert small.lines[("energy", "energy", None, 3)] == cents(10000 * D("0.102607"))
        assert small.lines[("energy", "energy", None, 5)] == cents(9760 * D("0.013627"))
        large = bill(tariff, "2026-01-01", "2026-02-01", carried={"peak|*|2025-07": "2000"}, import_kwh=lambda at: "1000")
        # 1,900 kW: the first block is 380,000 kWh, 180,000 of them above 200,000; the other 364,000 are in the second
        assert large.lines[("energy", "energy", None, 3)] == cents(190000 * D("0.102607"))
        assert large.lines[("energy", "energy", None, 4)] == cents(180000 * D("0.079109"))
        assert large.lines[("energy", "energy", None, 5)] == cents(364000 * D("0.013627"))


class TestPortlandGeneral:
    name = "us-or-pge-schedule-7"
    shown = D("478.11")

    def test_a_month_of_2500_kwh(self, tariff):
        january = bill(tariff, "2026-01-01", "2026-02-01", import_kwh={"2026-01-10T18:00": "2500"})
        assert january.lines == {
            ("basic", "fixed", None, None): D("16.36"),
            ("energy", "energy", None, 1): 2000 * (D("0.1142") + D("0.0689")),  # 366.20
            ("energy", "energy", None, 2): 500 * (D("0.1142") + D("0.0769")),  # 95.55
        }
        assert january.total == self.shown
