"""A real Chromium without a window, driven through Playwright; the browser is the machine's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
NEEDED: Final = "FNO_NEED_BROWSER"
"""Set to 1 where a missing browser is a failure: the tests are then never skipped."""


def path_of_browser() -> str:
    """Return the browser's path; skip, or fail if `NEEDED` is set, where there is none."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    sentence = "no Chromium here: install the package `chromium` to test pages in a browser"
    if os.environ.get(NEEDED) == "1":
        pytest.fail(sentence)
    pytest.skip(sentence)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser until the block ends."""
    path = path_of_browser()
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path)
        try:
            yield browser
        finally:
            browser.close()


class Window:
    """One page of a browser, and everything that went wrong in it."""

    def __init__(
        self, browser: Browser, *, width: int = 1280, dark: bool = False, script: bool = True
    ) -> None:
        is_phone = width < 600
        self._context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            has_touch=is_phone,
            is_mobile=is_phone,
            java_script_enabled=script,
            offline=True,
        )
        self.page: Final[Page] = self._context.new_page()
        self.page.set_default_timeout(30_000)
        self.faults: Final[list[str]] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda line: self.faults.append(line.text))
        self.page.on("request", self._note)

    def _note(self, request: Request) -> None:
        """Note everything that is asked for but the page itself, which is a file."""
        if not request.is_navigation_request():
            self.faults.append(request.url)

    def close(self) -> None:
        """Close it. Fails if anything went wrong, such as what the content policy forbade."""
        self._context.close()
        assert self.faults == [], self.faults


def until(page: Page, expression: str, *, seconds: float = 30) -> None:
    """Wait until a page's expression is true.

    Playwright's own `wait_for_function` needs `eval`, which the pages forbid.
    """
    for _ in range(int(seconds * 50)):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(20)
    raise AssertionError(f"not true within {seconds} s: {expression}")
