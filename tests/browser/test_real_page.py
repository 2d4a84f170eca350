"""The page on real runs: what it shows is what the journal says, and clicks reach the daemon."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from daemon.runtime.run_files import SUMMARY_FILE
from tests.browser.browser import new_context
from tests.browser.journal_numbers import Numbers, expected, fold_of, shown
from tests.browser.served import Live, Served, give_token, serve_run, sign_in, trade_live
from tests.kit.cli import SAMPLE, Result, only_run, runs_of, spawn, summary_of, wait_for
from tests.kit.cli import finished as ended

pytestmark = pytest.mark.ci
TABS = 8


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Served]]:
    out = tmp_path_factory.mktemp("finished")
    assert finished_command("--config", SAMPLE, "--out", out).code == 0
    with serve_run(only_run(out), out) as served:
        yield only_run(out), served


@pytest.fixture
def paced(tmp_path: Path) -> Iterator[tuple[Path, Served]]:
    daemon = spawn("--config", SAMPLE, "--out", tmp_path, "--speed", "500")
    try:
        wait_for(lambda: runs_of(tmp_path) and (only_run(tmp_path) / "control.sock").exists())
        with serve_run(only_run(tmp_path), tmp_path) as served:
            yield only_run(tmp_path), served
    finally:
        daemon.kill()
        daemon.communicate()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with trade_live(tmp_path_factory.mktemp("live"), speed="60") as trading:
        wait_for(lambda: len(fold_of(trading.directory).ledger.positions) == 2)
        yield trading


def finished_command(*arguments: object) -> Result:
    """Run a command in a process of its own: Playwright has this one's event loop."""
    return ended(spawn(*arguments))


def agrees(page: Page, run: Path) -> None:
    """Wait until the page shows what the journal says: neither stands still for long."""
    deadline = time.monotonic() + 30
    while (numbers := expected(fold_of(run))) != shown_of(page, numbers):
        if time.monotonic() > deadline:
            assert shown_of(page, numbers) == numbers
        page.evaluate("new Promise(resolve => setTimeout(resolve, 20))")


def shown_of(page: Page, numbers: Numbers) -> dict[str, dict[str, str] | None]:
    """Return what a page shows of these numbers."""
    found = shown(page)
    return {name: found.get(name) for name in numbers}


def test_a_finished_run_shows_the_journal_s_numbers(
    context: BrowserContext, finished: tuple[Path, Served]
) -> None:
    run, served = finished
    page = sign_in(context, served)
    expect(page.locator("#header-mode")).to_have_text("finished run")
    agrees(page, run)
    assert len(shown(page)) == len(expected(fold_of(run))) > 15
    assert (run / SUMMARY_FILE).exists()
    net = page.locator("#pnl-net").get_attribute("data-value")
    assert int(net or 0) == round(100 * summary_of(run)["net_pnl"])


def test_its_past_and_its_charts_are_shown(
    context: BrowserContext, finished: tuple[Path, Served]
) -> None:
    run, served = finished
    faults: list[str] = []
    context.on("console", lambda said: faults.append(said.text))
    context.on("weberror", lambda fault: faults.append(str(fault.error)))
    page = sign_in(context, served)
    page.goto(f"{served.url}#charts")
    expect(page.locator("#chart-candles")).to_contain_text("NIFTY26NOVFUT")
    page.wait_for_selector("#chart-equity canvas")
    page.goto(f"{served.url}#history/day/2026-11-18")
    expect(page.locator("#history-rows tr")).to_have_count(len(fold_of(run).exits))
    name = run.name
    page.goto(f"{served.url}#history/run/{name}")
    page.locator("#history-candles").scroll_into_view_if_needed()
    page.wait_for_selector("#history-candles canvas")
    page.select_option("#history-symbol", index=1)
    chosen = page.locator("#history-symbol").input_value()
    expect(page.locator("#history-candles h3")).to_contain_text(f"{chosen} on 2026-11-18")
    page.locator("#history-rows .link").first.click()
    expect(page.locator("#trade-dialog")).to_have_attribute("data-run", name)
    page.wait_for_selector("#trade-chart canvas")
    page.goto(f"{served.url}#compare/{name}/{name}")
    expect(page.locator("#compare-line")).to_contain_text("made 0.00 against")
    assert faults == [], "the console of the browser is empty"


def test_a_click_on_a_trade_tells_what_explain_tells(
    context: BrowserContext, finished: tuple[Path, Served]
) -> None:
    run, served = finished
    page = sign_in(context, served)
    trade = fold_of(run).exits[0].order_id
    page.locator(f"#closed-{trade}-1 .link").click()
    told = finished_command("journal", "explain", trade, "--run", run).out
    shown = page.locator("#trade-life").inner_text().replace("\u2212", "-")
    life = " ".join(shown.split())
    for line in filter(None, map(str.strip, told.splitlines())):
        words = line.split(": ", 1)[-1]
        assert " ".join(words.split()) in life, line


def test_a_paced_run_shows_the_journal_s_numbers_and_is_paused_and_hurried(
    context: BrowserContext, paced: tuple[Path, Served]
) -> None:
    run, served = paced
    page = sign_in(context, served)
    expect(page.locator("#header-mode")).to_have_text("replay")
    expect(page.locator("#open-rows tr").first).to_be_visible(timeout=30_000)
    expect(page.locator("#open-rows .exit").first).to_be_hidden()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#pace-pause")).to_have_text("Resume")
    agrees(page, run)
    page.select_option("#pace-speed", "300")
    expect(page.locator("#toasts")).to_contain_text("speed 300")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#pace-pause")).to_have_text("Pause")


