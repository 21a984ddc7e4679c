"""Small NEM12 and NEM13 files of our own, and the envelope they travel in."""

from __future__ import annotations

DAY = "300,20260101," + ",".join(["0.5"] * 48) + ",A,,,20260102010000,"
NEM12_LINES = f"100,NEM12,202601020000,MDP1,RET1\n200,4001234567,E1,E1,E1,,0012,kWh,30,\n{DAY}\n900"
NEM13_LINES = (
    "100,NEM13,202601020000,MDP1,RET1\n"
    "250,4001234567,11,01,11,11,0012,E,100,20251001000000,A,,,131,20260101000000,A,,,31,kWh,20260401,20260102010000,\n900"
)


def document(*transactions: str, header: str = '<?xml version="1.0"?>\n') -> bytes:
    bodies = "".join(f"<Transaction transactionID='T-{n}'>{body}</Transaction>" for n, body in enumerate(transactions))
    return f"{header}<ase:aseXML xmlns:ase='urn:aseXML:r38'><Header/><Transactions>{bodies}</Transactions></ase:aseXML>".encode()


def interval_data(text: str) -> str:
    return f"<MeterDataNotification><CSVIntervalData>{text}</CSVIntervalData></MeterDataNotification>"


def consumption_data(text: str) -> str:
    return f"<MeterDataNotification><CSVConsumptionData>{text}</CSVConsumptionData></MeterDataNotification>"


NEM12_FILE = f"""100,NEM12,202601021200,MDP1,RET1
200,4000000001,E1B1,1,E1,N1,M1,KWH,30,
300,20260101,{",".join(["0.5"] * 48)},V,,,20260102101112,20260102111213
400,1,24,A,,
400,25,48,S14,75,
500,O,S1,20260101000000,100.5
900
""".encode()

NEM13_FILE = b"""100,NEM13,202601021200,MDP1,RET1
250,4000000001,11,1,11,11,M1,E,100.5,20251001093000,A,,,250.5,20260101100000,A,,,150.0,kWh,20260401,20260102080000,
550,N,,A,
900
"""

SAMPLES = {
    "nem12": NEM12_FILE,
    "nem13": NEM13_FILE,
    "asexml": document(interval_data(NEM12_LINES), consumption_data(NEM13_LINES)),
}
"""One small valid file of each format of the room."""
