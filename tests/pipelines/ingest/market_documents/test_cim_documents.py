"""CIM measure documents in XML and JSON: shapes as in RSM-012 0.1, Eloverblik and IEC 62325-451; values our own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from pipelines.ingest.market_documents.cim_json import read_cim_json, recognise_cim_json, recognise_eloverblik
from pipelines.ingest.market_documents.cim_xml import read_cim_xml, recognise_cim_xml
from pipelines.ingest.reader import Parsed, Reader
from schemas.errors import InputRefusedError
from tests.pipelines.ingest.market_documents.samples import HEADER
from tests.pipelines.ingest.whole_files import read_whole

RSM_012 = "NotifyValidatedMeasureData_MarketDocument"
DANISH = "urn:ediel.org:measure:notifyvalidatedmeasuredata:0:1"
EUROPEAN = "urn:iec62325.351:tc57wg16:451-6:generationloaddocument:3:0"
Fields = dict[str, Any]


def point(position: int | str, quantity: str | None = None, quality: str | None = None) -> Fields:
    found: Fields = {"position": str(position)}
    return found | ({} if quantity is None else {"quantity": quantity}) | ({} if quality is None else {"quality": quality})


def period(*points: Fields, start: str = "2026-01-01T23:00Z", end: str = "2026-01-02T03:00Z", resolution: str = "PT1H") -> Fields:
    return {"resolution": resolution, "timeInterval": {"start": start, "end": end}, "Point": list(points)}


def series(*periods: Fields, **changes: str | None) -> Fields:
    fields: Fields = {
        "mRID": "S1",
        "marketEvaluationPoint.mRID": "571313000000000018",
        "marketEvaluationPoint.type": "E17",
        "registration_DateAndOrTime.dateTime": "2026-01-20T07:30:00Z",
        "product": "8716867000030",
        "quantity_Measure_Unit.name": "KWH",
    }
    fields |= {name.replace("__", "."): value for name, value in changes.items()}
    return {name: value for name, value in fields.items() if value is not None} | {"Period": list(periods)}


def as_xml(content: Fields | list[Any] | str, name: str) -> str:
    if isinstance(content, list):
        return "".join(as_xml(member, name) for member in content)
    inner = content if isinstance(content, str) else "".join(as_xml(part, key) for key, part in content.items())
    return f"<cim:{name}>{inner}</cim:{name}>"


def xml(*parts: Fields, name: str = RSM_012, namespace: str = DANISH, header: Fields = HEADER, kind: str = "Series") -> bytes:
    text = as_xml({**header, kind: list(parts)}, name).replace(f"<cim:{name}>", f'<cim:{name} xmlns:cim="{namespace}">', 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def wrapped(content: Any, name: str = "") -> Any:
    """Scalars as the Danish hub writes them: most of them wrapped, quantities as numbers."""
    if isinstance(content, list):
        return [wrapped(member, name) for member in content]
    if isinstance(content, dict):
        return {key: wrapped(part, key) for key, part in content.items()}
    if name == "quantity":
        return float(content)
    return content if name in ("mRID", "resolution", "createdDateTime", "product") else {"value": content}


def js(*parts: Fields, name: str = RSM_012, header: Fields = HEADER, kind: str = "Series") -> bytes:
    return b"\xef\xbb\xbf" + json.dumps({name: wrapped({**header, kind: list(parts)})}).encode()


def read(reader: Reader, data: bytes, **context: str) -> Parsed:
    return read_whole(reader, data, **context)


def read_xml(data: bytes, **context: str) -> Parsed:
    return read(read_cim_xml, data, **context)


def read_json(data: bytes, **context: str) -> Parsed:
    return read(read_cim_json, data, **context)


def slots(parsed: Parsed) -> list[tuple[str, Decimal | None, int, str]]:
    """Start, value, quality and the source's quality of every slot."""
    found = []
    for run in parsed.intervals.to_pylist():
        for place, digits in enumerate(run["values"]):
            at = run["start"].timestamp() + place * 60 * run["interval_minutes"]
            quality = run["quality"][place] if run["quality"] else 0
            native = run["native_qualities"][place] if run["native_qualities"] else run["native_quality"] or ""
            value = None if quality == 1 else digits * Decimal(10) ** run["exponent"]
            found.append((f"{datetime.fromtimestamp(at, tz=run['start'].tzinfo):%m-%dT%H:%M}", value, quality, native))
    return sorted(found)


