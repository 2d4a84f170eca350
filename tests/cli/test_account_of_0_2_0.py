"""An account that 0.2.0 made goes on with this version: on the same day, over night, once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest import mock

import pytest

from daemon.domain.dates import ist_date, parse_ts
from daemon.domain.events import OrderCreated, OrderMoved, TradingEvent
from daemon.domain.ledger import Ledger
from daemon.journal.audit import audit
from daemon.journal.past import events_since
from daemon.journal.recovery import fold
from daemon.journal.store import JournalStore, Operation
from daemon.runtime.app import App
from tests.kit.cli import finished, metrics_of, spawn
from tests.kit.live import (
    Market,
    QuickClocks,
    free_port,
    market,
    proven,
    run,
    server_of,
    shifted,
    trade_all,
    write_live_config,
)
from tests.kit.of_0_2_0 import unpack_account

TRADED: Final = 1_500
"""Ticks that 0.2.0 took in the morning."""
LAST: Final = 500
"""Its last event."""
NIGHT: Final = "2026-11-19T09:20:00"


class Later(NamedTuple):
    """The account before and after this version went on with it."""

    place: Path
    app: App
    before: Ledger
    events: list[TradingEvent]
    operations: list[Operation]

    @property
    def new(self) -> list[TradingEvent]:
        """The events that this version decided."""
        return self.events[LAST:]

    def kinds(self, kind: str) -> list[Mapping[str, Any]]:
        return [each.detail for each in self.operations if each.kind == kind]


@pytest.fixture(scope="module")
def of() -> Market:
    return market()


@pytest.fixture(scope="module", params=["same day", "over night"])
def later(
    request: pytest.FixtureRequest, of: Market, tmp_path_factory: pytest.TempPathFactory
) -> Later:
    place = tmp_path_factory.mktemp("account")
    directory = unpack_account(place)
    script = [json.loads(line) for line in (place / "live.jsonl").read_text().splitlines()]
    port = free_port()
    config = write_live_config(place, of, script, port=port)
    with JournalStore.open(directory) as store:
        before = fold(store)
    block = of.block.rows(TRADED, len(of.block))
    start = int(block.ts[0])
    if request.param == "over night":
        block, start = shifted(block, parse_ts(NIGHT) - start), parse_ts(NIGHT)

    async def go_on() -> App:
        with mock.patch("daemon.runtime.live.MACHINE_CLOCKS", QuickClocks(start, 1)):
            async with server_of(of, port, blocks=[block]) as server:
                return await trade_all(config, server)

    cwd = Path.cwd()
    os.chdir(place)  # 0.2.0's recording names its script as live.jsonl
    try:
        app = run(go_on)
        proven(place, app)  # verifies, and replays every recording to the journal
    finally:
        os.chdir(cwd)
    with JournalStore.open(directory) as store:
        assert not audit(store).notes
        events, operations = list(events_since(store, 0)), list(store.operations())
    return Later(place, app, before, events, operations)


def test_the_recording_of_0_2_0_was_run_again_and_nothing_is_lost(later: Later) -> None:
    assert not later.kinds("not_run_again")
    [told] = later.kinds("recovered")
    assert (told["seq"], told["open_positions"], told["decided"]) == (LAST, 10, 0)
    [continued] = later.kinds("continued")
    assert (continued["old"], continued["events"], continued["open_positions"]) == (
        "0.2.0", LAST, 10,
    )  # fmt: skip
    assert [each.seq for each in later.events] == list(range(1, len(later.events) + 1))
    assert len(later.new) > 100


def test_orders_are_counted_on(later: Later) -> None:
    created = [event for event in later.events if isinstance(event, OrderCreated)]
    days: dict[str, list[int]] = {}
    for event in created:
        _, day, number = event.order_id.split("-")
        days.setdefault(day, []).append(int(number))
        assert day == f"{ist_date(event.ts):%Y%m%d}"
    for numbers in days.values():
        assert numbers == list(range(1, len(numbers) + 1))
    assert later.app.engine.ledger.total_orders == len(created) > later.before.total_orders


def test_every_open_position_goes_on_with_its_levels_or_ends_on_its_day(later: Later) -> None:
    over_night = ist_date(later.new[-1].ts) != ist_date(later.events[LAST - 1].ts)
    for position in later.before.positions.values():
        ends = [
            event for event in later.new
            if isinstance(event, OrderMoved) and event.order_id == position.order_id
        ]  # fmt: skip
        if position.product == "MIS" and over_night:
            [closed] = [event for event in ends if event.to_state == "CLOSED"]
            assert ist_date(closed.ts).isoformat() == "2026-11-18"
        elif not any(event.to_state == "CLOSED" for event in ends):
            now = later.app.engine.ledger.positions[position.order_id]
            assert now.entry_paise == position.entry_paise
            assert now.initial_stop_paise == position.initial_stop_paise


def test_a_stop_that_the_ladder_had_moved_is_left_as_such(later: Later) -> None:
    moved = [each for each in later.before.positions.values() if each.ladder_steps]
    assert {each.stop_moved_by for each in moved} == {"trailing_stop"}
    assert {each.on_rest for each in moved} == {True, False}
    reasons = {
        event.order_id: event.reason for event in later.new
        if isinstance(event, OrderMoved) and event.to_state == "SL_PENDING"
    }  # fmt: skip
    for position in moved:
        assert reasons.get(position.order_id, "trailing_stop") == "trailing_stop"


def test_a_strategy_that_was_off_stays_off_that_day(later: Later) -> None:
    over_night = ist_date(later.new[-1].ts).isoformat() == "2026-11-19"
    assert later.app.engine.engine.carry().strategies_off == ([] if over_night else ["ema"])
    last = later.kinds("state")[0] if later.kinds("state") else {}
    assert last.get("text") == "strategies off: ema"


def test_the_summary_tells_of_the_whole_account(later: Later) -> None:
    shown = metrics_of(later.place)
    assert shown["total_orders"] == later.app.engine.ledger.total_orders
    done = finished(spawn("report", "live", "--out", later.place))
    assert done.code == 0, done.err
    page = (later.place / "accounts/live/report.html").read_text()
    assert "V3-20261118-000001" in page or "09:15:0" in page


def test_verify_checks_both_journals(later: Later) -> None:
    done = finished(spawn("journal", "verify", "--run", "live", "--out", later.place))
    assert (done.code, done.err) == (0, "")
    assert f"and {LAST} in 1 archive(s)" in done.out


OLD: Final = os.environ.get("FNO_TREE_0_2_0", "")


@pytest.mark.skipif(not OLD, reason="FNO_TREE_0_2_0 does not name a tree of version 0.2.0")
@pytest.mark.parametrize("words", [("journal", "verify", "--run", "live"), ("report", "live")])
def test_version_0_2_0_refuses_the_new_journal(later: Later, words: tuple[str, ...]) -> None:
    code = "from daemon.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *words, "--out", str(later.place)],
        cwd=OLD, env=os.environ | {"PYTHONPATH": OLD}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 65, done.stderr
    assert "version is 2, this program reads 1" in done.stderr
    assert "Traceback" not in done.stderr
