"""Prices by column are those of the fill rules that the exchange uses."""

from __future__ import annotations

import random

import numpy as np
import pytest

from daemon.exchange.fills import base_half
from daemon.exchange.slippage import Slippage
from daemon.lab.calibrate.exchange_run import PaperOrder, run_order
from daemon.lab.calibrate.fill_rules import (
    PROFILES,
    Profile,
    depth_prices,
    protected_limits,
    simple_prices,
)
from daemon.lab.calibrate.quotes import Piece, QuoteColumns, joined
from tests.lab.calibrate.made_up_books import LOT, OPTION, SECOND, TICK

OPENS = 1_800_000_000 * SECOND


def columns(seed: int, rows: int = 60, *, sized: bool = True) -> QuoteColumns:
    """Return random rows: thin, one-sided, empty and crossed books, prices off the step."""
    draw = random.Random(seed)
    ts, ltp, depth = [], [], []
    mid = draw.choice((700, 5_000, 12_000, 60_000))
    for row in range(rows):
        ts.append(OPENS + (row + 1) * SECOND + draw.randint(0, SECOND - 1))
        mid = max(300, mid + TICK * draw.randint(-3, 3))
        ltp.append(mid + draw.choice((0, 0, 0, TICK, -TICK, 2)))
        depth.append([*side(draw, mid - TICK, -TICK), *side(draw, mid + TICK, TICK)])
    book = np.array(depth, dtype=np.int64)
    best = [np.where(book[:, at, 0] > 0, book[:, at, 1], 0) for at in (0, 5)]
    fine = (best[0] <= best[1]) | (best[0] == 0) | (best[1] == 0)
    bid, ask = (np.where(fine, sides, 0) for sides in best)
    volume = np.arange(rows, dtype=np.int64) * 10
    piece = Piece(
        np.array(ts, dtype=np.int64), np.array(ltp, dtype=np.int64), bid, ask,
        np.zeros(rows, dtype=np.int64), volume, book if sized else None,
    )  # fmt: skip
    return joined(OPTION, [piece], [OPENS])


def side(draw: random.Random, best: int, step: int) -> list[tuple[int, int, int]]:
    shown = draw.choice((0, 1, 3, 5, 5, 5, 5))
    best -= draw.choice((0, 0, 0, 0, 0, 4)) * step  # sometimes crossed
    levels = [
        (draw.choice((LOT // 2, LOT, 3 * LOT, 8 * LOT)), best + at * step, 1) for at in range(shown)
    ]
    return levels + [(0, 0, 0)] * (5 - shown)


@pytest.mark.parametrize("is_buy", [True, False])
@pytest.mark.parametrize("profile", PROFILES[:3])
def test_simple_prices_are_those_of_the_fill_engine(profile: Profile, is_buy: bool) -> None:
    quotes = columns(7)
    rows = np.arange(len(quotes.ts))
    side = "BUY" if is_buy else "SELL"
    wanted = [
        Slippage(0).price(base_half(ltp, bid, ask, side, profile)[0], side, TICK)  # type: ignore[arg-type]
        for ltp, bid, ask in zip(
            quotes.ltp.tolist(), quotes.bid.tolist(), quotes.ask.tolist(), strict=True
        )
    ]
    assert simple_prices(profile, quotes, rows, is_buy=is_buy).tolist() == wanted


@pytest.mark.parametrize("sized", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_depth_pays_what_the_paper_exchange_pays_at_once(seed: int, sized: bool) -> None:
    quotes = columns(seed, sized=sized)
    draw = random.Random(seed)
    rows = np.arange(len(quotes.ts))
    compared = 0
    for is_buy in (True, False):
        quantity = np.array([LOT * draw.choice((1, 2, 5, 20)) for _ in rows], dtype=np.int64)
        limits = protected_limits(quotes, rows, is_buy=is_buy)
        found = depth_prices(quotes, rows, quantity, limits, is_buy=is_buy)
        for row in rows.tolist():
            at, units = int(quotes.ts[row]), int(quantity[row])
            order = PaperOrder("BUY" if is_buy else "SELL", units, at, at)
            paper = run_order(quotes, order, latency_ns=0)
            if np.isnan(found[row]):
                assert paper.filled < units
            else:
                assert (paper.filled, paper.price_paise) == (units, found[row])
                compared += 1
    assert compared > 40


@pytest.mark.parametrize("profile", PROFILES)
def test_with_latency_the_next_tick_pays(profile: Profile) -> None:
    quotes = columns(11)
    for row in range(len(quotes.ts) - 1):
        sent, latency = int(quotes.ts[row]), 100_000_000
        order = PaperOrder("BUY", LOT, sent, sent + 30 * SECOND)
        paper = run_order(quotes, order, latency_ns=latency, mode=profile)
        later = np.array([quotes.next_from(np.array([sent + latency]))[0]])
        if later[0] >= len(quotes.ts):
            continue
        limits = protected_limits(quotes, np.array([row]), is_buy=True)
        units = np.array([LOT], dtype=np.int64)
        if profile == "depth":
            price = depth_prices(quotes, later, units, limits, is_buy=True)[0]
        else:
            price = simple_prices(profile, quotes, later, is_buy=True)[0]
        if not np.isnan(price) and (profile == "depth" or price <= limits[0]):
            assert paper.price_paise == price, row


def test_a_row_with_a_faulty_book_keeps_the_one_before_it() -> None:
    quotes = columns(3)
    assert quotes.depth is not None
    faulty = quotes.book != np.arange(len(quotes.ts))
    assert faulty.any()
    assert (quotes.book <= np.arange(len(quotes.ts))).all()
