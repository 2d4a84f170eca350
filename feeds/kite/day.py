"""Prepare a live day: its instruments, its watchlist, and its access to Kite."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from daemon.domain.dates import ist_date
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.errors import DaemonError, ExitCode, FeedError, TokenRefused
from daemon.settings.config import Config, KiteConfig, UniverseConfig
from feeds.contracts.aliases import resolve_strategies
from feeds.contracts.expiries import expired_at
from feeds.contracts.facts import ContractLookup
from feeds.contracts.lookup import Contracts, read_contracts
from feeds.contracts.universe import build_universe, is_written_out
from feeds.kite.addresses import is_loopback
from feeds.kite.credentials import (
    Credentials,
    Secret,
    credentials_path,
    is_expired,
    read_credentials,
)
from feeds.kite.dump import InstrumentsCache, dump_date
from feeds.kite.history import HistoricalCandles, historical_candles
from feeds.kite.http import Exchange, KiteHttp
from feeds.kite.plan_universe import with_plans
from feeds.kite.selection import exchanges_needed, select, spot_keys
from feeds.live.watchlist import FixedWatchlist, Watchlist

DAYS_AHEAD: Final = 15
Session = Callable[[Instrument, dt.date], tuple[int, int] | None]


class NoSessionToday(DaemonError):
    """The market is closed for today: not an error, and there is nothing to do."""

    exit_code = ExitCode.STOPPED


class LiveDay:
    """The day of a live run; `config` has the day's symbols in its strategies."""

    def __init__(
        self,
        config: Config,
        universe: Universe,
        watchlist: Watchlist,
        read: Callable[[], Credentials],
        http: KiteHttp | None,
        session: Session,
    ) -> None:
        self.config = config
        self.universe = universe
        self.watchlist = watchlist
        self.read_credentials = read
        self.http = http
        self._session = session

    def candles(self, subscriptions: Mapping[str, Iterable[int]], *, now: int) -> HistoricalCandles:
        """Return the closed candles that warm the strategies up. Raises TokenRefused."""
        assert self.http is not None
        return historical_candles(
            self.http, self.universe, subscriptions, now=now,
            count=self.config.strategies.warmup_candles, session=self._session,
        )  # fmt: skip


def credentials_reader(config: KiteConfig) -> Callable[[], Credentials]:
    """Return a function that reads the login at each call; a server on this machine needs none."""
    path = credentials_path(config)
    if not config.credentials_file and not path.exists() and _is_served_here(config):
        return lambda: Credentials("served", Secret("here"), 0)
    return lambda: read_credentials(path)


def _is_served_here(config: KiteConfig) -> bool:
    return is_loopback(urlsplit(config.ticker_url).hostname or "")


def with_held(universe: Universe, held: Iterable[Instrument]) -> Universe:
    """Return the universe followed by the instruments of open positions that it lacks."""
    more = [
        instrument for instrument in held if universe.index_of(instrument.tradingsymbol) is None
    ]
    taken = {instrument.instrument_token for instrument in universe}
    # Kite reuses tokens after an expiry.
    return Universe([*universe, *(_with_free_token(instrument, taken) for instrument in more)])


def _with_free_token(instrument: Instrument, taken: Container[int]) -> Instrument:
    token = instrument.instrument_token
    return replace(instrument, instrument_token=-token) if token in taken else instrument