def codes(parsed: Parsed) -> list[tuple[str, str, int]]:
    return [(row["record"], row["code"], row["rows"]) for row in parsed.rejections.to_pylist()]


def warned(parsed: Parsed) -> list[str]:
    return [warning.code for warning in parsed.warnings]


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(InputRefusedError) as refusal:
        call()
    return refusal.value.code


FOUR = (point(1, "0.5", "A04"), point(2, "1.25", "A03"), point(3, "2"), point(4, None, "A02"))
BOTH = pytest.mark.parametrize(("write", "take"), [(xml, read_xml), (js, read_json)], ids=["XML", "JSON"])


@BOTH
class TestDanishHub:
    def test_points_lie_on_the_grid_of_their_period(self, write, take):
        assert slots(take(write(series(period(*FOUR))))) == [
            ("01-01T23:00", Decimal("0.5"), 0, "A04"),
            ("01-02T00:00", Decimal("1.25"), 2, "A03"),
            ("01-02T01:00", Decimal(2), 0, ""),
            ("01-02T02:00", None, 1, "A02"),
        ]

    def test_a_series_says_whose_values_they_are(self, write, take):
        run, _ = take(write(series(period(*FOUR)))).intervals.to_pylist()
        assert (run["service_point_id"], run["meter_id"], run["channel"]) == ("571313000000000018", "", "E17/8716867000030")
        assert (run["quantity"], run["direction"], run["unit"]) == ("active_energy", "import", "kWh")
        assert run["version"] == datetime.fromisoformat("2026-01-20T07:30:00+00:00")
        assert run["record"] == "Series/1/Period/1/Point/1"

    @pytest.mark.parametrize(
        ("kind", "direction", "told"),
        [
            ("E17", "import", []),
            ("E18", "export", []),
            ("E20", "none", []),
            ("D06", "export", []),
            ("D07", "import", []),
            ("D14", "none", ["direction.unknown"]),
        ],
    )
    def test_the_type_of_the_metering_point_gives_the_direction(self, write, take, kind, direction, told):
        parsed = take(write(series(period(*FOUR), marketEvaluationPoint__type=kind)))
        assert (set(parsed.intervals["direction"].to_pylist()), warned(parsed)) == ({direction}, told)

    @pytest.mark.parametrize(
        ("changes", "channel"),
        [
            ({}, "E17/8716867000030"),
            ({"businessType": "A04", "flowDirection__direction": "A02"}, "E17/A04/8716867000030/A02"),
            ({"product": None}, "E17"),
            ({"product": None, "marketEvaluationPoint__type": None}, "KWH"),
        ],
    )
    def test_the_codes_of_a_series_are_its_channel(self, write, take, changes, channel):
        assert set(take(write(series(period(*FOUR), **changes))).intervals["channel"].to_pylist()) == {channel}

    # UN/ECE recommendation 20
    @pytest.mark.parametrize(
        ("code", "quantity", "unit", "value"),
        [
            ("KWH", "active_energy", "kWh", "1"),
            ("MWH", "active_energy", "kWh", "1000"),
            ("K3", "reactive_energy", "kvarh", "1"),
            ("KVARH", "reactive_energy", "kvarh", "1"),
            ("MAW", "power", "kW", "1000"),
            ("KWT", "power", "kW", "1"),
            ("MTQ", "volume", "m3", "1"),
        ],
    )
    def test_the_unit_is_converted_exactly(self, write, take, code, quantity, unit, value):
        parsed = take(write(series(period(point(1, "1"), end="2026-01-02T00:00Z"), quantity_Measure_Unit__name=code)))
        (run,) = parsed.intervals.to_pylist()
        assert (run["quantity"], run["unit"], slots(parsed)[0][1]) == (quantity, unit, Decimal(value))

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"quantity_Measure_Unit__name": "TNE"}, "unit.unknown"),
            ({"quantity_Measure_Unit__name": None}, "series.incomplete"),
            ({"marketEvaluationPoint__mRID": None}, "series.incomplete"),
            ({"registration_DateAndOrTime__dateTime": None}, "series.incomplete"),
            ({"registration_DateAndOrTime__dateTime": "yesterday"}, "time.invalid"),
            ({"curveType": "A05"}, "curve.unknown"),
        ],
    )
    def test_a_series_that_does_not_say_enough_is_set_aside_alone(self, write, take, changes, code):
        parsed = take(write(series(period(*FOUR), **changes), series(period(*FOUR))))
        assert codes(parsed) == [("Series/1", code, 4)]
        assert parsed.rows_taken == 4

    @pytest.mark.parametrize("field", sorted(HEADER))
    def test_a_document_that_does_not_say_what_it_must_is_refused(self, write, take, field):
        header = {name: value for name, value in HEADER.items() if name != field}
        assert refused(lambda: take(write(series(period(*FOUR)), header=header))) == "document.incomplete"

    def test_a_document_of_no_time_is_refused(self, write, take):
        header = HEADER | {"createdDateTime": "yesterday"}
        assert refused(lambda: take(write(series(period(*FOUR)), header=header))) == "time.invalid"

    def test_a_document_without_series_is_told(self, write, take):
        assert warned(take(write())) == ["document.empty"]

    def test_a_file_of_many_values_comes_in_pieces(self, write, take, monkeypatch):
        monkeypatch.setattr("pipelines.ingest.collector.FULL_AT", 3)
        assert take(write(*(series(period(*FOUR)) for _ in range(3)))).rows_taken == 12


