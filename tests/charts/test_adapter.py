"""The charts as a browser shows them: read, tapped, and thrown away."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.charts.page import candles, curves, page
from tests.kit.chromium import Window, chromium, until

pytestmark = pytest.mark.ci

WIDTHS = pytest.mark.parametrize("width", [1280, 390])
MAKE = """
const kindOf = one => (one.series ? "curves" : "candles");
window.charts = data.map((one, at) => FnoCharts[kindOf(one)](elements[at], one));
"""
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens pages with charts of the data it is given; nothing may go wrong in them."""
    windows: list[Window] = []

    def opened(*data: Any, script: str = MAKE, **view: Any) -> Page:
        windows.append(Window(browser, **view))
        windows[-1].page.goto(page(tmp_path / "page.html", data, script).as_uri())
        until(windows[-1].page, "document.querySelectorAll('canvas').length > 0")
        return windows[-1].page

    yield opened
    for window in windows:
        window.close()


def drawn(shown: Page) -> list[dict[str, Any]]:
    """The texts on all canvases, once the axes of time are there."""
    until(shown, "texts.some(one => /^\\d\\d(:| )/.test(one.text))")
    texts: list[dict[str, Any]] = shown.evaluate("texts")
    return texts


@WIDTHS
def test_a_chart_has_a_title_words_a_picture_and_its_rows(show: Open, width: int) -> None:
    shown = show(candles(), curves(), width=width)
    first, second = shown.locator(".fno-chart").all()
    assert first.locator("h3").inner_text() == "NIFTY26NOV25000CE"
    assert first.locator(".fno-line").inner_text() == "Candles of a minute, one trade."
    assert first.locator(".fno-readout").inner_text().startswith("15:29 \u00b7 O 114.00")
    assert second.locator(".fno-readout").inner_text() == (
        "15:30 \u00b7 net +50.00 \u00b7 closed trades +50.00"
    )
    link = first.locator("a")
    assert link.get_attribute("href") == "https://www.tradingview.com/"
    assert link.get_attribute("rel") == "noreferrer"
    assert second.locator("a").count() == 0
    for button in shown.locator(".fno-button").all():
        button.click()
    captions = first.locator("caption").all_inner_texts()
    assert captions == ["Fills", "Stops and targets", "Candles"]
    assert first.locator("tbody").nth(2).locator("tr").count() == 375
    assert first.locator("tbody tr").first.locator("td").all_inner_texts() == [
        "2026-11-20 09:16:03", "O-1", "buy", "entry", "101.00", "bought 75 at 101.00"
    ]  # fmt: skip
    assert second.locator("tbody tr").count() == 26
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")


@WIDTHS
def test_the_text_of_the_axes_is_readable_and_in_indian_time(show: Open, width: int) -> None:
    for data in (candles(), curves()):
        texts = drawn(show(data, width=width))
        assert min(text["px"] for text in texts) >= 11
        clocks = {text["text"] for text in texts if re.fullmatch(r"\d\d:\d\d", text["text"])}
        assert "12:00" in clocks
        assert all("09:15" <= clock <= "15:30" for clock in clocks)


def test_axis_labels_use_lakh_and_crore(show: Open) -> None:
    curve = curves()
    for crores, label in (
        (1e-5, "\u2212100"),
        (1e-3, "\u221210k"),
        (1e-1, "\u221210L"),
        (1, "\u22121Cr"),
    ):
        points = [[t, value * crores * 1e5] for t, value in curves()["series"][0]["points"]]
        curve["series"] = [{"name": "net", "kind": "net", "points": points}]
        assert label in {text["text"] for text in drawn(show(curve))}


def test_nights_have_no_room_on_the_axis_of_curves(show: Open) -> None:
    texts = drawn(show(curves(days=4)))
    days = {t["text"]: t["x"] for t in texts if re.fullmatch(r"\d\d [A-Z][a-z]{2}", t["text"])}
    assert list(days) == ["20 Nov", "21 Nov", "22 Nov", "23 Nov"]
    left = list(days.values())
    assert left[3] - left[2] == pytest.approx(left[1] - left[0], abs=1)
    assert left[1] - left[0] > 1280 / 5


