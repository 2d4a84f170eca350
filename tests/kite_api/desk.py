"""The paper API over a real engine in one process: requests are inputs, facts a journal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
import numpy as np

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.order_requests import OrderRequest
from daemon.domain.order_results import OrderResult
from daemon.domain.ticks import Ticks
from daemon.journal.store import JournalStore
from daemon.market.rows import Rows
from daemon.quotes.layout import QUOTES_FILE
from daemon.quotes.writer import QuotesMap
from daemon.settings.config import ApiConfig, Config, LatencyConfig, RiskConfig
from daemon.web.daemon_requests import DaemonAway
from daemon.web.kite.api import KiteApi
from daemon.web.kite.app import KiteApp
from daemon.web.kite.keys import KEYS_FILE, Keys
from daemon.web.kite.login import Login
from daemon.web.kite.market_data import MarketData, Recorded
from daemon.web.kite.rates import Rates
from daemon.web.kite.routes import table_of
from daemon.web.sources.pending_changes import PendingChanges
from daemon.web.sources.watched import Watched
from tests.broker.api_market import RequestMarket
from tests.kit.market import CALL, OPEN, PUT
from tests.kit.web import Answer, ask, put, write_journal

ACCOUNT: Final = "desk"
FORM: Final = "application/x-www-form-urlencoded"
FUTURE: Final = "NIFTY26NOVFUT"
_OPTION: Final[dict[str, Any]] = {
    "name": "NIFTY", "exchange": "NFO", "segment": "NFO-OPT", "tick_paise": 5, "lot_size": 65,
    "expiry": "2026-11-23", "strike_paise": 2_500_000,
}  # fmt: skip
LISTED: Final = Universe(
    (
        Instrument(instrument_token=256_265, tradingsymbol="NIFTY 50", exchange="NSE",
                   segment="INDICES", name="NIFTY 50", instrument_type="INDEX", lot_size=0,
                   tick_paise=0),
        Instrument(instrument_token=1, tradingsymbol=CALL, instrument_type="CE", **_OPTION),
        Instrument(instrument_token=2, tradingsymbol=PUT, instrument_type="PE", **_OPTION),
        Instrument(instrument_token=3, tradingsymbol=FUTURE, exchange="NFO", segment="NFO-FUT",
                   name="NIFTY", instrument_type="FUT", lot_size=65, tick_paise=10,
                   expiry="2026-11-23"),
    )
)  # fmt: skip
QUOTED: Final = {"NIFTY 50": 2_500_000, CALL: 10_000, PUT: 9_500, FUTURE: 2_501_000}


class Desk:
    """An account, its engine, its journal, and the API in front of them."""

    def __init__(
        self,
        out: Path,
        *,
        rates: bool = False,
        config: Config | None = None,
        risk: RiskConfig | None = None,
        latency: LatencyConfig | None = None,
        recorded: Recorded | None = None,
    ) -> None:
        """With `recorded` the addresses of market data are there too."""
        directory = out / "accounts" / ACCOUNT
        directory.mkdir(parents=True)
        self.directory = directory
        self.market = RequestMarket(risk=risk, latency=latency or LatencyConfig())
        self.store: JournalStore = write_journal(directory, [])
        self.quotes = QuotesMap(directory / QUOTES_FILE, LISTED, now=OPEN)
        self.now_s = 0.0
        self.asked: list[OrderRequest] = []
        self.is_away = False
        self.told: list[Keys] = []
        self._written = 0
        given = config or Config(account=ACCOUNT, api=ApiConfig(rates="off"))
        watched = Watched(directory=directory, out=out, given=given)
        self.login = Login(directory / KEYS_FILE, ACCOUNT, self.told.append)
        self.api = KiteApi(watched, self.login, self._ask, PendingChanges())
        limits = Rates(is_on=rates, clock=lambda: self.now_s)
        table = table_of(self.api)
        self.data = (
            None if recorded is None else MarketData(directory, self.login.is_session, recorded)
        )
        if self.data is not None:
            table += self.data.table()
        self.app = KiteApp(table, self.login, limits)

    @property
    def keys(self) -> Keys:
        """The keys as their file has them."""
        return msgspec.json.decode((self.directory / KEYS_FILE).read_bytes(), type=Keys)

    async def _ask(self, order: OrderRequest) -> OrderResult:
        self.asked.append(order)
        if self.is_away:
            raise DaemonAway("the daemon is away")
        result = self.market.request(order)
        self.commit()
        input_no = self.market.engine.input_no
        self.api.changes.took(order, input_no, is_sent=result.refusal is None)
        return result

    def commit(self) -> None:
        """Put what was decided into the journal."""
        new = self.market.events[self._written :]
        self._written += len(new)
        put(self.store, new)

    def book(self, ltp: float = 100, **more: Any) -> None:
        """A tick with enough on both sides, and what it decided on disk."""
        self.market.book(ltp, **more)
        self.commit()

    def quote(self, prices: Mapping[str, int] = QUOTED) -> None:
        """Let the daemon share last prices, paise."""
        ts = self.market.now
        count = len(prices)
        at = [LISTED.index_of(symbol) for symbol in prices]
        block = Ticks(
            ts=np.full(count, ts, np.int64),
            instrument=np.array(at, np.int32),
            ltp=np.array(list(prices.values()), np.int64),
            bid=np.array([ltp - 5 for ltp in prices.values()], np.int64),
            ask=np.array([ltp + 5 for ltp in prices.values()], np.int64),
        )
        self.quotes.write(Rows(block, 1))

    # requests

    async def raw(self, method: str, path: str, body: bytes | str = b"", **headers: str) -> Answer:
        """Send a request with the session's keys unless `authorization` says otherwise."""
        keys = self.keys
        usual = {"authorization": f"token {keys.api_key}:{keys.access_token}"}
        sent = {name.replace("_", "-"): value for name, value in (usual | headers).items()}
        data = body.encode() if isinstance(body, str) else body
        return await ask(self.app, method, path, {n: v for n, v in sent.items() if v}, data)

    async def get(self, path: str, **query: Any) -> Any:
        """Return the data of a GET that succeeds."""
        return data_of(await self.raw("GET", with_query(path, query)))

    async def send(self, method: str, path: str, **fields: Any) -> Answer:
        """Send a form, or a query with DELETE."""
        if method == "DELETE":
            return await self.raw(method, with_query(path, fields))
        return await self.raw(method, path, urlencode(fields), content_type=FORM)

    async def post(self, path: str, **fields: Any) -> Any:
        """Return the data of a form that is taken."""
        return data_of(await self.send("POST", path, **fields))

    async def post_json(self, path: str, value: Any) -> Any:
        """Return the data that a JSON body gets."""
        return data_of(
            await self.raw("POST", path, json.dumps(value), content_type="application/json")
        )

    async def place(self, **more: Any) -> str:
        """Place an order that is taken; return its id."""
        found = await self.post("/orders/regular", **(order_form() | more))
        return str(found["order_id"])

    def close(self) -> None:
        """Close journal and map."""
        self.api.account.close()
        if self.data is not None:
            self.data.close()
        self.store.close()
        self.quotes.close()


