"""A browser for each file of tests, and a fixture that serves what a test tells it to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser.browser import browser, new_context
from tests.browser.fixture_server import Fixture, serve


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    with new_context(chromium) as made:
        yield made


@pytest.fixture
def fixture() -> Iterator[Fixture]:
    with serve(Fixture()) as served:
        yield served
