"""W6: every number of the page is the journal's fold, at every event and of every recording."""

from __future__ import annotations

import os
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
import pytest

from daemon.domain.dates import ist_date
from daemon.domain.events import OrderMoved, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.domain.order import OrderState
from daemon.journal.recovery import fold
from daemon.journal.schema import Operation
from daemon.journal.store import JournalStore
from daemon.metrics.fill_quality import whole_paise
from daemon.report.fold import RunFold, booking_date
from daemon.report.strategies import strategy_results
from daemon.web.sources import facts
from daemon.web.sources.watched import Watched
from daemon.web.stream import follower as follower_module
from daemon.web.stream.follower import Follower
from daemon.web.stream.messages import snapshot_data
from tests.kit import golden
from tests.kit.golden import Replayed
from tests.kit.sample_events import EventWriter, S, by_input, sample_events
from tests.kit.web import write_journal

NOW = 1_795_000_000_000_000_000


def follower_of(directory: Path) -> Follower:
    return Follower(Watched(directory=directory, out=directory.parent.parent))


def shown(follower: Follower, now: int = NOW) -> dict[str, Any]:
    """Return the snapshot after one more step."""
    step = follower.step(now)
    while step.fault.startswith("event"):
        step = follower.step(now)
    assert not step.fault, step.fault
    found: dict[str, Any] = msgspec.json.decode(snapshot_data(step))
    return found


def check(panels: dict[str, Any], ledger: Ledger, report: RunFold) -> None:
    """Hold the panels against the ledger, and against the report's fold of the same events."""
    pnl = panels["pnl"]
    charges = whole_paise(ledger.charges)
    assert pnl["gross_paise"] == ledger.realized_paise
    assert pnl["charges_paise"] == charges
    assert pnl["net_paise"] == ledger.realized_paise - charges
    rows = report.open_rows({})
    assert [row["trade"] for row in panels["open"]] == [row.order_id for row in rows]
    for row, known in zip(panels["open"], rows, strict=True):
        assert row["stop_paise"] == known.stop_paise
        assert row["target_paise"] == known.target_paise
        assert row["quantity"] == known.quantity
        assert row["unrealized_paise"] == known.unrealized_paise
        assert row["realized_paise"] == known.realized_paise
        assert row["charges_paise"] == whole_paise(known.charges)
    waiting = {id_ for id_, order in ledger.orders.items() if order.state == "SUBMITTED"}
    assert {row["trade"] for row in panels["waiting"]} == waiting
    assert [row["trade"] for row in reversed(panels["refused"])] == [
        row.order_id for row in report.refused
    ][-200:]
    day = ist_date(report.last_ts) if report.last_ts else None
    today = [row for row in report.exits if ist_date(row.exit_ts) == day][-500:]
    assert [(row["trade"], row["part"], row["net_paise"]) for row in panels["closed"]] == [
        (row.order_id, row.part, row.net_paise) for row in reversed(today)
    ]
    known_results = {
        each.name: each
        for each in strategy_results((), report.exits, report.trades, rows, report.refused)
    }
    assert {row["id"] for row in panels["strategies"]} >= ledger.strategies.keys()
    for row in panels["strategies"]:
        result = known_results.get(row["id"])
        if result is not None:
            assert (row["trades"], row["won"], row["open"]) == (
                result.trades, result.wins, result.open,
            )  # fmt: skip
            assert row["gross_paise"] == result.gross_paise
            assert row["net_paise"] == result.net_paise


def test_the_panels_are_the_fold_after_every_input(tmp_path: Path) -> None:
    events = sample_events()
    ledger, report = Ledger(), RunFold()
    with write_journal(tmp_path / "runs/r", []) as store:
        follower = follower_of(store.directory)
        for number, group in by_input(events):
            store.append(group, input_no=number)
            for event in group:
                ledger.apply(event)
                report.add(event)
            panels = shown(follower)["panels"]
            check(panels, ledger, report)
        follower.close()
    assert ledger.seq == len(events)


@pytest.fixture(scope="module", params=("sample", *golden.RECORDINGS))
def replayed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    out = tmp_path_factory.mktemp("page") / request.param
    if request.param == "sample":
        return golden.replay(golden.SAMPLE, out)
    if reason := golden.missing(request.param):
        pytest.skip(reason)
    return golden.replay(golden.example(request.param), out)


def test_the_panels_of_a_recording_are_its_journals_fold(replayed: Replayed) -> None:
    with JournalStore.open(replayed.directory) as store:
        ledger, report = fold(store), RunFold(store.events())
    follower = follower_of(replayed.directory)
    panels = shown(follower)["panels"]
    check(panels, ledger, report)
    check_days(follower, report, list_of(replayed))
    assert panels["header"]["mode"] == "finished"
    assert panels["header"]["daemon"]["is_alive"] is False
    assert panels["header"]["account"] == follower.account
    follower.close()


def list_of(replayed: Replayed) -> list[TradingEvent]:
    with JournalStore.open(replayed.directory) as store:
        return list(store.events())


