"""What a run says in its notes when much of its data or of its wishes came to nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from daemon.domain.money import rupees_text
from daemon.report.numbers import max_drawdown
from daemon.runtime.series import read_series
from daemon.settings.file import load_config
from tests.kit.cli import (
    FUTURE,
    invoke,
    only_run,
    summary_of,
    tick_rows,
    write_config,
    write_ticks,
)
from tests.kit.source import ROOT

DAY = "2026-11-18"
SAMPLE_DEPTH = ROOT / "configs" / "sample_depth.parquet"
OPTION = "NIFTY26N1725000CE"
QUIET = (
    "    - {id: quiet, module: strategies.ema_trend, class: EmaTrend, timeframe: 1m, "
    f"symbols: [{FUTURE}]}}\n"
)


def notes_of(tmp_path: Path, rows: list[str], *, strategies: str = "", more: str = "") -> list[str]:
    ticks = write_ticks(tmp_path / "ticks.csv", rows)
    config = write_config(tmp_path / "c.yaml", ticks, strategies=strategies, more=more)
    done = invoke("--config", config, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    kept: list[str] = summary_of(only_run(tmp_path / "out"))["notes"]
    assert all(note in done.out for note in kept)
    return kept


def script(tmp_path: Path, *lines: dict[str, object]) -> str:
    path = tmp_path / "script.jsonl"
    path.write_text("".join(json.dumps({"symbol": FUTURE} | line) + "\n" for line in lines))
    return (
        "    - {id: script, module: strategies.scripted, class: Scripted, "
        f"params: {{file: {path}}}}}\n"
    )


def test_a_run_in_which_all_is_well_has_nothing_to_say(tmp_path: Path) -> None:
    assert notes_of(tmp_path, list(tick_rows(200))) == []


@pytest.mark.parametrize(
    ("bid", "ask", "text"),
    [
        ("25000.5", "25000", "200 of 200 rows (100.0%) had a bid above the ask: both were dropped"),
        ("abc", "25000", "200 bids and asks in 200 rows are no prices"),
    ],
)
def test_books_that_were_dropped_are_told(tmp_path: Path, bid: str, ask: str, text: str) -> None:
    rows = [",".join([*row.split(",")[:3], bid, ask]) for row in tick_rows(200)]
    [note] = notes_of(tmp_path, rows)
    assert note.startswith(text)
    assert note.endswith("Check `columns`: bid and ask.")
    assert text in invoke("check", tmp_path / "c.yaml").out


def test_one_late_row_in_a_hundred_is_not_told(tmp_path: Path) -> None:
    rows = [*tick_rows(99), next(iter(tick_rows(1)))]
    assert notes_of(tmp_path, rows) == []


def test_late_rows_are_told_with_the_first_and_the_remedy(tmp_path: Path) -> None:
    rows = [*tick_rows(90), *tick_rows(10)]
    [note] = notes_of(tmp_path, rows)
    assert note == (
        f"10 of 100 rows (10.0%) were refused as `late`. The first: {FUTURE} at 25,000.00, "
        f"{DAY} 09:15:00, after {DAY} 09:16:29 was reached. Remedy: if the file is in the order of "
        "receipt with exchange times, set `order: received` for it; if it is not sorted by time, "
        "sort it."
    )


@pytest.mark.parametrize(
    ("price", "reason"), [("0", "bad_price"), ("", "bad_price"), ("25000.003", "not_paise")]
)
def test_refused_prices_are_told_with_the_first(tmp_path: Path, price: str, reason: str) -> None:
    rows = list(tick_rows(100))
    for bad in (40, 41):
        rows[bad] = f"{DAY}T09:15:{bad},{FUTURE},{price},,"
    [note] = notes_of(tmp_path, rows)
    assert note.startswith(f"2 of 100 rows (2.0%) were refused as `{reason}`. The first: {FUTURE}")
    assert f"{DAY} 09:15:40" in note


def test_rows_of_unknown_symbols_are_told(tmp_path: Path) -> None:
    rows = [*tick_rows(50), f"{DAY}T09:20:00,SOMETHING,100,,"]
    [note] = notes_of(tmp_path, rows)
    assert "a symbol that is not in the universe" in note
    assert "universe.instruments" in note


def test_a_day_in_utc_is_told_with_zone_as_the_remedy(tmp_path: Path) -> None:
    rows = [f"{DAY}T{3 + n // 60:02d}:{n % 60:02d}:00,{FUTURE},25000,," for n in range(45, 400)]
    [note] = notes_of(tmp_path, rows)
    assert note.startswith(f"Most rows of {DAY} (330 of 355) are outside their session")
    assert f"The first: {FUTURE} at 25,000.00, {DAY} 03:45:00" in note
    assert "the times look like UTC; set `zone: UTC` for the file" in note


def test_a_recording_that_begins_before_the_open_is_not_taken_for_another_zone(
    tmp_path: Path,
) -> None:
    early = [f"{DAY}T09:14:{n:02d},{FUTURE},25000,," for n in range(30)]
    [note] = notes_of(tmp_path, [*early, *tick_rows(300)])
    assert note.startswith("30 of 330 rows (9.1%) are outside their session")
    assert "UTC" not in note


def test_a_holiday_is_told_as_a_day_without_a_session(tmp_path: Path) -> None:
    rows = [each.replace(DAY, "2026-11-22") for each in tick_rows(50)]
    [note] = notes_of(tmp_path, rows)
    assert note.startswith("Most rows of 2026-11-22 (50 of 50) are outside")
    assert "Check the times, and that the exchange was open then" in note


def test_a_file_that_may_be_cut_in_its_last_price_is_told_by_the_run_and_by_check(
    tmp_path: Path,
) -> None:
    ticks, config = tmp_path / "ticks.csv", tmp_path / "c.yaml"
    assert notes_of(tmp_path, list(tick_rows(50))) == []
    assert "line end" not in invoke("check", config).out
    ticks.write_text(ticks.read_text() + f"{DAY}T09:15:50,{FUTURE},25000,24999.5,25000")
    said = f"{ticks} ends without a line end: if it was cut there, its last row is not whole"
    assert f"warning: {said}" in invoke("check", config).out
    assert invoke("--config", config, "--out", tmp_path / "cut").code == 0
    [note] = summary_of(only_run(tmp_path / "cut"))["notes"]
    assert note.startswith(said)


def test_rows_that_come_after_their_bar_are_told_with_the_grace_as_the_remedy(
    tmp_path: Path,
) -> None:
    ticks = tmp_path / "t.csv"
    rows = [
        f"{DAY}T09:{15 + n // 60:02d}:{n % 60:02d}.500,{DAY}T09:{15 + (n - 1) // 60:02d}:"
        f"{(n - 1) % 60:02d}.900,{FUTURE},25000"
        for n in range(1, 301, 10)
        for _ in range(2)
    ]
    rows.insert(20, f"{DAY}T09:16:41.500,{DAY}T09:15:59.900,{FUTURE},25000")
    ticks.write_text("ts,exchange_ts,symbol,ltp\n" + "\n".join(rows) + "\n")
    config = write_config(tmp_path / "c.yaml", ticks, strategies=QUIET)
    assert invoke("--config", config, "--out", tmp_path / "out").code == 0
    notes = summary_of(only_run(tmp_path / "out"))["notes"]
    [note] = [each for each in notes if "late_for_candle" in each]
    assert note.startswith("1 of 61 rows (1.6%) came when their bar was closed already")
    assert f"The first: {FUTURE}, exchange time {DAY} 09:15:59.900" in note
    assert "execution.candle_grace_ms" in note


def test_candles_without_an_order_are_told(tmp_path: Path) -> None:
    [note] = notes_of(tmp_path, list(tick_rows(300)), strategies=QUIET)
    assert note.startswith("4 candles closed and no order was made: quiet (1m) asked for none.")


def test_a_run_that_ends_halted_says_so_and_until_when(tmp_path: Path) -> None:
    wish = script(tmp_path, {"ts": f"{DAY}T09:15:10", "signal": "BUY", "qty": 65})
    risk = "risk: {daily_loss_rupees: 1, daily_loss_counts: net_open}\n"
    notes = notes_of(tmp_path, list(tick_rows(130)), strategies=wish, more=risk)
    assert [note for note in notes if note.startswith("Risk state")] == [
        "Risk state HALTED: the day's loss limit was reached; new entries are refused and waiting "
        "ones cancelled, exits work, until 2026-11-19 00:00 IST."
    ]


def test_an_order_is_enough_not_to_be_told(tmp_path: Path) -> None:
    wish = script(
        tmp_path, {"ts": f"{DAY}T09:15:10", "signal": "BUY", "qty": 65, "product": "NRML"}
    )
    assert notes_of(tmp_path, list(tick_rows(300)), strategies=QUIET + wish) == []


def test_entries_that_lost_to_another_strategy_are_told_with_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "wants_always.py").write_text(
        "from strategies.strategy import BaseStrategy\n"
        "class Wants(BaseStrategy):\n"
        "    def __init__(self, *, confidence: float):\n"
        "        self._confidence = confidence\n"
        "    def on_candle(self, candle, view):\n"
        "        return self.buy(candle.tradingsymbol, 65, confidence=self._confidence)\n"
    )
    strategies = "".join(
        f"    - {{id: {name}, module: wants_always, class: Wants, "
        f"params: {{confidence: {sure}}}}}\n"
        for name, sure in (("sure", 0.9), ("less", 0.5))
    )
    [note] = notes_of(tmp_path, list(tick_rows(200)), strategies=strategies)
    assert note == (
        "Entries lost to another strategy's on the same symbol (`strategies.conflict: "
        f"highest_confidence`): less 3. The first: BUY 65 {FUTURE} of less to sure, {DAY} 09:16:00."
    )


def test_a_partial_exit_that_has_no_whole_lot_is_told_once(tmp_path: Path) -> None:
    wishes = [
        {"ts": f"{DAY}T09:15:{at}", "signal": "BUY", "qty": 65, "sl_price": 24999.0}
        for at in (10, 12)
    ]
    rows = [*tick_rows(30), f"{DAY}T09:16:00,{FUTURE},24990,24989,24991"]
    [note] = notes_of(tmp_path, rows, strategies=script(tmp_path, *wishes))
    assert note == (
        "2 stops with `enable_partial_exit` let the whole position go: 0.5 of it is less than one "
        f"lot. The first: V3-20261118-000001, 65 of {FUTURE} at lot 65. Remedy: a larger quantity, "
        "or another `partial_exit_pct`."
    )


@pytest.mark.parametrize("exits", [{"partial_exit_pct": 0.5}, {"enable_partial_exit": False}])
def test_a_partial_exit_that_could_be_made_or_was_not_wanted_is_not_told(
    tmp_path: Path, exits: dict[str, object]
) -> None:
    quantity = 130 if exits.get("partial_exit_pct") else 65
    wish = {"ts": f"{DAY}T09:15:10", "signal": "BUY", "qty": quantity, "sl_price": 24999.0}
    rows = [*tick_rows(30), f"{DAY}T09:16:00,{FUTURE},24998,24997,24999"]
    assert notes_of(tmp_path, rows, strategies=script(tmp_path, wish | {"exits": exits})) == []


def test_a_position_open_on_its_expiry_day_without_a_settlement_is_told(tmp_path: Path) -> None:
    day = "2026-11-17"
    ticks = write_ticks(
        tmp_path / "t.csv", [f"{day}T09:15:{n:02d},{OPTION},100,99,101" for n in range(60)]
    )
    wish = {
        "ts": f"{day}T09:15:10",
        "symbol": OPTION,
        "signal": "BUY",
        "qty": 65,
        "product": "NRML",
    }
    config = write_config(tmp_path / "c.yaml", ticks, strategies=script(tmp_path, wish))
    text = config.read_text().replace(
        f"{{tradingsymbol: {FUTURE}, tick_size: 0.1, lot_size: 65}}",
        f"{{tradingsymbol: {OPTION}, instrument_type: CE, name: NIFTY, tick_size: 0.05, "
        f"lot_size: 65, strike: 25000, expiry: '{day}'}}",
    )
    config.write_text(text)
    assert invoke("--config", config, "--out", tmp_path / "out").code == 0
    [note] = summary_of(only_run(tmp_path / "out"))["notes"]
    assert note.startswith(
        "Open on its expiry day, and the input ended without a settlement: V3-20261117-000001 "
        f"{OPTION}."
    )
    assert "feed.replay.settlements" in note


def test_the_report_has_the_drawdown_of_the_summary(tmp_path: Path) -> None:
    wish = script(
        tmp_path, {"ts": f"{DAY}T09:15:10", "signal": "BUY", "qty": 65, "product": "NRML"}
    )
    rows = list(tick_rows(600))
    rows[100] = f"{DAY}T09:16:59,{FUTURE},24000,23999,24001"
    rows = rows[:101] + list(tick_rows(480, start=120))
    notes_of(tmp_path, rows, strategies=wish)
    run = only_run(tmp_path / "out")
    assert invoke("report", run, "--out", tmp_path / "out").code == 0
    page = (run / "report.html").read_text()
    series = read_series((run / "series.json").read_bytes(), "series")
    assert series.drawdown is not None
    assert max_drawdown(series.equity).depth_paise == series.drawdown.depth_paise > 65_000 * 90
    told = summary_of(run)["max_drawdown"]
    assert told == series.drawdown.depth_paise / 100
    assert rupees_text(series.drawdown.depth_paise) in page


@pytest.mark.parametrize("fill_mode", ["mid", "bid_ask", "ltp", "depth"])
def test_a_kinder_mode_on_a_recording_with_five_levels_says_so_first(
    fill_mode: str, tmp_path: Path
) -> None:
    config = write_config(
        tmp_path / "c.yaml", SAMPLE_DEPTH, more=f"execution: {{fill_mode: {fill_mode}}}\n"
    )
    done = invoke("--config", config, "--out", tmp_path / "out")
    said = (
        f"ills at {fill_mode} although the recording has five levels: `fill_mode: depth` is "
        "closer to the truth"
    )
    first_lines = [line for line in done.err.splitlines()[:3] if said in line]
    notes = [note for note in summary_of(only_run(tmp_path / "out"))["notes"] if said in note]
    checked = [line for line in invoke("check", config).out.splitlines() if said in line]
    expected = 0 if fill_mode == "depth" else 1
    assert (len(first_lines), len(notes), len(checked)) == (expected,) * 3
    assert notes == [note for note in notes if note in done.out.split("TRADES")[0]]


def test_a_recording_without_levels_is_not_compared_with_depth(tmp_path: Path) -> None:
    ticks = write_ticks(tmp_path / "ticks.csv", list(tick_rows(50)))
    done = invoke("--config", write_config(tmp_path / "c.yaml", ticks), "--out", tmp_path / "out")
    assert "five levels" not in done.out + done.err


@pytest.mark.parametrize("name", ["live.yaml", "live-demo.yaml", "starter/paper.yaml"])
def test_shipped_configurations_with_depth_fill_at_the_exchange(name: str) -> None:
    execution = load_config(ROOT / "configs" / name).execution
    assert (execution.fill_mode, execution.latency_ms) == ("depth", 300)
    assert execution.slippage_bps == 0