def test_an_account_shows_the_journal_s_numbers_to_two_browsers(
    chromium: Browser, live: Live
) -> None:
    with new_context(chromium) as one, new_context(chromium) as other:
        for context in (one, other):
            page = sign_in(context, live.served)
            expect(page.locator("#open-rows tr")).to_have_count(2)
            agrees(page, live.directory)


def test_a_strategy_is_switched_off_and_on(context: BrowserContext, live: Live) -> None:
    page = sign_in(context, live.served)
    switch = page.get_by_role("switch", name="ema_trend")
    for state in ("false", "true"):
        switch.click()
        expect(switch).to_have_attribute("aria-checked", state)
        expect(switch).not_to_have_attribute("aria-busy", "true")


def test_the_page_outlives_its_server(context: BrowserContext, live: Live) -> None:
    page = sign_in(context, live.served)
    live.kill_the_page()
    expect(page.locator("#banner")).to_contain_text("No connection to the page's server")
    live.start_the_page()
    page.get_by_role("link", name="Sign in").click()  # sessions are in the server's memory alone
    give_token(page, live.served)
    agrees(page, live.directory)


def test_with_eight_tabs_an_exit_by_click_is_answered(context: BrowserContext, live: Live) -> None:
    pages = [sign_in(context, live.served) for _ in range(TABS)]
    row = pages[-1].locator("#open-rows tr").last
    trade = str(row.get_attribute("data-key"))
    row.locator(".exit").click()
    expect(pages[-1].locator("#toasts")).to_contain_text(f"{trade}: accepted as input")
    for page in pages:
        expect(page.locator(f"#closed-{trade}-1")).to_contain_text("a person")
        expect(page.locator(f"#open-{trade}")).to_have_count(0)
    agrees(pages[0], live.directory)
    assert [row.reason for row in fold_of(live.directory).exits if row.order_id == trade] == [
        "manual_exit"
    ]


def test_an_order_by_hand_is_placed_and_its_position_left_by_clicks(
    context: BrowserContext, live: Live
) -> None:
    wait_ms = 30_000
    page = sign_in(context, live.served)
    page.get_by_role("button", name="New order").click()
    page.fill("#order-symbol", "NIFTY26NOVFUT")
    page.fill("#order-quantity", "65")
    page.select_option("#order-type", "MARKET")
    page.fill("#order-tag", "by hand")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Send").click()
    row = page.locator("#untraded-rows tr")
    expect(row).to_have_count(1, timeout=wait_ms)
    expect(row).to_contain_text("65", timeout=wait_ms)
    held = fold_of(live.directory).ledger.untraded.positions
    assert {key: position.quantity for key, position in held.items()} == {"NIFTY26NOVFUT/NRML": 65}
    row.get_by_role("button", name="Exit").click()
    page.get_by_role("button", name="Exit at the market").click()
    expect(row).to_have_count(0, timeout=wait_ms)
    assert not fold_of(live.directory).ledger.untraded.positions
    assert fold_of(live.directory).ledger.untraded.charges > 0


def test_a_gtt_is_placed_and_deleted_by_clicks(context: BrowserContext, live: Live) -> None:
    wait_ms = 30_000
    page = sign_in(context, live.served)
    page.get_by_role("button", name="New GTT").click()
    page.fill("#gtt-symbol", "NIFTY26NOVFUT")
    page.fill("#gtt-quantity", "65")
    page.fill("#gtt-trigger", "40000")
    page.fill("#gtt-price", "39990")
    page.locator("#gtt-dialog").get_by_role("button", name="Review").click()
    page.click("#gtt-send")
    row = page.locator("#gtts-rows > tr")
    expect(row).to_have_count(1, timeout=wait_ms)
    expect(row).to_contain_text("at 40,000.00 or above", timeout=wait_ms)
    [gtt] = fold_of(live.directory).ledger.gtts.values()
    assert (gtt.terms.triggers, gtt.terms.legs[0].price_paise) == ((4_000_000,), 3_999_000)
    row.get_by_role("button", name="Delete").click()
    page.click("#gtt-delete-yes")
    expect(row).to_have_count(0, timeout=wait_ms)
    ledger = fold_of(live.directory).ledger
    assert (ledger.gtts, ledger.total_gtts) == ({}, gtt.gtt_id)


def test_the_kill_switch_closes_everything(context: BrowserContext, live: Live) -> None:
    page = sign_in(context, live.served)
    page.click("#kill")
    page.click("#kill-yes")
    expect(page.locator("#pnl-halted")).to_contain_text("kill switch")
    expect(page.locator("#open-rows tr")).to_have_count(0)
    agrees(page, live.directory)


def test_a_daemon_that_was_killed_is_said(context: BrowserContext, live: Live) -> None:
    page = sign_in(context, live.served)
    live.daemon.kill()
    expect(page.locator("#header-mode")).to_have_text("daemon stopped", timeout=30_000)
    expect(page.locator("#banner")).to_contain_text("No daemon runs since")
    expect(page.locator("#kill")).to_be_hidden()
