"""What fell due while no process was there: decided at the start, filled at the first tick."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.domain.dates import MINUTE_NS, SECOND_NS
from daemon.domain.inputs import Gap
from daemon.journal.explain import explain
from daemon.journal.store import JournalStore
from daemon.runtime.app import App
from tests.kit.live import (
    Hand,
    Market,
    entries,
    free_port,
    market,
    numbered,
    proven,
    run,
    server_of,
    trading,
    until,
    write_live_config,
)

BARS = 2
"""The time stop: it falls due within the pause."""


@pytest.fixture(scope="module")
def of() -> Market:
    return market()


def test_a_time_stop_that_fell_due_while_down_fills_at_the_first_tick_and_says_so(
    of: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = Hand(int(of.block.ts[0]))
    monkeypatch.setattr("daemon.runtime.live.MACHINE_CLOCKS", hand)
    port = free_port()
    config = write_live_config(tmp_path, of, entries(of, BARS), port=port, clock="wall")
    first, second = of.block.rows(0, 500), of.block.rows(1500, 2500)
    down, back = int(first.ts[-1]), int(second.ts[0])
    assert back - down > MINUTE_NS

    async def session(rows: object) -> App:
        blocks = hand.playing(rows)  # type: ignore[arg-type]
        async with server_of(of, port, blocks=blocks) as server, trading(config) as app:
            before = app.engine.intake.rows
            await server.finished()
            await until(lambda: app.engine.intake.rows - before == server.stats.packets)
        return app

    opened = run(session, first)
    assert len(opened.ledger.positions) == len(entries(of, BARS))
    hand.now_ns = back
    app = run(session, second)

    outcome = proven(tmp_path, app)
    (gap,) = [e for e in numbered(outcome.directory).values() if isinstance(e, Gap)]
    assert (gap.since <= down + SECOND_NS, gap.ts >= back) == (True, True)
    assert len(outcome.kinds("gap")) == 1
    stopped = [e for e in outcome.moves if e.reason == "time_stop"]
    asked = [e for e in stopped if e.to_state == "EXIT_PENDING"]
    filled = [e for e in stopped if e.fill is not None]
    assert len(asked) == len(filled) == len(entries(of, BARS))
    assert all(down < e.due_ts < back <= e.ts for e in asked), "due while nobody was there"
    assert all(e.fill is not None and e.fill.after_gap and e.ts >= back for e in filled)
    with JournalStore.open(outcome.directory) as store:
        told = explain(store, filled[0].order_id)
    assert "(was due at 09:18:01.000)" in told
    assert "It is the first quote after a silence of the feed." in told
