"""`/metrics` and `/healthz`: open to a monitoring system, which has no session."""

from __future__ import annotations

from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from daemon.process.clock import MACHINE_CLOCKS
from daemon.web.access.guard import is_equal, is_loopback
from daemon.web.monitoring.health import Health, health_of
from daemon.web.monitoring.samples import exposition
from daemon.web.panels.view import View
from daemon.web.serving.requests import Asked, Refused, json
from daemon.web.serving.threads import Threads
from daemon.web.stream.follower import Follower

_BEARER: Final = "Bearer "


class Monitoring:
    """The answers over one follower."""

    def __init__(self, follower: Follower, threads: Threads, token: str) -> None:
        """`token` is what `/metrics` is asked with; without one only this machine may ask."""
        self._follower = follower
        self._threads = threads
        self._token = token

    async def metrics(self, asked: Asked) -> Response:
        """Return the account's numbers. Raises Refused."""
        self._check(asked)
        if fault := self._follower.shown.fault:
            raise Refused(503, fault)
        body = await self._threads.with_fold(lambda: exposition(self._view()))
        return Response(body, media_type=CONTENT_TYPE_LATEST)

    async def health(self, _: Asked) -> Response:
        """Return whether all is well, and why: 200 or 503."""
        found = await self._threads.with_fold(self._health)
        return json({"ok": found.ok, "why": found.why}, 200 if found.ok else 503)

    def _health(self) -> Health:
        fault = self._follower.shown.fault
        return Health(False, fault) if fault else health_of(self._view())

    def _view(self) -> View:
        return self._follower.view(MACHINE_CLOCKS.wall_ns())

    def _check(self, asked: Asked) -> None:
        headers = asked.request.headers
        if not self._token:
            if not is_loopback(headers.get("host", "")):
                raise Refused(403, "set web.metrics_token_file to ask from elsewhere")
            return
        given = headers.get("authorization", "")
        if not given.startswith(_BEARER) or not is_equal(given.removeprefix(_BEARER), self._token):
            raise Refused(401, "expected the token of web.metrics_token_file as a bearer")
