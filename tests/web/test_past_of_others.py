"""The past of other runs than the page's own, of archived days, and of replayed recordings."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from daemon.cli.replay import replay
from daemon.domain.dates import DAY_NS, SECOND_NS, ist_date
from daemon.journal.archive import archive_events
from daemon.metrics.fill_quality import whole_paise
from daemon.runtime.run_files import SERIES_FILE
from daemon.web.fold.whole import OtherBooks
from tests.kit.golden import Replayed
from tests.kit.live import (
    ACCOUNT,
    Market,
    free_port,
    market,
    run,
    script_of,
    server_of,
    trade_all,
    write_live_config,
)
from tests.kit.sample_events import EventWriter, S, left_open, many_events, worked_example
from tests.kit.web import Page, page_of, write_journal

SYMBOL = "NIFTY26NOVFUT"
DAY = "2026-11-18"


@pytest.fixture(scope="module")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An output directory with an account that traded for some minutes, and its replayed run."""
    out, of = tmp_path_factory.mktemp("recorded"), market()
    _trade(out, of)
    [recording] = (out / "accounts" / ACCOUNT / "recordings").iterdir()
    replay(recording, out)
    return out


def _trade(out: Path, of: Market) -> None:
    port = free_port()
    config = write_live_config(out, of, script_of(of, 7), port=port)

    async def session() -> None:
        async with server_of(of, port) as server:
            await trade_all(config, server)

    run(session)


async def looked(directory: Path) -> Page:
    page = page_of(directory)
    await page.site.look()
    return page


def routes(symbol: str, day: str, trade: str) -> list[str]:
    return [
        f"/api/candles?symbol={symbol}&day={day}", f"/api/curves?day={day}", "/api/days?",
        f"/api/history?day={day}", f"/api/trade/{trade}?",
    ]  # fmt: skip


@pytest.mark.parametrize("is_kept", [True, False])
async def test_another_run_is_shown_as_by_a_page_of_its_own(
    replayed: Replayed, tmp_path: Path, is_kept: bool
) -> None:
    other = tmp_path / "runs/other"
    shutil.copytree(replayed.directory, other)
    if not is_kept:
        (other / SERIES_FILE).unlink()
    with write_journal(tmp_path / "runs/own", many_events(3)):
        own, its = await looked(tmp_path / "runs/own"), await looked(other)
        who, its_who = await own.login(), await its.login()
        for route in routes(SYMBOL, DAY, "V3-20261118-000001"):
            found = await own.get(f"{route}&run=other", who)
            expected = await its.get(route.rstrip("?"), its_who)
            for row in expected if route.startswith("/api/days") else ():
                row["day_low_paise"] = None  # which only a page that follows it knows
            assert found == expected, route
            assert found != await own.get(route.rstrip("?"), who), route
        for route in routes(SYMBOL, DAY, "V3-20261118-000001"):
            assert (await own.ask(f"{route}&run=none", **who)).status == 404, route
        own.site.follower.close()
        its.site.follower.close()


async def test_a_run_of_a_recording_has_its_candles_while_the_recording_is_here(
    traded: Path, tmp_path: Path
) -> None:
    shutil.copytree(traded, tmp_path, dirs_exist_ok=True)
    [run_directory] = (tmp_path / "runs").iterdir()
    page, account = await looked(run_directory), await looked(tmp_path / "accounts" / ACCOUNT)
    who, its_who = await page.login(), await account.login()
    [day] = [row["day"] for row in await page.get("/api/days", who)]
    rows = (await page.get(f"/api/history?day={day}", who))["rows"]
    for symbol in {row["symbol"] for row in rows}:
        route = f"/api/candles?symbol={symbol}&day={day}"
        assert (found := await page.get(route, who))["candles"]
        assert found["candles"] == (await account.get(route, its_who))["candles"]
        assert found["fills"] == (await account.get(route, its_who))["fills"]
    assert (await page.get("/api/now", who))["panels"]["header"]["token"]["state"] == "none"
    page.site.follower.close()
    account.site.follower.close()


