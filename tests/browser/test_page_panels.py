"""W6 in a browser: plans, orders at the exchange, the chain and the margin on top."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from daemon.journal.explain import explain
from daemon.journal.store import JournalStore
from daemon.metrics.plan_results import plan_results
from tests.browser import fixture_data as data
from tests.browser.browser import DESKTOP, PHONE, new_context, open_page, serious_findings, value
from tests.browser.fixture_server import Fixture
from tests.browser.journal_numbers import fold_of
from tests.browser.served import Served, serve_run, sign_in
from tests.kit.cli import ROOT, finished, only_run, spawn

pytestmark = pytest.mark.ci
expect.set_options(timeout=30_000)
HOSTILE = "<img src=x onerror=\"document.title='owned'\">"
CARD = "#plans-straddle-0920"
PLANS = """
account: planned
feed: {kind: replay, replay: {files: [{path: %s}]}}
execution: {fill_mode: depth}
plans:
  list:
    - id: straddle
      underlying: NIFTY
      entry: {at: "09:20:00"}
      exit: {at: "15:00:00"}
      overall: {stop: {rupees: 4000}, target: {rupees: 9000}}
      legs:
        - {id: ce, side: sell, type: CE, expiry: weekly, strike: ATM, stop: {percent: 20},
           reentry_on_stop: {as: asap, most: 2}}
        - {id: pe, side: sell, type: PE, expiry: weekly, strike: ATM, stop: {percent: 20}}
    - id: too-dear
      underlying: NIFTY
      entry: {at: "09:20:00"}
      exit: {at: "15:00:00"}
      legs:
        - {id: ce, side: buy, type: CE, expiry: weekly, strike: {premium_at_least: 9000}}
