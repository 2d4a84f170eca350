"""Credentials for tests, whose secrets are easy to find where they must not be."""

from __future__ import annotations

from typing import Final

from feeds.kite.credentials import Credentials, Secret

KEY: Final = "canarykey0123"
TOKEN: Final = "canarytoken4567"


def credentials(access_token: str = TOKEN) -> Credentials:
    """An account's credentials with this access token."""
    return Credentials(api_key=KEY, access_token=Secret(access_token), login_ts=0)