async def test_without_the_recording_the_chart_says_what_is_missing(
    traded: Path, tmp_path: Path
) -> None:
    shutil.copytree(traded / "runs", tmp_path / "runs")
    recordings = traded / "accounts" / ACCOUNT / "recordings"
    away = recordings.rename(recordings.with_name("away"))
    [run_directory] = (tmp_path / "runs").iterdir()
    page = await looked(run_directory)
    who = await page.login()
    [day] = [row["day"] for row in await page.get("/api/days", who)]
    found = await page.get(f"/api/candles?symbol={SYMBOL}&day={day}", who)
    away.rename(recordings)
    assert found["candles"] == []
    assert str(recordings) in found["line"]
    assert "recording" in found["line"]
    page.site.follower.close()


async def test_an_account_is_listed_with_its_start_and_its_feed(traded: Path) -> None:
    page = await looked(traded / "accounts" / ACCOUNT)
    who = await page.login()
    rows = {row["run"]: row for row in await page.get("/api/runs", who)}
    header = (await page.get("/api/now", who))["panels"]["header"]
    assert rows[ACCOUNT]["kind"] == "kite"
    assert rows[ACCOUNT]["started_ms"] == header["daemon"]["started_ms"] > 0
    assert rows[ACCOUNT]["strategies"]
    page.site.follower.close()


async def test_the_brokers_token_ends_at_the_next_six_in_the_morning(traded: Path) -> None:
    page = await looked(traded / "accounts" / ACCOUNT)
    header = (await page.get("/api/now", await page.login()))["panels"]["header"]
    token, started = header["token"], header["daemon"]["started_ms"]
    assert token["state"] == "ok"
    assert 0 < token["until_ms"] - started <= DAY_NS // 1_000_000
    assert (token["until_ms"] + 19_800_000) % 86_400_000 == 6 * 3_600_000
    page.site.follower.close()


def over_days(days: int) -> list[Any]:
    """Return a journal's events in which every trade of a day is archived at its end."""
    w = EventWriter()
    for _ in range(days):
        order = worked_example(w)
        w.next_input()
        w.move(order, S.CLOSED, S.ARCHIVED, "session_end")
        w.next_input(DAY_NS)
    return w.events


async def test_an_archived_day_has_its_charts_while_its_file_is_here(tmp_path: Path) -> None:
    events = over_days(3)
    days = sorted({ist_date(event.ts).isoformat() for event in events})
    symbol = "NIFTY26NOV25000CE"
    with write_journal(tmp_path / "runs/one", events) as store:
        directory = store.directory

    async def shown() -> list[Any]:
        page = await looked(directory)
        who = await page.login()
        found = [
            await page.get(route, who)
            for day in days
            for route in (f"/api/candles?symbol={symbol}&day={day}", f"/api/curves?day={day}")
        ]
        page.site.follower.close()
        return found

    before = await shown()
    assert all(len(chart["fills"]) == 3 for chart in before[::2])
    archive_events(directory, before_ts=events[-1].ts - DAY_NS // 2, now_ts=events[-1].ts + 1)
    assert await shown() == before
    [archive] = (directory / "archive").iterdir()
    archive.unlink()
    after = await shown()
    assert after[-2:] == before[-2:]
    assert "archived" in after[0]["line"]
    assert after[0]["fills"] == []


def test_the_book_of_another_run_has_its_archived_days_too(tmp_path: Path) -> None:
    events = over_days(3)
    with write_journal(tmp_path / "runs/one", events) as store:
        directory = store.directory
    days = OtherBooks().of(directory).days
    assert len(days) == 3
    archive_events(directory, before_ts=events[-1].ts - DAY_NS // 2, now_ts=events[-1].ts + 1)
    assert OtherBooks().of(directory).days == days


async def test_the_curve_of_a_comparison_ends_at_its_total(tmp_path: Path) -> None:
    """Rows are rounded to a paisa each, and an open position has paid its entry."""
    w = EventWriter()
    for _ in range(7):
        worked_example(w)
    left_open(w)
    with write_journal(tmp_path / "runs/one", w.events) as store:
        page = await looked(store.directory)
        found = await page.get("/api/compare?a=one&b=one", await page.login())
        ledger = page.site.follower.book.ledger
        page.site.follower.close()
    total = ledger.realized_paise - whole_paise(ledger.charges)
    assert found["a"]["net_paise"] == total
    for series in found["curves"]["series"]:
        assert series["points"][-1] == [w.ts // SECOND_NS, total / 100]
