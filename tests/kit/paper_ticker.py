"""The paper API's ticker alone, served on a port of its own from a map of two instruments."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import anyio
import numpy as np
import uvicorn
from picows import ws_connect
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from daemon.domain.dates import SECOND_NS, ist_ns
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import DAY_FIELDS, Ticks
from daemon.market.rows import Rows
from daemon.quotes.layout import QUOTES_FILE
from daemon.quotes.writer import QuotesMap
from daemon.web.kite.ticker import PATHS, Ticker
from daemon.web.kite.ticker_protocol import UVICORN, TickerProtocol
from daemon.web.sources.market import Market
from tests.kit.ticker_client import TickerClient

KEY: Final = "paper0123"
TOKEN: Final = "t" * 32
OPEN: Final = ist_ns(dt.date(2026, 11, 18), dt.time(9, 15))
INDEX: Final = Instrument(
    instrument_token=256_265, tradingsymbol="NIFTY 50", exchange="NSE", segment="INDICES",
    name="NIFTY 50", instrument_type="INDEX", tick_paise=0, lot_size=0,
)  # fmt: skip
FUTURE: Final = Instrument(
    instrument_token=13_238_786, tradingsymbol="NIFTY26NOVFUT", exchange="NFO", segment="NFO-FUT",
    name="NIFTY", instrument_type="FUT", tick_paise=10, lot_size=65, expiry="2026-11-23",
)  # fmt: skip
UNIVERSE: Final = Universe((INDEX, FUTURE))
LEVELS: Final = np.array(
    [[65 * (n + 1), 2_341_200 - 10 * n, n + 1] for n in range(5)]
    + [[130 * (n + 1), 2_341_260 + 10 * n, n + 2] for n in range(5)]
)
DAY: Final = (2_340_000, 812_500, 799_175, 2_335_000, 2_345_000, 2_331_000, 2_330_025)


def block(ltp: int = 2_341_250, *, at: int = 0, deep: bool = True) -> Ticks:
    """A row of each instrument, `at` seconds after the open."""
    ts = OPEN + at * SECOND_NS
    day = np.array([[*DAY, ts - SECOND_NS]] * 2)
    assert day.shape[1] == len(DAY_FIELDS)
    return Ticks(
        ts=np.array([ts, ts]), exchange_ts=np.array([ts, ts]), ltp=np.array([ltp, ltp + 10]),
        instrument=np.array([0, 1], np.int32), bid=np.array([0, 2_341_200]),
        ask=np.array([0, 2_341_260]), ltq=np.array([0, 65]), volume=np.array([-1, 4_512_300]),
        oi=np.array([-1, 7_891_325]), day=day,
        depth=np.stack([np.zeros_like(LEVELS), LEVELS]) if deep else None,
    )  # fmt: skip


class PaperTicker:
    """A quotes map, the ticker that reads it, and the port that it listens on."""

    def __init__(self, directory: Path, port: int) -> None:
        self.quotes = QuotesMap(directory / QUOTES_FILE, UNIVERSE, now=OPEN)
        self.market = Market(directory)
        self.ticker = Ticker(self.market, lambda key, token: (key, token) == (KEY, TOKEN))
        self.port = port

    def write(self, ticks: Ticks) -> None:
        """Let rows arrive."""
        self.quotes.write(Rows(ticks, 1))

    def url(self, path: str = "/", token: str = TOKEN) -> str:
        """The address of the socket, with keys."""
        return f"ws://127.0.0.1:{self.port}{path}?api_key={KEY}&access_token={token}&v=3"

    @contextlib.asynccontextmanager
    async def client(self, path: str = "/") -> AsyncIterator[TickerClient]:
        """A connection that is let in."""
        transport, client = await ws_connect(TickerClient, self.url(path))
        assert isinstance(client, TickerClient)
        try:
            yield client
        finally:
            transport.disconnect()
            with anyio.fail_after(30):
                await client.gone.wait()


@contextlib.asynccontextmanager
async def paper_ticker(directory: Path) -> AsyncIterator[PaperTicker]:
    """The ticker, until the end of the block."""
    listening = socket.create_server(("127.0.0.1", 0))
    rig = PaperTicker(directory, listening.getsockname()[1])
    app = Starlette(routes=[WebSocketRoute(path, rig.ticker.serve) for path in PATHS])
    server = _server(app)
    loop = asyncio.get_running_loop()  # a fixture's end may run in another task than its begin
    tasks = [loop.create_task(each) for each in (rig.ticker.follow(), server.serve([listening]))]
    try:
        yield rig
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for each in server.servers:
            each.close()
        for connection in list(server.server_state.connections):
            connection.transport.abort()  # type: ignore[union-attr]
        await asyncio.wait(server.server_state.tasks) if server.server_state.tasks else None
        listening.close()
        rig.market.close()
        rig.quotes.close()


def _server(app: Any) -> uvicorn.Server:
    config = uvicorn.Config(
        app, ws=TickerProtocol, http="h11", lifespan="off", log_config=None, log_level="critical",
        access_log=False, timeout_graceful_shutdown=1, **UVICORN,
    )  # fmt: skip
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign]
    return server
