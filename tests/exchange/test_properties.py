"""What holds for every market and every order at the exchange (properties of the contract)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.exchange.desk import SYMBOL, instrument
from tests.exchange.driver import MS, Driver
from tests.kit.tiers import at_most

pytestmark = pytest.mark.random
PLAYED = settings(
    deadline=None, max_examples=at_most(100), suppress_health_check=[HealthCheck.too_slow]
)
LOT, STEP = 65, 5
FUTURE = instrument(symbol=SYMBOL, kind="future")
PRICES = st.integers(1990, 2010).map(lambda steps: steps * STEP)
UNITS = st.integers(1, 6).map(lambda lots: lots * LOT)


@st.composite
def books(draw: st.DrawFn) -> dict[str, Any]:
    """A tick: up to five levels a side around a middle, a last price near it, some growth."""
    middle = draw(st.integers(1995, 2005))
    bids = draw(st.lists(st.integers(1, 9), max_size=5, unique=True))
    asks = draw(st.lists(st.integers(0, 9), max_size=5, unique=True))
    return {
        "symbol": SYMBOL,
        "ltp": (middle + draw(st.integers(-3, 3))) * STEP,
        "growth": draw(st.sampled_from([0, 0, LOT, 2 * LOT, 7 * LOT])),
        "ltq": draw(st.sampled_from([None, LOT, 3 * LOT])),
        "bids": [((middle - away) * STEP, draw(UNITS)) for away in sorted(bids)],
        "asks": [((middle + away) * STEP, draw(UNITS)) for away in sorted(asks)],
    }


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    """A MARKET, a LIMIT or an SL that is right in itself."""
    side = draw(st.sampled_from(["BUY", "SELL"]))
    kind = draw(st.sampled_from(["MARKET", "LIMIT", "LIMIT", "SL"]))
    price, trigger = draw(PRICES), draw(PRICES)
    if kind == "SL":
        low, high = sorted((price, trigger))
        trigger, price = (low, high) if side == "BUY" else (high, low)
    return {
        "symbol": SYMBOL,
        "side": side,
        "order_type": kind,
        "quantity": draw(UNITS),
        "price": None if kind == "MARKET" else price,
        "trigger": trigger if kind == "SL" else None,
        "validity": draw(st.sampled_from(["DAY", "DAY", "IOC"])) if kind != "SL" else "DAY",
    }


@st.composite
def markets(draw: st.DrawFn, *, most: int = 4) -> list[dict[str, Any]]:
    """Ticks of one instrument with the orders that are sent after each."""
    rows: list[dict[str, Any]] = []
    volume = 1000
    for number in range(draw(st.integers(2, 12))):
        tick = draw(books())
        volume += tick.pop("growth")
        row: dict[str, Any] = {"ts": (number + 1) * 500 * MS, "tick": {**tick, "volume": volume}}
        sent = draw(st.lists(orders(), max_size=most if number < 4 else 1))
        row["requests"] = [{"new": f"{number}.{at}", **order} for at, order in enumerate(sent)]
        rows.append(row)
    return rows


def played(rows: list[dict[str, Any]], **execution: Any) -> Driver:
    driver = Driver({"instruments": [FUTURE], "execution": execution})
    driver.play(rows)
    return driver


def shown(rows: list[dict[str, Any]]) -> list[dict[str, dict[int, int]]]:
    return [{side: dict(row["tick"][side]) for side in ("bids", "asks")} for row in rows]


@PLAYED
@given(rows=markets())
def test_fills_at_one_side_price_and_tick_never_exceed_what_is_displayed(rows: Any) -> None:
    driver = played(rows)
    sizes = shown(rows)
    taken: Counter[tuple[int, str, int]] = Counter()
    for event, report in zip(driver.events, driver.reports, strict=True):
        if event["rule"] == "take":
            buys = driver.exchange.orders[event["order"]].is_buy
            taken[event["input_no"], "asks" if buys else "bids", report.level_paise] += event[
                "quantity"
            ]
    for (number, side, price), quantity in taken.items():
        assert quantity <= sizes[number - 1][side].get(price, 0)


@PLAYED
@given(rows=markets(), evidence=st.sampled_from(["last_qty", "volume"]))
def test_fills_by_trades_never_exceed_the_growth_of_the_tick(rows: Any, evidence: str) -> None:
    driver = played(rows, queue_evidence=evidence)
    used: Counter[int] = Counter()
    for event in driver.events:
        if event["rule"] in ("through", "at"):
            used[event["input_no"]] += event["quantity"]
    volumes = [row["tick"]["volume"] for row in rows]
    for number, quantity in used.items():
        assert quantity <= volumes[number - 1] - volumes[number - 2]


@PLAYED
@given(tick=books(), side=st.sampled_from(["BUY", "SELL"]))
def test_one_order_within_the_best_level_is_bid_ask(tick: dict[str, Any], side: str) -> None:
    tick = {**tick, "volume": 1000 + tick.pop("growth")}
    order = {"new": "A", "symbol": SYMBOL, "side": side, "quantity": LOT}
    rows = [{"ts": MS, "tick": tick, "requests": [order]}]
    if not tick["asks" if side == "BUY" else "bids"]:
        return
    prices = []
    for mode in ("depth", "bid_ask"):
        driver = played(rows, fill_mode=mode, slippage_bps=0)
        prices.append([event["price"] for event in driver.events if event["event"] == "filled"])
    depth, simple = prices
    assert depth == simple or not depth  # nothing where the best level is beyond the protection


@PLAYED
@given(rows=markets(most=1), order=orders())
def test_cross_is_never_ahead_of_queue_nor_queue_of_touch(rows: Any, order: Any) -> None:
    for row in rows:
        row["requests"] = []
    rows[0]["requests"] = [{"new": "A", **order}]
    filled: dict[str, list[int]] = {}
    for policy in ("cross", "queue", "touch"):
        driver = Driver({"instruments": [FUTURE], "execution": {"resting": policy}})
        filled[policy] = []
        for row in rows:
            driver.take(row)
            filled[policy].append(driver.exchange.orders["A"].filled)
    for cross, queue, touch in zip(*filled.values(), strict=True):
        assert cross <= queue <= touch


@PLAYED
@given(rows=markets())
def test_a_modification_to_the_same_changes_nothing_but_its_count(rows: Any) -> None:
    plain = played(rows)
    again: list[dict[str, Any]] = []
    for row in rows:
        same = [{"modify": request["new"]} for request in row["requests"]]
        again.append({**row, "requests": [*row["requests"], *same]})
    modified = played(again)
    kinds = ("modified", "modify_refused")
    assert [e for e in modified.events if e["event"] not in kinds] == plain.events


@PLAYED
@given(rows=markets())
def test_what_is_over_says_nothing_more(rows: Any) -> None:
    driver = played(rows)
    over: set[str] = set()
    for event in driver.events:
        assert event["order"] not in over
        if event["status"] in ("COMPLETE", "CANCELLED", "REJECTED"):
            over.add(event["order"])
    for order in driver.exchange.orders.values():
        filled = sum(e["quantity"] or 0 for e in driver.events if e["order"] == order.order_id)
        assert filled == order.filled <= order.terms.quantity


@PLAYED
@given(rows=markets(), lots=st.integers(1, 6), latency=st.sampled_from([0, 700]))
def test_no_position_ever_reverses_by_its_exits(rows: Any, lots: int, latency: int) -> None:
    units = lots * LOT
    for row in rows:
        for request in row["requests"]:
            request |= {"side": "SELL", "group": "T", "is_exit": True}
            if request["order_type"] == "SL":
                low, high = sorted((request["price"], request["trigger"]))
                request |= {"price": low, "trigger": high}
    driver = Driver({"instruments": [FUTURE], "execution": {"latency_ms": latency}})
    driver.exchange.floor.group("T").set_open(units)
    for row in rows:
        driver.take(row)
        assert sum(order.filled for order in driver.exchange.orders.values()) <= units


@PLAYED
@given(rows=markets())
def test_the_market_in_the_mirror_gives_the_fills_in_the_mirror(rows: Any) -> None:
    about = 2 * 2000 * STEP
    turned = [mirrored(row, about) for row in rows]
    fills = [fill_of(event) for event in played(rows, escalate="never").events]
    image = [fill_of(event, about) for event in played(turned, escalate="never").events]
    # protections are percentages, so markets alone are not symmetric
    has_market = any(r["order_type"] == "MARKET" for row in rows for r in row["requests"])
    assert has_market or fills == image


def mirrored(row: dict[str, Any], about: int) -> dict[str, Any]:
    tick = row["tick"]
    turned = {
        **tick,
        "ltp": about - tick["ltp"],
        "bids": [(about - price, size) for price, size in tick["asks"]],
        "asks": [(about - price, size) for price, size in tick["bids"]],
    }
    requests = [
        {
            **request,
            "side": "SELL" if request["side"] == "BUY" else "BUY",
            "price": request["price"] and about - request["price"],
            "trigger": request["trigger"] and about - request["trigger"],
        }
        for request in row["requests"]
    ]
    return {**row, "tick": turned, "requests": requests}


def fill_of(event: dict[str, Any], about: int = 0) -> tuple[Any, ...]:
    price = event["price"]
    paid = about - price if about and price else price
    return (event["order"], event["event"], event["quantity"], paid, event["rule"])


@PLAYED
@given(rows=markets())
def test_far_orders_are_skipped_without_a_difference(rows: Any) -> None:
    """Looking at every order at every tick gives what looking at the near ones gives."""
    near = played(rows)
    driver = Driver({"instruments": [FUTURE], "execution": {}})
    for resting in driver.exchange.floor.resting:
        for side in (resting.buys, resting.sells):
            side.look_at_all = True
    assert driver.play(rows) == near.events
    left = {name: order.market_part for name, order in driver.exchange.orders.items()}
    assert left == {name: order.market_part for name, order in near.exchange.orders.items()}
