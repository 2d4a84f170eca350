"""How the page follows its stream: changes, faults, several tabs."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import fixture_data as data
from tests.browser.browser import open_page, value
from tests.browser.fixture_server import Fixture, serve

pytestmark = pytest.mark.ci
UPDATES = 3_000
TABS = 8
HIDE = """hidden => {
  const get = () => hidden ? 'hidden' : 'visible';
  Object.defineProperty(document, 'visibilityState', {configurable: true, get});
  document.dispatchEvent(new Event('visibilitychange'));
}"""


def live(page: Page) -> None:
    page.wait_for_selector('html[data-link="live"]')


def shows(page: Page, selector: str, raw: int) -> None:
    """Wait until an element shows a raw value."""
    expect(page.locator(selector).first).to_have_attribute("data-value", str(raw))


def test_the_market_moves_numbers_and_touches_nothing_else(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    page.focus("#open-V3-20261118-000005 .exit")
    page.evaluate("window.row = document.getElementById('open-V3-20261118-000005')")
    moved = {"trade": "V3-20261118-000005", "ltp_paise": 2_500_000, "unrealized_paise": -123_456_78}
    fixture.send("market", {"header": data.header(), "pnl": data.pnl(100), "open": [moved]})
    expect(page.locator("#pnl-at-ltp")).to_have_text("−10,184.59")
    row = page.locator("#open-V3-20261118-000005")
    expect(row.locator('[data-field="unrealized_paise"]')).to_have_text("−1,23,456.78")
    assert value(page, '#open-V3-20261118-000005 [data-field="ltp_paise"]') == "2500000"
    assert page.evaluate("row.isConnected && row.contains(document.activeElement)")


def test_the_market_moves_positions_without_a_trade(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    expect(page.locator("#untraded-rows tr")).to_have_count(2)
    expect(page.locator("#untraded_orders-rows tr")).to_have_count(1)
    expect(page.locator("#untraded-rows tr").last).to_contain_text("leaves: margin shortfall")
    moved = data.untraded_row(13_000, unrealized_paise=52_650)
    fixture.send("market", {"pnl": data.pnl(100), "untraded": [moved]})
    expect(page.locator("#untraded-rows tr")).to_have_count(1)
    expect(page.locator("#untraded-rows")).to_contain_text("+526.50")
    gone = data.pnl() | dict.fromkeys(name for name in data.pnl() if name.startswith("untraded"))
    fixture.send("facts", {"panels": {"pnl": gone, "untraded": [], "untraded_orders": []}})
    for name in ("untraded", "untraded_orders"):
        expect(page.locator(f'section[data-filled="{name}"]')).to_be_hidden()
    expect(page.locator("#untraded-sums")).to_be_hidden()


def test_thousands_of_updates_leave_nothing_behind(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    page.goto(fixture.url + "/#history")  # the charts of the desk have tests of their own
    expect(page.locator("#runs-rows tr")).to_have_count(3)
    count = "document.getElementsByTagName('*').length"
    before = page.evaluate(count)
    for number in range(UPDATES):
        row = data.open_row(5, "NIFTY26NOVFUT", "LONG", 2_500_000 + number)
        fixture.send("market", {"header": data.header(), "pnl": data.pnl(number), "open": [row]})
    shows(page, "#pnl-at-ltp", -1_018_559 + UPDATES - 1)
    rows = [data.tape_row(seq, "fill", f"bought {seq}", None) for seq in range(100, 400)]
    for row in rows:
        fixture.send("facts", {"panels": {}, "tape": [row]}, row["seq"])
    expect(page.locator("#tape-rows tr").first).to_contain_text("bought 399")
    assert page.locator("#tape-rows tr").count() == 200
    fixture.send("snapshot", fixture.snapshot, 40)
    expect(page.locator("#tape-rows tr")).to_have_count(9)
    assert page.evaluate(count) == before


def test_a_row_that_leaves_hands_the_keyboard_to_its_panel(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    page.focus("#open-V3-20261118-000005 .exit")
    fixture.send("facts", {"panels": {"open": []}, "tape": []}, 41)
    expect(page.locator("#open-title")).to_be_focused()
    expect(page.get_by_text("No open position.")).to_be_visible()


def test_a_lost_server_is_said_and_the_page_continues_where_it_was(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    fixture.send("facts", {"panels": {}, "tape": []}, 57)
    fixture.refuse_stream = 500
    fixture.drop()
    expect(page.locator("#banner")).to_contain_text("The numbers are those of")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('main')).filter") == "grayscale(1)"
    )
    fixture.refuse_stream = 0
    live(page)
    expect(page.locator("#banner")).to_be_empty()
    assert fixture.last_ids[0] == ""
    assert fixture.last_ids[-1] == "c0ffee01-57"


def test_a_server_that_was_started_again_is_found_again(context: BrowserContext) -> None:
    first = Fixture()
    with serve(first):
        page = open_page(context, first.url)
    page.wait_for_selector('html[data-link="lost"]')
    second = Fixture()
    second.snapshot["panels"]["pnl"]["net_paise"] = 777
    with serve(second, first.port):
        live(page)
        shows(page, "#pnl-net", 777)


def test_a_session_that_is_over_offers_to_sign_in(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    fixture.refuse_stream = 401
    fixture.drop()
    expect(page.locator("#banner a")).to_have_attribute("href", "/login")


def test_another_journal_replaces_everything(context: BrowserContext, fixture: Fixture) -> None:
    page = open_page(context, fixture.url)
    other = data.snapshot()
    other["journal"], other["seq"], other["tape"] = "beef0002", 3, []
    other["panels"]["open"] = [data.open_row(1, "BANKNIFTY26NOVFUT", "LONG", 5_000_000)]
    fixture.send("reset", {"reason": "another journal"})
    fixture.send("snapshot", other, 3)
    expect(page.locator("#open-rows tr")).to_have_count(1)
    expect(page.locator("#open-V3-20261118-000001")).to_contain_text("BANKNIFTY26NOVFUT")
    expect(page.locator("#toasts")).to_contain_text("another one now")
    fixture.drop()
    page.wait_for_selector('html[data-link="lost"]')
    live(page)
    assert fixture.last_ids[-1] == "beef0002-3"


def test_a_daemon_that_does_not_run_is_said_and_cannot_be_commanded(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    expect(page.locator("#kill")).to_be_visible()
    daemon = data.header()["daemon"] | {"is_alive": False}
    dead = data.header(mode="dead", daemon=daemon, notes=["No daemon runs since noon."])
    fixture.send("market", {"header": dead})
    words = "No daemon runs since noon. Nothing watches the stops of open positions."
    expect(page.locator("#banner")).to_have_text(words)
    expect(page.locator("#notes")).to_be_hidden()
    expect(page.locator("#kill")).to_be_hidden()
    expect(page.locator("#open-rows .exit").first).to_be_hidden()
    expect(page.locator("#strategies-rows button").first).to_be_disabled()


def test_a_hidden_tab_lets_go_of_its_stream(context: BrowserContext, fixture: Fixture) -> None:
    page = open_page(context, fixture.url)
    page.evaluate(HIDE, True)
    deadline = time.monotonic() + 30
    while fixture.streams:
        assert time.monotonic() < deadline, "the stream stayed open"
        page.evaluate("new Promise(resolve => setTimeout(resolve, 20))")
        fixture.send("market", {"header": data.header()})  # a server sees it when it writes
    page.evaluate(HIDE, False)
    fixture_is_followed(page, fixture)


def fixture_is_followed(page: Page, fixture: Fixture) -> None:
    """Wait until a change reaches the page."""
    deadline = time.monotonic() + 30
    while value(page, "#pnl-net") != "4242":
        assert time.monotonic() < deadline, "nothing arrives"
        fixture.send("market", {"pnl": data.pnl() | {"net_paise": 4_242}})
        page.evaluate("new Promise(resolve => setTimeout(resolve, 20))")


def test_eight_tabs_share_a_stream_and_an_exit_is_answered(
    context: BrowserContext, fixture: Fixture
) -> None:
    pages = [open_page(context, fixture.url) for _ in range(TABS)]
    assert len(fixture.streams) == 1
    fixture.send("facts", {"panels": {"pnl": data.pnl() | {"net_paise": 99}}, "tape": []}, 41)
    for page in pages:
        shows(page, "#pnl-net", 99)
    pages[-1].click("#open-V3-20261118-000006 .exit")
    expect(pages[-1].locator("#toasts")).to_contain_text("accepted")
    assert fixture.asked == [{"do": "exit", "target": "V3-20261118-000006"}]
    pages[0].close()  # it held the stream: another tab takes it over
    fixture_is_followed(pages[-1], fixture)
    assert fixture.last_ids[-1] == "c0ffee01-41"
