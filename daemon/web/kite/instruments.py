"""The list of instruments as Kite's CSV: the day's dump if it is there, else the universe."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

import anyio.to_thread
from starlette.responses import Response

from daemon.domain.dates import ist_date
from daemon.domain.instrument import Instrument
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.process.clock import MACHINE_CLOCKS
from daemon.web.kite.call import Call
from daemon.web.kite.errors import bad_input
from daemon.web.sources.market import Market

EXCHANGES: Final = ("NSE", "NFO", "BSE", "BFO", "CDS", "BCD", "MCX", "NCO", "NSEIX", "GLOBAL")
COLUMNS: Final = (
    "instrument_token", "exchange_token", "tradingsymbol", "name", "last_price", "expiry",
    "strike", "tick_size", "lot_size", "instrument_type", "segment", "exchange",
)  # fmt: skip
_HEADER: Final = ",".join(COLUMNS).encode() + b"\n"
_SEGMENT_BITS: Final = 8


class _Listed(NamedTuple):
    """A list that was made: its bytes, the same compressed, and the tag of its content."""

    body: bytes
    packed: bytes
    tag: str


class Instruments:
    """The two addresses of instruments. `dumps` is where the daemon keeps Kite's daily files."""

    def __init__(self, market: Market, dumps: Path) -> None:
        self._market = market
        self._dumps = dumps
        self._made: dict[str, tuple[object, _Listed]] = {}

    async def all(self, call: Call) -> object:
        """Return the instruments of all exchanges."""
        return await self._answer(call, "")

    async def of_exchange(self, call: Call) -> object:
        """Return the instruments of one exchange. Raises KiteError."""
        exchange = call.path("exchange")
        if exchange not in EXCHANGES:
            raise bad_input(f"Invalid `exchange`: expected one of {', '.join(EXCHANGES)}")
        return await self._answer(call, exchange)

    async def _answer(self, call: Call, exchange: str) -> Response:
        self._market.look(MACHINE_CLOCKS.wall_ns())
        listed = await anyio.to_thread.run_sync(self._listed, exchange)
        headers = {"ETag": listed.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        asked = call.request.headers
        if asked.get("if-none-match") == listed.tag:
            return Response(status_code=304, headers=headers)
        body = listed.body
        if "gzip" in asked.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = listed.packed
        return Response(body, headers=headers, media_type="text/csv")

    def _listed(self, exchange: str) -> _Listed:
        """Return the list of an exchange, all of them for none; made again if its source is."""
        instruments = self._market.instruments
        files = self._files(exchange)
        state = [(path, found.st_mtime_ns) for path in files if (found := path.stat())]
        seen = (state, instruments if not files else None)
        made = self._made.get(exchange)
        if made is None or made[0] != seen:
            body = _of_files(files) if files else _of_universe(instruments.values(), exchange)
            tag = hashlib.blake2b(body, digest_size=16).hexdigest()
            made = (seen, _Listed(body, gzip.compress(body, 6, mtime=0), f'"{tag}"'))
            self._made[exchange] = made
        return made[1]

    def _files(self, exchange: str) -> list[Path]:
        """Return the dumps of the engine's day, none where one that is needed is not there."""
        now = self._market.clock_ns or MACHINE_CLOCKS.wall_ns()
        day = ist_date(now).isoformat()
        wanted = [exchange] if exchange else self._exchanges()
        files = [self._dumps / f"{each}-{day}.csv" for each in wanted]
        return files if files and all(path.is_file() for path in files) else []

    def _exchanges(self) -> list[str]:
        return sorted({each.exchange for each in self._market.instruments.values()})


def _of_files(files: list[Path]) -> bytes:
    """Return dumps as one, with one header."""
    rows = [path.read_bytes().partition(b"\n") for path in files]
    return rows[0][0] + b"\n" + b"".join(after for _, _, after in rows)


def _of_universe(instruments: Iterable[Instrument], exchange: str) -> bytes:
    """Return the daemon's own instruments in Kite's columns; names are in quotes, as Kite's are."""
    wanted = [each for each in instruments if exchange in ("", each.exchange)]
    return _HEADER + "".join(map(line_of, wanted)).encode()


def line_of(each: Instrument) -> str:
    """Return an instrument's line of the dump; an index is an EQ without lot and price step."""
    name = each.name.replace('"', '""')
    fields = (
        each.instrument_token,
        each.instrument_token >> _SEGMENT_BITS,
        each.tradingsymbol,
        f'"{name}"',
        0,
        each.expiry,
        _rupees(each.strike_paise),
        0 if each.is_index else _rupees(each.tick_paise),
        0 if each.is_index else each.lot_size,
        "EQ" if each.is_index else each.instrument_type,
        each.segment,
        each.exchange,
    )
    return ",".join(map(str, fields)) + "\n"


def _rupees(paise: int) -> str:
    """Return paise as Kite writes rupees: without zeros that say nothing."""
    whole, part = divmod(paise, PAISE_PER_RUPEE)
    return f"{whole}.{part:02d}".rstrip("0").rstrip(".")
