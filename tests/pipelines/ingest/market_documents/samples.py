"""Small documents of our own, one in each way of writing."""

from __future__ import annotations

import json

HEADER = {
    "mRID": "D1",
    "type": "E66",
    "process.processType": "E23",
    "sender_MarketParticipant.mRID": "5790000000001",
    "sender_MarketParticipant.marketRole.type": "MDR",
    "receiver_MarketParticipant.mRID": "5790000000002",
    "receiver_MarketParticipant.marketRole.type": "DGL",
    "createdDateTime": "2026-02-01T07:30:54Z",
}
SERIES = {
    "marketEvaluationPoint.mRID": "0012",
    "marketEvaluationPoint.type": "E17",
    "registration_DateAndOrTime.dateTime": "2026-01-20T07:30:00Z",
    "quantity_Measure_Unit.name": "KWH",
}
PERIOD = {"resolution": "PT1H", "timeInterval": {"start": "2026-01-01T23:00Z", "end": "2026-01-02T00:00Z"}}
POINT = {"position": "1", "quantity": "1.5", "quality": "A04"}
JSON = json.dumps(
    {"NotifyValidatedMeasureData_MarketDocument": HEADER | {"Series": [SERIES | {"Period": PERIOD | {"Point": [POINT]}}]}}
).encode()


def elements(content: object, name: str) -> str:
    inner = "".join(elements(part, key) for key, part in content.items()) if isinstance(content, dict) else str(content)
    return f"<{name}>{inner}</{name}>"


XML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    + elements(
        HEADER | {"Series": SERIES | {"Period": PERIOD | {"Point": POINT}}}, "NotifyValidatedMeasureData_MarketDocument"
    ).replace("Document>", 'Document xmlns="urn:ediel.org:measure:notifyvalidatedmeasuredata:0:1">', 1)
).encode()
EBIX = (
    b'<DK_MeteredDataTimeSeries xmlns="un:unece:260:data:EEM-DK_MeteredDataTimeSeries:v3"><HeaderEnergyDocument>'
    b"<Identification>1</Identification><DocumentType>E66</DocumentType><Creation>2026-02-01T07:30:54Z</Creation>"
    b"<SenderEnergyParty><Identification>1</Identification></SenderEnergyParty><RecipientEnergyParty><Identification>2"
    b"</Identification></RecipientEnergyParty></HeaderEnergyDocument><ProcessEnergyContext><EnergyBusinessProcess>E23"
    b"</EnergyBusinessProcess></ProcessEnergyContext><PayloadEnergyTimeSeries><Function>9</Function>"
    b"<ObservationTimeSeriesPeriod><ResolutionDuration>PT1H</ResolutionDuration><Start>2026-01-01T23:00:00Z</Start>"
    b"<End>2026-01-02T00:00:00Z</End></ObservationTimeSeriesPeriod><IncludedProductCharacteristic><UnitType>KWH</UnitType>"
    b"</IncludedProductCharacteristic><MeteringPointDomainLocation><Identification>0012</Identification>"
    b"</MeteringPointDomainLocation><IntervalEnergyObservation><Position>1</Position><EnergyQuantity>1.5</EnergyQuantity>"
    b"<QuantityQuality>E01</QuantityQuality></IntervalEnergyObservation></PayloadEnergyTimeSeries></DK_MeteredDataTimeSeries>"
)
ELOVERBLIK = json.dumps(
    {
        "result": [
            {
                "MyEnergyData_MarketDocument": {
                    "mRID": "D1",
                    "createdDateTime": "2026-02-01T07:30:54Z",
                    "TimeSeries": [
                        {
                            "mRID": "0012",
                            "businessType": "A04",
                            "measurement_Unit.name": "KWH",
                            "MarketEvaluationPoint": {"mRID": {"codingScheme": "A10", "name": "0012"}},
                            "Period": [
                                {
                                    "resolution": "PT1H",
                                    "timeInterval": {"start": "2026-01-01T23:00:00Z", "end": "2026-01-02T01:00:00Z"},
                                    "Point": [
                                        {"position": "1", "out_Quantity.quantity": "0.13", "out_Quantity.quality": "A04"},
                                        {"position": "2", "out_Quantity.quality": "A02"},
                                    ],
                                }
                            ],
                        }
                    ],
                },
                "success": True,
                "errorCode": 10000,
                "errorText": "NoError",
            }
        ]
    }
).encode()

SAMPLES = {"cim_market_xml": XML, "cim_market_json": JSON, "eloverblik": ELOVERBLIK, "ebix": EBIX}
"""One small valid file of each format of the room."""