"""


def test_a_running_plan_shows_its_result_and_the_market_moves_it(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    card = page.locator(CARD)
    for field, known in (
        ("pnl_paise", "91000"), ("floor_paise", "-250000"), ("target_paise", "600000"),
        ("credit_paise", "2470000"), ("to_floor_paise", "341000"), ("worst_paise", "-411275"),
    ):  # fmt: skip
        assert value(page, f'{CARD} [data-field="{field}"]') == known
    expect(card.locator(".again")).to_have_text("ce after stop: 1 of 2")
    expect(card.locator("tbody tr")).to_have_count(4)
    expect(card.locator("#plans-straddle-0920-legs-ce-0")).to_contain_text("stop loss")
    expect(card.locator("#plans-straddle-0920-legs-hedge-waits")).to_contain_text(
        "hedge waits to buy in NIFTY26NOV25100CE"
    )
    expect(card.locator(".gauge")).to_have_attribute("data-tone", "gain")
    moved = {"plans": [data.plan_row(-120_000), data.idle_plan()], "header": data.header()}
    fixture.send("market", moved)
    expect(card.locator('dl [data-field="pnl_paise"]')).to_have_text("−1,200.00")
    expect(card.locator(".gauge")).to_have_attribute("data-tone", "loss")


def test_a_plan_without_a_round_says_why_nothing_happened(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    card = page.locator("#plans-condor-late")
    expect(card).to_contain_text("Today's round is over")
    expect(card.locator(".newest")).to_contain_text("SKIPPED: no_premium")
    expect(card.locator('dl [data-field="pnl_paise"]')).to_be_hidden()
    expect(card.locator("table")).to_be_hidden()


def test_a_click_explains_a_round_and_a_leg(context: BrowserContext, fixture: Fixture) -> None:
    page = open_page(context, fixture.url)
    page.get_by_role("button", name="Explain round straddle-0920-20261118-1").click()
    expect(page.locator("#trade-title")).to_have_text("Round straddle-0920-20261118-1")
    expect(page.locator("#trade-life")).to_contain_text("all first legs are in.")
    page.keyboard.press("Escape")
    page.locator("#plans-straddle-0920-legs-pe-0 .link").click()
    expect(page.locator("#trade-title")).to_contain_text("NIFTY26NOVFUT")


def test_orders_say_how_near_they_came_and_what_is_ahead(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    rests, stop, far = (page.locator("#orders-rows tr").nth(at) for at in range(3))
    expect(rests.locator(".near")).to_contain_text("3.95 pts")
    expect(rests.locator(".near")).to_contain_text("0.35 pts at 09:21:40, seen since 09:21:30")
    expect(rests.locator(".queue")).to_contain_text("1,300 units at most")
    expect(stop.locator(".queue")).to_contain_text("waits for its trigger")
    expect(far.locator(".queue")).to_contain_text("beyond the fifth level")
    expect(page.locator("#orders_over-rows")).to_be_hidden()
    page.click("#orders-over summary")
    expect(page.locator("#orders_over-rows")).to_contain_text("4 near misses")
    page.locator("#orders_over-rows .link").click()
    expect(page.locator("#trade-dialog")).to_be_visible()


def test_the_chain_is_asked_for_only_while_it_is_open(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    fixture.send("market", {"header": data.header(account="later")})
    expect(page.locator("#header-account")).to_have_text("later")
    assert fixture.chains == []
    page.click("#chain summary")
    expect(page.locator("#chain-rows tr")).to_have_count(21)
    atm = page.locator("#chain-rows [data-atm]")
    expect(atm).to_contain_text("24,950")
    expect(atm).to_contain_text("−130 yours")
    expect(atm.locator('[data-field="pe_delta"]')).to_have_text("−0.52")
    expect(page.locator("#chain-line")).to_contain_text("forward 24,974.60")
    page.select_option("#chain-expiry", "2026-12-01")
    expect(page.locator("#chain-expiry")).to_have_value("2026-12-01")
    with page.expect_request(lambda asked: "expiry=2026-12-01" in asked.url):
        pass
    page.click("#chain summary")
    expect(page.locator("#chain-table")).to_be_hidden()


def test_the_margin_stands_on_top_where_it_is_known(
    context: BrowserContext, fixture: Fixture
) -> None:
    page = open_page(context, fixture.url)
    assert value(page, "#header-margin-used") == "46318200"
    assert value(page, "#header-margin-free") == "3681800"
    assert value(page, "#header-margin-peak") == "51204400"
    without = data.pnl() | {name: None for name in data.pnl() if name.startswith("margin_")}
    fixture.send("facts", {"panels": {"header": data.header(), "pnl": without}, "tape": []}, 41)
    expect(page.locator("#header-margin")).to_be_hidden()


def test_the_daily_limit_says_when_it_counts_what_is_open(
    context: BrowserContext, fixture: Fixture
) -> None:
    fixture.snapshot["panels"]["pnl"]["limit_counts"] = "net_open"
    page = open_page(context, fixture.url)
    expect(page.locator("#pnl")).to_contain_text("To the daily limit, with what is open")


def test_names_of_plans_and_orders_are_text(context: BrowserContext, fixture: Fixture) -> None:
    panels = fixture.snapshot["panels"]
    panels["plans"] = [data.plan_row(plan=HOSTILE, status=HOSTILE, skipped=HOSTILE)]
    panels["orders"] = [data.order_row(8, symbol=HOSTILE, words=HOSTILE)]
    page = open_page(context, fixture.url)
    expect(page.locator(".plan h3")).to_contain_text(HOSTILE)
    assert page.locator(".plan img, #orders img").count() == 0
    assert "owned" not in page.title()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["wide", "phone"])
def test_open_panels_fit_and_axe_finds_nothing(
    chromium: Browser, fixture: Fixture, size: Any, scheme: Any
) -> None:
    with new_context(chromium, viewport=size, color_scheme=scheme) as context:
        page = open_page(context, fixture.url)
        for summary in ("#chain summary", "#orders-over summary", f"{CARD} .told summary"):
            page.click(summary)
        expect(page.locator("#chain-rows tr")).to_have_count(21)
        assert serious_findings(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Served]]:
    out = tmp_path_factory.mktemp("planned")
    config = out / "plans.yaml"
    config.write_text("version: 1" + PLANS % (ROOT / "configs/sample_depth.parquet"))
    done = finished(spawn("--config", config, "--out", out))
    assert done.code == 0, done.err
    with serve_run(only_run(out), out) as served:
        yield only_run(out), served


def test_the_plans_of_a_run_have_the_journal_s_numbers(
    context: BrowserContext, planned: tuple[Path, Served]
) -> None:
    run, served = planned
    page = sign_in(context, served)
    for result in plan_results(fold_of(run).ledger):
        card = f"#plans-{result.plan}"
        assert value(page, f'{card} [data-field="net_paise"]') == str(result.money.net_paise)
        assert value(page, f'{card} [data-field="done"]') == str(result.done)
        assert value(page, f'{card} [data-field="skips"]') == str(result.skips)
        worst = result.money.worst_paise
        assert value(page, f'{card} [data-field="worst_paise"]') == (
            "" if worst is None else str(worst)
        )
    told = _explained(run, page, "too-dear")
    assert "SKIPPED: no_premium" in told
    assert "9000 or more" in told
    _explained(run, page, "straddle")


def _explained(run: Path, page: Page, plan: str) -> str:
    """Explain the round of a plan by a click; return what the journal's command tells of it."""
    page.locator(f"#plans-{plan} [data-round]").click()
    expect(page.locator("#trade-title")).to_contain_text(f"Round {plan}-")
    name = page.locator("#trade-title").inner_text().removeprefix("Round ")
    with JournalStore.open(run) as store:
        told = explain(store, name)
    shown = page.locator("#trade-life").inner_text().replace("\u2212", "-")
    life = " ".join(shown.split()).lower()
    for line in filter(None, map(str.strip, told.splitlines())):
        words = line.partition("  ")[2] or line
        assert words.partition(": ")[2].lower() in life or words.lower() in life, line
    page.keyboard.press("Escape")
    return told
