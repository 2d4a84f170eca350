"""The page of a calibration in a real browser: it fits, it sorts, nothing in it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from daemon.lab.calibrate.page import render_page
from tests.browser.browser import serious_findings
from tests.kit.chromium import Window, chromium
from tests.lab.calibrate.kit import calibrated
from tests.lab.calibrate.made_up_books import Terms

pytestmark = pytest.mark.ci


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("page")
    terms = Terms(6, latency_ms=300, days=5, lots=8, error_ticks=-1, noise_ticks=2, minutes=4)
    found = calibrated(terms, directory, with_decisions=True)
    page = directory / "page.html"
    page.write_text(render_page(found), encoding="utf-8")
    return page


@pytest.mark.parametrize(("width", "is_dark"), [(1280, False), (390, True)])
def test_the_page_fits_and_nothing_in_it_fails(
    browser: Browser, written: Path, width: int, is_dark: bool
) -> None:
    window = Window(browser, width=width, dark=is_dark)
    page = window.page
    page.goto(written.as_uri())
    assert page.locator("h1").inner_text() == "How wrong is paper?"
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("h2", has_text="Distance by latency").count() == 1
    window.close()


def test_a_heading_sorts_its_column(browser: Browser, written: Path) -> None:
    window = Window(browser)
    page = window.page
    page.goto(written.as_uri())
    table = page.locator("table.sortable").first
    table.locator("th button", has_text="Mean").click()
    means = [
        float(cell.get_attribute("data-v") or "nan")
        for cell in table.locator("tbody tr td:nth-child(2)").all()
    ]
    assert len(means) == 4
    assert means == sorted(means)
    window.close()


def test_axe_finds_nothing_serious(browser: Browser, written: Path) -> None:
    context = browser.new_context(bypass_csp=True, viewport={"width": 390, "height": 900})
    page = context.new_page()
    page.goto(written.as_uri())
    assert serious_findings(page) == []
    context.close()
