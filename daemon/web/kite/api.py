"""What the addresses of the paper API share: the account, its login, its market."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from daemon.web.kite.call import Call
from daemon.web.kite.historical import DaysOf, Historical, MinutesOf
from daemon.web.kite.instruments import Instruments
from daemon.web.kite.login import Login
from daemon.web.kite.quotes import Quotes
from daemon.web.kite.ticker import Ticker
from daemon.web.kite.user import full_profile_fields, profile_fields
from daemon.web.sources.market import Market
from daemon.web.sources.watched import Watched


class Recorded(NamedTuple):
    """What the daemon keeps of the market, handed in: reading it imports what reads of a broker."""

    dumps: Path
    """The directory of Kite's daily lists of instruments."""
    minutes_of: MinutesOf
    days_of: DaysOf


class KiteApi:
    """One account's API. Nothing here runs in the daemon's process."""

    def __init__(self, watched: Watched, login: Login, recorded: Recorded) -> None:
        self.watched: Final = watched
        self.login: Final = login
        self.market: Final = Market(watched.directory)
        """The last quotes by symbol; `look` before you read."""
        self.quotes: Final = Quotes(self.market)
        self.instruments: Final = Instruments(self.market, recorded.dumps)
        self.historical: Final = Historical(self.market, recorded.minutes_of, recorded.days_of)
        self.ticker: Final = Ticker(Market(watched.directory), login.is_session)

    @property
    def account(self) -> str:
        """Return the account's name."""
        return self.watched.name

    async def profile(self, _: Call) -> object:
        """Return the user."""
        return profile_fields(self.account)

    async def full_profile(self, _: Call) -> object:
        """Return the user with everything Kite's page of it shows."""
        return full_profile_fields(self.account)