class DayFinder:
    """Prepares the day, asking Kite for no more than is needed.

    Raises NoSessionToday, ConfigError, FeedError or TokenRefused.
    """

    def __init__(
        self,
        config: Config,
        *,
        out: Path,
        now: int,
        session: Session,
        contracts: ContractLookup,
        data_dir: Path | None = None,
        is_known: Callable[[dt.date], bool] = lambda _: True,
    ) -> None:
        self._config = config
        self._kite = config.feed.kite
        self._now = now
        self._today = ist_date(now)
        self._session = session
        self._contracts = contracts
        self._is_known = is_known
        self.notes: list[str] = []
        """Notes for the trader on the dumps and the windows."""
        self._data_dir = data_dir
        self._directory = Path(self._kite.instruments_cache or out / "instruments")
        self._read = credentials_reader(self._kite)

    def check(self) -> None:
        """Check that there is a session left today and a valid login, without asking Kite."""
        self._check_session()
        self._check_login()

    def find(
        self,
        held: Sequence[Instrument] = (),
        known: Sequence[Instrument] | None = None,
        began: int = 0,
    ) -> LiveDay:
        """Return the day with all its instruments.

        `known` are the instruments of today's recording if the run continues it, and nothing is
        looked up for them; `began` is when that recording began (UTC ns), so that `weekly` and
        `current` mean all day what they meant in the morning. `held` are the instruments of open
        positions.
        """
        http = self._http()
        universe, watchlist, config = self._universe(http, held, known, began)
        return LiveDay(config, universe, watchlist, self._read, http, self._session)

    def _check_session(self) -> None:
        if self._kite.clock == "exchange":
            return
        future = Instrument(instrument_token=1, tradingsymbol="FUT")
        span = self._session(future, self._today)
        if span is None or self._now >= span[1]:
            raise NoSessionToday(self._no_session_line(future))

    def _no_session_line(self, future: Instrument) -> str:
        days = (self._today + dt.timedelta(days=ahead) for ahead in range(1, DAYS_AHEAD))
        following = next((day for day in days if self._session(future, day)), None)
        then = f"; the next session is on {following}" if following is not None else ""
        if following is not None and not self._is_known(following):
            then = "; the calendar ends before the next session"
        return f"the market is closed for {self._today}{then}: nothing to do"

    def _check_login(self) -> None:
        credentials = self._read()
        if credentials.login_ts and is_expired(credentials.login_ts, self._now):
            raise TokenRefused(
                "the access token has ended at 06:00 this morning; run `run_fno_paper login`, "
                "then start again"
            )

    def _http(self) -> KiteHttp | None:
        """Return None where the ticks come from this machine but the API does not."""
        served_here = is_loopback(urlsplit(self._kite.ticker_url).hostname or "")
        api_here = is_loopback(urlsplit(self._kite.api_url).hostname or "")
        if served_here and not api_here:
            return None
        return KiteHttp(self._kite.api_url, self._read())

    def _universe(
        self,
        http: KiteHttp | None,
        held: Sequence[Instrument],
        known: Sequence[Instrument] | None,
        began: int,
    ) -> tuple[Universe, Watchlist, Config]:
        config = self._config
        wanted = with_plans(config.universe, config.plans.items)
        if not wanted.underlyings and all(map(is_written_out, wanted.instruments)):
            universe = Universe(known) if known is not None else self._written(held)
            return universe, FixedWatchlist(len(universe), spots_of(universe)), config
        dump = read_contracts([self._dump(http, exchange) for exchange in exchanges_needed(wanted)])
        selection = select(
            wanted,
            dump,
            is_expired=expired_at(began or self._now, self._today, self._session),
            spots=self._spots(http, dump, wanted),
            held=held,
            known=known,
            contracts=self._contracts,
            data_dir=self._data_dir,
        )
        for note in selection.notes:
            self.notes.append(note)
        resolved = resolve_strategies(config, selection.aliases)
        return selection.universe, selection.watchlist(), resolved

    def _written(self, held: Sequence[Instrument]) -> Universe:
        """Return the universe of instruments written out, which needs no lookup."""
        wanted = self._config.universe
        return with_held(build_universe(wanted, (), self._contracts, data_dir=self._data_dir), held)

    def _spots(
        self, http: KiteHttp | None, dump: Contracts, wanted: UniverseConfig
    ) -> dict[str, int]:
        """Return the current spots, paise; a window without one opens at its first tick."""
        keys = spot_keys(wanted, dump)
        if http is None or not keys:
            return {}
        try:
            prices = http.ltp(list(keys.values()))
        except FeedError as error:
            self.notes.append(f"the spots are not known before their first tick: {error}")
            return {}
        return {
            name: round(prices[key] * PAISE_PER_RUPEE)
            for name, key in keys.items()
            if key in prices
        }

    def _dump(self, http: KiteHttp | None, exchange: Exchange) -> Path:
        dump = InstrumentsCache(self._directory, http, dump_date(self._now)).get(exchange)
        if dump.warning:
            self.notes.append(dump.warning)
        return dump.path


def spots_of(universe: Universe) -> dict[str, int]:
    """Return underlyings mapped to their index in the universe, where an index names its
    underlying.
    """
    return {
        instrument.name: at
        for at, instrument in enumerate(universe)
        if instrument.is_index and instrument.name
    }
