"""A live account in this process: lives on made-up ticks and commands, and what a kill leaves.

The daemon is the real one, opened by `open_live` and run by `App`. Only its feed and its clock are
put in place: the feed gives the inputs that a test names, after the gap that the real one gives.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from unittest import mock

import anyio
import anyio.lowlevel
import msgspec
import yaml

from daemon.domain.candle import Candle
from daemon.domain.events import OrderCreated, OrderMoved, TradingEvent
from daemon.domain.inputs import Command, Gap, Input
from daemon.domain.instrument import Universe
from daemon.domain.intent import OrderIntent
from daemon.domain.ticks import Ticks
from daemon.journal.store import JournalStore, Operation
from daemon.journal.writer import Batch
from daemon.rules import Rulebook
from daemon.runtime.app import App
from daemon.runtime.configured_rules import load_rules
from daemon.runtime.live import open_live
from daemon.runtime.prepared_run import PreparedRun
from daemon.settings.config import Config
from daemon.settings.file import load_config
from feeds.stream.feed import OfflineFeed
from strategies.strategy import View
from tests.crash.rig import FixedClocks
from tests.kit.account_market import (
    ACCOUNT,
    BLOCK_ROWS,
    LOT,
    SYMBOLS,
    opened_ns,
    session,
    write_files,
)
from tests.kit.written_directories import copy_as_killed

ROWS: Final = 200


class Faulty:
    """A strategy that raises at every candle."""

    def on_candle(self, candle: Candle, view: View) -> OrderIntent | None:
        raise ValueError("no number")


class GivenFeed(OfflineFeed):
    """Inputs of a test, and before the first of them the gap since the life before."""

    name = "kite"

    def __init__(
        self, universe: Universe, watchlist: object, *, given: Sequence[Input],
        at_end: Callable[[], None], first: Sequence[Input] = (), missed_since: int = 0,
        **_: object,
    ) -> None:  # fmt: skip
        self.universe = universe
        self.is_over = False
        self._given, self._first, self._missed_since = given, first, missed_since
        self._at_end = at_end
        self.committed: Callable[[], bool] = lambda: True

    async def inputs(self) -> AsyncIterator[Input]:
        for each in self._first:
            yield each
        if self._missed_since and self._given:
            ts = ts_of(self._given[0])
            yield Gap(ts=ts, since=min(self._missed_since, ts))
        for each in self._given:
            yield each
            with anyio.fail_after(30):
                while not self.committed():
                    await anyio.lowlevel.checkpoint()
        self._at_end()

    def quality(self) -> dict[str, int]:
        return {}


def ts_of(item: Input) -> int:
    """The time of an input's first row, UTC ns."""
    return int(item.ts[0]) if isinstance(item, Ticks) else item.ts


def ticks(start: int, stop: int, day: int = 0) -> list[Input]:
    """A day's rows in blocks."""
    block = session(day, ROWS)
    return [block.rows(at, min(at + BLOCK_ROWS, stop)) for at in range(start, stop, BLOCK_ROWS)]


def command(row: int, name: Any, target: str = "", day: int = 0) -> Command:
    """A person's command at the time of a row."""
    return Command(ts=int(session(day, ROWS).ts[row]), command=name, target=target)