def order_form(**more: Any) -> dict[str, Any]:
    """The fields of a LIMIT that rests."""
    usual = {
        "exchange": "NFO", "tradingsymbol": CALL, "transaction_type": "BUY", "quantity": 65,
        "product": "NRML", "order_type": "LIMIT", "price": 99.5, "validity": "DAY",
    }  # fmt: skip
    return usual | more


def with_query(path: str, query: Mapping[str, Any]) -> str:
    """Return an address with its query."""
    return f"{path}?{urlencode(query)}" if query else path


def data_of(answer: Answer) -> Any:
    """Return the data of a success."""
    body = answer.json()
    assert (answer.status, body.keys()) == (200, {"status", "data"}), answer
    assert answer.headers["content-type"] == "application/json"
    return body["data"]


def error_of(answer: Answer) -> tuple[int, str, str]:
    """Return (status, error type, message) of a refusal in Kite's envelope."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert body.keys() == {"status", "message", "data", "error_type"}
    assert (body["status"], body["data"]) == ("error", None)
    return answer.status, body["error_type"], body["message"]


@contextmanager
def desk_in(out: Path, **more: Any) -> Iterator[Desk]:
    """A desk that has seen a tick and shares prices."""
    desk = Desk(out, **more)
    try:
        desk.book()
        desk.quote()
        yield desk
    finally:
        desk.close()