@BOTH
class TestPeriods:
    def test_points_that_are_not_there_are_missing_and_told(self, write, take):
        parsed = take(write(series(period(point(1, "1"), point(3, "3")))))
        assert [slot[:2] for slot in slots(parsed)] == [("01-01T23:00", Decimal(1)), ("01-02T01:00", Decimal(3))]
        assert warned(parsed) == ["points.missing"]

    def test_the_order_of_points_does_not_matter(self, write, take):
        assert slots(take(write(series(period(*reversed(FOUR)))))) == slots(take(write(series(period(*FOUR)))))

    @pytest.mark.parametrize(
        ("changes", "points", "code"),
        [
            ({}, (point(1, "1"), point(5, "1")), "record.length"),
            ({}, (point(0, "1"), point(1, "1")), "record.length"),
            ({}, (point(2, "1"), point(2, "1")), "record.length"),
            ({}, (point("x", "1"), point(2, "1")), "record.length"),
            ({}, ({"quantity": "1"}, point(2, "1")), "record.length"),
            ({"end": "2026-01-02T03:30Z"}, FOUR[:2], "record.length"),
            ({"end": "2026-01-01T23:00Z"}, FOUR[:2], "time.invalid"),
            ({"end": "2026-01-01T20:00Z"}, FOUR[:2], "time.invalid"),
            ({"start": "2026-02-30T00:00Z"}, FOUR[:2], "time.invalid"),
            ({"end": "later"}, FOUR[:2], "time.invalid"),
            ({"resolution": "PT7X"}, FOUR[:2], "resolution.unknown"),
        ],
    )
    def test_a_period_whose_places_are_not_sure_is_set_aside_whole(self, write, take, changes, points, code):
        parsed = take(write(series(period(*points, **changes)), series(period(*FOUR))))
        assert codes(parsed) == [("Series/1/Period/1", code, 2)]
        assert parsed.rows_taken == 4

    @pytest.mark.parametrize(
        ("part", "code"), [("timeInterval", "time.missing"), ("resolution", "resolution.unknown"), ("Point", "record.length")]
    )
    def test_a_period_without_one_of_its_parts_is_set_aside(self, write, take, part, code):
        cut = {name: value for name, value in period(*FOUR).items() if name != part}
        parsed = take(write(series(cut)))
        assert codes(parsed) == [("Series/1/Period/1", code, 1 if part == "Point" else 4)]

    def test_a_series_without_a_period_is_set_aside(self, write, take):
        assert codes(take(write(series()))) == [("Series/1", "series.incomplete", 1)]

    @pytest.mark.parametrize(("resolution", "minutes"), [("PT5M", 5), ("PT15M", 15), ("PT30M", 30), ("PT60M", 60)])
    def test_the_resolution_is_the_length_of_a_slot(self, write, take, resolution, minutes):
        parsed = take(write(series(period(point(2, "1"), resolution=resolution))))
        assert parsed.intervals["interval_minutes"].to_pylist() == [minutes]

    def test_days_are_danish_days_and_reads_of_a_period(self, write, take):
        days = period(point(1, "10"), point(2, "9"), start="2026-03-27T23:00Z", end="2026-03-29T22:00Z", resolution="P1D")
        parsed = take(write(series(days)))
        reads = parsed.reads.to_pylist()
        assert [f"{read['period_from']:%d %H}-{read['read_at']:%d %H}" for read in reads] == ["27 23-28 23", "28 23-29 22"]
        assert ({read["kind"] for read in reads}, parsed.clock) == ({"period"}, "Europe/Copenhagen")

    def test_the_autumn_hour_that_comes_twice_is_two_hours(self, write, take):
        points = [point(n, str(n)) for n in range(1, 26)]
        parsed = take(write(series(period(*points, start="2026-10-24T22:00Z", end="2026-10-25T23:00Z"))))
        assert [slot[1] for slot in slots(parsed)] == list(map(Decimal, range(1, 26)))


