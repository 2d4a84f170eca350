"""The other listeners of the page's process: their addresses, and keys of one at another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import httpx

from daemon.domain.order_requests import OrderRequest
from daemon.domain.order_results import OrderResult
from daemon.web.kite.api import KiteApi
from daemon.web.kite.keys import KEYS_FILE
from daemon.web.kite.login import Login
from daemon.web.kite.market_data import MarketData, Recorded
from daemon.web.kite.routes import table_of
from daemon.web.sources.pending_changes import PendingChanges
from daemon.web.sources.watched import Watched

_PART: Final = re.compile(r"\{[^}]*\}")
HOOK_ROUTES: Final = (
    ("POST", f"/hook/{'x' * 43}"), ("GET", f"/hook/{'x' * 43}"), ("POST", "/hook"), ("GET", "/"),
    ("GET", "/login"), ("GET", "/api/now"), ("GET", "/metrics"), ("POST", "/orders/regular"),
)  # fmt: skip


class Keys(NamedTuple):
    """What lets in at the page, at the paper API, and at the hooks."""

    cookie: str
    page_token: str
    kite: str
    """The whole `Authorization` of a program."""
    hook: str


class Crossed(NamedTuple):
    """What a listener answered to the keys of another."""

    what: str
    status: int
    body: bytes
    allows_origin: bool
    """Another site's script may read the answer."""


def kite_routes(account: Path) -> list[tuple[str, str]]:
    """Return (method, address) of the whole paper API, each `{part}` filled."""
    login = Login(account / KEYS_FILE, account.name, lambda _: None)
    api = KiteApi(
        Watched(directory=account, out=account.parent.parent), login, _ask_nothing, PendingChanges()
    )
    recorded = Recorded(dumps=account, minutes_of=lambda *_: iter(()), days_of=lambda: {})
    data = MarketData(account, login.is_session, recorded)
    try:
        table = [*table_of(api), *data.table()]
    finally:
        api.account.close()
        data.close()
    return [(row.method, _PART.sub("1", row.path)) for row in table]


async def _ask_nothing(_: OrderRequest) -> OrderResult:
    raise AssertionError("only the addresses are wanted")


def crossed(ports: Sequence[int], keys: Keys) -> list[Crossed]:
    """Try the keys of page, API and hooks at the others' ports, as another site's script would."""
    page, kite, hooks = (f"http://127.0.0.1:{port}" for port in ports)
    return list(_crossed(page, kite, hooks, keys))


def _crossed(page: str, kite: str, hooks: str, keys: Keys) -> Iterator[Crossed]:
    cookie, program = {"cookie": keys.cookie}, {"authorization": keys.kite}
    token = {"authorization": f"token paper:{keys.page_token}"}
    with httpx.Client(timeout=30, headers={"origin": "http://127.0.0.1:1"}) as client:
        for what, method, url, headers in (
            ("page's session at the API", "GET", f"{kite}/orders", cookie),
            ("page's token at the API", "GET", f"{kite}/orders", token),
            ("page's session at the API", "POST", f"{kite}/orders/regular", cookie),
            ("hook's token at the API", "POST", f"{kite}/hook/{keys.hook}", {}),
            ("hook's token at the page", "POST", f"{page}/hook/{keys.hook}", {}),
            ("program's keys at the page", "GET", f"{page}/api/now", program),
            ("program's keys at the hooks", "GET", f"{hooks}/orders", program),
            ("page's session at the hooks", "GET", f"{hooks}/api/now", cookie),
            ("page's session at the hooks", "POST", f"{hooks}/hook/x", cookie),
            ("a preflight at the API", "OPTIONS", f"{kite}/orders/regular", program),
            ("a preflight at the hooks", "OPTIONS", f"{hooks}/hook/{keys.hook}", {}),
        ):
            answer = client.request(method, url, headers=headers)
            allows = any(name.startswith("access-control") for name in answer.headers)
            yield Crossed(what, answer.status_code, answer.content, allows)
