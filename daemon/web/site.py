"""The page of one account or run: what its routes share, and what each of them answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import anyio
import msgspec
from starlette.responses import Response

from daemon import VERSION
from daemon.process.clock import MACHINE_CLOCKS
from daemon.web.access.sessions import SESSION_S, Sessions, TooManyWrong
from daemon.web.actions import Action, Actions
from daemon.web.monitoring.answers import Monitoring
from daemon.web.order_entry import OrderAsked, OrderEntry, contract_rows
from daemon.web.panels.chain import chain_panel
from daemon.web.panels.view import View
from daemon.web.past.answers import Past
from daemon.web.serving.page_files import OPEN_TO_ALL, Asset, chart_assets, page_assets
from daemon.web.serving.pieces import Cut
from daemon.web.serving.requests import Asked, Refused, json, raw_json
from daemon.web.serving.routes import PageRoute
from daemon.web.serving.threads import Threads
from daemon.web.sources.watched import Watched
from daemon.web.stream import messages
from daemon.web.stream.clients import Clients, TooManyStreams
from daemon.web.stream.event_stream import EventStream
from daemon.web.stream.follower import Follower

LOOK_EVERY_S: Final = 0.1
LOOK_UNSEEN_S: Final = 0.5
"""Seconds between two looks while no page is open: programs at the API share the interpreter."""


class Login(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a login."""

    token: str


class Site:
    """The one follower of a process, its clients, and the answers."""

    def __init__(
        self,
        watched: Watched,
        sessions: Sessions,
        *,
        cookie: str,
        cut: Cut,
        metrics_token: str = "",
    ) -> None:
        """`cookie` is the name of the session's cookie; `cut` drops a connection.

        `metrics_token` is what `/metrics` is asked with, empty where it needs none.
        """
        self.watched: Final = watched
        self.sessions: Final = sessions
        self.clients: Final = Clients()
        self.follower: Final = Follower(watched)
        self.actions: Final = Actions(watched.directory)
        self.orders: Final = OrderEntry(watched.directory, self.follower.changes)
        self._cookie = cookie
        self._cut = cut
        self._files: dict[str, Asset] = page_assets()
        self._charts: dict[str, Asset] = chart_assets()
        self._threads = Threads()
        self.past: Final = Past(self.follower, self._threads)
        self.monitoring: Final = Monitoring(self.follower, self._threads, metrics_token)

    # the one task

    async def follow(self) -> None:
        """Look at the journal until cancelled, without a pause while behind.

        Ten times a second while a page is open, else twice.

        Answers of the daemon to orders are read meanwhile.
        """
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.orders.requests.run)
            await self._follow()

    async def _follow(self) -> None:
        is_first = True
        try:
            while True:
                await self.look()
                if is_first and not self.clients.shown.fault:
                    is_first = False
                    await self.past.find_day_low()  # what was before this process began
                pause_s = LOOK_EVERY_S if len(self.clients) else LOOK_UNSEEN_S
                await anyio.sleep(0 if self.clients.shown.is_behind else pause_s)
        finally:
            self.follower.close()

    async def look(self) -> None:
        """Look once, and share what is new."""
        now = MACHINE_CLOCKS.wall_ns()
        self.clients.publish(await self._threads.with_fold(lambda: self.follower.step(now)))

    async def with_view(self, work: Callable[[View], None]) -> None:
        """Call `work` with a view of the account while nothing else touches it, if there is one."""
        now = MACHINE_CLOCKS.wall_ns()

        def look() -> None:
            if not self.follower.shown.fault:
                work(self.follower.view(now))

        await self._threads.with_fold(look)

    # who

    async def login(self, asked: Asked) -> Response:
        """Exchange the token for a session."""
        body = await asked.body(Login)
        try:
            found = self.sessions.login(body.token, time.monotonic())
        except TooManyWrong as error:
            raise Refused(429, "too many wrong tokens; wait a minute") from error
        if found is None:
            raise Refused(401, "this is not the page's token; `credentials FILE` names where it is")
        cookie, session = found
        response = json({"csrf": session.csrf})
        response.set_cookie(
            self._cookie, cookie, max_age=SESSION_S, path="/", httponly=True, samesite="strict"
        )
        return response

    async def logout(self, asked: Asked) -> Response:
        """End the session and its streams."""
        self.sessions.logout(asked.who)
        self.clients.end("session over", asked.who.name)
        response = json({})
        response.delete_cookie(self._cookie, path="/", httponly=True, samesite="strict")
        return response

    async def session(self, asked: Asked) -> Response:
        """Say whose page it is."""
        watched = self.watched
        return json(
            {
                "csrf": asked.who.csrf,
                "account": self.follower.account,
                "run": None if watched.is_account else watched.name,
                "can_command": self.actions.can_command(),
                "version": VERSION,
            }
        )

    # files

    async def page(self, asked: Asked) -> Response:
        """Return the page's document."""
        return self._file(asked, self._files, "page.html")

    async def login_page(self, asked: Asked) -> Response:
        """Return the document of the login."""
        return self._file(asked, self._files, "login.html")

    async def asset(self, asked: Asked) -> Response:
        """Return a file of the page; those of the login are open to all."""
        name = str(asked.request.path_params["name"])
        if asked.session is None and name not in OPEN_TO_ALL:
            raise Refused(401, "log in first")
        if name.endswith(".html"):
            raise Refused(404, "there is no such file")
        return self._file(asked, self._files, name)

    async def chart(self, asked: Asked) -> Response:
        """Return a file of the charts."""
        return self._file(asked, self._charts, str(asked.request.path_params["name"]))

    def _file(self, asked: Asked, files: dict[str, Asset], name: str) -> Response:
        asset = files.get(name)
        if asset is None:
            raise Refused(404, "there is no such file")
        headers = {"ETag": asset.tag, "Cache-Control": "no-cache"}
        if asked.request.headers.get("if-none-match") == asset.tag:
            return Response(status_code=304, headers=headers)
        return Response(asset.body, media_type=asset.kind, headers=headers)

    # what is shown

    async def now(self, asked: Asked) -> Response:
        """Return everything that is shown."""
        self._refuse_fault()
        return raw_json(messages.snapshot_data(self.clients.shown))

    async def stream(self, asked: Asked) -> Response:
        """Follow what is shown."""
        self._refuse_fault()
        request = asked.request
        last = request.headers.get("last-event-id") or request.query_params.get("last", "")
        try:
            client = self.clients.join(asked.who.name, messages.place_of(last))
        except TooManyStreams as error:
            raise Refused(503, str(error)) from error
        return EventStream(self.clients, client, cut=self._cut, is_over=self.sessions.is_over)

    async def chain(self, asked: Asked) -> Response:
        """Return the option chain around the money, of an underlying and an expiry."""
        self._refuse_fault()
        underlying, expiry, follower = asked.name("underlying"), asked.name("expiry"), self.follower
        now = MACHINE_CLOCKS.wall_ns()
        work = lambda: chain_panel(follower.view(now), underlying, expiry)  # noqa: E731
        return json(await self._threads.with_fold(work))

    async def do(self, asked: Asked) -> Response:
        """Hand a person's request to the daemon."""
        action = await asked.body(Action)
        accepted, text = await self.actions.do(action)
        return json({"accepted": accepted, "text": text})

    async def order(self, asked: Asked) -> Response:
        """Hand a person's request for an order to the daemon."""
        return json(await self.orders.ask(await asked.body(OrderAsked)))

    async def contracts(self, asked: Asked) -> Response:
        """Return what can be traded."""
        view = self.follower.view(MACHINE_CLOCKS.wall_ns())
        return json(contract_rows(view.universe))

    def _refuse_fault(self) -> None:
        if self.clients.shown.fault:
            raise Refused(503, self.clients.shown.fault)


