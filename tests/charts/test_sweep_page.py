"""The page of a sweep in a browser: filters, sorting, a phone, no script, and axe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page

from daemon.lab.page.html import write_page
from tests.browser.browser import serious_findings
from tests.kit.chromium import Window, chromium, until
from tests.lab.made_sweep import FAST, made_sweep

pytestmark = pytest.mark.ci

Open = Callable[..., Page]
WIDTHS = pytest.mark.parametrize("width", [1280, 390])
ROWS = "#variants tbody tr:not([hidden])"


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(tmp_path_factory.mktemp("sweep") / "sweep.html", made_sweep())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def show(browser: Browser, swept: Path) -> Iterator[Open]:
    """Opens a page; nothing may go wrong in it."""
    windows: list[Window] = []

    def opened(path: Path = swept, **view: int | bool) -> Page:
        windows.append(Window(browser, **view))  # type: ignore[arg-type]
        windows[-1].page.goto(path.as_uri())
        return windows[-1].page

    yield opened
    for window in windows:
        window.close()


def column(page: Page, at: int) -> list[str]:
    found: list[str] = page.locator(ROWS).evaluate_all(
        "(rows, at) => rows.map(row => row.cells[at].textContent.trim())", at
    )
    return found


def test_filters_leave_the_variants_with_these_values(show: Open) -> None:
    page = show()
    assert page.locator(ROWS).count() == 20
    page.get_by_label("fast").select_option("10")
    assert column(page, 1) == ["10"] * 4
    assert page.locator("#shown").inner_text() == "4 of 20 variants"
    page.get_by_label("slow").select_option("50")
    assert column(page, 2) == ["50"]
    page.get_by_role("button", name="Show all").click()
    assert page.locator(ROWS).count() == 20
    page.locator("#filter").fill("25-90")
    assert column(page, 1) == ["25"]


def test_a_heading_sorts_its_column_by_the_number(show: Open) -> None:
    page = show()
    for order in ("ascending", "descending"):
        heading = page.locator("#variants thead th", has_text="Net P&L")
        heading.locator("button").click()
        assert heading.get_attribute("aria-sort") == order
        found = page.locator(ROWS).evaluate_all("rows => rows.map(row => +row.cells[4].dataset.v)")
        assert found == sorted(found, reverse=order == "descending")
        assert len(set(found)) > 15


@WIDTHS
def test_the_page_never_scrolls_sideways_and_draws_its_curves(show: Open, width: int) -> None:
    page = show(width=width)
    for selector in ("#map", "#walk", "#variants", "#profiles", "#failed", "footer", "#equity"):
        page.locator(selector).evaluate("element => element.scrollIntoView()")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), selector
    until(page, "document.querySelectorAll('#equity canvas').length > 0")
    assert "walk forward" in page.locator("#equity .fno-key").inner_text()
    sizes = page.evaluate(
        "[...document.querySelectorAll('main *')].filter(one => one.offsetHeight)"
        ".map(one => parseFloat(getComputedStyle(one).fontSize))"
    )
    assert min(sizes) >= 11


def test_the_best_cells_are_framed_and_shaded(show: Open) -> None:
    page = show()
    assert (
        page.locator(".heat .best").inner_text()
        == page.locator(ROWS).first.locator("td").nth(5).inner_text()
    )
    shade = page.locator(".heat .best").evaluate("cell => getComputedStyle(cell).backgroundColor")
    assert shade not in ("rgba(0, 0, 0, 0)", "rgb(255, 255, 255)")


def test_without_a_script_every_number_is_there(show: Open) -> None:
    page = show(script=False)
    assert page.locator(ROWS).count() == 20
    assert page.locator("#filters").is_hidden()
    assert page.locator("noscript p").first.is_visible()


def test_thousands_of_variants_open_by_a_few(show: Open, tmp_path: Path) -> None:
    sweep = made_sweep(days=3)
    runs = [replace(sweep.runs[at % 20], key=f"k{at}") for at in range(450)]
    page = show(write_page(tmp_path / "large.html", replace(sweep, runs=runs, axes=[FAST])))
    laid_out = "[...document.querySelectorAll('#variants tbody tr')].filter(r => r.offsetHeight)"
    page.locator("#variants").evaluate("element => element.scrollIntoView()")
    assert page.evaluate(f"{laid_out}.length") == 200
    page.get_by_role("button", name="More rows (250)").click()
    assert page.evaluate(f"{laid_out}.length") == 450


@pytest.mark.parametrize(("width", "is_dark"), [(1280, False), (390, True)])
def test_axe_finds_nothing_serious(show: Open, width: int, is_dark: bool) -> None:
    page = show(width=width, dark=is_dark)
    page.locator("footer").scroll_into_view_if_needed()
    assert serious_findings(page) == []
