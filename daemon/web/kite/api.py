"""What the addresses of the paper API share: the account, its login, its market."""

from __future__ import annotations

from typing import Final

from daemon.web.kite.call import Call
from daemon.web.kite.login import Login
from daemon.web.kite.user import full_profile_fields, profile_fields
from daemon.web.sources.market import Market
from daemon.web.sources.watched import Watched


class KiteApi:
    """One account's API. Nothing here runs in the daemon's process."""

    def __init__(self, watched: Watched, login: Login) -> None:
        self.watched: Final = watched
        self.login: Final = login
        self.market: Final = Market(watched.directory)
        """The last quotes by symbol; `look` before you read."""

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