def check_days(follower: Follower, report: RunFold, events: list[TradingEvent]) -> None:
    """The days add up to the fold, and every exit is in one of them."""
    days = follower.book.days
    fills = [e for e in events if isinstance(e, OrderMoved) and e.fill is not None]
    assert sum(day.gross_paise for day in days.values()) == follower.book.ledger.realized_paise
    assert sum((day.charges for day in days.values()), Decimal(0)) == follower.book.ledger.charges
    counts = Counter(booking_date(e).isoformat() for e in fills if e.to_state is OrderState.CLOSED)
    assert {name: day.trades for name, day in days.items() if day.trades} == counts
    assert len(follower.book.closed) == len(report.exits)
    spans = sorted(follower.book.span_of(day) for day in days)
    assert spans[0][0] == 0
    assert spans[-1][1] == len(report.exits)
    assert all(a[1] == b[0] for a, b in pairwise(spans))


def test_a_run_that_is_read_in_pieces_is_the_same_page(replayed: Replayed) -> None:
    whole = follower_of(replayed.directory)
    with (
        mock.patch.object(follower_module, "PAGES_AT_ONCE", 1),
        mock.patch.object(
            facts,
            "_PAGES",
            {t: sql.replace("LIMIT 500", "LIMIT 7") for t, sql in facts._PAGES.items()},
        ),
    ):
        pieces = follower_of(replayed.directory)
        in_pieces = shown(pieces)
    assert in_pieces == shown(whole)
    whole.close()
    pieces.close()


def test_the_tape_is_in_order_and_tells_of_every_fill(replayed: Replayed) -> None:
    follower = follower_of(replayed.directory)
    tape = shown(follower)["tape"]
    seqs = [row["seq"] for row in tape]
    assert seqs == sorted(seqs, reverse=True)
    fills = [e.seq for e in list_of(replayed) if getattr(e, "fill", None) is not None]
    told = {row["seq"] for row in tape if row["kind"] in ("fill", "exit")}
    assert told == {seq for seq in fills if seq >= min(seqs)} or len(tape) == 200
    follower.close()


def test_a_daemon_without_a_beat_is_dead_and_its_numbers_stay(tmp_path: Path) -> None:
    with write_journal(tmp_path / "accounts/a", sample_events(archive=False)) as store:
        store.append(
            [],
            input_no=99,
            operations=[Operation(ts=0, kind="start", detail={"engine": "v3", "feed": "kite"})],
        )
    follower = follower_of(tmp_path / "accounts/a")
    panels = shown(follower)["panels"]
    assert panels["header"]["mode"] == "dead"
    assert panels["header"]["engine"] == "v3"
    assert any("No daemon runs" in note for note in panels["header"]["notes"])
    assert len(panels["open"]) == 1
    follower.close()


def test_a_process_that_holds_the_journal_is_named(tmp_path: Path) -> None:
    with write_journal(tmp_path / "runs/r", []) as store:
        follower = follower_of(store.directory)
        header = shown(follower)["panels"]["header"]
        assert header["daemon"]["pid"] in (os.getpid(), None)
        assert header["daemon"]["is_alive"] is (header["daemon"]["pid"] is not None)
        follower.close()


def test_switches_faults_and_the_kill_switch_are_shown(tmp_path: Path) -> None:
    def operation(kind: str, **detail: Any) -> Operation:
        return Operation(ts=sample_events()[0].ts, kind=kind, detail=detail)

    with write_journal(tmp_path / "runs/r", sample_events(archive=False)) as store:
        store.append(
            [],
            input_no=100,
            operations=[
                operation("start", engine="v2", feed="replay", version="9"),
                operation("fallback_to_v2", reason="why"),
                operation("command", command="strategy_off", target="orb", input_no=5),
                operation("strategy_fault", strategy_id="mean_revert", error="KeyError('x')"),
                operation("command", command="kill_switch", target="", input_no=6),
            ],
        )
        follower = follower_of(store.directory)
        panels = shown(follower)["panels"]
        follower.close()
    rows = {row["id"]: row for row in panels["strategies"]}
    assert rows["orb"]["why_off"] == "switched off by a person"
    assert rows["mean_revert"]["errors"] == 1
    assert "kill switch" in panels["pnl"]["halted"]
    assert panels["header"]["engine"] == "v2"
    assert any("WITHOUT managed exits" in note for note in panels["header"]["notes"])
    assert any("KeyError('x')" in note for note in panels["header"]["notes"])


def test_texts_from_outside_are_harmless(tmp_path: Path) -> None:
    writer = EventWriter()
    writer.next_input()
    order = writer.create("EVIL\u202e\n<img>", "BUY", 25, strategy_id="s\x1b[2J")
    writer.move(order, S.CREATED, S.REJECTED, "lot_size")
    with write_journal(tmp_path / "runs/r", writer.events) as store:
        follower = follower_of(store.directory)
        step = follower.step(NOW)
        follower.close()
    text = snapshot_data(step).decode()
    assert "\u202e" not in text
    assert "\\n<img>" in text.replace("\\\\n", "\\n")
    assert "\x1b" not in text
    assert "\\u001b" not in text
