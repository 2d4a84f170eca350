"""Section 11 of the exchange's contract, asked of its oracle over random scenarios."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any, Final

import pytest

from tests.kit.tiers import seeds
from tests.oracle.exchange_engine import run, watch
from tests.oracle.exchange_market import crossed
from tests.oracle.exchange_random import random_scenario
from tests.oracle.exchange_scenario import (
    SECOND,
    Cancel,
    Contract,
    Event,
    Gap,
    Input,
    Levels,
    Modify,
    New,
    Scenario,
    Side,
    Tick,
)

pytestmark = pytest.mark.random

RULES: Final = tuple(
    """F1 dropped row|F1 no_book|F1 no_depth|F1 one side|F2 forgotten|F2 gap|F2 growth|F2 less taken
F2 min|F2 silence|F3 shared|F4 behind another|F4 cancel|F5 old row|F5(a)|F5(c)|F6 IOC|F10|F11
F11 at a later tick|F11 still taking|F12 cancel|F12 escalation|F12 escalation in step 1|F13
F14 ltp MARKET|F14 ltp LIMIT|F14 ltp SL|F14 ltp SL-M|F14 mid MARKET|F14 mid LIMIT|F14 mid SL
F14 bid_ask MARKET|F14 bid_ask LIMIT|F14 bid_ask SL|F20|F21|F21 unknown|F21 visible
F22 min|F22 no volume, no book|F22(a)|F22(b)|F22(c) V|F22(c) at|F22(c) credit|F22(c) touch|F23|F30
F31|F32|F34 larger|F34 new exit|F34 shrink|F34 slice not sent|F42 keeps|F42 loses|F42 of a stop
F42 to MARKET|F6 TTL of a modification|F60|F60 closed
ends day_over|ends no_price|ends ttl_over|ends unfilled_rest
reason already_filled|reason bad_level|reason bad_quantity|reason bad_validity|reason exit_group
reason far_limit|reason freeze_quantity|reason ioc_rest|reason lot_size|reason lpp
reason market_closed|reason market_range
reason modified_to_filled|reason no_price|reason no_protection|reason not_open|reason order_rate
reason price_band|reason price_step|reason replaced|reason slm_on_options
reason too_many_modifications|reason too_many_slices|reason trigger_already_met
reason unfilled_rest|reason untraded_contract""".replace("\n", "|").split("|")
)


def test_every_rule_fires_in_150_seeds() -> None:
    hits: Counter[str] = Counter()
    for seed in range(150):
        hits += watch(random_scenario(seed)).hits
    assert [rule for rule in RULES if not hits[rule]] == []


def setting(scenario: Scenario, **execution: Any) -> Scenario:
    """The scenario with other keys."""
    keys = scenario.setup.execution | execution
    return dataclasses.replace(scenario, setup=dataclasses.replace(scenario.setup, execution=keys))


def depth(seed: int, **execution: Any) -> Scenario:
    """The scenario of a seed in `fill_mode: depth`."""
    return setting(random_scenario(seed), fill_mode="depth", **execution)


def requests_of(scenario: Scenario) -> dict[str, New]:
    """Every new order of the scenario by label."""
    return {
        each.label: each
        for item in scenario.inputs
        for each in item.requests
        if isinstance(each, New)
    }


def root(event: Event) -> str:
    return str(event["order"]).split("/", maxsplit=1)[0]


def is_book(bids: Levels | None, asks: Levels | None) -> bool:
    return bids is not None and asks is not None and not crossed(bids, asks)


@pytest.mark.parametrize("seed", seeds(20))
def test_what_is_taken_at_a_level_is_never_more_than_it_shows(seed: int) -> None:
    scenario = depth(seed, slippage_bps=0, slippage_ticks=0)
    orders = requests_of(scenario)
    shown: dict[tuple[str, str, int], int] = {}
    books: set[str] = set()
    taken: Counter[tuple[str, str, int]] = Counter()
    events = run(scenario)
    stale = scenario.setup.execution["stale_after_s"] * SECOND
    last = 0
    for item in scenario.inputs:
        is_tick = isinstance(item.what, Tick)
        if isinstance(item.what, Gap) or (is_tick and last and item.ts - last > stale):
            taken.clear()
        last = item.ts if is_tick else last
        if isinstance(item.what, Tick) and is_book(item.what.bids, item.what.asks):
            symbol = item.what.symbol
            books.add(symbol)
            for old in [key for key in (*shown, *taken) if key[0] == symbol]:
                shown.pop(old, None)
                taken.pop(old, None)
            for side, levels in (("BUY", item.what.asks), ("SELL", item.what.bids)):
                shown |= {(symbol, side, price): size for price, size in levels or ()}
        for event in events:
            order = orders[root(event)]
            if event["input_no"] == item.input_no and event["rule"] == "take":
                key = (order.symbol, order.side, event["price"])
                taken[key] += event["quantity"]
                if order.symbol in books:
                    assert taken[key] <= shown.get(key, 0)


@pytest.mark.parametrize("seed", seeds(20))
def test_fills_by_trades_are_never_more_than_the_growth(seed: int) -> None:
    scenario = depth(seed)
    orders = requests_of(scenario)
    filled: Counter[int] = Counter()
    for event in run(scenario):
        if event["rule"] in ("through", "at", "touch"):
            assert event["event"] == "filled"
            filled[event["input_no"]] += event["quantity"]
            assert orders[root(event)].validity != "IOC"
    most: dict[str, int] = {}
    for item in scenario.inputs:
        if not isinstance(item.what, Tick) or item.what.volume is None:
            continue
        before = most.get(item.what.symbol, item.what.volume)
        assert filled[item.input_no] <= max(0, item.what.volume - before)
        most[item.what.symbol] = max(before, item.what.volume)


@pytest.mark.parametrize("seed", seeds(20))
def test_the_exits_of_a_trade_never_reverse_it(seed: int) -> None:
    scenario = random_scenario(seed)
    orders = requests_of(scenario)
    units: dict[str, int] = {}
    for order in orders.values():
        if order.group is not None and order.open_units is not None:
            units.setdefault(order.group, order.open_units)
    out: Counter[str] = Counter()
    for event in run(scenario):
        group = orders[root(event)].group
        if event["event"] == "filled" and group is not None:
            out[group] += event["quantity"]
            assert out[group] <= units[group]


@pytest.mark.parametrize("seed", seeds(20))
def test_an_order_ends_once_and_its_fills_add_up(seed: int) -> None:
    filled: Counter[str] = Counter()
    over: set[str] = set()
    for event in run(random_scenario(seed)):
        label = event["order"]
        if event["event"] in ("modify_refused", "cancel_refused"):
            continue
        assert label not in over
        if event["event"] == "filled":
            filled[label] += event["quantity"]
        assert event["filled"] == filled[label]
        if event["status"] in ("COMPLETE", "CANCELLED", "REJECTED"):
            over.add(label)
            assert event["pending"] == 0


def alone(scenario: Scenario, **execution: Any) -> Scenario:
    """The scenario with its first limit order only."""
    label = next(
        (
            each.label
            for each in requests_of(scenario).values()
            if each.order_type == "LIMIT" and each.validity == "DAY" and each.group is None
        ),
        None,
    )
    inputs = tuple(
        dataclasses.replace(
            item,
            requests=tuple(
                each for each in item.requests if isinstance(each, New) and each.label == label
            ),
        )
        for item in scenario.inputs
    )
    return setting(dataclasses.replace(scenario, inputs=inputs), **execution)


def totals(events: list[Event], inputs: int) -> list[int]:
    """What was filled up to each input."""
    found = [0] * (inputs + 1)
    for event in events:
        if event["event"] == "filled":
            found[event["input_no"]] += event["quantity"]
    return [sum(found[: place + 1]) for place in range(inputs + 1)]


@pytest.mark.parametrize("seed", seeds(30))
def test_cross_fills_no_more_than_queue_and_queue_no_more_than_touch(seed: int) -> None:
    scenario = random_scenario(seed)
    cross, queue, touch = (
        totals(run(alone(scenario, resting=each)), len(scenario.inputs))
        for each in ("cross", "queue", "touch")
    )
    assert all(one <= other for one, other in zip(cross, queue, strict=True))
    assert all(one <= other for one, other in zip(queue, touch, strict=True))


@pytest.mark.parametrize("seed", seeds(30))
def test_a_modification_to_the_same_changes_nothing(seed: int) -> None:
    plain = alone(random_scenario(seed), latency={"enter_ms": 0, "modify_ms": 0, "cancel_ms": 0})
    seen: list[New] = []
    asked = 0
    inputs: list[Input] = []
    for item in plain.inputs:
        requests = list(item.requests)
        if seen and asked < 25:
            asked += 1
            new = seen[0]
            requests.append(Modify(label=new.label, quantity=new.quantity, price=new.price))
        seen += [each for each in item.requests if isinstance(each, New)]
        inputs.append(dataclasses.replace(item, requests=tuple(requests)))
    same = dataclasses.replace(plain, inputs=tuple(inputs))
    told = [each for each in run(same) if each["event"] not in ("modified", "modify_refused")]
    assert told == run(plain)


MIRROR: Final = 400_000


def mirrored_levels(levels: Levels | None) -> Levels | None:
    return None if levels is None else tuple((MIRROR - price, size) for price, size in levels)


def flipped(price: int | None) -> int | None:
    return None if price is None else MIRROR - price


def mirrored(scenario: Scenario) -> Scenario:
    """Everything at MIRROR less its price, every buy a sell."""
    inputs = []
    for item in scenario.inputs:
        what = item.what
        if isinstance(what, Tick):
            what = dataclasses.replace(
                what,
                ltp=MIRROR - what.ltp,
                bids=mirrored_levels(what.asks),
                asks=mirrored_levels(what.bids),
                bid=flipped(what.ask),
                ask=flipped(what.bid),
            )
        requests: list[New | Modify | Cancel] = []
        for each in item.requests:
            if isinstance(each, New):
                side: Side = "SELL" if each.side == "BUY" else "BUY"
                requests.append(
                    dataclasses.replace(
                        each, side=side, price=flipped(each.price), trigger=flipped(each.trigger)
                    )
                )
            elif isinstance(each, Modify):
                requests.append(
                    dataclasses.replace(
                        each, price=flipped(each.price), trigger=flipped(each.trigger)
                    )
                )
            else:
                requests.append(each)
        inputs.append(dataclasses.replace(item, what=what, requests=tuple(requests)))
    return dataclasses.replace(scenario, inputs=tuple(inputs))


def levels_of(request: New | Modify | Cancel) -> list[int]:
    """The price and the trigger that a request names."""
    named = (getattr(request, "price", None), getattr(request, "trigger", None))
    return [each for each in named if each is not None]


def without_percents(scenario: Scenario) -> Scenario:
    """No rule that counts in percent of a price: shares, no band, limits and stops only."""

    def plain(contract: Contract) -> Contract:
        return dataclasses.replace(contract, kind="share", band=None)

    setup = dataclasses.replace(
        scenario.setup, instruments=tuple(plain(each) for each in scenario.setup.instruments)
    )
    inputs = tuple(
        dataclasses.replace(
            item,
            requests=tuple(
                each
                for each in item.requests
                if getattr(each, "order_type", "LIMIT") in ("LIMIT", "SL", None)
                and all(level > 5 for level in levels_of(each))
            ),
        )
        for item in scenario.inputs
    )
    found = dataclasses.replace(scenario, setup=setup, inputs=inputs)
    return setting(found, fill_mode="depth", slippage_bps=0, escalate="never")


@pytest.mark.parametrize("seed", seeds(30))
def test_a_mirrored_market_gives_the_mirrored_fills(seed: int) -> None:
    scenario = without_percents(random_scenario(seed))
    expected = [
        event | ({"price": MIRROR - event["price"]} if event["price"] is not None else {})
        for event in run(scenario)
    ]
    assert run(mirrored(scenario)) == expected
