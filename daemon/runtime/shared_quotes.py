"""Keeps the quotes map of a run: accepted rows, written when the engine has taken them."""

from __future__ import annotations

from typing import Final

import anyio
from loguru import logger

from daemon.clockwork.paper_engine import PaperEngine, RowsSeen
from daemon.domain.inputs import Input
from daemon.market.rows import Rows
from daemon.process.clock import MACHINE_CLOCKS
from daemon.quotes.layout import QUOTES_FILE
from daemon.quotes.place import make_private, memory_map
from daemon.quotes.writer import QuotesMap
from daemon.runtime.prepared_run import PreparedRun

BEAT_S: Final = 0.5


class SharedQuotes:
    """Writes what the engine believed at an input, once everything about that input is done."""

    def __init__(self, quotes: QuotesMap, engine: PaperEngine) -> None:
        self._quotes = quotes
        self._pending: list[Rows] = []
        engine.on_rows = _both(engine.on_rows, self._pending.append)

    def show(self, _item: Input) -> None:
        """Write the rows that were accepted since the last call."""
        if self._pending:
            for rows in self._pending:
                self._quotes.write(rows)
            self._pending.clear()
            self._quotes.beat(MACHINE_CLOCKS.wall_ns())

    async def run(self) -> None:
        """Beat until cancelled, also where no tick comes: a loop that hangs beats no more."""
        while True:
            self._quotes.beat(MACHINE_CLOCKS.wall_ns())
            await anyio.sleep(BEAT_S)


def share_quotes(prepared: PreparedRun) -> SharedQuotes | None:
    """Keep a quotes map where time passes as in the market: of an account, or a paced replay.

    None elsewhere, as that is over before anyone could look, and where the file cannot be made,
    which no run needs.
    """
    if prepared.account is None and not prepared.is_paced:
        return None
    directory, engine = prepared.directory, prepared.parts.engine
    path = directory / QUOTES_FILE
    try:
        if prepared.account is not None:  # trades live: it may not wait for a disk
            path = memory_map(directory)
            make_private(path.parent)
        quotes = QuotesMap(path, engine.universe, now=MACHINE_CLOCKS.wall_ns())
    except OSError as error:
        logger.warning("{}: cannot be made ({}): pages show no quotes", path, error.strerror)
        return None
    return SharedQuotes(quotes, engine)


def _both(first: RowsSeen | None, second: RowsSeen) -> RowsSeen:
    if first is None:
        return second

    def see(rows: Rows) -> None:
        first(rows)
        second(rows)

    return see