def table_of(site: Site) -> list[PageRoute]:
    """Return every route of the page."""
    return [
        PageRoute("/", site.page, is_page=True),
        PageRoute("/login", site.login_page, is_open=True, is_page=True),
        PageRoute("/login", site.login, "POST", is_open=True, needs_csrf=False),
        PageRoute("/logout", site.logout, "POST"),
        PageRoute("/assets/{name:path}", site.asset, is_open=True),
        PageRoute("/charts/{name}", site.chart),
        PageRoute("/api/session", site.session),
        PageRoute("/api/now", site.now),
        PageRoute("/api/stream", site.stream),
        PageRoute("/api/chain", site.chain),
        PageRoute("/api/trade/{trade}", site.past.trade),
        PageRoute("/api/round/{round}", site.past.round),
        PageRoute("/api/candles", site.past.candles),
        PageRoute("/api/curves", site.past.curves),
        PageRoute("/api/days", site.past.days),
        PageRoute("/api/runs", site.past.runs),
        PageRoute("/api/history", site.past.history),
        PageRoute("/api/compare", site.past.compare),
        PageRoute("/metrics", site.monitoring.metrics, is_open=True),
        PageRoute("/healthz", site.monitoring.health, is_open=True),
        PageRoute("/api/do", site.do, "POST"),
        PageRoute("/api/contracts", site.contracts),
        PageRoute("/api/ticket", site.order, "POST"),
    ]
