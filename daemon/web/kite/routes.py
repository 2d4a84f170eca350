"""The flat table of the paper API's addresses, one line each."""

from __future__ import annotations

from daemon.web.kite.api import KiteApi
from daemon.web.kite.app import KiteRoute


def table_of(api: KiteApi) -> list[KiteRoute]:
    """Return every address."""
    login = api.login
    return [
        KiteRoute("/session/token", "POST", login.exchange, is_open=True),
        KiteRoute("/session/token", "DELETE", login.invalidate),
        KiteRoute("/user/profile", "GET", api.profile),
        KiteRoute("/user/profile/full", "GET", api.full_profile),
    ]
