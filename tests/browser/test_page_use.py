"""How the page is used: by click, by keyboard, by thumb, by eyes and by screen reader."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import fixture_data as data
from tests.browser.browser import new_context, open_page, phone, serious_findings
from tests.browser.fixture_server import Fixture

pytestmark = pytest.mark.ci
VIEWS = ("charts", "history/day/2026-11-18", "compare/replay-1/replay-2")
HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>1</script>"


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def small(chromium: Browser) -> Iterator[BrowserContext]:
    with phone(chromium) as made:
        yield made


def asked(page: Page, fixture: Fixture) -> list[data.Json]:
    """Return what was asked of the daemon, once it has answered."""
    expect(page.locator("#toasts p").first).to_be_visible()
    return fixture.asked


def test_a_click_on_a_trade_explains_it(context: BrowserContext, fixture: Fixture) -> None:
    page = open_page(context, fixture.url)
    link = page.locator("#closed-V3-20261118-000004-1 .link")
    link.click()
    dialog = page.locator("#trade-dialog")
    expect(dialog.locator("#trade-life")).to_contain_text("sold 130 at Rs 24,896.70")
    expect(dialog.locator('[data-field="net_paise"]')).to_have_text("−11,812.58")
    expect(dialog.locator("#trade-chart")).to_contain_text("1 entry and 1 exit")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(link).to_be_focused()


def test_an_exit_and_a_withdrawal_are_asked_for_once(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    page.dblclick("#open-V3-20261118-000005 .exit")
    page.click("#waiting-V3-20261118-000008 .exit")
    expect(page.locator("#toasts p")).to_have_count(2)
    assert [each["target"] for each in fixture.asked] == [
        "V3-20261118-000005",
        "V3-20261118-000008",
    ]
    assert {each["do"] for each in fixture.asked} == {"exit"}


def test_the_kill_switch_asks_first(context: BrowserContext, fixture: Fixture) -> None:
    page = open_page(context, fixture.url)
    page.click("#kill")
    expect(page.get_by_role("button", name="Keep trading")).to_be_focused()
    page.keyboard.press("Enter")
    page.click("#kill")
    page.keyboard.press("Escape")
    assert fixture.asked == []
    page.click("#kill")
    page.click("#kill-yes")
    assert asked(page, fixture) == [{"do": "kill_switch", "target": "", "confirm": True}]


def test_a_strategy_is_switched_by_its_own_state(context: BrowserContext, fixture: Fixture) -> None:
    page = open_page(context, fixture.url)
    page.get_by_role("switch", name="ema_trend").click()
    expect(page.locator("#toasts p")).to_have_count(1)
    page.get_by_role("switch", name="short_straddle").click()
    expect(page.locator("#toasts p")).to_have_count(2)
    assert fixture.asked == [
        {"do": "strategy_off", "target": "ema_trend"},
        {"do": "strategy_on", "target": "short_straddle"},
    ]


def test_a_replay_is_paused_resumed_and_hurried(context: BrowserContext, fixture: Fixture) -> None:
    page = open_page(context, fixture.url)
    expect(page.locator("#pace")).to_be_hidden()
    for is_paused in (False, True):
        pace = {"speed": 10.0, "is_paused": is_paused}
        fixture.send("market", {"header": data.header(mode="paced", pace=pace)})
        name = "Resume" if is_paused else "Pause"
        page.get_by_role("button", name=name).click()
        expect(page.locator("#toasts p")).to_have_count(1 + is_paused)
    page.select_option("#pace-speed", "60")
    expect(page.locator("#toasts p")).to_have_count(3)
    assert [(each["do"], each["target"]) for each in fixture.asked] == [
        ("pause", ""), ("resume", ""), ("speed", "60"),
    ]  # fmt: skip


def test_texts_from_outside_stay_texts(context: BrowserContext, fixture: Fixture) -> None:
    panels = fixture.snapshot["panels"]
    panels["header"]["notes"] = [HOSTILE]
    panels["open"][0] |= {"symbol": HOSTILE, "strategy": HOSTILE}
    panels["strategies"][0]["why_off"] = panels["pnl"]["halted"] = HOSTILE
    fixture.snapshot["tape"][0]["words"] = HOSTILE
    page = open_page(context, fixture.url)
    expect(page.locator("#notes")).to_have_text(HOSTILE)
    expect(page.locator("#open-rows .link").first).to_have_text(HOSTILE)
    expect(page.locator("#tape-rows tr").first).to_contain_text(HOSTILE)
    assert page.locator("main img, main script").count() == 0
    assert "owned" not in page.title()


def test_everything_is_reached_by_the_keyboard(context: BrowserContext, fixture: Fixture) -> None:
    page = open_page(context, fixture.url)
    wanted = {"kill", "logout", "chart-symbol"}
    rows = {"open-V3-20261118-000006", "waiting-V3-20261118-000008", "strategies-ema_trend"}
    seen: set[str] = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        where = "[document.activeElement.id, document.activeElement.closest('tr')?.id ?? '']"
        seen.update(page.evaluate(where))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")
        if wanted | rows <= seen:
            return
    pytest.fail(f"not reached: {(wanted | rows) - seen}")


@pytest.mark.parametrize("view", VIEWS)
def test_a_phone_never_scrolls_sideways(small: BrowserContext, fixture: Fixture, view: str) -> None:
    page = open_page(small, f"{fixture.url}/#{view}")
    page.wait_for_selector("main .fno-chart canvas", state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    low = page.evaluate("""[...document.querySelectorAll('main button, nav a, header button')]
      .filter(node => node.checkVisibility() && !node.matches('.link, .words'))
      .map(node => [node.outerHTML, node.getBoundingClientRect().height])
      .filter(([, height]) => height < 44)""")
    assert low == []


@pytest.mark.parametrize("width", [360, 390, 700, 701, 820, 1060, 1061, 1180, 1280, 1920])
def test_a_position_s_figures_and_its_exit_are_in_sight_on_every_screen(
    context: BrowserContext, fixture: Fixture, width: int
) -> None:
    page = open_page(context, fixture.url)
    page.set_viewport_size({"width": width, "height": 900})
    cut = page.evaluate("""[...document.querySelectorAll('#open-rows :is([data-field], button)')]
      .filter(node => { const at = node.getBoundingClientRect();
        return at.left < 0 || at.right > innerWidth - 8 || at.width === 0; })
      .map(node => node.outerHTML)""")
    assert cut == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_phone_shows_the_strip_on_top_whole(small: BrowserContext, fixture: Fixture) -> None:
    page = open_page(small, fixture.url)
    said = page.evaluate("""[...document.querySelectorAll('.vitals dd')]
      .filter(node => node.checkVisibility())
      .map(node => [node.id, node.scrollWidth, node.clientWidth])""")
    assert {"header-session", "header-token"} <= {name for name, *_ in said}
    assert [name for name, full, seen in said if full > seen] == []


def test_a_trade_opens_by_tap(small: BrowserContext, fixture: Fixture) -> None:
    page = open_page(small, fixture.url)
    page.tap("#open-V3-20261118-000005 .link")
    expect(page.locator("#trade-life li").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [390, 1280])
def test_no_serious_finding_of_axe(
    chromium: Browser, fixture: Fixture, scheme: str, width: int
) -> None:
    make = phone if width == 390 else new_context
    with make(chromium, color_scheme=scheme) as context:
        page = open_page(context, fixture.url)
        found = []
        for view in VIEWS:
            page.goto(f"{fixture.url}/#{view}")
            page.wait_for_selector("main .fno-chart canvas", state="attached")
            found += serious_findings(page)
        page.goto(f"{fixture.url}/#desk")
        page.locator("#closed-rows .link").first.press("Enter")
        expect(page.locator("#trade-dialog")).to_be_visible()
        found += serious_findings(page)
        page.goto(f"{fixture.url}/login")
        assert found + serious_findings(page) == []


def test_history_is_paged_and_compared(context: BrowserContext, fixture: Fixture) -> None:
    page = open_page(context, f"{fixture.url}/#history")
    page.click("#days-rows a >> nth=0")
    expect(page.locator("#history-line")).to_contain_text("8 exits so far")
    expect(page.locator("#days-rows a").first).to_have_attribute("aria-current", "true")
    page.click("#history-more")
    expect(page.locator("#history-more")).to_be_hidden()
    page.get_by_role("link", name="Compare").click()
    page.select_option("#compare-b", "replay-3")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("#compare-line")).to_contain_text(
        "replay-3 made +49,226.91 against replay-1"
    )
    assert page.evaluate("location.hash") == "#compare/replay-1/replay-3"
