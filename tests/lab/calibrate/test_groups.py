"""Errors apart: which group an order belongs to."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from daemon.domain.dates import parse_ts
from daemon.domain.instrument import Instrument, Universe
from daemon.lab.calibrate.groups import BY, grouped
from daemon.lab.calibrate.real_order import RealOrder
from daemon.lab.calibrate.recorded import underlying_of
from tests.lab.calibrate.made_up_books import OPTION

ORDER = RealOrder(
    where="tb.csv:2", order_id="1", symbol=OPTION.tradingsymbol, side="BUY", quantity=65,
    price_paise=9_900, filled_ts=parse_ts("2026-12-22T09:20:00"),
)  # fmt: skip
PUT = replace(OPTION, instrument_type="PE")
FUTURE = Instrument(instrument_token=1, tradingsymbol="NIFTY26DECFUT", name="NIFTY", lot_size=65)


def group(by: str, order: RealOrder = ORDER, contract: Instrument = OPTION, spot: float = 0) -> str:
    (name,) = grouped(by, [(order, contract, spot)])
    return name


@pytest.mark.parametrize(
    ("paise", "name"), [(999, "under 10"), (1_000, "10 to 50"), (25_000, "250 and over")]
)
def test_premium_is_what_was_paid(paise: int, name: str) -> None:
    assert group("premium", replace(ORDER, price_paise=paise)) == name


@pytest.mark.parametrize(
    ("spot", "call", "put"),
    [
        (2_500_000, "within 1 % of the strike", "within 1 % of the strike"),
        (2_550_000, "in by 1 to 3 %", "out by 1 to 3 %"),
        (2_600_000, "in by over 3 %", "out by over 3 %"),
        (math.nan, "underlying not recorded", "underlying not recorded"),
    ],
)
def test_moneyness_is_of_the_underlying_then(spot: float, call: str, put: str) -> None:
    assert group("moneyness", spot=spot) == call
    assert group("moneyness", contract=PUT, spot=spot) == put


def test_a_future_has_no_premium_and_no_moneyness() -> None:
    for by in ("premium", "moneyness"):
        assert group(by, contract=FUTURE) == "futures and shares"


@pytest.mark.parametrize(("lots", "name"), [(1, "1 lot"), (2, "2 to 5 lots"), (21, "over 20 lots")])
def test_lots_are_those_of_the_contract(lots: int, name: str) -> None:
    assert group("lots", replace(ORDER, quantity=65 * lots)) == name


@pytest.mark.parametrize(
    ("time", "name"),
    [("09:19:59", "before 09:20"), ("09:20:00", "09:20 to 09:44"), ("15:00:00", "15:00 and later")],
)
def test_minutes_are_indian(time: str, name: str) -> None:
    order = replace(ORDER, filled_ts=parse_ts(f"2026-12-22T{time}"))
    assert group("minute", order) == name


@pytest.mark.parametrize(
    ("date", "name"),
    [("2026-12-29", "expiry day"), ("2026-12-28", "1 day"), ("2026-12-01", "over 7 days")],
)
def test_days_to_expiry_are_days_of_the_calendar(date: str, name: str) -> None:
    order = replace(ORDER, filled_ts=parse_ts(f"{date}T10:00:00"))
    assert group("days to expiry", order) == name


def test_groups_come_in_their_order_and_empty_ones_are_left_out() -> None:
    orders = [replace(ORDER, quantity=65 * lots) for lots in (9, 1, 1)]
    places = [(order, OPTION, 0.0) for order in orders]
    assert grouped("lots", places) == {"1 lot": [1, 2], "6 to 10 lots": [0]}
    assert list(BY) == ["premium", "moneyness", "lots", "minute", "days to expiry"]


def test_the_underlying_is_the_index_else_the_nearest_future() -> None:
    index = Instrument(
        instrument_token=2, tradingsymbol="NIFTY 50", instrument_type="INDEX", exchange="NSE"
    )
    far = replace(FUTURE, instrument_token=3, tradingsymbol="FAR", expiry="2027-01-26")
    near = replace(FUTURE, expiry="2026-12-29")
    assert underlying_of(OPTION, Universe([OPTION, far, near, index])) == 3
    assert underlying_of(OPTION, Universe([OPTION, far, near])) == 2
    assert underlying_of(OPTION, Universe([OPTION])) is None
