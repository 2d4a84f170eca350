"""What Kite has and the paper API has not: each is refused in words, never left to a 404."""

from __future__ import annotations

from typing import Final

from daemon.web.kite.app import Answer, KiteRoute
from daemon.web.kite.call import Call
from daemon.web.kite.errors import not_on_paper

_METHODS: Final = ("GET", "POST", "PUT", "DELETE")
_REFUSED: Final = (
    ("/session/refresh_token", "the paper API has no refresh tokens; log in again"),
    ("/mf/{rest:path}", "the paper API has no mutual funds"),
    ("/alerts", "the paper API has no alerts"),
    ("/alerts/{rest:path}", "the paper API has no alerts"),
    ("/portfolio/holdings/auctions", "the paper API has no auctions"),
    ("/portfolio/holdings/authorise", "the paper API has no holdings to authorise"),
    ("/instruments/trigger_range/{side}", "the paper API has no cover orders, so no ranges"),
    (
        "/instruments/{exchange}/{symbol}/trigger_range",
        "the paper API has no cover orders, so no ranges",
    ),
)


def refused_routes() -> list[KiteRoute]:
    """Return the addresses that are answered with a refusal, whatever the method."""
    return [
        KiteRoute(path, method, _refusing(words)) for path, words in _REFUSED for method in _METHODS
    ]


def _refusing(words: str) -> Answer:
    async def refuse(_: Call) -> object:
        raise not_on_paper(words)

    return refuse