def write_account(place: Path, *, faulty: bool = False) -> None:
    """A configuration with two scripts, `one` and `two`, that enter every ten seconds."""
    write_files(place, 0)
    path = place / "live.yaml"
    config = yaml.safe_load(path.read_text())
    block = session(0, ROWS)
    config["strategies"]["list"] = []
    for number, name in enumerate(("one", "two")):
        lines = [
            {"ts": int(block.ts[row]) + 1, "symbol": SYMBOLS[number], "qty": LOT,
             "signal": "BUY", "time_stop_bars": 1, "product": "NRML"}
            for row in range(3 + 5 * number, ROWS - 5, 10)
        ]  # fmt: skip
        (place / f"{name}.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
        config["strategies"]["list"].append(
            {"id": name, "module": "strategies.scripted", "class": "Scripted",
             "params": {"file": str(place / f"{name}.jsonl")}}
        )  # fmt: skip
    if faulty:
        config["strategies"]["max_strategy_errors"] = 1
        config["strategies"]["list"].append(
            {"id": "faulty", "module": "tests.kit.account_life", "class": "Faulty",
             "timeframe": "1m", "symbols": [SYMBOLS[0]]}
        )  # fmt: skip
    path.write_text(yaml.safe_dump(config))


def account_of(place: Path) -> Path:
    """The account's directory."""
    return place / "out" / "accounts" / ACCOUNT


@contextlib.contextmanager
def _put_in_place(
    given: Sequence[Input], day: int, at_end: Callable[[], None] = lambda: None
) -> Iterator[None]:
    make = functools.partial(GivenFeed, given=given, at_end=at_end)
    with (
        mock.patch("daemon.runtime.live_feed.KiteFeed", make),
        mock.patch("daemon.runtime.live.MACHINE_CLOCKS", FixedClocks(opened_ns(day))),
        mock.patch("daemon.runtime.live_start.check_start"),  # the time that stands still
        mock.patch("daemon.runtime.live.load_rules", _rules),
    ):
        yield


def opened(place: Path, day: int = 0) -> PreparedRun:
    """The account taken up as a start does; whoever calls closes it."""
    with _put_in_place((), day):
        return open_live(_config(place))


_loaded: dict[bytes, Config] = {}
"""By the file's bytes; reading one takes longer than all the rest of a start."""


@functools.cache
def _shipped_rules() -> Rulebook:
    return load_rules(Config())


def _rules(config: Config) -> Rulebook:
    """The shipped rules, read once."""
    return _shipped_rules()


def _config(place: Path) -> Config:
    written = (place / "live.yaml").read_bytes()
    if written not in _loaded:
        _loaded[written] = load_config(place / "live.yaml", {})
    return msgspec.structs.replace(_loaded[written], out=str(place / "out"))


def live(place: Path, given: Sequence[Input], *, day: int = 0, crashed: Path | None = None) -> App:
    """One life of the daemon on `given`; `crashed` gets what a kill at its end would leave."""

    def keep() -> None:
        if crashed is not None:
            copy_as_killed(place, crashed)

    async def run() -> App:
        config = _config(place)
        with _put_in_place(given, day, keep):
            app = App(open_live(config), out=place / "out")
        feed: Any = app.feed
        feed.committed = _all_committed(app)
        with anyio.fail_after(30):
            await app.run()
        return app

    return anyio.run(run)


def _all_committed(app: App) -> Callable[[], bool]:
    """Whether all that was given to the journal is on disk."""
    last, put = [0], app.recorder.put

    async def noted(batch: Batch) -> None:
        last[0] = batch.input_no
        await put(batch)

    app.recorder.put = noted  # type: ignore[method-assign]
    return lambda: app.store.last_input_no >= last[0]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What an account's journal says, verified."""

    events: list[TradingEvent]
    operations: list[Operation]

    def fills(self, after: int = 0) -> list[OrderMoved]:
        """Entries that were filled by events after `after`."""
        return [
            each
            for each in self.events
            if isinstance(each, OrderMoved) and each.to_state == "FILLED" and each.seq > after
        ]

    def created(self, strategy_id: str = "") -> list[OrderCreated]:
        """The orders, of one strategy or of all."""
        found = (each for each in self.events if isinstance(each, OrderCreated))
        return [each for each in found if not strategy_id or each.strategy_id == strategy_id]

    def kinds(self, kind: str) -> list[dict[str, Any]]:
        """The details of one kind of operation."""
        return [dict(each.detail) for each in self.operations if each.kind == kind]


def told(place: Path) -> Told:
    """Read an account's journal."""
    with JournalStore.open_whole(account_of(place)) as store:
        return Told(events=list(store.events()), operations=list(store.operations()))
