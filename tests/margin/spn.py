"""A made-up .spn file: a future and two calls of NIFTY in two expiries, in rupees."""

from __future__ import annotations

from pathlib import Path

FUTURE_LOSSES = "0 0 -800 -800 800 800 -1600 -1600 1600 1600 -2400 -2400 2400 2400 -1680 1680"
CALL_LOSSES = (
    "-30 40 -450 -400 200 230 -1100 -1050 280 290 -1850 -1820 297 299 -1400 105"  # of a call at 300
)
HEDGE_LOSSES = "-25 35 -350 -300 140 160 -900 -850 185 190 -1600 -1570 198 199 -1250 70"


def contract(tag: str, fields: str, losses: str, delta: str) -> str:
    values = "".join(f"<a>{number}</a>" for number in losses.split())
    return f"<{tag}><cId>1</cId>{fields}<ra><r>1</r>{values}<d>{delta}</d></ra></{tag}>"


def sample(date: str = "20261118", **changes: str) -> str:
    """The text of the file; `changes` replaces its parts."""
    part = {
        "format": "4.00", "factor": "1.00", "som": "0", "charge": "F", "rate": "350.00",
        "losses": CALL_LOSSES, "option": "C",
    } | changes  # fmt: skip
    call = contract(
        "opt", f"<o>{part['option']}</o><k>24500.00</k><p>300.00</p>", part["losses"], "0.45"
    )
    hedge = contract("opt", "<o>C</o><k>24800.00</k><p>200.00</p>", HEDGE_LOSSES, "0.35")
    future = contract("fut", "<pe>20261229</pe><p>24100.00</p>", FUTURE_LOSSES, "1.0")
    near = contract("fut", "<pe>20261123</pe><p>24020.00</p>", FUTURE_LOSSES, "1.0")
    return f"""<?xml version="1.0"?>
<spanFile><fileFormat>{part["format"]}</fileFormat><created>202611181600</created>
<pointInTime><date>{date}</date><isSetl>1</isSetl><clearingOrg><ec>MADEUP</ec>
<ccDef><cc>NIFTY</cc><name>NIFTY</name>
<somTiers><tier><tn>1</tn><rate><r>1</r><val>{part["som"]}</val></rate></tier></somTiers>
<dSpread><spread>1</spread><chargeMeth>{part["charge"]}</chargeMeth>
<rate><r>1</r><val>{part["rate"]}</val></rate>
<pLeg><cc>NIFTY</cc><pe>20261123</pe><rs>A</rs><i>1.0</i></pLeg>
<pLeg><cc>NIFTY</cc><pe>20261229</pe><rs>B</rs><i>1.0</i></pLeg></dSpread></ccDef>
<exchange><exch>MADEUP</exch>
<futPf><pfId>1</pfId><pfCode>NIFTY</pfCode><cvf>{part["factor"]}</cvf>{future}{near}</futPf>
<oopPf><pfId>2</pfId><pfCode>NIFTY</pfCode><cvf>1.00</cvf>
<series><pe>20261229</pe>{call}{hedge}</series></oopPf>
<futPf><pfId>3</pfId><pfCode>OTHER</pfCode><cvf>100</cvf></futPf>
</exchange></clearingOrg></pointInTime></spanFile>
"""


def written(directory: Path, text: str) -> Path:
    path = directory / "day.spn"
    path.write_text(text)
    return path
