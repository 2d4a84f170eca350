"""Orders by hand: written, reviewed, confirmed and sent once; by click, by keyboard, by thumb."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from daemon.domain.order_requests import OrderRequest
from tests.browser import fixture_data as data
from tests.browser.browser import new_context, open_page, phone, serious_findings
from tests.browser.fixture_server import Fixture

pytestmark = pytest.mark.ci
SYMBOL: Final = "NIFTY26NOV25100CE"
ORDER: Final = "X-20261118-000009"
WAIT: Final = 30_000


@pytest.fixture
def small(chromium: Browser) -> Iterator[BrowserContext]:
    with phone(chromium) as made:
        yield made


def asked(page: Page, fixture: Fixture, toasts: int = 1) -> list[Any]:
    """Return the orders that were asked for, once they are answered, and check their ids."""
    expect(page.locator("#toasts p")).to_have_count(toasts, timeout=WAIT)
    ids = [each["client_id"] for each in fixture.asked]
    assert all(8 <= len(each) <= 36 for each in ids)
    return [each["order"] for each in fixture.asked]


def write(page: Page, **values: str) -> None:
    """Fill in the form."""
    for name, value in values.items():
        field = page.locator(f"#order-{name}")
        if field.evaluate("node => node.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def review(page: Page) -> None:
    page.get_by_role("button", name="Review").click()


def test_a_limit_is_written_reviewed_and_sent_in_paise(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    page.click("#order-new")
    write(page, symbol=SYMBOL.lower(), quantity="130", price="1,234.05", tag="by hand")
    review(page)
    expect(page.locator("#order-sentence")).to_have_text(
        f"BUY 130 {SYMBOL}, NRML, LIMIT at 1,234.05, DAY. On paper.", timeout=WAIT
    )
    assert fixture.asked == []
    page.click("#order-send")
    assert asked(page, fixture) == [
        {"do": "place", "tradingsymbol": SYMBOL, "side": "BUY", "product": "NRML",
         "tag": "by hand", "autoslice": True, "quantity": 130, "order_type": "LIMIT",
         "validity": "DAY", "price_paise": 123_405},
    ]  # fmt: skip
    expect(page.locator("#order-dialog")).to_be_hidden(timeout=WAIT)


def test_a_stop_asks_for_its_trigger_and_a_market_is_protected(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    page.click("#order-new")
    write(page, symbol=SYMBOL, quantity="65", type="MARKET")
    expect(page.locator("#order-price")).to_be_hidden(timeout=WAIT)
    write(page, type="SL", price="101", trigger="100.5", side="SELL", validity="TTL", minutes="5")
    review(page)
    page.click("#order-back")
    write(page, type="SL-M")
    review(page)
    page.click("#order-send")
    (order,) = asked(page, fixture)
    assert (order["order_type"], order["trigger_paise"]) == ("SL-M", 10_050)
    assert (order["market_protection"], order["ttl_minutes"]) == (-1, 5)
    assert "price_paise" not in order


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"quantity": "65", "price": "100"}, "Name the contract"),
        ({"symbol": SYMBOL, "quantity": "64", "price": "100"}, "multiple of the lot, 65"),
        ({"symbol": SYMBOL, "quantity": "65", "price": "0"}, "Name a price"),
        ({"symbol": SYMBOL, "quantity": "65", "price": "1e2"}, "Name a price"),
        ({"symbol": SYMBOL, "quantity": "65", "price": "100.005"}, "Name a price"),
        ({"symbol": SYMBOL, "quantity": "65", "price": "1", "validity": "TTL"}, "minutes"),
    ],
)
def test_what_cannot_be_right_is_said_before_it_is_sent(
    context: BrowserContext, fixture: Fixture, values: dict[str, str], words: str
) -> None:
    page = open_page(context, fixture.url)
    page.click("#order-new")
    expect(page.locator("#order-symbols option")).to_have_count(1, timeout=WAIT)
    page.eval_on_selector("#order-form", "form => { form.noValidate = true; }")
    write(page, **values)
    review(page)
    expect(page.locator("#order-problem")).to_contain_text(words, timeout=WAIT)
    assert fixture.asked == []


def test_a_refusal_keeps_the_form_and_the_second_try_has_the_same_id(
    context: BrowserContext, fixture: Fixture
) -> None:
    fixture.order_answer = {"accepted": False, "text": "Insufficient funds.", "orders": []}
    page = open_page(context, fixture.url)
    page.click("#order-new")
    write(page, symbol=SYMBOL, quantity="65", price="100")
    review(page)
    page.click("#order-send")
    expect(page.locator("#toasts p")).to_have_text("Insufficient funds.", timeout=WAIT)
    page.click("#order-send")
    expect(page.locator("#toasts p")).to_have_count(2, timeout=WAIT)
    assert len({each["client_id"] for each in fixture.asked}) == 1
    page.click("#order-back")
    expect(page.locator("#order-price")).to_have_value("100", timeout=WAIT)


def test_a_working_order_is_changed_and_cancelled(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    row = page.locator(f"#untraded_orders-{ORDER}")
    row.get_by_role("button", name="Change").click()
    expect(page.locator("#order-price")).to_have_value("142.50", timeout=WAIT)
    expect(page.locator("#order-symbol")).to_be_disabled(timeout=WAIT)
    write(page, price="143.05", quantity="195")
    review(page)
    page.click("#order-send")
    assert asked(page, fixture) == [
        {"do": "modify", "order_id": ORDER, "quantity": 195, "order_type": "LIMIT",
         "validity": "DAY", "price_paise": 14_305},
    ]  # fmt: skip
    row.get_by_role("button", name="Cancel").dblclick()
    assert asked(page, fixture, 2)[1:] == [{"do": "cancel", "order_id": ORDER}]


def test_an_exit_of_a_position_without_a_trade_asks_first(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    exit_button = page.get_by_role("button", name=f"Exit {SYMBOL}, NRML")
    exit_button.click()
    expect(page.get_by_role("button", name="Keep it")).to_be_focused(timeout=WAIT)
    page.keyboard.press("Enter")
    exit_button.click()
    page.keyboard.press("Escape")
    assert fixture.asked == []
    exit_button.click()
    page.click("#leave-yes")
    assert asked(page, fixture) == [{"do": "exit", "tradingsymbol": SYMBOL, "product": "NRML"}]


def test_an_order_is_placed_by_the_keyboard_alone(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    page.locator("#order-new").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#order-symbol")).to_be_focused(timeout=WAIT)
    page.keyboard.type(SYMBOL)
    page.keyboard.press("Tab")
    page.keyboard.type("S")
    page.keyboard.press("Tab")
    page.keyboard.type("65")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.type("99.95")
    page.keyboard.press("Enter")
    expect(page.locator("#order-back")).to_be_focused(timeout=WAIT)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    (order,) = asked(page, fixture)
    assert (order["side"], order["quantity"], order["price_paise"]) == ("SELL", 65, 9_995)


def test_where_no_daemon_takes_orders_there_are_no_buttons_for_them(
    context: BrowserContext, fixture: Fixture
) -> None:
    fixture.snapshot["panels"]["header"] = data.header(mode="dead")
    page = open_page(context, fixture.url)
    expect(page.locator("#untraded-rows tr")).to_have_count(2, timeout=WAIT)
    for act in ("leave", "change", "cancel"):
        expect(page.locator(f'main [data-act="{act}"]').first).to_be_hidden(timeout=WAIT)
    expect(page.locator("#order-new")).to_be_hidden(timeout=WAIT)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_form_fits_a_phone_and_axe_finds_nothing_serious(
    chromium: Browser, fixture: Fixture, scheme: Any, width: int
) -> None:
    make = phone if width == 390 else new_context
    with make(chromium, color_scheme=scheme) as context:
        page = open_page(context, fixture.url)
        page.click("#order-new")
        write(page, symbol=SYMBOL, quantity="65", type="SL", price="101", trigger="100.50")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        heights = page.evaluate("""[...document.querySelectorAll('dialog :is(button,input,select)')]
          .filter(node => node.checkVisibility())
          .map(node => node.getBoundingClientRect().height)""")
        assert min(heights) >= (44 if width == 390 else 30)
        cut = page.evaluate("""[...document.querySelectorAll('#order-dialog *')]
          .filter(node => node.checkVisibility() && node.getBoundingClientRect().right > innerWidth)
          .map(node => node.outerHTML)""")
        assert cut == []
        found = serious_findings(page)
        review(page)
        expect(page.locator("#order-sentence")).to_be_visible(timeout=WAIT)
        assert found + serious_findings(page) == []


def test_a_position_is_converted_whole_or_in_part_and_only_when_it_is_confirmed(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    button = page.get_by_role("button", name=f"Convert {SYMBOL} from NRML to MIS")
    button.click()
    expect(page.locator("#convert-quantity")).to_have_value("195", timeout=WAIT)
    page.get_by_role("button", name="Keep it").click()
    button.click()
    page.fill("#convert-quantity", "130")
    page.click("#convert-yes")
    assert asked(page, fixture) == [
        {"do": "convert", "tradingsymbol": SYMBOL, "side": "BUY", "quantity": 130,
         "old_product": "NRML", "new_product": "MIS"},
    ]  # fmt: skip


def test_a_gtt_of_two_triggers_is_written_reviewed_and_placed_in_paise(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    page.click("#gtt-new")
    expect(page.locator("#gtt-trigger2")).to_be_hidden(timeout=WAIT)
    page.select_option("#gtt-kind", "two-leg")
    for name, value in (("symbol", SYMBOL.lower()), ("quantity", "65"), ("trigger", "150"),
                        ("price", "149.5"), ("trigger2", "95"), ("price2", "94.05")):  # fmt: skip
        page.fill(f"#gtt-{name}", value)
    review(page)
    expect(page.locator("#gtt-problem")).to_contain_text("the lower one", timeout=WAIT)
    page.fill("#gtt-trigger2", "250")
    page.fill("#gtt-price2", "249")
    review(page)
    expect(page.locator("#gtt-sentence")).to_have_text(
        f"GTT: SELL 65 {SYMBOL}, NRML, when the last price is at 150 LIMIT at 149.5, or at 250 "
        "LIMIT at 249, until its contract is over. On paper.", timeout=WAIT,
    )  # fmt: skip
    assert fixture.asked == []
    page.click("#gtt-send")
    leg = {"side": "SELL", "quantity": 65, "product": "NRML"}
    assert asked(page, fixture) == [
        {"do": "place_gtt", "form": {
            "tradingsymbol": SYMBOL, "triggers": [15_000, 25_000],
            "legs": [{**leg, "price_paise": 14_950}, {**leg, "price_paise": 24_900}],
        }},
    ]  # fmt: skip
    expect(page.locator("#gtt-dialog")).to_be_hidden(timeout=WAIT)
    msgspec.convert(fixture.asked[0]["order"], OrderRequest)
