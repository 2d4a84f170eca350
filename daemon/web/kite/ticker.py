"""Kite's ticker on paper: the daemon's last quotes as frames, and what became of orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import anyio
from loguru import logger
from starlette.websockets import WebSocket

from daemon.domain.instrument import Instrument
from daemon.process.clock import MACHINE_CLOCKS
from daemon.quotes.reader import SharedQuote
from daemon.web.kite.ticker_client import TickerClient
from daemon.web.kite.ticker_packets import packet_of
from daemon.web.sources.market import Market
from feeds.kite.wire import Mode, encode_frame

PATHS: Final = ("/", "/ws", "/kite/ws")
LOOK_EVERY_S: Final = 0.25
CONNECTIONS_MAX: Final = 16


class Ticker:
    """All connections of one account. Nothing is looked at while there are none."""

    def __init__(self, market: Market, may: Callable[[str, str], bool]) -> None:
        """`may` says whether an API key and an access token are those of the paper API."""
        self._market = market
        self._may = may
        self._clients: set[TickerClient] = set()
        self._instruments: dict[str, Instrument] = {}
        self._symbols: dict[int, str] = {}
        self._packets: dict[tuple[int, Mode], tuple[SharedQuote, bytes]] = {}

    @property
    def has_clients(self) -> bool:
        """Return whether anyone is connected."""
        return bool(self._clients)

    async def follow(self) -> None:
        """Tell clients of new quotes until cancelled."""
        while True:
            if self._clients:
                self.look()
            await anyio.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """Look at the quotes once."""
        self._market.look(MACHINE_CLOCKS.wall_ns())
        if self._instruments is not self._market.instruments:
            self._instruments = self._market.instruments
            self._symbols = {
                each.instrument_token: name for name, each in self._instruments.items()
            }
            self._packets.clear()
        moved = {self._instruments[name].instrument_token for name in self._market.moved}
        for client in self._clients:
            client.tell_moved(moved)

    def close(self) -> None:
        """Unmap the quotes."""
        self._market.close()

    def tell(self, text: str) -> None:
        """Send a text message to all clients, such as a postback."""
        for client in self._clients:
            client.tell(text)

    def end_all(self, why: str) -> None:
        """End all connections: their access token is no longer one."""
        for client in self._clients:
            client.end(why)

    async def serve(self, socket: WebSocket) -> None:
        """Serve one connection; one that may not be is refused with 403."""
        query = socket.query_params
        may = self._may(query.get("api_key", ""), query.get("access_token", ""))
        if not may or len(self._clients) >= CONNECTIONS_MAX:
            logger.info("ticker: refused ({})", "too many connections" if may else "wrong keys")
            await socket.close()
            return
        await socket.accept()
        client = TickerClient(socket, self._frame_of)
        self._clients.add(client)
        try:
            self.look()
            await client.serve()
        finally:
            self._clients.discard(client)

    def _frame_of(self, wanted: dict[int, Mode]) -> bytes:
        packets = [self._packet(token, mode) for token, mode in wanted.items()]
        found = [packet for packet in packets if packet]
        return encode_frame(found) if found else b""

    def _packet(self, token: int, mode: Mode) -> bytes:
        """Return the newest packet of an instrument, made once for all clients."""
        symbol = self._symbols.get(token, "")
        quote = self._market.quote(symbol)
        if quote is None:
            return b""
        made = self._packets.get((token, mode))
        if made is None or made[0] is not quote:
            made = (quote, packet_of(self._instruments[symbol], quote, mode))
            self._packets[token, mode] = made
        return made[1]
