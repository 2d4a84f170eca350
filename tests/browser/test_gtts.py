"""The list of GTTs: what each waits for, how far that is, and its deletion, which asks first."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from daemon.domain.order_requests import OrderRequest
from tests.browser import fixture_data as data
from tests.browser.browser import new_context, open_page, phone, serious_findings
from tests.browser.fixture_server import Fixture

pytestmark = pytest.mark.ci
WAIT: Final = 30_000
PANEL: Final = 'section[data-filled="gtts"]'
DELETE: Final = "Delete GTT 7 of NIFTY26NOV25100CE"


def texts(page: Page, number: int) -> list[str]:
    """Return what the lines of a GTT's orders say."""
    return [" ".join(text.split()) for text in page.locator(f"#gtts-{number} li").all_inner_texts()]


def test_each_gtt_shows_its_triggers_their_distances_and_the_orders_behind_them(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    expect(page.locator("#gtts-rows > tr")).to_have_count(2, timeout=WAIT)
    assert texts(page, 7) == [
        "at 95.00 or below 29.80 pts (23.9 %) SELL 195 (3 lots) LIMIT 94.50, NRML",
        "at 180.50 or above 55.70 pts (44.6 %) SELL 195 (3 lots) LIMIT 180.00, NRML",
    ]
    assert texts(page, 9) == ["at 1,050.00 or above — BUY 1,950 (30 lots) LIMIT 1,049.50, NRML"]
    expect(page.locator("#gtts-7")).to_contain_text("GTT 7 · two-leg · until 2027-11-18")
    expect(page.locator("#gtts-7")).to_contain_text("since 2026-11-18")
    expect(page.locator("#gtts-9")).to_contain_text("the contract has another lot now")


def test_the_market_moves_distances_under_the_focus_and_the_panel_goes_with_the_last_gtt(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    button = page.get_by_role("button", name=DELETE)
    button.focus()
    moved = data.gtt_row(7, data.gtt_leg("below", 9_500, 0), ltp_paise=9_500)
    fixture.send("market", {"pnl": data.pnl(100), "gtts": [moved]})
    expect(page.locator("#gtts-rows li")).to_have_count(1, timeout=WAIT)
    assert texts(page, 7)[0].startswith("at 95.00 or below reached SELL")
    expect(button).to_be_focused(timeout=WAIT)
    fixture.send("facts", {"panels": {"gtts": []}})
    expect(page.locator(PANEL)).to_be_hidden(timeout=WAIT)


def test_a_gtt_is_deleted_once_and_only_when_that_is_confirmed(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    button = page.get_by_role("button", name=DELETE)
    button.click()
    expect(page.get_by_role("button", name="Keep it")).to_be_focused(timeout=WAIT)
    expect(page.locator("#gtt-delete-text")).to_have_text(
        "GTT 7 of NIFTY26NOV25100CE: SELL 195, NRML, LIMIT at 94.50 once the price is at 95.00 or "
        "below, or SELL 195, NRML, LIMIT at 180.00 once the price is at 180.50 or above. Deleted, "
        "it sends nothing. On paper.", timeout=WAIT,
    )  # fmt: skip
    page.keyboard.press("Enter")
    button.click()
    page.keyboard.press("Escape")
    assert fixture.asked == []
    button.click()
    page.click("#gtt-delete-yes")
    expect(page.locator("#toasts p")).to_have_count(1, timeout=WAIT)
    [asked] = fixture.asked
    assert asked["order"] == {"do": "delete_gtt", "gtt_id": 7}
    msgspec.convert(asked["order"], OrderRequest)


def test_where_no_daemon_takes_orders_a_gtt_cannot_be_deleted(
    context: BrowserContext, fixture: Fixture
) -> None:
    fixture.snapshot["panels"]["header"] = data.header(mode="dead")
    page = open_page(context, fixture.url)
    expect(page.locator("#gtts-rows > tr")).to_have_count(2, timeout=WAIT)
    expect(page.locator('main [data-act="delete_gtt"]').first).to_be_hidden(timeout=WAIT)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_list_and_its_dialog_fit_and_axe_finds_nothing_serious(
    chromium: Browser, fixture: Fixture, scheme: Any, width: int
) -> None:
    make = phone if width == 390 else new_context
    with make(chromium, color_scheme=scheme) as context:
        page = open_page(context, fixture.url)
        button = page.get_by_role("button", name=DELETE)
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= (44 if width == 390 else 30)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        cut = page.evaluate(f"""[...document.querySelectorAll('{PANEL} *')]
          .filter(node => node.checkVisibility() && node.getBoundingClientRect().right > innerWidth)
          .map(node => node.outerHTML)""")
        assert cut == []
        found = serious_findings(page)
        button.click()
        expect(page.locator("#gtt-delete-dialog")).to_be_visible(timeout=WAIT)
        assert found + serious_findings(page) == []
