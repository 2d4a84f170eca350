"""What becomes of a strategy's entries and failures, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.kit.cli import (
    FUTURE,
    ROOT,
    Result,
    exported,
    invoke,
    metrics_of,
    only_run,
    operations_of,
    summary_of,
    verified,
    write_config,
    write_ticks,
)

STRATEGIES = '''
from strategies.params import since_midnight, time_of_day
from strategies.strategy import BaseStrategy


class TwoTargets(BaseStrategy):
    """One lot to 103, two lots to 110."""

    def on_candle(self, candle, view):
        if time_of_day(candle.end_ts) != since_midnight("09:18"):
            return None
        symbol = candle.tradingsymbol
        return [self.buy(symbol, 65, target=103.0), self.buy(symbol, 130, target=110.0)]


class TickTargets(TwoTargets):
    """The same at a tick."""

    def on_candle(self, candle, view):
        return None

    def on_tick(self, tick, view):
        if time_of_day(tick.ts) < since_midnight("09:18") or view.position(tick.tradingsymbol):
            return None
        symbol = tick.tradingsymbol
        return [self.buy(symbol, 65, target=103.0), self.buy(symbol, 130, target=110.0)]


class Reverse(BaseStrategy):
    """Long from 09:16, short from 09:18."""

    def on_candle(self, candle, view):
        symbol, time = candle.tradingsymbol, time_of_day(candle.end_ts)
        if time == since_midnight("09:16"):
            return self.buy(symbol, 65)
        if time == since_midnight("09:18"):
            return [self.exit(symbol), self.sell(symbol, 65), self.sell(symbol, 130)]
        return None


class Hiccup(BaseStrategy):
    """Raises in the minutes that it is given, for each of its symbols; buys at 09:40."""

    def __init__(self, *, minutes: list[str]) -> None:
        self._minutes = [since_midnight(each) for each in minutes]

    def on_candle(self, candle, view):
        time = time_of_day(candle.end_ts)
        if time in self._minutes:
            raise KeyError("no quote yet")
        if time == since_midnight("09:40") and candle.tradingsymbol == "NIFTY26NOVFUT":
            return self.buy(candle.tradingsymbol, 65)
        return None
'''
MODULE = "own_strategies_of_a_test"


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / f"{MODULE}.py").write_text(STRATEGIES)
    monkeypatch.syspath_prepend(str(tmp_path / "own"))


def item(strategy_id: str, cls: str, more: str = "") -> str:
    return f"    - {{id: {strategy_id}, module: {MODULE}, class: {cls}{more}}}\n"


# entries


def ramp() -> list[str]:
    """Every 5 s 0.05 more, from 100.00 at 09:15:00 to 111.95; the spread is a rupee."""
    rows = []
    for number in range(240):
        minute, second = divmod(number * 5, 60)
        ltp = 100 + number * 0.05
        at = f"2026-11-18T09:{15 + minute}:{second:02}"
        rows.append(f"{at},{FUTURE},{ltp:.2f},{ltp - 0.5:.2f},{ltp + 0.5:.2f}")
    return rows


def run_ramp(tmp_path: Path, strategies: str) -> tuple[Result, Path]:
    ticks = write_ticks(tmp_path / "ticks.csv", ramp())
    execution = "execution: {fill_mode: bid_ask, slippage_bps: 0, enable_time_stop: false}\n"
    path = write_config(tmp_path / "c.yaml", ticks, strategies=strategies, more=execution)
    path.write_text(path.read_text().replace("tick_size: 0.1", "tick_size: 0.05"))
    done = invoke("--config", path, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    return done, only_run(tmp_path / "out")


@pytest.mark.parametrize(("cls", "entry"), [("TwoTargets", 102.25), ("TickTargets", 102.3)])
def test_two_entries_of_one_call_are_two_positions_with_their_own_targets(
    cls: str, entry: float, tmp_path: Path
) -> None:
    _, run = run_ramp(tmp_path, item("s", cls))
    verified(run)
    summary = summary_of(run)
    first, second, *_ = summary["exits"]
    assert [(e["quantity"], e["exit_price"], e["gross_pnl"]) for e in (first, second)] == [
        (65, 102.5, round((102.5 - entry) * 65, 2)), (130, 109.5, round((109.5 - entry) * 130, 2))
    ]  # fmt: skip
    assert first["entry_price"] == second["entry_price"] == entry
    assert summary["strategies"]["s"]["conflicts_lost"] == 0


@pytest.mark.parametrize("conflict", ["highest_confidence", "priority", "net_out"])
def test_an_exit_and_entries_of_one_call_are_a_reversal(conflict: str, tmp_path: Path) -> None:
    _, run = run_ramp(tmp_path, f"{item('s', 'Reverse')}  conflict: {conflict}\n")
    summary = summary_of(run)
    [left] = summary["exits"]
    assert (left["side"], left["quantity"], left["reason"]) == ("LONG", 65, "signal_exit")
    shorts = [(each["side"], each["quantity"]) for each in summary["open_positions"]]
    assert shorts == [("SHORT", 65), ("SHORT", 130)]


def test_two_scripted_entries_of_one_time_are_two_orders(tmp_path: Path) -> None:
    script = tmp_path / "script.jsonl"
    wish = {"ts": "2026-11-18T09:18:00", "symbol": FUTURE, "signal": "BUY", "qty": 65}
    script.write_text("".join(json.dumps(wish | {"tp_price": p}) + "\n" for p in (103, 110)))
    named = f"{{id: s, module: strategies.scripted, class: Scripted, params: {{file: {script}}}}}"
    _, run = run_ramp(tmp_path, f"    - {named}\n")
    assert [each["exit_price"] for each in summary_of(run)["exits"]] == [102.5, 109.5]


def test_what_a_rival_loses_is_counted_logged_and_an_operation(tmp_path: Path) -> None:
    done, run = run_ramp(tmp_path, item("s", "TwoTargets") + item("r", "TwoTargets"))
    lost = [each for each in operations_of(run) if each.kind == "conflict_lost"]
    assert [each.detail for each in lost] == [
        {
            "strategy_id": "r", "intent": f"BUY {qty} {FUTURE}", "kept": 0,
            "rule": "highest_confidence", "to": "s",
        }
        for qty in (65, 130)
    ]  # fmt: skip
    for numbers in (summary_of(run), metrics_of(tmp_path / "out")):
        found = {name: each["conflicts_lost"] for name, each in numbers["strategies"].items()}
        assert found == {"r": 2, "s": 0}
        assert numbers["total_orders"] == 2
    for qty in (65, 130):
        sentence = f"BUY {qty} {FUTURE}, strategy r: lost to strategy s by highest confidence at="
        assert done.err.count(sentence) == 1


# failures


def run_sample(tmp_path: Path, minutes: str, symbols: str = "[]") -> tuple[Result, Path]:
    path = tmp_path / "c.yaml"
    path.write_text(
        f"version: 1\nfeed: {{kind: replay, replay: {{files: "
        f"[{{path: {ROOT}/configs/sample_session.parquet}}], end: '2026-11-18T09:45:00'}}}}\n"
        "strategies:\n  list:\n"
        + item("h", "Hiccup", f", symbols: {symbols}, params: {{minutes: {minutes}}}")
    )
    done = invoke("--config", path, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    return done, only_run(tmp_path / "out")


def disabled_at(run: Path) -> list[Any]:
    return [each.ts for each in operations_of(run) if each.kind == "strategy_disabled"]


@pytest.mark.parametrize(("symbols", "calls"), [("[]", " (12 calls)"), (f"[{FUTURE}]", "")])
def test_one_bad_minute_is_one_failure_whatever_the_number_of_symbols(
    symbols: str, calls: str, tmp_path: Path
) -> None:
    done, run = run_sample(tmp_path, "['09:30']", symbols)
    note = f"Strategy h failed once, at 2026-11-18 09:30:00 IST{calls}."
    assert note in summary_of(run)["notes"]
    assert note in done.out
    assert summary_of(run)["total_orders"] == 1
    assert disabled_at(run) == []
    faults = [each for each in operations_of(run) if each.kind == "strategy_fault"]
    status = summary_of(run)["strategies"]["h"]
    assert (status["errors"], status["failed_calls"]) == (1, len(faults))


def test_three_bad_minutes_in_a_row_disable_it_and_everything_says_when(tmp_path: Path) -> None:
    done, run = run_sample(tmp_path, "['09:20', '09:30', '09:31', '09:32', '09:33']")
    assert summary_of(run)["notes"][-1] == (
        "Strategy h failed 4 times (48 calls), first at 2026-11-18 09:20:00, last at 2026-11-18 "
        "09:32:00 IST; it was disabled at 2026-11-18 09:32:00 and not called any more."
    )
    assert summary_of(run)["total_orders"] == 0
    status = metrics_of(tmp_path / "out")["strategies"]["h"]
    assert status["disabled"] == 1
    assert status["disabled_at"] == "2026-11-18T09:32:00.000000+05:30"
    assert disabled_at(run) == [1_794_974_520_000_000_000]
    assert (
        "strategy h failed too often and is not called any more since=2026-11-18T09:32:00"
        in done.err
    )
    assert "strategy_on" not in done.err  # a replay takes no commands
    assert exported(run) == b""
