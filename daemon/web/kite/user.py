"""Who the user is."""

from __future__ import annotations

from daemon.web.kite.api import KiteApi
from daemon.web.kite.call import Call
from daemon.web.kite.user_fields import full_profile_fields, profile_fields


class User:
    """What is under the addresses of the profile."""

    def __init__(self, api: KiteApi) -> None:
        self._api = api

    async def profile(self, _: Call) -> object:
        """Return the user."""
        return profile_fields(self._api.user_id)

    async def full_profile(self, _: Call) -> object:
        """Return the user with everything that Kite's own page of it shows."""
        return full_profile_fields(self._api.user_id)
