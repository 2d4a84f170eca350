"""Recorded sessions trade as they always did, byte for byte (ARCHITECTURE R4)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from daemon.journal.recovery import fold
from daemon.journal.store import JournalStore
from daemon.metrics.fill_quality import rupees_2dp, whole_paise
from tests.kit import golden
from tests.kit.cli import metrics_of, operations_of, summary_of
from tests.kit.golden import Replayed

NAMES = ("sample", *golden.RECORDINGS)


@pytest.fixture(scope="module", params=NAMES)
def replayed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    return _replayed(request.param, tmp_path_factory.mktemp("golden"))


def _replayed(name: str, out: Path) -> Replayed:
    if name == "sample":
        return golden.replay(golden.SAMPLE, out / name)
    if reason := golden.missing(name):
        pytest.skip(reason)
    return golden.replay(golden.example(name), out / name)


def _name(replayed: Replayed) -> str:
    return replayed.out.name


def test_the_export_is_the_pinned_one(replayed: Replayed) -> None:
    assert replayed.sha256 == golden.pinned()[_name(replayed)], (
        "the same recording is traded differently now; if that is meant, say so in CHANGELOG.md "
        "and run python -m tests.golden.update"
    )


def test_the_session_trades_and_ends_flat_or_says_what_is_open(replayed: Replayed) -> None:
    summary = replayed.summary
    assert summary.total_orders > 0
    assert len(summary.exits) > 0
    assert sum(each.quantity for each in summary.exits) > 0
    assert not summary.open_rows


def test_the_journal_verifies_and_its_fold_is_the_ledger_that_is_shown(replayed: Replayed) -> None:
    with JournalStore.open(replayed.directory) as store:
        report = store.verify()
        ledger = fold(store)
    kept = summary_of(replayed.directory)
    assert report.unfinished == 0
    assert report.events == ledger.seq == kept["seq"] == replayed.summary.seq
    assert kept["total_orders"] == ledger.total_orders
    assert kept["orders_by_state"] == dict(sorted(ledger.orders_by_state().items()))
    assert kept["gross_pnl"] == rupees_2dp(ledger.realized_paise)
    assert kept["charges"] == rupees_2dp(whole_paise(ledger.charges))
    assert kept["refusals"] == dict(sorted(ledger.refusals.items()))


def test_the_metrics_file_is_the_journal_at_its_seq(replayed: Replayed) -> None:
    shown = metrics_of(replayed.out)
    with JournalStore.open(replayed.directory) as store:
        ledger = fold(store)
    assert shown["seq"] == ledger.seq
    assert shown["journal_lag"] == 0
    assert shown["total_orders"] == ledger.total_orders
    assert shown["active_positions"] == len(ledger.positions)
    assert shown["realized_pnl"] == rupees_2dp(ledger.realized_paise)
    assert shown["orders_by_state"] == dict(sorted(ledger.orders_by_state().items()))
    assert shown["exits"] == dict(sorted(ledger.exits.items()))


def test_the_books_of_the_summary_add_up(replayed: Replayed) -> None:
    kept = summary_of(replayed.directory)
    exits = kept["exits"]
    assert round(sum(each["gross_pnl"] for each in exits), 2) == kept["gross_pnl"]
    assert round(kept["gross_pnl"] - kept["charges"], 2) == kept["net_pnl"]
    for group in ("by_strategy", "by_symbol"):
        assert round(sum(each["gross_pnl"] for each in kept[group]), 2) == kept["gross_pnl"]


def test_the_equity_curve_ends_at_the_net_result(replayed: Replayed) -> None:
    assert metrics_of(replayed.out)["net_pnl"] == summary_of(replayed.directory)["net_pnl"]
    assert replayed.summary.drawdown.depth_paise >= 0
    assert replayed.summary.is_marked


# What the READMEs of the recordings say of them, counted there by other means.


@pytest.fixture(scope="module")
def counters(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    done = _replayed(request.param, tmp_path_factory.mktemp("counters"))
    last = operations_of(done.directory)[-1]
    assert last.kind == "stop"
    return last.detail


@pytest.mark.parametrize("counters", ["kite-nifty-2025-10-08"], indirect=True)
def test_kite_counters_are_those_of_the_readme(counters: dict[str, Any]) -> None:
    assert counters["rows"] == 33_961 + 42_483 + 26_868
    assert counters["ticks"] == counters["rows"]
    assert counters["outside_session"] == 1_624  # before 09:15
    assert counters["stalls"] == 7  # gaps over 5 s of the index file
    assert counters["longest_stall_s"] == 1_156
    # 11:47:37, 11:47:38 or both, 11:58:24 and 15:11:56
    assert counters["flood_seconds"] in (3, 4)
    assert counters["flood_rows"] >= 1_205 + 1_152 + 1_317 + 781 + 346
    assert counters["backward_volume_rows"] == 0


@pytest.mark.parametrize("counters", ["upstox-banknifty-2025-12-15"], indirect=True)
def test_upstox_counters_are_those_of_the_readme(counters: dict[str, Any]) -> None:
    rows = (25_906, 26_219, 28_590, 28_254, 24_723, 35_187, 11_445)
    assert counters["rows"] == sum(rows)
    assert counters["backward_volume_rows"] == 2 + 0 + 1 + 1 + 2 + 6 + 0
    assert counters["one_sided_rows"] <= 143 + 1 + 3 + 18
    assert counters["crossed_rows"] == 0
    assert counters["flood_seconds"] == 0
    assert counters["longest_stall_s"] >= 125


@pytest.mark.parametrize("counters", ["banknifty-options-2023-12"], indirect=True)
def test_candle_counters_are_those_of_the_readme(counters: dict[str, Any]) -> None:
    without_volume = 6_808 + 6_291 + 6_076 + 5_369
    not_flat = 86 + 50 + 38 + 54  # of those: the price moved, so they are kept
    untraded = without_volume - not_flat
    assert counters["widened_candles"] == 13 + 8 + 14 + 7
    assert counters["untraded_candles"] == untraded
    assert counters["rows"] == 4 * (4 * 9_000 - untraded)
