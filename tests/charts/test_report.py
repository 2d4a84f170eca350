"""The report in a browser: filters, charts by tap, a phone, a printer, and no script at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from daemon.metrics.fill_quality import FillProfile, whole_paise
from daemon.report.html import ReportData, write_report
from daemon.report.model import NO_CHARGES, ExitRow, RunFacts
from daemon.report.reader import report_data_from_journal
from daemon.report.tables import money_text
from daemon.report.text import count, ist_day_text, words
from tests.browser.browser import serious_findings
from tests.kit.chromium import Window, chromium, until
from tests.kit.long_run import long_run
from tests.kit.report_events import NIFTY_CE, EventScript, at

pytestmark = pytest.mark.ci

Open = Callable[..., Page]
WIDTHS = pytest.mark.parametrize("width", [1280, 390])
ROWS = "#trades tbody tr:not([hidden])"
OPENS_IN_S = 2.0
PROFILE = FillProfile(mode="mid", slippage_bps=5, latency_ms=0)


@pytest.fixture(scope="module")
def data() -> ReportData:
    return long_run(days=30, trades_a_day=10)


@pytest.fixture(scope="module")
def report(data: ReportData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(tmp_path_factory.mktemp("report") / "report.html", data)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def show(browser: Browser, report: Path) -> Iterator[Open]:
    """Opens the report; nothing may go wrong in it."""
    windows: list[Window] = []

    def opened(path: Path = report, **view: int | bool) -> Page:
        windows.append(Window(browser, **view))  # type: ignore[arg-type]
        windows[-1].page.goto(path.as_uri())
        return windows[-1].page

    yield opened
    for window in windows:
        window.close()


def totals(page: Page) -> dict[str, str]:
    found: dict[str, str] = page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('#totals dd')]"
        ".map(cell => [cell.id.slice(6), cell.textContent]))"
    )
    return found


def expected(data: ReportData, exits: list[ExitRow]) -> dict[str, str]:
    """What the totals of some exits are, from the exits themselves."""
    gross = sum(row.gross_paise for row in exits)
    charges = whole_paise(sum((row.charges for row in exits), NO_CHARGES))
    closed = {row.order_id for row in exits if row.is_last}
    nets: dict[str, int] = {}
    for row in data.summary.exits:
        nets[row.order_id] = nets.get(row.order_id, 0) + row.net_paise
    return {
        "trades": count(len(closed)),
        "won": count(sum(nets[order] > 0 for order in closed)),
        "exits": count(len(exits)),
        "gross": money_text(gross),
        "charges": money_text(charges).lstrip("+"),
        "net": money_text(gross - charges),
    }


def test_filters_change_the_totals_to_those_of_what_is_left(show: Open, data: ReportData) -> None:
    page, exits = show(), list(data.summary.exits)
    assert totals(page) == expected(data, exits)
    page.select_option("#filter-strategy", "ema_trend")
    exits = [row for row in exits if row.strategy_id == "ema_trend"]
    assert totals(page) == expected(data, exits)
    page.select_option("#filter-reason", words("stop_loss"))
    exits = [row for row in exits if row.reason == "stop_loss"]
    assert exits
    assert totals(page) == expected(data, exits)
    assert page.locator(ROWS).count() == len(exits)
    day = ist_day_text(exits[0].exit_ts)
    page.select_option("#filter-day", day)
    exits = [row for row in exits if ist_day_text(row.exit_ts) == day]
    assert totals(page) == expected(data, exits)
    page.select_option("#filter-symbol", exits[0].tradingsymbol)
    exits = [row for row in exits if row.tradingsymbol == exits[0].tradingsymbol]
    assert totals(page) == expected(data, exits)
    page.get_by_role("button", name="Show all").click()
    assert totals(page) == expected(data, list(data.summary.exits))


def test_the_tables_by_day_and_by_name_follow_the_filters(show: Open, data: ReportData) -> None:
    page = show()
    whole = page.locator("table[data-by=day] tbody").inner_html()
    page.select_option("#filter-strategy", "opening_range")
    exits = [row for row in data.summary.exits if row.strategy_id == "opening_range"]
    names: dict[str, Callable[[ExitRow], str]] = {
        "day": lambda row: ist_day_text(row.exit_ts),
        "reason": lambda row: words(row.reason),
    }
    for by, name in names.items():
        shown = page.locator(f"table[data-by={by}] tbody tr:not([hidden])").all()
        assert {row.locator("td").first.inner_text() for row in shown} == {*map(name, exits)}
        for row in shown:
            key, exit_fills, gross, charges, net, _ = row.locator("td").all_inner_texts()
            sums = expected(data, [one for one in exits if name(one) == key])
            wanted = sums["exits"], sums["gross"], sums["charges"], sums["net"]
            assert (exit_fills, gross, charges, net) == wanted
    page.get_by_role("button", name="Show all").click()
    assert page.locator("table[data-by=day] tbody").inner_html() == whole


def test_refused_orders_are_listed_and_follow_the_filters(show: Open, data: ReportData) -> None:
    page, rows = show(), "#refused tbody tr:not([hidden])"
    assert page.locator(rows).count() == len(data.summary.refused)
    assert "open 5, limit 5" in (page.locator(rows).first.text_content() or "")
    first = data.summary.refused[0]
    page.select_option("#filter-day", ist_day_text(first.ts))
    (shown,) = page.locator(rows).all()
    assert first.order_id in (shown.text_content() or "")
    page.select_option("#filter-strategy", "ema_trend")
    assert page.locator(rows).count() == 0


def test_a_heading_sorts_its_column(show: Open, data: ReportData) -> None:
    page = show()
    heading = page.locator("#trades thead th", has_text="Net")
    nets = sorted(row.net_paise for row in data.summary.exits)
    for order, wanted in (("ascending", nets), ("descending", nets[::-1])):
        heading.locator("button").click()
        assert heading.get_attribute("aria-sort") == order
        shown = page.evaluate(
            "[...document.querySelectorAll('#trades tbody tr')]"
            ".map(row => Number(row.cells[10].dataset.v))"
        )
        assert shown == wanted


@WIDTHS
def test_a_tap_on_a_trade_shows_its_chart_and_what_became_of_it(show: Open, width: int) -> None:
    page = show(width=width)
    button = page.locator(f"{ROWS} .link").nth(3)
    order = button.text_content()
    assert order
    (button.tap if width < 600 else button.click)()
    panel = page.locator("#trade")
    assert panel.locator("p").first.inner_text().split(": ")[1].startswith(f"{order}, held ")
    assert panel.locator(".fno-line").inner_text().startswith("1 trade, 2 fills, ")
    panel.locator(".fno-button").click()
    fills = panel.locator("tbody").first.locator("tr")
    assert fills.count() == 2
    assert order in fills.first.inner_text()
    panel.get_by_role("button", name="Close").click()
    assert panel.is_hidden()
    assert page.locator("#trade canvas").count() == 0


@WIDTHS
def test_the_page_never_scrolls_sideways_and_few_charts_are_alive(show: Open, width: int) -> None:
    page = show(width=width)
    for selector in ("#equity", "#totals", "#trades", "#prices", "footer"):
        page.locator(selector).evaluate("element => element.scrollIntoView()")
        page.wait_for_timeout(50)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), selector
        assert page.evaluate("document.querySelectorAll('.fno-picture').length") <= 6
    page.locator("#prices").evaluate("element => element.scrollIntoView()")
    until(page, "document.querySelectorAll('#slots canvas').length > 0")
    sizes = page.evaluate(
        "[...document.querySelectorAll('main *')].filter(one => one.offsetHeight)"
        ".map(one => parseFloat(getComputedStyle(one).fontSize))"
    )
    assert min(sizes) >= 11


def test_charts_follow_the_filters(show: Open, data: ReportData) -> None:
    page = show()
    first = data.summary.exits[0]
    page.select_option("#filter-day", ist_day_text(first.exit_ts))
    page.select_option("#filter-symbol", first.tradingsymbol)
    page.locator("#prices").evaluate("element => element.scrollIntoView()")
    until(page, "document.querySelectorAll('#slots canvas').length > 0")
    (title,) = page.locator("#slots h3").all_inner_texts()
    assert title == f"{first.tradingsymbol}, {ist_day_text(first.exit_ts)}"


EVIL = "</script><img src=x onerror=alert(1)>\"'&amp;"


def test_markup_in_any_name_stays_text_in_every_part(show: Open, tmp_path: Path) -> None:
    script = EventScript()
    order_id = script.enter(at("09:20:00"), EVIL, "BUY", 50, 10_000, strategy=EVIL, stop=9_000)
    script.leave(at("09:30:00"), order_id, 10_100, EVIL)
    data = report_data_from_journal(script.events, RunFacts(run_id=EVIL, profile=PROFILE))
    page = show(write_report(tmp_path / "report.html", data))
    page.select_option("#filter-symbol", EVIL)
    page.select_option("#filter-strategy", EVIL)
    page.locator(f"{ROWS} .link").click()
    page.locator("#trade .fno-button").click()
    assert EVIL in page.locator("#trade h3").inner_text()
    assert page.locator("main img, main script").count() == 0


@pytest.mark.parametrize("kind", ["nothing", "prices only", "open only", "refused only"])
def test_a_run_without_exits_opens_too(show: Open, tmp_path: Path, kind: str) -> None:
    script = EventScript()
    prices = {NIFTY_CE: [(at("09:15:00"), 10_000), (at("15:00:00"), 10_100)]}
    if kind == "open only":
        script.enter(at("09:20:00"), NIFTY_CE, "BUY", 50, 10_000, stop=9_000)
    elif kind == "refused only":
        script.refuse(at("09:20:00"), NIFTY_CE, "lot_size")
    data = report_data_from_journal(
        script.events,
        RunFacts(run_id="quiet", profile=PROFILE),
        prices=prices if kind != "nothing" else {},
    )
    page = show(write_report(tmp_path / "report.html", data))
    assert page.locator("footer").count() == 1
    if kind != "nothing":
        page.locator("#prices").evaluate("element => element.scrollIntoView()")
        until(page, "document.querySelectorAll('#slots canvas').length > 0")


def test_without_a_script_tables_and_totals_are_there(show: Open, data: ReportData) -> None:
    page = show(script=False)
    assert page.locator("#filters").is_hidden()
    assert page.locator("#total-net").inner_text() == expected(data, [*data.summary.exits])["net"]
    assert page.locator("#trades tbody tr").count() == len(data.summary.exits)
    assert page.locator("#trades tbody tr").last.is_visible()
    assert page.locator("noscript p").first.is_visible()


def test_all_rows_are_printed_and_no_control_is(show: Open, data: ReportData) -> None:
    page = show()
    laid_out = (
        "[...document.querySelectorAll('#trades tbody tr')].filter(row => row.offsetHeight).length"
    )
    assert page.evaluate(laid_out) < len(data.summary.exits)
    page.emulate_media(media="print")
    assert page.evaluate(laid_out) == len(data.summary.exits)
    assert page.locator("#filters").is_hidden()


@pytest.mark.by_hand
@WIDTHS
def test_a_hundred_and_twenty_days_open_in_two_seconds(
    show: Open, tmp_path: Path, width: int
) -> None:
    path = write_report(tmp_path / "report.html", long_run())
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        page = show(path, width=width)
        until(page, "!document.querySelector('#filters').hidden")
        page.evaluate(
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        seconds.append(time.perf_counter() - start)
    assert sorted(seconds)[2] < OPENS_IN_S, seconds


@pytest.mark.parametrize("is_dark", [False, True])
@WIDTHS
def test_axe_finds_nothing_serious(show: Open, width: int, is_dark: bool) -> None:
    page = show(width=width)
    page.emulate_media(color_scheme="dark" if is_dark else "light")
    page.locator("#trades tbody tr:not([hidden])").first.click()
    page.locator(".fno-button").first.scroll_into_view_if_needed()
    page.locator(".fno-button").first.click()
    page.wait_for_selector(".fno-rows table")
    assert serious_findings(page) == []
