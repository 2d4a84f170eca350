"""What each of the programs is told: where the API is, and its keys."""

from __future__ import annotations

import json
import os
from typing import Any

from kiteconnect import KiteConnect, KiteTicker  # type: ignore[import-untyped]

ROOT = os.environ["KITE_ROOT"]
"""The one address that was changed; without it the client asks the broker."""
TICKER_ROOT = ROOT.replace("http", "ws")


def logged_in() -> tuple[Any, Any]:
    """A client and a ticker after the day's login."""
    with open(os.environ["KITE_KEYS"], encoding="utf-8") as file:
        keys = json.load(file)
    kite = KiteConnect(api_key=keys["api_key"], root=ROOT, timeout=60)
    session = kite.generate_session(keys["request_token"], api_secret=keys["api_secret"])
    kite.set_access_token(session["access_token"])
    ticker = KiteTicker(keys["api_key"], session["access_token"], root=TICKER_ROOT)
    return kite, ticker


def told(**outcome: Any) -> None:
    """The last line: what the program did."""
    os.write(1, (json.dumps(outcome, default=str) + "\n").encode())
