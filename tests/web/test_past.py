"""The past on the page: pages of history, days, charts of a day, runs, and two runs compared."""

from __future__ import annotations

import random
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.domain.dates import MINUTE_NS, SECOND_NS, ist_date
from daemon.journal.archive import archive_events
from daemon.journal.store import JournalStore
from daemon.report.fold import RunFold
from daemon.runtime.run_files import SERIES_FILE, SUMMARY_FILE
from daemon.runtime.series import read_series
from daemon.web.day_charts.bars import DayBars
from daemon.web.fold.row_store import RowStore
from daemon.web.past import history
from tests.kit import golden
from tests.kit.golden import Replayed
from tests.kit.sample_events import many_events
from tests.kit.web import Page, page_of, put, write_journal

SYMBOL = "NIFTY26NOVFUT"
DAY = "2026-11-18"


@pytest.fixture(scope="module")
def dearer(tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """The same session with four times the slippage."""
    out = tmp_path_factory.mktemp("dearer")
    return golden.replay(golden.SAMPLE, out, {"execution.slippage_bps": 20})


@pytest.fixture
async def sample(replayed: Replayed) -> AsyncIterator[Page]:
    """The page of the finished sample run."""
    page = page_of(replayed.directory)
    await page.site.look()
    yield page
    page.site.follower.close()


def report_of(directory: Path) -> RunFold:
    with JournalStore.open(directory) as store:
        return RunFold(store.events())


async def test_a_trade_is_told_as_explain_tells_it(sample: Page) -> None:
    who = await sample.login()
    told = await sample.get("/api/trade/V3-20261118-000001", who)
    assert told["trade"]["trade"] == "V3-20261118-000001"
    assert told["explain"][0].startswith("V3-20261118-000001: SELL 65")
    assert "Result: gross" in "\n".join(told["explain"])
    fills = [m for m in report_of(sample.directory).markers if m.order_id.endswith("000001")]
    assert [fill["price_paise"] for fill in told["trade"]["fills"]] == [
        m.price_paise for m in fills
    ]
    assert (await sample.ask("/api/trade/V3-20261118-999999", **who)).status == 404


async def test_the_equity_of_a_finished_run_is_what_it_kept(sample: Page) -> None:
    who = await sample.login()
    found = await sample.get(f"/api/curves?day={DAY}", who)
    series = read_series((sample.directory / SERIES_FILE).read_bytes(), "kept")
    known = {ts // SECOND_NS: paise / 100 for ts, paise in series.equity}
    [net] = [each for each in found["equity"]["series"] if each["kind"] == "net"]
    assert {t: rupees for t, rupees in net["points"]} == known  # noqa: C416 - pairs as a dict
    [fall] = found["drawdown"]["series"]
    assert min(p for _, p in fall["points"]) == -series.drawdown.depth_paise / 100  # type: ignore[union-attr]


async def test_without_what_it_kept_prices_and_events_give_the_same_curve(
    replayed: Replayed, tmp_path: Path
) -> None:
    """A live page has nothing else: its curve is the one that the report will show."""
    place = tmp_path / "runs/again"
    shutil.copytree(replayed.directory, place)
    (place / SERIES_FILE).unlink()
    page = page_of(place)
    await page.site.look()
    found = await page.get(f"/api/curves?day={DAY}", await page.login())
    page.site.follower.close()
    [net] = [each for each in found["equity"]["series"] if each["kind"] == "net"]
    minute = MINUTE_NS // SECOND_NS
    ours = {t // minute: rupees for t, rupees in net["points"]}
    series = read_series((replayed.directory / SERIES_FILE).read_bytes(), "kept")
    known = {ts // MINUTE_NS: paise / 100 for ts, paise in series.equity}
    assert ours == known


async def test_candles_are_those_of_the_minutes_with_every_fill_and_stop(sample: Page) -> None:
    who = await sample.login()
    found = await sample.get(f"/api/candles?symbol={SYMBOL}&day={DAY}", who)
    candles = found["candles"]
    assert [row[0] for row in candles] == sorted({row[0] for row in candles})
    assert all(low <= min(o, c) <= max(o, c) <= high for _, o, high, low, c, _ in candles)
    assert all(row[5] >= 0 for row in candles)
    series = read_series((sample.directory / SERIES_FILE).read_bytes(), "kept")
    at = series.symbols.index(SYMBOL)
    last = {
        ts // MINUTE_NS * 60: row[at] / 100 for ts, row in zip(series.ts, series.ltp, strict=True)
    }
    closes = {row[0]: row[4] for row in candles}
    assert len(closes) > 350
    assert closes == {t: last[t] for t in closes}
    markers = [m for m in report_of(sample.directory).markers if m.tradingsymbol == SYMBOL]
    assert [(f["t"], f["price"], f["trade"]) for f in found["fills"]] == [
        (m.ts // SECOND_NS, m.price_paise / 100, m.order_id) for m in markers
    ]
    trades = {m.order_id for m in markers}
    assert {step["trade"] for step in found["steps"]} == trades
    for step in found["steps"]:
        assert [t for t, _ in step["points"]] == sorted(t for t, _ in step["points"])
        assert step["points"][-1][1] is None  # the trade was closed


async def test_a_paced_run_shows_no_candle_of_its_future(
    replayed: Replayed, tmp_path: Path
) -> None:
    place = tmp_path / "runs/paced"
    shutil.copytree(replayed.directory, place)
    (place / SERIES_FILE).unlink()
    (place / SUMMARY_FILE).unlink()
    page = page_of(place)
    await page.site.look()
    follower = page.site.follower
    follower._is_alive = True
    clock = follower.book.fold.last_ts - 3600 * SECOND_NS
    follower.book.fold.last_ts = clock
    bars = shown_bars(page)
    assert clock - MINUTE_NS < bars.until <= clock
    follower.book.fold.last_ts = clock + 30 * MINUTE_NS
    bars = shown_bars(page)
    assert clock + 29 * MINUTE_NS < bars.until <= clock + 30 * MINUTE_NS
    follower.close()


def shown_bars(page: Page) -> DayBars:
    at = page.site.past._moment()
    bars, _ = page.site.past._charts._bars.of(DAY, at.config, at.rules, at.until)
    return bars


async def test_history_is_every_exit_once_newest_first(
    replayed: Replayed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "ROWS_MAX", 7)
    with write_journal(tmp_path / "runs/long", many_events(40)) as store:
        page = page_of(store.directory)
        await page.site.look()
        who = await page.login()
        for query in ("", f"day={DAY}", "run=long", "run=account", f"run=account&day={DAY}"):
            rows: list[Any] = []
            after: int | None = None
            while True:
                cursor = "" if after is None else f"&after={after}"
                found = await page.get(f"/api/history?{query}{cursor}", who)
                rows += found["rows"]
                assert len(found["rows"]) <= 7
                after = found["next"]
                if after is None:
                    break
            known = report_of(store.directory).exits
            assert [(row["trade"], row["part"]) for row in rows] == [
                (row.order_id, row.part) for row in reversed(known)
            ]
        assert (await page.ask("/api/history?after=99999", **who)).status == 400
        page.site.follower.close()


async def test_a_page_of_history_stays_while_trades_are_added(tmp_path: Path) -> None:
    events = many_events(40)
    half = events[: len(events) // 2]
    with write_journal(tmp_path / "runs/long", half) as store:
        page = page_of(store.directory)
        await page.site.look()
        who = await page.login()
        before = await page.get("/api/history?after=12", who)
        put(store, events[len(half) :])
        await page.site.look()
        assert await page.get("/api/history?after=12", who) == before
        page.site.follower.close()


async def test_days_are_the_journals_days(sample: Page) -> None:
    who = await sample.login()
    [day] = await sample.get("/api/days", who)
    pnl = (await sample.get("/api/now", who))["panels"]["pnl"]
    assert day["day"] == DAY
    for name in ("gross_paise", "charges_paise", "net_paise"):
        assert day[name] == pnl[name]


async def test_archived_days_are_still_days(tmp_path: Path) -> None:
    events = many_events(30)
    middle = events[len(events) // 2].ts
    with write_journal(tmp_path / "runs/old", events) as store:
        known = [day.row() for day in _book(store.directory).days.values()]
        exits = all_rows(_book(store.directory))
    archive_events(store.directory, before_ts=middle, now_ts=events[-1].ts + 1)
    book = _book(store.directory)
    assert [day.row() for day in book.days.values()] == known
    assert all_rows(book) == exits
    assert {day["day"] for day in known} == {ist_date(events[0].ts).isoformat()}


def all_rows(book: Any) -> list[bytes]:
    return [bytes(row) for row in book.closed.rows(0, len(book.closed))]


@pytest.mark.parametrize("count", [0, 1, 511, 512, 513, 1024, 1500])
def test_rows_come_out_of_the_store_as_they_went_in(count: int) -> None:
    store, rows = RowStore(), [b'{"row":%d,"text":"\\u0001"}' % at for at in range(count)]
    for row in rows:
        store.append(row)
    assert len(store) == count
    draw = random.Random(count)
    for _ in range(50):
        first = draw.randint(0, count)
        last = draw.randint(first, count)
        assert [bytes(row) for row in store.rows(first, last)] == rows[first:last]


def _book(directory: Path) -> Any:
    page = page_of(directory)
    step = page.site.follower.step(1)
    assert not step.fault
    page.site.follower.close()
    return page.site.follower.book


async def test_runs_are_listed_and_none_is_reached_by_a_path(sample: Page) -> None:
    who = await sample.login()
    [run] = await sample.get("/api/runs", who)
    assert run["run"] == sample.directory.name
    assert run["is_running"] is False
    assert run["trades"] == 9
    for name in ("..", ".", "x", f"..%2F{sample.directory.name}", "%2Ftmp", "accounts"):
        for path in (f"/api/history?run={name}", f"/api/compare?a={name}&b={name}"):
            assert (await sample.ask(path, **who)).status in (400, 404), path


async def test_a_run_compared_with_itself_differs_in_nothing(sample: Page) -> None:
    who, name = await sample.login(), sample.directory.name
    found = await sample.get(f"/api/compare?a={name}&b={name}", who)
    assert found["a"] == found["b"]
    assert found["trades_only_a"] == found["trades_only_b"] == found["different"] == []
    assert all(row["difference_paise"] == 0 for row in found["by_strategy"])
    pnl = (await sample.get("/api/now", who))["panels"]["pnl"]
    assert found["a"]["net_paise"] == pnl["net_paise"]


async def test_two_runs_with_other_settings_differ_where_they_do(
    sample: Page, dearer: Replayed
) -> None:
    other = sample.directory.with_name("dearer")
    shutil.copytree(dearer.directory, other)
    who = await sample.login()
    found = await sample.get(f"/api/compare?a={sample.directory.name}&b=dearer", who)
    shutil.rmtree(other)
    assert found["b"]["net_paise"] < found["a"]["net_paise"]
    moved = sum(row["difference_paise"] for row in found["by_strategy"])
    assert abs(moved - (found["b"]["net_paise"] - found["a"]["net_paise"])) <= len(
        found["by_strategy"]
    )
    assert found["different"]
    kinds = {each["kind"] for each in found["curves"]["series"]}
    assert kinds == {"a", "b"}
    assert msgspec.json.encode(found)