@BOTH
class TestQualities:
    # ENTSO-E code list ET0036; RSM-012
    @pytest.mark.parametrize(("code", "quality"), [("A01", 3), ("A02", 1), ("A03", 2), ("A04", 0), ("A05", 2), ("A06", 0)])
    def test_each_code_has_its_meaning(self, write, take, code, quality):
        (slot,) = slots(take(write(series(period(point(1, "5", code), end="2026-01-02T00:00Z")))))
        assert slot[2:] == (quality, code)

    def test_a_quantity_beside_not_available_stays_missing_and_is_told(self, write, take):
        parsed = take(write(series(period(point(1, "5", "A02"), end="2026-01-02T00:00Z"))))
        assert (slots(parsed), warned(parsed)) == ([("01-01T23:00", None, 1, "A02")], ["quality.contradicted"])

    def test_a_point_of_neither_quantity_nor_quality_is_missing_and_told(self, write, take):
        parsed = take(write(series(period(point(1), point(2, "1"), end="2026-01-02T01:00Z"))))
        assert [slot[1] for slot in slots(parsed)] == [None, Decimal(1)]
        assert warned(parsed) == ["value.missing"]

    def test_a_series_of_no_quantity_at_all_is_none(self, write, take):
        assert codes(take(write(series(period(point(1), point(2)))))) == [("Series/1", "series.incomplete", 2)]

    def test_a_series_of_nothing_but_not_available_is_missing(self, write, take):
        assert {slot[1] for slot in slots(take(write(series(period(point(1, None, "A02"), point(2, None, "A02"))))))} == {None}

    def test_an_unknown_code_sets_its_point_aside(self, write, take):
        parsed = take(write(series(period(point(1, "5", "A99"), point(2, "1")))))
        assert codes(parsed) == [("Series/1/Period/1/Point/1", "quality.unknown", 1)]
        assert parsed.rows_taken == 1


class TestBlocksOfVariableSize:
    def test_steps_between_points_carry_the_value_and_quality_before(self):
        parsed = read_xml(xml(series(period(point(1, "5", "A03"), point(3, "7")), curveType="A03")))
        assert [slot[1:] for slot in slots(parsed)] == [
            (Decimal(5), 2, "A03"), (Decimal(5), 2, "A03"), (Decimal(7), 0, ""), (Decimal(7), 0, ""),
        ]  # fmt: skip

    def test_what_is_not_available_stays_so_until_the_next_point(self):
        parsed = read_xml(xml(series(period(point(1, None, "A02"), point(4, "7")), curveType="A03")))
        assert [slot[1] for slot in slots(parsed)] == [None, None, None, Decimal(7)]

    def test_steps_before_the_first_point_are_missing(self):
        parsed = read_xml(xml(series(period(point(3, "7")), curveType="A03")))
        assert ([slot[0] for slot in slots(parsed)], warned(parsed)) == (["01-02T01:00", "01-02T02:00"], ["points.missing"])

    def test_a_point_does_not_fill_a_century(self):
        endless = period(point(1, "7"), end="2126-01-01T23:00Z")
        assert codes(read_xml(xml(series(endless, curveType="A03")))) == [("Series/1/Period/1", "record.length", 1)]

    def test_in_other_curves_nothing_is_carried(self):
        assert len(slots(read_xml(xml(series(period(point(1, "5"), point(3, "7")), curveType="A01"))))) == 2


