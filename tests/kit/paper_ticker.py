"""The paper API's ticker alone, served on a port of its own from a map of two instruments."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import anyio
import numpy as np
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
from daemon.web.kite.ticker_protocol import TickerProtocol
from daemon.web.listener import Listener
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
    listener = Listener("127.0.0.1", 0)
    rig = PaperTicker(directory, listener.port)
    app = Starlette(routes=[WebSocketRoute(path, rig.ticker.serve) for path in PATHS])
    loop = asyncio.get_running_loop()  # a fixture's end may run in another task than its begin
    serving = loop.create_task(listener.serve(app, sockets=TickerProtocol))
    following = loop.create_task(rig.ticker.follow())
    try:
        yield rig
    finally:
        rig.ticker.end_all("the test ends")
        listener.stop()
        following.cancel()
        await asyncio.wait([serving, following])
        rig.market.close()
        rig.quotes.close()