@WIDTHS
def test_a_tap_on_a_fill_names_its_trade(show: Open, width: int) -> None:
    shown = show(candles(60), width=width)
    box = shown.locator(".fno-picture").bounding_box()
    assert box is not None
    touch = shown.touchscreen.tap if width < 600 else shown.mouse.click
    for x, y in itertools.product(range(4, 90, 14), range(20, 200, 14)):
        touch(box["x"] + x, box["y"] + y)
        if shown.evaluate("told.length"):
            break
    assert shown.evaluate("told") == ["O-1"]
    readout = shown.locator(".fno-readout").inner_text()
    assert readout == "09:16:03 \u00b7 bought 75 at 101.00"


@WIDTHS
def test_a_tap_on_a_curve_tells_its_value(show: Open, width: int) -> None:
    shown = show(curves(), width=width)
    box = shown.locator(".fno-picture").bounding_box()
    assert box is not None
    touch = shown.touchscreen.tap if width < 600 else shown.mouse.move
    touch(box["x"] + 64, box["y"] + 100)
    until(shown, "document.querySelector('.fno-readout').innerText.startsWith('09:')")


def test_the_keyboard_walks_the_bars_and_opens_a_trade(show: Open) -> None:
    shown = show(candles(60))
    shown.locator(".fno-picture").focus()
    shown.keyboard.press("ArrowLeft")
    shown.keyboard.press("ArrowLeft")
    readout = shown.locator(".fno-readout")
    assert readout.inner_text().startswith("10:12 \u00b7 O 117.00")
    for _ in range(60):
        shown.keyboard.press("ArrowLeft")
    shown.keyboard.press("ArrowRight")
    shown.keyboard.press("Enter")
    assert shown.evaluate("told") == ["O-1"]


WHEN_SEEN = """
window.alive = new Set();
data.forEach((one, at) => FnoCharts.whenSeen(elements[at], () => {
  const chart = FnoCharts.curves(elements[at], one);
  alive.add(at);
  return {destroy() { alive.delete(at); chart.destroy(); }};
}));
"""


def test_at_most_six_charts_are_alive_and_those_in_view_are(show: Open) -> None:
    shown = show(*[curves()] * 40, script=WHEN_SEEN)
    height = shown.evaluate("document.documentElement.scrollHeight")
    for at in (0, 39, 20, 0):
        shown.evaluate(f"elements[{at}].scrollIntoView()")
        until(shown, f"alive.has({at})")
        assert shown.evaluate("alive.size") <= 6
        assert shown.evaluate("document.querySelectorAll('canvas').length === alive.size")
    grown = shown.evaluate("document.documentElement.scrollHeight") - height
    assert abs(grown) < 200


def test_new_data_is_drawn_and_nothing_is_left_when_a_chart_goes(show: Open) -> None:
    shown = show(candles(60), curves(), candles(376), curves(days=2))
    shown.evaluate("charts[0].update(data[2]); charts[1].update(data[3])")
    first, second = shown.locator(".fno-readout").all()[:2]
    assert first.inner_text().startswith("15:30 \u00b7 O 115.00")
    assert second.inner_text().startswith("21 Nov 15:30 \u00b7 net +100.00")
    shown.evaluate(
        "charts[0].update({...data[0], candles: [], steps: []});"
        "charts[1].update({...data[1], series: []})"
    )
    assert first.inner_text() == "10:15 \u00b7 110.00 \u00b7 sold 75 at 110.00: take profit"
    assert second.inner_text() == "no values"
    shown.evaluate("charts.forEach(chart => chart.destroy())")
    assert shown.evaluate("elements.every(element => element.childNodes.length === 0)")


EVIL = '</h3><img src=x onerror="alert(1)"><script>alert(2)</script>'


def test_markup_from_outside_stays_text(show: Open) -> None:
    evil, curve = candles(60), curves()
    evil |= {"title": EVIL, "line": EVIL}
    for fill in evil["fills"]:
        fill |= {"text": EVIL, "trade": EVIL}
    curve["series"][0]["name"] = EVIL
    shown = show(evil, curve)
    for button in shown.locator(".fno-button").all():
        button.click()
    assert shown.locator("main img, main script").count() == 0
    assert shown.locator("h3").first.inner_text() == EVIL


def test_colours_are_those_of_the_page_and_follow_it(show: Open) -> None:
    shown = show(candles(60), curves())
    drawn(shown)
    assert {text["fill"] for text in shown.evaluate("texts")} >= {"#555555"}
    shown.evaluate("document.documentElement.style.setProperty('--muted', '#aabbcc')")
    shown.evaluate("texts.length = 0")
    shown.emulate_media(color_scheme="dark")
    until(shown, "texts.filter(one => one.fill === '#aabbcc').length > 4")
    assert "#555555" not in {text["fill"] for text in shown.evaluate("texts")}