class TestXml:
    @pytest.mark.parametrize(
        ("name", "namespace"),
        [
            (RSM_012, "urn:ediel.org:measure:notifyvalidatedmeasuredata:bad:1"),
            (RSM_012, "urn:ediel.org:measure:notifyvalidatedmeasuredata:0:2"),
            (RSM_012, EUROPEAN),
            ("GL_MarketDocument", DANISH),
            ("GL_MarketDocument", "urn:iec62325.351:tc57wg16:451-6:generationloaddocument:x:0"),
            ("GL_MarketDocument", "http://example.org"),
        ],
    )
    def test_a_version_that_nobody_knows_is_refused(self, name, namespace):
        assert refused(lambda: read_xml(xml(series(period(*FOUR)), name=name, namespace=namespace))) == "schema.version"
        assert refused(lambda: read_xml(xml(name=name, namespace=namespace))) == "schema.version"

    def test_a_document_of_the_european_shape(self):
        part = series(
            period(*FOUR), businessType="A04", marketEvaluationPoint__type=None, registration_DateAndOrTime__dateTime=None
        )
        part["quantity_Measurement_Unit.name"] = part.pop("quantity_Measure_Unit.name")
        data = xml(
            part,
            name="GL_MarketDocument",
            namespace=EUROPEAN,
            header={"createdDateTime": "2026-02-01T07:30:54Z"},
            kind="TimeSeries",
        )
        run, _ = read_xml(data).intervals.to_pylist()
        assert (run["direction"], run["channel"], run["record"]) == (
            "import",
            "A04/8716867000030",
            "TimeSeries/1/Period/1/Point/1",
        )
        assert run["version"] == datetime.fromisoformat("2026-02-01T07:30:54+00:00")

    def test_its_days_are_those_of_the_stores_zone(self):
        days = period(point(1, "10"), point(2, "9"), start="2026-03-27T22:00Z", end="2026-03-29T21:00Z", resolution="P1D")
        data = xml(series(days), name="GL_MarketDocument", namespace=EUROPEAN, header={})
        assert read_xml(data, zone="Europe/Helsinki").reads.num_rows == 2
        assert codes(read_xml(data, zone="+00:00")) == [("Series/1/Period/1", "record.length", 2)]

    @pytest.mark.parametrize(
        ("header", "code"),
        [
            ({"process.processType": "A01"}, "document.planned"),
            ({"process.processType": "A14"}, "document.planned"),
            ({"docStatus": {"value": "A13"}}, "document.withdrawn"),
        ],
    )
    def test_plans_and_withdrawn_documents_are_refused(self, header, code):
        data = xml(series(period(*FOUR)), name="GL_MarketDocument", namespace=EUROPEAN, header=header)
        assert refused(lambda: read_xml(data)) == code

    def test_what_was_realised_is_read(self):
        data = xml(series(period(*FOUR)), name="GL_MarketDocument", namespace=EUROPEAN, header={"process.processType": "A16"})
        assert read_xml(data).rows_taken == 4

    def test_totals_of_an_area_belong_to_no_metering_point(self):
        part = series(period(*FOUR), marketEvaluationPoint__mRID=None) | {"outBiddingZone_Domain.mRID": "10YDK-1--------W"}
        data = xml(part, name="GL_MarketDocument", namespace=EUROPEAN, header={})
        assert codes(read_xml(data)) == [("Series/1", "series.incomplete", 4)]

    def test_an_envelope_is_seen_through(self):
        inner = xml(series(period(*FOUR))).partition(b"?>")[2]
        data = b"<Envelope><Body>" + inner + inner.replace(b"571313000000000018", b"571313000000000025") + b"</Body></Envelope>"
        assert recognise_cim_xml(data)
        assert set(read_xml(data).intervals["service_point_id"].to_pylist()) == {"571313000000000018", "571313000000000025"}

    @pytest.mark.parametrize("twice", ["position", "quantity", "quality"])
    def test_a_point_that_says_something_twice_is_not_taken(self, twice):
        data = xml(series(period(point(1, "1", "A04"), end="2026-01-02T00:00Z")))
        value = {"position": "1", "quantity": "1", "quality": "A04"}[twice]
        opening = f"<cim:{twice}>"
        doubled = data.replace(opening.encode(), f"{opening}{value}</cim:{twice}>{opening}".encode(), 1)
        assert read_xml(doubled).rows_taken == 0


