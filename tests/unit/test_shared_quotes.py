"""Which runs keep a quotes map, and that a run is the same with and without."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from loguru import logger

from daemon.journal.store import JournalStore
from daemon.quotes.layout import QUOTES_FILE
from daemon.quotes.place import find_map
from daemon.quotes.reader import QuotesReader
from daemon.runtime.app import App
from daemon.runtime.build import build
from daemon.runtime.prepared_run import open_run
from daemon.runtime.shared_quotes import share_quotes
from daemon.settings.config import Config, FeedConfig, SyntheticConfig
from tests.kit.live import free_port, market, run, server_of, trade_all, write_live_config

PACED = "1000000"
"""A factor: the whole session in a moment, but paced all the same."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logger.remove()
    yield
    logger.remove()


async def ran(place: Path, speed: str) -> App:
    """A synthetic session, run to its end."""
    synthetic = SyntheticConfig(strikes_each_side=0, ticks_per_second=0.2, speed=speed)
    config = Config(feed=FeedConfig(synthetic=synthetic), out=str(place))
    app = App(open_run(build(config), place), out=place)
    await app.run()
    return app


async def test_a_run_that_nobody_can_watch_writes_none(tmp_path: Path) -> None:
    app = await ran(tmp_path, "max")
    assert not (app.directory / QUOTES_FILE).exists()


async def test_a_paced_replay_leaves_the_last_quotes_that_its_engine_believed(
    tmp_path: Path,
) -> None:
    app = await ran(tmp_path, PACED)
    reader = QuotesReader(app.directory / QUOTES_FILE)
    assert reader.instruments == app.engine.universe.instruments
    series = app.series()
    for index, instrument in enumerate(reader.instruments):
        quote = reader.quote(index)
        assert quote is not None
        book = app.engine.books[index]
        believed = (book.quote_ts, book.ltp, book.bid, book.ask, book.input_no)
        assert (quote.ts, quote.ltp, quote.bid, quote.ask, quote.input_no) == believed
        at = series.symbols.index(instrument.tradingsymbol)
        assert quote.ltp == series.ltp[-1][at]
    reader.close()


async def test_events_and_metrics_are_the_same_with_and_without(tmp_path: Path) -> None:
    lines, keys = [], []
    for name, speed in (("without", "max"), ("with", PACED)):
        app = await ran(tmp_path / name, speed)
        with JournalStore.open(app.directory) as store:
            lines.append(list(store.event_lines()))
        keys.append(list(app.status.snapshot()))
    assert lines[0] == lines[1]
    assert keys[0] == keys[1]


async def test_a_run_does_without_where_the_file_cannot_be_made(tmp_path: Path) -> None:
    said: list[str] = []
    logger.add(said.append, format="{message}")
    full = OSError(errno.ENOSPC, "No space left on device")
    with mock.patch("os.posix_fallocate", side_effect=full):
        app = await ran(tmp_path, PACED)
    assert not list(app.directory.glob("quotes*"))
    assert app.engine.intake.rows > 0
    [text] = [each for each in said if "quotes.map" in each]
    assert "No space left on device" in text


async def test_what_watched_the_rows_before_still_does(tmp_path: Path) -> None:
    synthetic = SyntheticConfig(strikes_each_side=0, ticks_per_second=0.2, speed=PACED)
    config = Config(feed=FeedConfig(synthetic=synthetic), out=str(tmp_path))
    session = open_run(build(config), tmp_path)
    engine = session.parts.engine
    engine.on_rows = None
    assert share_quotes(session) is not None
    assert engine.on_rows is not None
    session.close()


def test_an_account_shares_its_quotes_while_it_trades(tmp_path: Path) -> None:
    of, port = market(), free_port()
    config = write_live_config(tmp_path, of, [], port=port)

    async def day() -> App:
        async with server_of(of, port) as server:
            return await trade_all(config, server)

    app = run(day)
    assert find_map(app.directory).parent.stat().st_mode & 0o777 == 0o700
    assert not (app.directory / QUOTES_FILE).exists()
    reader = QuotesReader(find_map(app.directory))
    assert (find_map(app.directory)).stat().st_mode & 0o777 == 0o600
    for index, book in enumerate(app.engine.books[:-1]):
        quote = reader.quote(index)
        seen = np.flatnonzero(of.block.instrument == index)
        assert (quote is not None) == (len(seen) > 0)
        if quote is not None:
            assert (quote.ts, quote.ltp, quote.input_no) == (
                book.quote_ts, book.ltp, book.input_no,
            )  # fmt: skip
    assert reader.heartbeat > 0
    reader.close()
