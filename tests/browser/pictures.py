"""`make pictures`: what docs/PAGE.md shows, taken from the sample session as it is traded live."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.browser import browser, new_context, phone
from tests.browser.journal_numbers import fold_of
from tests.browser.served import Live, sign_in, trade_live
from tests.kit.cli import SAMPLE, finished, spawn, wait_for

BYTES_MAX: Final = 180_000
SPEED: Final = "60"
CLOSED: Final = 2
"""Pictures are taken once this many exits are done; other positions are open then."""
Shot = Callable[[Page, Live], Locator | None]
"""Brings a page where it is wanted; returns the part of it to take, None for all that is seen."""
PLANS: Final = """
capital_rupees: 1000000
plans:
  list:
    - id: straddle-0925
      underlying: NIFTY
      entry: {at: "09:25:00"}
      exit: {at: "15:10:00"}
      overall: {stop: {rupees: 8000}, target: {rupees: 9000}, trail: {every: 1000, by: 500}}
      legs:
        - {id: ce, side: sell, type: CE, expiry: weekly, strike: ATM, stop: {percent: 80},
           target: {percent: 40},
           reentry_on_stop: {as: cost, most: 2}, exits: {stop_style: sl_limit, target_style: limit}}
        - {id: pe, side: sell, type: PE, expiry: weekly, strike: ATM, stop: {percent: 80},
           target: {percent: 40},
           reentry_on_stop: {as: cost, most: 2}, exits: {stop_style: sl_limit, target_style: limit}}
    - id: far-calls
      underlying: NIFTY
      entry: {at: "09:20:00"}
      exit: {at: "15:10:00"}
      legs:
        - {id: ce, side: buy, type: CE, expiry: weekly, strike: {premium_at_most: 1}}
"""


def desk(page: Page, live: Live) -> None:
    """Show the desk."""
    positions(page, live)


def positions(page: Page, live: Live) -> None:
    """Show the open positions; on a phone the charts are further down."""
    expect(page.locator("#open-rows tr").first).to_be_visible()


def plans(page: Page, live: Live) -> Locator:
    """Show the plans: one that trades, and one that had nothing to buy."""
    page.locator(".plan .told summary").first.click()
    return page.locator("section:has(> #plans-rows)")


def orders(page: Page, live: Live) -> Locator:
    """Show the orders at the exchange."""
    expect(page.locator("#orders-rows tr").first).to_be_visible()
    return page.locator("#orders")


def chain(page: Page, live: Live) -> Locator:
    """Open the option chain."""
    page.click("#chain summary")
    page.wait_for_selector("#chain-rows [data-atm]")
    return page.locator("section:has(> #chain)")


def trade(page: Page, live: Live) -> None:
    """Open the newest trade that was closed."""
    page.locator("#closed-rows .link").last.click()
    page.wait_for_selector("#trade-chart canvas")


def history(page: Page, live: Live) -> None:
    """Show the trades of the day."""
    page.goto(f"{live.served.url}#history/day/2026-11-18")
    page.wait_for_selector("#history-equity canvas")


def compare(page: Page, live: Live) -> None:
    """Compare two replays of the same day."""
    page.goto(f"{live.served.url}#compare")
    page.wait_for_selector("#compare-b option:nth-child(2)", state="attached")
    names = page.locator("#compare-a option").all_inner_texts()
    runs = sorted(name for name in names if name.startswith("replay"))
    page.goto(f"{live.served.url}#compare/{runs[0]}/{runs[1]}")
    page.wait_for_selector("#compare-chart canvas")


def take(context: BrowserContext, live: Live, shot: Shot, to: Path) -> None:
    """Sign in, bring the page where `shot` wants it, and write the picture."""
    with context:
        page = sign_in(context, live.served)
        part = shot(page, live)
        page.mouse.move(0, 0)
        page.evaluate("new Promise(resolve => setTimeout(resolve, 1200))")  # the charts are drawn
        (page if part is None else part).screenshot(path=to)
    size = to.stat().st_size
    assert size <= BYTES_MAX, f"{to}: {size:,} bytes, at most {BYTES_MAX:,}"
    print(f"{to}: {size:,} bytes")


def replay_twice(out: Path) -> None:
    """Replay the sample session as it is, and without slippage."""
    frugal = out / "frugal.yaml"
    text = Path(SAMPLE).read_text(encoding="utf-8")
    session = Path("configs/sample_session.parquet").resolve()
    text = text.replace("slippage_bps: 5", "slippage_bps: 0")
    frugal.write_text(text.replace("sample_session.parquet", str(session)), encoding="utf-8")
    for config in (SAMPLE, frugal):
        done = finished(spawn("--config", config, "--out", out))
        assert done.code == 0, done.err


def take_all(started: Browser, live: Live, to: Path) -> None:
    """Write every picture."""
    size = {"width": 1280, "height": 720}
    take(new_context(started, viewport=size), live, desk, to / "desk.png")
    take(new_context(started, viewport=size, color_scheme="dark"), live, desk, to / "desk-dark.png")
    take(phone(started, device_scale_factor=1.5), live, positions, to / "phone.png")
    tall = {"width": 1200, "height": 900}
    for part in (plans, orders, chain):
        take(new_context(started, viewport=tall), live, part, to / f"{part.__name__}.png")
    less = {"width": 1000, "height": 760}
    wide = {"width": 1280, "height": 760}
    take(new_context(started, viewport=less), live, trade, to / "trade.png")
    take(new_context(started, viewport=wide), live, history, to / "history.png")
    take(new_context(started, viewport=wide), live, compare, to / "compare.png")


def main() -> None:
    """Trade, and take the pictures."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description=__doc__)
    parser.add_argument("--to", type=Path, required=True, help="the directory of the pictures")
    to: Path = parser.parse_args().to
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        out = Path(place)
        replay_twice(out)
        with trade_live(out, speed=SPEED, more=PLANS) as live, browser() as started:
            wait_for(lambda: is_worth_a_picture(live.directory), 120)
            take_all(started, live, to)


def is_worth_a_picture(directory: Path) -> bool:
    """Return whether there are closed and open positions."""
    fold = fold_of(directory)
    return len(fold.exits) >= CLOSED and bool(fold.ledger.positions)


if __name__ == "__main__":
    main()
