"""What the page makes of raw values, held against the program's own texts."""

from __future__ import annotations

import random

import pytest
from playwright.sync_api import BrowserContext

from daemon.domain.dates import MILLISECOND_NS, iso_ist
from daemon.domain.money import rupees_text
from tests.browser.browser import open_page
from tests.browser.fixture_server import Fixture

pytestmark = pytest.mark.ci
SHOW = """async ([values, as]) => {
  const {show} = await import('/assets/js/format.js');
  return values.map(value => show(value, as));
}"""
PAISE_MAX = 10**13
"""A thousand crore rupees: further than paper money goes, exact in a browser's numbers."""

WORDS = (
    ("age", 0, "0.0 s"), ("age", 9_949, "9.9 s"), ("age", 9_950, "9 s"),
    ("age", 61_000, "1 m 01 s"), ("left", -5, "0 s"), ("left", 59, "59 s"),
    ("left", 3_599, "59 m 59 s"), ("left", 3_600, "1 h 00 m"), ("left", 200_000, "2 days"),
    ("r", 1.25, "+1.25 R"), ("r", -0.001, "0.00 R"), ("r", -0.5, "\N{MINUS SIGN}0.50 R"),
    ("lots", 1, "1 lot"), ("lots", 1_00_000, "1,00,000 lots"), ("side", "SELL", "SHORT"),
    ("state", "SL_PENDING", "sl pending"),
)  # fmt: skip


@pytest.fixture
def values() -> list[int]:
    draw = random.Random(14)
    sizes = [10**digits for digits in range(1, 14)]
    edges = [0, 1, -1, 99, 100, 99_999_99, 1_00_000_00, -1_00_000_00, PAISE_MAX]
    return edges + [draw.randrange(-size, size) for size in sizes for _ in range(50)]


def shown(context: BrowserContext, fixture: Fixture, values: list[int], kind: str) -> list[str]:
    page = open_page(context, fixture.url)
    found: list[str] = page.evaluate(SHOW, [values, kind])
    return found


def test_money_is_written_as_everywhere_but_for_a_true_minus(
    context: BrowserContext, fixture: Fixture, values: list[int]
) -> None:
    minus = "\N{MINUS SIGN}"
    expected = [rupees_text(paise).replace("-", minus) for paise in values]
    assert shown(context, fixture, values, "rupees") == expected


def test_times_are_indian_wherever_the_browser_is(
    context: BrowserContext, fixture: Fixture, values: list[int]
) -> None:
    times = [abs(value) % 4_000_000_000_000 for value in values]
    expected = [iso_ist(ms * MILLISECOND_NS)[:19].replace("T", " ") for ms in times]
    assert shown(context, fixture, times, "daytime") == expected


def test_a_value_has_its_words(context: BrowserContext, fixture: Fixture) -> None:
    page = open_page(context, fixture.url)
    for kind, value, text in WORDS:
        assert page.evaluate(SHOW, [[value, None], kind]) == [text, "—"], (kind, value)