class TestJson:
    def test_numbers_keep_the_digits_of_the_text(self):
        data = js(series(period(point(1, "5"), end="2026-01-02T00:00Z"))).replace(
            b'"quantity": 5.0', b'"quantity": 0.10000000000000001'
        )
        assert codes(read_json(data)) == [("Series/1/Period/1/Point/1", "value.precision", 1)]

    def test_one_series_need_not_be_a_list(self):
        content = json.loads(js(series(period(*FOUR))).decode("utf-8-sig"))
        content[RSM_012]["Series"] = content[RSM_012]["Series"][0]
        content[RSM_012]["Series"]["Period"] = content[RSM_012]["Series"]["Period"][0]
        assert read_json(json.dumps(content).encode()).rows_taken == 4

    @pytest.mark.parametrize(
        "data", [b"{}", b"[]", b"null", b'{"result": []}', b'{"A_MarketDocument": null}', b'{"result": [1, "x"]}']
    )
    def test_a_document_without_documents_is_none_of_this_format(self, data):
        assert refused(lambda: read_json(data)) == "format.unknown"


class TestEloverblik:
    def answer(self, *points: Fields, **changes: Any) -> Fields:
        document = {
            "mRID": "D1",
            "createdDateTime": "2026-02-15T10:10:07Z",
            "TimeSeries": [
                {
                    "mRID": "571313000000000018",
                    "businessType": "A04",
                    "curveType": "A01",
                    "measurement_Unit.name": "KWH",
                    "MarketEvaluationPoint": {"mRID": {"codingScheme": "A10", "name": "571313000000000018"}},
                    "Period": [
                        {
                            "resolution": "PT1H",
                            "timeInterval": {"start": "2026-02-11T23:00:00Z", "end": "2026-02-12T01:00:00Z"},
                            "Point": list(points),
                        }
                    ],
                }
            ],
        }
        return {"MyEnergyData_MarketDocument": document, "success": True, "errorCode": 10000, "errorText": "NoError"} | changes

    def read(self, *answers: Fields) -> Parsed:
        data = json.dumps({"result": list(answers)}).encode()
        assert recognise_eloverblik(data)
        assert not recognise_cim_json(data)
        return read_json(data)

    def points(self) -> list[Fields]:
        return [
            {"position": "1", "out_Quantity.quantity": "0.13", "out_Quantity.quality": "A04"},
            {"position": "2", "out_Quantity.quality": "A02"},
        ]

    def test_an_answer_of_a_metering_point(self):
        parsed = self.read(self.answer(*self.points()))
        run, _ = parsed.intervals.to_pylist()
        assert slots(parsed) == [("02-11T23:00", Decimal("0.13"), 0, "A04"), ("02-12T00:00", None, 1, "A02")]
        assert (run["service_point_id"], run["channel"], run["direction"], run["record"]) == (
            "571313000000000018", "A04", "import", "result/1/TimeSeries/1/Period/1/Point/1",
        )  # fmt: skip
        assert run["version"] == datetime.fromisoformat("2026-02-15T10:10:07+00:00")

    def test_an_answer_that_failed_is_set_aside_and_the_others_are_taken(self):
        failed = {"MyEnergyData_MarketDocument": None, "success": False, "errorCode": 20010, "errorText": "RelationNotFound"}
        parsed = self.read(self.answer(*self.points()), failed)
        assert codes(parsed) == [("result/2", "response.failed", 1)]
        assert parsed.rows_taken == 2


class TestRecognition:
    @pytest.mark.parametrize(
        "head",
        [
            b"",
            b"<a/>",
            b"<MyMarketDocument/>",
            b"_MarketDocument",
            b"<feed>x_MarketDocument </feed>",
            b"100,NEM12",
            b'{"MarketEvaluationPoint": 1}',
        ],
    )
    def test_files_of_others_are_left_alone(self, head):
        assert not any(known(head) for known in (recognise_cim_xml, recognise_cim_json, recognise_eloverblik))

    def test_each_knows_its_own(self):
        part = series(period(*FOUR))
        assert recognise_cim_xml(xml(part))
        assert recognise_cim_json(js(part))
        assert not recognise_cim_json(xml(part))
        assert not recognise_cim_xml(js(part))
