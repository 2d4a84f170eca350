"""Whole runs of small recordings: what a position, a strategy or a flag must not do to them."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from daemon.journal.store import JournalStore
from daemon.runtime.series import equity_of, read_series
from tests.kit.cli import (
    FUTURE,
    Result,
    exported,
    invoke,
    metrics_of,
    only_run,
    operations_of,
    runs_of,
    summary_of,
    tick_rows,
    verified,
    write_config,
    write_ticks,
)
from tests.kit.tiers import with_more_in_ci

DAY, NEXT = "2026-11-18", "2026-11-19"


def scripted(tmp_path: Path, *wishes: tuple[str, str, str]) -> str:
    """The YAML of a strategy that says (time, signal, product) of one lot each."""
    lines = [
        {"ts": ts, "symbol": FUTURE, "signal": signal, "product": product}
        | ({} if signal == "EXIT" else {"qty": 65})
        for ts, signal, product in wishes
    ]
    path = tmp_path / "script.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return (
        "    - {id: script, module: strategies.scripted, class: Scripted, "
        f"params: {{file: {path}}}}}\n"
    )


def row(ts: str, ltp: float, symbol: str = FUTURE) -> str:
    return f"{ts},{symbol},{ltp},{ltp - 0.5},{ltp + 0.5}"


def events_of(run: Path, kind: str = "moved") -> list[dict[str, Any]]:
    events = [json.loads(line) for line in exported(run).splitlines()]
    return [each for each in events if each["event"] == kind]


def equity(run: Path) -> list[int]:
    series = read_series((run / "series.json").read_bytes(), "series")
    with JournalStore.open(run) as store:
        return [paise for _, paise in equity_of(store.events(), series)]


def rejected(run: Path) -> list[str]:
    return [each["reason"] for each in events_of(run) if each["to_state"] == "REJECTED"]


# marks


ODD = {
    "after_the_close": row(f"{DAY}T15:45:00", 99_999),
    "late": row(f"{DAY}T10:00:01", 99_999),
    "unknown": row(f"{DAY}T10:05:00", 99_999, "NIFTY26NOV25000CE"),
    "no_price": f"{DAY}T10:05:00,{FUTURE},0,,",
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD.keys())
def test_a_price_that_is_not_believed_does_not_mark_an_open_position(
    odd: str, tmp_path: Path
) -> None:
    rows = [
        row(f"{DAY}T10:00:00", 25_000), row(f"{DAY}T10:00:02", 25_001),
        row(f"{DAY}T10:01:00", 25_010), odd,
    ]  # fmt: skip
    script = scripted(tmp_path, (f"{DAY}T10:00:00", "BUY", "NRML"))
    more = "execution: {slippage_bps: 0, charges: false, enable_time_stop: false}\n"
    ticks = write_ticks(tmp_path / "ticks.csv", rows)
    path = write_config(tmp_path / "c.yaml", ticks, strategies=script, more=more)
    out = tmp_path / "out"
    assert invoke("--config", path, "--out", out).code == 0
    run = only_run(out)
    summary, shown = summary_of(run), metrics_of(out)
    assert summary["ticks"] == 4
    assert summary["unrealized_pnl"] == shown["unrealized_pnl"] == 650.0
    assert shown["active_positions"] == len(summary["open_positions"]) == 1
    assert summary["open_positions"][0]["ltp"] == shown["positions"][0]["ltp"] == 25_010
    curve = equity(run)
    assert curve[-1] == 65_000
    assert max(abs(later - earlier) for earlier, later in pairwise([0, *curve])) <= 65_000
    assert summary["max_drawdown"] == 0


# two days


@pytest.mark.parametrize("grace_ms", [0, 1000])
def test_a_position_that_no_tick_let_out_is_closed_on_its_own_day(
    grace_ms: int, tmp_path: Path
) -> None:
    rows = [
        row(f"{DAY}T14:00:00", 25_000), row(f"{DAY}T14:01:00", 24_800),
        row(f"{NEXT}T09:15:01", 24_700), row(f"{NEXT}T10:00:00", 24_700),
        row(f"{NEXT}T10:00:01", 24_700),
    ]  # fmt: skip
    script = scripted(
        tmp_path, (f"{DAY}T14:00:00", "BUY", "MIS"), (f"{NEXT}T10:00:00", "BUY", "MIS")
    )
    more = (
        f"execution: {{candle_grace_ms: {grace_ms}, enable_time_stop: false}}\n"
        "risk: {daily_loss_rupees: 5000}\n"
    )
    ticks = write_ticks(tmp_path / "ticks.csv", rows)
    path = write_config(tmp_path / "c.yaml", ticks, strategies=script, more=more)
    assert invoke("--config", path, "--out", tmp_path / "out").code == 0
    run = only_run(tmp_path / "out")
    verified(run)
    (closed,) = [each for each in events_of(run) if each["to_state"] == "CLOSED"]
    summary = summary_of(run)
    (leaving,) = summary["exits"]
    assert leaving["exit_time"].startswith(f"{DAY}T15:40:0{grace_ms // 1000}")
    assert not closed.get("due_ts")
    assert leaving["gross_pnl"] < -5000
    assert rejected(run) == []
    assert summary["total_orders"] == 2
    assert len(summary["open_positions"]) == 1


# strategies


STRATEGIES = '''
from daemon.domain.intent import OrderIntent, Signal


class Wrong:
    """Its first three wishes cannot be; then it buys."""

    def __init__(self):
        self.wishes = [{"qty": 10**30}, {"time_stop_bars": 10**40}, {"tag": chr(0xD800)}, {}]

    def on_candle(self, candle, view):
        if not self.wishes:
            return None
        wish = {"symbol": candle.tradingsymbol, "signal": Signal.BUY, "qty": 65}
        return OrderIntent(**(wish | self.wishes.pop(0)))


class Raising:
    def on_candle(self, candle, view):
        raise RuntimeError("boom")


class NoType:
    def __init__(self):
        len(3)

    def on_candle(self, candle, view):
        return None


class NoKey(NoType):
    def __init__(self):
        {}["window"]
'''


@pytest.fixture
def strategy_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "faulty_strategies.py").write_text(STRATEGIES)
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    return "faulty_strategies"


def with_strategy(tmp_path: Path, module: str, name: str, more: str = "") -> Path:
    ticks = write_ticks(tmp_path / "ticks.csv", tick_rows(400))
    item = f"    - {{id: mine, module: {module}, class: {name}, symbols: [{FUTURE}]}}\n"
    return write_config(tmp_path / "c.yaml", ticks, strategies=item + more)


def test_wishes_that_cannot_be_are_counted_faults_and_the_run_goes_on(
    strategy_module: str, tmp_path: Path
) -> None:
    path = with_strategy(tmp_path, strategy_module, "Wrong", "  max_strategy_errors: 9\n")
    done = invoke("--config", path, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    run = only_run(tmp_path / "out")
    verified(run)
    faults = [each.detail for each in operations_of(run) if each.kind == "strategy_fault"]
    assert [each["strategy_id"] for each in faults] == ["mine"] * 3
    summary = summary_of(run)
    assert any(
        each.startswith("Strategy mine failed 3 times, first at ") for each in summary["notes"]
    )
    assert summary["ticks"] == 400
    assert summary["total_orders"] == 1


def test_a_strategy_that_fails_at_each_candle_is_not_said_to_have_asked_for_nothing(
    strategy_module: str, tmp_path: Path
) -> None:
    path = with_strategy(tmp_path, strategy_module, "Raising")
    assert invoke("--config", path, "--out", tmp_path / "out").code == 0
    [note] = summary_of(only_run(tmp_path / "out"))["notes"]
    assert note.startswith("Strategy mine failed 3 times, first at ")


@pytest.mark.parametrize(("name", "error"), [("NoType", "TypeError"), ("NoKey", "KeyError")])
def test_a_strategy_that_cannot_be_made_is_78_with_its_name(
    name: str, error: str, strategy_module: str, tmp_path: Path
) -> None:
    path = with_strategy(tmp_path, strategy_module, name)
    for done in (invoke("check", path), invoke("--config", path, "--out", tmp_path / "out")):
        assert done.code == 78
        assert done.complaint.startswith(f"strategy 'mine': its __init__ raised {error}: ")
    assert runs_of(tmp_path / "out") == []


# fill_quality


def traded(tmp_path: Path, mode: str, *, book: bool) -> tuple[Result, Path]:
    ticks = tmp_path / "ticks.csv"
    if book:
        write_ticks(ticks, tick_rows(100))
    else:
        rows = (",".join(each.split(",")[:3]) for each in tick_rows(100))
        ticks.write_text("\n".join(("ts,symbol,ltp", *rows)) + "\n")
    script = scripted(
        tmp_path, (f"{DAY}T09:15:10", "BUY", "MIS"), (f"{DAY}T09:15:20", "EXIT", "MIS")
    )
    more = f"execution: {{fill_mode: {mode}, slippage_bps: 0}}\n"
    path = write_config(tmp_path / "c.yaml", ticks, strategies=script, more=more)
    done = invoke("--config", path, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    return done, tmp_path / "out"


def page_of(out: Path, to: Path) -> str:
    assert invoke("report", "--out", out, "--to", to).code == 0
    return to.read_text()


def test_data_without_bid_and_ask_is_said_everywhere(tmp_path: Path) -> None:
    done, out = traded(tmp_path, "mid", book=False)
    for shown in (summary_of(only_run(out)), metrics_of(out)):
        assert shown["bid_ask_pnl"] is None
        assert shown["fills"]["without_bid_ask"] == shown["fills"]["total"] == 2
        assert shown["optimistic_fills"] is False
    assert "unknown: the data has no bid and ask" in done.out
    assert "difference" not in done.out
    page = page_of(out, tmp_path / "page.html")
    assert "The data has no bid and ask." in page
    assert "unknown: no bid and ask in the data" in page


def test_fills_at_bid_and_ask_are_compared_with_nothing(tmp_path: Path) -> None:
    done, out = traded(tmp_path, "bid_ask", book=True)
    shown = summary_of(only_run(out))
    assert shown["bid_ask_pnl"] == shown["gross_pnl"]
    assert shown["fills"]["without_bid_ask"] == 0
    assert done.out.count("gross P&L, bid_ask fills") == 1
    assert "difference" not in done.out
    assert "unknown" not in done.out
    page = page_of(out, tmp_path / "page.html")
    assert page.count("every fill paid the spread") == 1
    assert "no bid and ask" not in page


def test_fills_at_mid_are_compared_with_bid_and_ask(tmp_path: Path) -> None:
    done, out = traded(tmp_path, "mid", book=True)
    shown = summary_of(only_run(out))
    assert shown["bid_ask_pnl"] == shown["gross_pnl"] - 65
    assert shown["optimistic_fills"] is True
    paid = "gross P&L if every fill had paid the spread"
    for said in ("gross P&L, mid fills", paid, "difference"):
        assert done.out.count(said) == 1


# flags


def test_replay_takes_its_files_after_one_flag_or_after_one_each(tmp_path: Path) -> None:
    early = write_ticks(tmp_path / "a.csv", tick_rows(60))
    late = write_ticks(tmp_path / "b.csv", tick_rows(60, start=60))
    script = scripted(tmp_path, (f"{DAY}T09:16:30", "BUY", "MIS"))
    path = write_config(tmp_path / "c.yaml", early, strategies=script)
    ways = {"one": ("--replay", early, late), "each": ("--replay", early, "--replay", late)}
    runs = []
    for name, files in ways.items():
        assert invoke(*files, "--config", path, "--out", tmp_path / name).code == 0
        runs.append(only_run(tmp_path / name))
        assert invoke("--config", path, "--out", tmp_path / name, *files).code == 0
        first, second = runs_of(tmp_path / name)
        assert exported(first) == exported(second)
    assert exported(runs[0]) == exported(runs[1]) != b""
    assert summary_of(runs[0])["ticks"] == summary_of(runs[1])["ticks"] == 120
    assert runs[0].name == runs[1].name


@pytest.mark.parametrize(
    "arguments",
    [
        ("--replay",),
        ("--config", "CONFIG", "--out", "OUT", "--replay"),
        ("--replay", "--config", "CONFIG", "--out", "OUT"),
        ("--config", "CONFIG", "--replay", "--out", "OUT"),
    ],
)
def test_replay_without_a_file_is_64(arguments: tuple[str, ...], tmp_path: Path) -> None:
    path = write_config(tmp_path / "c.yaml", write_ticks(tmp_path / "a.csv", tick_rows(10)))
    places = {"CONFIG": path, "OUT": tmp_path / "out"}
    done = invoke(*(places.get(each, each) for each in arguments))
    assert done.code == 64
    assert "--replay" in done.complaint
    assert runs_of(tmp_path / "out") == []


# settlements


@pytest.mark.parametrize(("underlying", "date"), [
    ("NIFTTY", "2026-11-24"), ("BANKNIFTY", "2026-11-24"), ("NIFTY", "2026-11-25"),
])  # fmt: skip
def test_a_settlement_that_nothing_could_use_is_78_and_names_what_could(
    underlying: str, date: str, tmp_path: Path
) -> None:
    def config(underlying: str, date: str) -> Path:
        ticks = write_ticks(tmp_path / "a.csv", tick_rows(10))
        path = tmp_path / "c.yaml"
        path.write_text(
            "version: 1\nfeed:\n  kind: replay\n  replay:\n"
            f"    files: [{{path: {ticks}}}]\n    settlements:\n"
            f"      - {{underlying: {underlying}, date: {date}, close: 25000}}\n"
            "universe:\n  instruments:\n"
            f"    - {{tradingsymbol: {FUTURE}, name: NIFTY, instrument_type: FUT, tick_size: 0.1, "
            "lot_size: 65, expiry: 2026-11-24}\n"
        )
        return path

    assert invoke("check", config("NIFTY", "2026-11-24")).code == 0
    done = invoke("check", config(underlying, date))
    assert done.code == 78
    assert done.complaint.startswith("feed.replay.settlements[0]: ")
    assert underlying in done.complaint
    assert date in done.complaint
    assert "the universe has NIFTY 2026-11-24" in done.complaint


# the synthetic market


@pytest.mark.parametrize("depth", with_more_in_ci("", more=[", depth: true", ", depth: false"]))
def test_a_synthetic_session_runs_to_its_end_with_and_without_depth(
    depth: str, tmp_path: Path
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "version: 1\nfeed:\n  kind: synthetic\n"
        f"  synthetic: {{strikes_each_side: 1, ticks_per_second: 0.2{depth}}}\n"
        "strategies:\n  list:\n"
        "    - {id: straddle, module: strategies.short_straddle, class: ShortStraddle, "
        "params: {underlying: NIFTY, at: '09:20', quantity: 65, stop_pct: 30}}\n"
    )
    out = tmp_path / "out"
    assert invoke("--config", path, "--out", out).code == 0
    assert verified(only_run(out)) > 0
    summary = summary_of(only_run(out))
    assert summary["trades"] > 0
    assert summary["refused_ticks"] == {}
    assert metrics_of(out)["feed_state"] == "closed"
