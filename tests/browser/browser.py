"""A headless Chromium of this machine, driven through Playwright; nothing is downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NEED: Final = "FNO_NEED_BROWSER"
AXE: Final = Path(__file__).parent / "vendor" / "axe.min.js"
DESKTOP: Final = {"width": 1280, "height": 860}
PHONE: Final = {"width": 390, "height": 844}
WAIT_MS: Final = 30_000
expect.set_options(timeout=WAIT_MS)
READY: Final = 'html[data-link="live"][data-session="known"] #header-mode[data-tone]'
"""What a page has that follows the stream and knows whether it may command."""


def executable() -> str:
    """Return the path of a Chromium; without one the tests are skipped, or fail if it is needed."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if found:
        return found
    words = f"no browser: none of {', '.join(NAMES)} is on this machine (apt-get install chromium)"
    if os.environ.get(NEED) == "1":
        pytest.fail(f"{words}, and {NEED}=1 asks for one")
    pytest.skip(words)


@contextmanager
def browser() -> Iterator[Browser]:
    """Run a browser."""
    path = executable()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield started
        finally:
            started.close()


def new_context(browser: Browser, **more: Any) -> BrowserContext:
    """Return a browser with no memory of another: cookies, tabs and locks of its own."""
    context = browser.new_context(**({"viewport": DESKTOP} | more))
    context.set_default_timeout(WAIT_MS)
    return context


def phone(browser: Browser, **more: Any) -> BrowserContext:
    """Return a phone of 390 pixels that is touched, not clicked."""
    return new_context(browser, viewport=PHONE, has_touch=True, is_mobile=True, **more)


def open_page(context: BrowserContext, address: str) -> Page:
    """Open the page and wait until it follows the stream and knows whether it may command."""
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(READY)
    return page


def value(page: Page, selector: str) -> str:
    """Return the raw value that an element shows."""
    found = page.locator(selector).first.get_attribute("data-value")
    assert found is not None, selector
    return found


def serious_findings(page: Page) -> list[str]:
    """Return what axe-core finds that is serious or critical."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
