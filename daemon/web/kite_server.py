"""The paper API put together: keys, the way to the daemon, and a listener of its own."""

from __future__ import annotations

from functools import partial
from itertools import starmap
from pathlib import Path
from typing import Final, NamedTuple

import anyio
import msgspec

from daemon.control.request_messages import Answer, Outcome
from daemon.domain.order_requests import OrderRequest
from daemon.domain.order_results import OrderResult
from daemon.errors import UsageError
from daemon.settings.config import Config
from daemon.web.access.sessions import TOKEN_FILE, ApiKeys, put_api_keys
from daemon.web.daemon_requests import DaemonRequests
from daemon.web.kite.api import KiteApi
from daemon.web.kite.app import CROWDED, KiteApp
from daemon.web.kite.errors import KiteError, away, bad_input
from daemon.web.kite.historical import Candle
from daemon.web.kite.keys import KEYS_FILE, Keys, read_or_make_keys
from daemon.web.kite.login import Login
from daemon.web.kite.market_data import MarketData, Recorded
from daemon.web.kite.postbacks import Postbacks
from daemon.web.kite.rates import Rates
from daemon.web.kite.routes import table_of
from daemon.web.kite.ticker_protocol import TickerProtocol
from daemon.web.listener import Listener, cut
from daemon.web.recorded_market import days_of, dumps_of, minutes_of
from daemon.web.site import Site


class KiteAddress(NamedTuple):
    """Where the paper API listens; port 0 is any that is free."""

    host: str
    port: int


class KiteServer:
    """The paper API of an account."""

    def __init__(self, site: Site, address: KiteAddress) -> None:
        """Listen first: a port that is taken ends the start. Raises UsageError."""
        watched = site.watched
        self.listener: Final = Listener(*address, option="--kite-port")
        try:
            credentials = watched.directory / TOKEN_FILE
            login = Login(
                watched.directory / KEYS_FILE, watched.name, lambda keys: _copy(credentials, keys)
            )
            self._requests: Final = DaemonRequests(watched.directory, site.follower.changes)
            self.api: Final = KiteApi(watched, login, self._ask, site.follower.changes, cut)
            rates = Rates(is_on=self.api.account.api_config.rates != "off")
            recorded = _recorded_of(site, self.api.account.config)
            self.data: Final = MarketData(watched.directory, login.is_session, recorded)
            login.on_end = partial(self.data.ticker.end_all, "the session is over")
            self._postbacks: Final = Postbacks(self.api, self.data.ticker)
            table = [*self.data.table(), *table_of(self.api)]  # quotes are asked for most often
            self.app: Final = KiteApp(table, login, rates, self.data.sockets())
        except BaseException:
            self.listener.close()
            raise

    async def serve(self) -> None:
        """Answer until the listener is stopped."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._requests.run)
                tasks.start_soon(self.data.ticker.follow)
                tasks.start_soon(self._postbacks.follow)
                await self.listener.serve(self.app, sockets=TickerProtocol, crowded=CROWDED)
                tasks.cancel_scope.cancel()
        finally:
            self.api.account.close()
            self.data.close()

    async def _ask(self, order: OrderRequest) -> OrderResult:
        return result_of(await self._requests.ask(order))


def _recorded_of(site: Site, config: Config) -> Recorded:
    return Recorded(
        dumps=dumps_of(site, config),
        minutes_of=lambda symbol, day: starmap(Candle, minutes_of(site, symbol, day)),
        days_of=lambda: days_of(site, config),
    )


def result_of(answer: Answer) -> OrderResult:
    """Return what the daemon made of a request. Raises KiteError where it did nothing."""
    if answer.result is not None:
        return answer.result
    match answer.outcome:
        case Outcome.BUSY:
            raise KiteError(429, "NetworkException", answer.text)
        case Outcome.REFUSED | Outcome.DONE:
            raise bad_input(answer.text)
        case Outcome.WITHDRAWN | Outcome.UNKNOWN:
            raise away(answer.text)


def shown_keys(directory: Path) -> str:
    """Return the keys of an account as JSON, made where there are none. Raises UsageError."""
    keys = read_or_make_keys(directory / KEYS_FILE)
    return msgspec.json.format(msgspec.json.encode(keys), indent=1).decode()


def _copy(credentials: Path, keys: Keys) -> None:
    """Put the keys next to the page's token, so that one file lets in everywhere."""
    copied = {name: getattr(keys, name) for name in ApiKeys._fields}
    try:
        put_api_keys(credentials, ApiKeys(**copied))
    except UsageError as error:
        raise away(str(error)) from error
