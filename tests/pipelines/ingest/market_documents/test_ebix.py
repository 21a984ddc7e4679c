"""ebIX of the Danish hub: shapes as in DK_MeteredDataTimeSeries version 3, values our own."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from pipelines.ingest.market_documents.cim_xml import recognise_cim_xml
from pipelines.ingest.market_documents.ebix import read_ebix, recognise_ebix
from pipelines.ingest.reader import Parsed
from schemas.errors import InputRefusedError
from tests.pipelines.ingest.whole_files import read_whole

NAMESPACE = "un:unece:260:data:EEM-DK_MeteredDataTimeSeries:v3"
HEADER = """<HeaderEnergyDocument><Identification>1</Identification><DocumentType>E66</DocumentType>
<Creation>2026-02-01T07:30:54Z</Creation>
<SenderEnergyParty><Identification>5790000000001</Identification></SenderEnergyParty>
<RecipientEnergyParty><Identification>5790000000002</Identification></RecipientEnergyParty></HeaderEnergyDocument>
<ProcessEnergyContext><EnergyBusinessProcess>E23</EnergyBusinessProcess></ProcessEnergyContext>"""


def observation(position: int, quantity: str | None, quality: str | None = None) -> str:
    value = "<QuantityMissing>true</QuantityMissing>" if quantity is None else f"<EnergyQuantity>{quantity}</EnergyQuantity>"
    said = "" if quality is None else f"<QuantityQuality>{quality}</QuantityQuality>"
    return f"<IntervalEnergyObservation><Position>{position}</Position>{value}{said}</IntervalEnergyObservation>"


def series(
    *observations: str, end: str = "2026-01-02T00:00:00Z", function: str = "9", unit: str = "KWH", kind: str = "E18"
) -> str:
    return f"""<PayloadEnergyTimeSeries><Identification>S1</Identification><Function>{function}</Function>
<ObservationTimeSeriesPeriod><ResolutionDuration>PT15M</ResolutionDuration><Start>2026-01-01T23:00:00Z</Start><End>{end}</End>
</ObservationTimeSeriesPeriod><IncludedProductCharacteristic><Identification>8716867000030</Identification>
<UnitType>{unit}</UnitType></IncludedProductCharacteristic><DetailMeasurementMeteringPointCharacteristic>
<TypeOfMeteringPoint>{kind}</TypeOfMeteringPoint></DetailMeasurementMeteringPointCharacteristic><MeteringPointDomainLocation>
<Identification>571313000000000018</Identification></MeteringPointDomainLocation>{"".join(observations)}
</PayloadEnergyTimeSeries>"""


def document(*parts: str, header: str = HEADER, namespace: str = NAMESPACE) -> bytes:
    return f'<DK_MeteredDataTimeSeries xmlns="{namespace}">{header}{"".join(parts)}</DK_MeteredDataTimeSeries>'.encode()


def read(data: bytes) -> Parsed:
    return read_whole(read_ebix, data)


def codes(parsed: Parsed) -> list[tuple[str, str, int]]:
    return [(row["record"], row["code"], row["rows"]) for row in parsed.rejections.to_pylist()]


FOUR = (observation(1, "0.005", "E01"), observation(2, "1", "56"), observation(3, "2", "36"), observation(4, None))


def test_observations_lie_on_the_grid_of_their_series():
    (run,) = read(document(series(*FOUR))).intervals.to_pylist()
    assert (run["start"], run["interval_minutes"]) == (datetime.fromisoformat("2026-01-01T23:00:00+00:00"), 15)
    assert [value * Decimal(10) ** run["exponent"] for value in run["values"]] == [Decimal("0.005"), 1, 2, 0]
    assert (run["quality"], run["native_qualities"]) == ([0, 2, 3, 1], ["E01", "56", "36", ""])
    assert (run["service_point_id"], run["channel"], run["direction"], run["unit"]) == (
        "571313000000000018", "E18/8716867000030", "export", "kWh",
    )  # fmt: skip
    assert run["version"] == datetime.fromisoformat("2026-02-01T07:30:54+00:00")
    assert run["record"] == "PayloadEnergyTimeSeries/1/IntervalEnergyObservation/1"


@pytest.mark.parametrize(("code", "quality"), [("E01", None), ("D01", None), ("36", [3]), ("56", [2])])
def test_each_quality_has_its_meaning(code, quality):
    data = document(series(observation(1, "1", code), end="2026-01-01T23:15:00Z"))
    assert read(data).intervals["quality"].to_pylist() == [quality]


def test_a_quality_of_another_list_sets_its_observation_aside():
    parsed = read(document(series(observation(1, "1", "A04"), observation(2, "1"))))
    assert codes(parsed) == [("PayloadEnergyTimeSeries/1/IntervalEnergyObservation/1", "quality.unknown", 1)]


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (series(*FOUR, end="2026-01-02T00:10:00Z"), "record.length"),
        (series(*FOUR, observation(5, "1")), "record.length"),
        (series(*FOUR, unit="Z14"), "unit.unknown"),
        (series(*FOUR, function="1"), "series.function"),
        (series(*FOUR).replace("571313000000000018", ""), "series.incomplete"),
    ],
)
def test_a_series_that_cannot_be_taken_is_set_aside_alone(part, code):
    parsed = read(document(part, series(*FOUR)))
    assert codes(parsed) == [("PayloadEnergyTimeSeries/1", code, part.count("<IntervalEnergyObservation>"))]
    assert parsed.rows_taken == 4


def test_a_replacement_is_read_as_an_original_is():
    assert read(document(series(*FOUR, function="5"))).rows_taken == 4


def test_an_envelope_is_seen_through():
    data = b"<MessageContainer><Payload>" + document(series(*FOUR)) + b"</Payload></MessageContainer>"
    assert recognise_ebix(data)
    assert not recognise_cim_xml(data)
    assert read(data).rows_taken == 4


def test_a_document_without_series_is_told():
    assert [warning.code for warning in read(document()).warnings] == ["document.empty"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (document(series(*FOUR), namespace=NAMESPACE.replace("v3", "v2")), "schema.version"),
        (document(series(*FOUR), header=""), "document.incomplete"),
        (document(series(*FOUR), header=HEADER.replace("2026-02-01T07:30:54Z", "")), "document.incomplete"),
        (document(series(*FOUR), header=HEADER.replace("2026-02-01T07:30:54Z", "now")), "time.invalid"),
        (document(header=""), "document.incomplete"),
        (b"<a>" + series(*FOUR).encode() + b"</a>", "format.unknown"),
        (b"<a/>", "format.unknown"),
    ],
)
def test_a_document_that_is_not_sure_is_refused(data, code):
    with pytest.raises(InputRefusedError) as refusal:
        read(data)
    assert refusal.value.code == code
