"""`compare`: trades in pairs, what only one run has, and the first event that differs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.domain.events import TradingEvent
from daemon.errors import ExitCode
from daemon.journal.store import JournalMeta, JournalStore
from daemon.lab import Comparison, Result, compare, simulate
from daemon.lab.comparison.text import compared_text
from tests.kit import golden
from tests.kit.cli import ROOT, invoke
from tests.kit.report_events import BANK_FUT, NIFTY_CE, EventScript, at

SHORT: dict[str, Any] = {"feed.replay.end": "2026-11-18T11:30:00"}


def journal_of(events: Sequence[TradingEvent], place: Path) -> Path:
    """A journal with these events."""
    meta = JournalMeta(run_id="x", account="x", program_version="0", config_fingerprint="0")
    with JournalStore.create(place, meta) as store:
        store.append(events, input_no=max(event.input_no for event in events))
    return place


def script(*, orders_before: int = 0) -> EventScript:
    """A script whose orders are numbered from `orders_before` on."""
    made = EventScript()
    made._orders = orders_before
    return made


def compared(ours: EventScript, theirs: EventScript, place: Path) -> Comparison:
    return compare(journal_of(ours.events, place / "a"), journal_of(theirs.events, place / "b"))


def two_trades(
    made: EventScript, *, second_exit: int = 20_600, reason: str = "take_profit"
) -> None:
    first = made.enter(at("09:30:00"), NIFTY_CE, "BUY", 50, 20_000)
    made.leave(at("09:40:00"), first, 20_500, "take_profit")
    second = made.enter(at("10:00:00"), NIFTY_CE, "BUY", 50, 20_100)
    made.leave(at("10:10:00"), second, second_exit, reason)


@pytest.fixture(scope="module")
def short() -> Result:
    return simulate(ROOT / golden.SAMPLE, **SHORT)


def test_s8_a_run_equals_its_own_journal(short: Result, tmp_path: Path) -> None:
    found = compare(short, short.write_journal(tmp_path / "kept"))
    assert found.is_equal
    assert found.differing == []
    assert not found.only_a
    assert not found.only_b
    assert len(found.pairs) >= short.summary["trades"] > 0


def test_s8_sums_are_those_of_the_summaries(short: Result) -> None:
    dearer = simulate(ROOT / golden.SAMPLE, **SHORT, execution={"slippage_bps": 20})
    found = compare(short, dearer)
    assert not found.is_equal
    for net, run in ((found.net_a_paise, short), (found.net_b_paise, dearer)):
        assert net == round(run.summary["net_pnl"] * 100)
    assert found.net_b_paise < found.net_a_paise
    assert all({"entry_paise", "net_paise"} <= set(pair.differences()) for pair in found.pairs)


def test_s8_what_differs_in_a_pair_is_named_and_nothing_else(tmp_path: Path) -> None:
    ours, theirs = script(), script()
    two_trades(ours)
    two_trades(theirs, second_exit=20_000, reason="stop_loss")
    found = compare(
        journal_of(ours.events, tmp_path / "a"), journal_of(theirs.events, tmp_path / "b")
    )
    [pair] = found.differing
    assert pair.key.number == 2
    assert pair.differences() == {
        "exit_paise": (20_600, 20_000),
        "reason": ("take_profit", "stop_loss"),
        "net_paise": (pair.a.net_paise, pair.b.net_paise),
    }
    assert pair.b.net_paise - pair.a.net_paise == -29_985  # 50 x 6 rupees, and lower charges
    assert len(found.pairs) == 2


def test_s8_ids_and_numbers_make_no_difference(tmp_path: Path) -> None:
    ours, theirs = script(), script(orders_before=40)
    two_trades(ours)
    two_trades(theirs)
    later = [replace(event, input_no=event.input_no + 5) for event in theirs.events]
    found = compare(journal_of(ours.events, tmp_path / "a"), journal_of(later, tmp_path / "b"))
    assert found.is_equal
    assert [pair.a.order_id == pair.b.order_id for pair in found.pairs] == [False, False]


def test_s8_the_nth_of_the_day_is_counted_by_strategy_symbol_and_side(tmp_path: Path) -> None:
    ours, theirs = script(), script()
    two_trades(ours)
    for strategy, symbol, side in (("ema", NIFTY_CE, "BUY"), ("orb", BANK_FUT, "BUY")):
        theirs.enter(at("09:20:00"), symbol, side, 50, 20_000, strategy=strategy)  # type: ignore[arg-type]
    theirs.enter(at("09:21:00"), NIFTY_CE, "SELL", 50, 20_000)
    two_trades(theirs)
    found = compare(
        journal_of(ours.events, tmp_path / "a"), journal_of(theirs.events, tmp_path / "b")
    )
    assert [pair.key.number for pair in found.pairs] == [1, 2]
    assert found.differing == []
    assert not found.only_a
    assert [(key.strategy_id, key.side, key.number) for key in found.only_b] == [
        ("ema", "BUY", 1), ("orb", "BUY", 1), ("orb", "SELL", 1),
    ]  # fmt: skip
    assert found.first_difference is not None
    assert found.first_difference.number == 1


def test_s8_a_run_that_ends_earlier_differs_where_it_ends(tmp_path: Path) -> None:
    whole = script()
    two_trades(whole)
    cut = whole.events[:-2]
    found = compare(journal_of(whole.events, tmp_path / "a"), journal_of(cut, tmp_path / "b"))
    assert found.first_difference is not None
    assert found.first_difference.number == len(cut) + 1
    assert found.first_difference.b is None
    [pair] = found.differing
    assert pair.b.exit_ts is None
    assert "exit_ts" in pair.differences()
    assert "B: has no more" in compared_text(found)


def test_s8_a_trade_that_leaves_in_parts_has_the_mean_of_its_exits(tmp_path: Path) -> None:
    made = script()
    order_id = made.enter(at("09:30:00"), NIFTY_CE, "BUY", 75, 20_000)
    made.leave(at("09:35:00"), order_id, 20_300, "stop_loss", quantity=25)
    made.leave(at("09:40:00"), order_id, 20_600, "take_profit")
    place = journal_of(made.events, tmp_path / "a")
    [pair] = compare(place, place).pairs
    assert (pair.a.exit_paise, pair.a.reason) == (20_500, "stop_loss, take_profit")


def test_s8_the_command_shows_both_sides_and_ends_with_1(tmp_path: Path) -> None:
    ours, theirs = script(), script()
    two_trades(ours)
    two_trades(theirs, second_exit=20_000, reason="stop_loss")
    a, b = journal_of(ours.events, tmp_path / "a"), journal_of(theirs.events, tmp_path / "b")
    done = invoke("compare", a, b)
    assert done.code == ExitCode.DIFFERS
    assert f"2026-11-20 orb {NIFTY_CE} BUY #2" in done.out
    assert "take_profit" in done.out
    assert "-299.85" in done.out
    assert done.out.splitlines()[-1].startswith("DIFFERENT: 1 of 2 trades that both have")
    assert "first event that differs is number" in done.out


def test_s8_the_command_ends_with_0_for_equal_runs_and_64_without_one(tmp_path: Path) -> None:
    made = script()
    two_trades(made)
    place = journal_of(made.events, tmp_path / "a")
    done = invoke("compare", place, place)
    assert (done.code, done.out.splitlines()[-1]) == (0, "equal: the same decisions, 2 trades")
    missing = invoke("compare", place, tmp_path / "none")
    assert missing.code == ExitCode.USAGE
    assert "none" in missing.complaint


def test_s8_a_damaged_journal_is_refused_with_65(tmp_path: Path) -> None:
    made = script()
    two_trades(made)
    place = journal_of(made.events, tmp_path / "a")
    (place / "head").write_bytes(b"not a head")
    assert invoke("compare", place, place).code == ExitCode.JOURNAL_CORRUPT


def test_s8_json_has_paise_keys_and_the_first_difference(tmp_path: Path) -> None:
    ours, theirs = script(), script()
    two_trades(ours)
    two_trades(theirs, second_exit=20_000)
    a, b = journal_of(ours.events, tmp_path / "a"), journal_of(theirs.events, tmp_path / "b")
    done = invoke("compare", a, b, "--json")
    assert done.code == ExitCode.DIFFERS
    told = json.loads(done.out)
    assert (told["version"], told["equal"], told["pairs"]) == (1, False, 2)
    [differing] = told["differing"]
    assert differing["differs"] == ["exit_paise", "net_paise"]
    assert (differing["a"]["exit_paise"], differing["b"]["exit_paise"]) == (20_600, 20_000)
    assert told["net_paise"][1] - told["net_paise"][0] == -29_985
    assert "demand.ltp_paise" in told["first_difference"]["differs"]
    assert json.loads(invoke("compare", a, a, "--json").out)["equal"] is True


def test_s8_a_hostile_name_is_shown_escaped(tmp_path: Path) -> None:
    made = script()
    made.refuse(at("09:30:00"), NIFTY_CE, "unknown_symbol")
    a = journal_of(made.events, tmp_path / "a")
    made.refuse(at("09:31:00"), "X\x1b[2J", "unknown_symbol")
    done = invoke("compare", a, journal_of(made.events, tmp_path / "b"))
    assert done.code == ExitCode.DIFFERS
    assert "\x1b" not in done.out
    assert "\\x1b[2J" in done.out
