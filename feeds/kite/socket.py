"""Keep one connection to Kite's ticker up."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final, Literal

import anyio
from picows import WSMsgType, WSProtocolError, WSTransport

from daemon.errors import DaemonError, TokenRefused
from daemon.settings.config import KiteConfig
from feeds.kite.credentials import Credentials
from feeds.kite.handshake import ConnectFailed, checked_url, connect
from feeds.kite.link import ENDED, Link, LinkCounts
from feeds.kite.subscription import Mode, Subscription
from feeds.kite.texts import printable
from feeds.live.backoff import Backoff
from feeds.live.inbox import FrameInbox

LinkState = Literal["connecting", "live", "reconnecting", "closed"]
OnState = Callable[[int, LinkState, str], None]

BATCH_PAUSE_S: Final = 0.1
"""Pause between two batches of subscriptions, so that they do not flood the server."""
FORBIDDEN: Final = 403
REFUSAL: Final = (
    "Kite refused the access token (HTTP 403): tokens end at 06:00 each day and at a logout; "
    "run `run_fno_paper login`, then start again"
)


class TickerSocket:
    """Keeps one connection up and subscribed as wanted, with its frames flowing into the inbox.

    `on_state(number, state, text)` is called once per change of either: `live` from the first
    binary message on (a handshake alone proves nothing), `text` the reason or the server's words.
    Raises ConfigError for a `url` that the access token may not travel to.
    """

    def __init__(
        self,
        *,
        url: str,
        read_credentials: Callable[[], Credentials],
        inbox: FrameInbox,
        on_state: OnState,
        number: int,
        config: KiteConfig,
        rng: random.Random,
        now: Callable[[], float],
        batch_pause_s: float = BATCH_PAUSE_S,
    ):
        self._url = checked_url(url)
        self._read_credentials = read_credentials
        self._inbox = inbox
        self._on_state = on_state
        self._number = number
        self._config = config
        self._now = now
        self._batch_pause_s = batch_pause_s
        self._backoff = Backoff(rng, config.reconnect_max_s)
        self._subscription = Subscription()
        self._changed = anyio.Event()
        self._credentials: Credentials | None = None
        self._link: Link | None = None
        self._state: LinkState = "connecting"
        self._reported: tuple[LinkState, str] | None = None
        self.counts = LinkCounts()

    @property
    def attempts(self) -> int:
        """Return the number of attempts to connect since the link was last live."""
        return self._backoff.attempts

    def want(self, tokens: Mapping[int, Mode]) -> None:
        """Replace the wanted set; a live connection is sent the difference."""
        self._subscription.want(tokens)
        self._changed.set()

    def renew(self, reason: str) -> None:
        """Drop the connection that is open or being made, and make a new one."""
        if self._link is not None:
            self._link.end(reason)

    async def run(self) -> None:
        """Connect, read, and reconnect, until cancelled.

        Raises TokenRefused if Kite refuses the access token, and whatever `read_credentials`
        raises.
        """
        self._say("connecting")
        why_closed = "stopped"
        try:
            while True:
                lost = await self._connect_and_read()
                self._say("connecting" if self._state == "connecting" else "reconnecting", lost)
                await anyio.sleep(self._backoff.pause_s())
        except DaemonError as error:
            why_closed = str(error)
            raise
        finally:
            self._say("closed", why_closed)

    async def _connect_and_read(self) -> str:
        """Run one connection from handshake to end, and return why it ended."""
        self._credentials = credentials = self._read_credentials()
        self._link = link = Link(self._inbox, self.counts, self._now, self._live, self._report)
        try:
            transport = await connect(
                self._url, credentials, lambda: link, self._config.connect_timeout_s
            )
        except ConnectFailed as failed:
            reason, status = failed.reason, failed.status
            link.end(reason)
        else:
            return await self._read(link, transport)
        if status == FORBIDDEN:
            raise TokenRefused(REFUSAL)
        return reason

    async def _read(self, link: Link, transport: WSTransport) -> str:
        if not link.is_open:
            return "the connection was closed during the handshake"
        if link.ended:
            transport.disconnect(graceful=False)
            return link.ended
        self._subscription.forget()
        self._changed.set()
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._subscribe, link, transport)
                tasks.start_soon(self._watch, link)
                reason = await _until_closed(transport)
                tasks.cancel_scope.cancel()
        finally:
            transport.disconnect(graceful=False)
        return link.ended or reason

    async def _subscribe(self, link: Link, transport: WSTransport) -> None:
        """Send what is wanted and not yet requested, batch by batch, again after each change."""
        while True:
            await self._changed.wait()
            self._changed = anyio.Event()
            await link.writable.wait()
            while batch := self._subscription.next_batch():
                for request in batch:
                    transport.send(WSMsgType.TEXT, request.encode())
                await anyio.sleep(self._batch_pause_s)
                await link.writable.wait()

    async def _watch(self, link: Link) -> None:
        """End a link that is silent for too long: a half-open one looks just like that."""
        timeout_s = self._config.read_timeout_s
        while True:
            quiet_s = 0.0 if link.is_held_back else self._now() - link.last_heard
            if quiet_s >= timeout_s:
                link.end(f"nothing was heard for {timeout_s:g} s")
                return
            await anyio.sleep(timeout_s - quiet_s)

    def _live(self) -> None:
        self._backoff.reset()
        self._say("live")

    def _report(self, words: str) -> None:
        assert self._credentials is not None
        secrets = (self._credentials.access_token.reveal(), self._credentials.api_key)
        self._say(self._state, f"Kite says: {printable(words, secrets)}")

    def _say(self, state: LinkState, text: str = "") -> None:
        self._state = state
        if self._reported != (state, text):
            self._reported = (state, text)
            self._on_state(self._number, state, text)


async def _until_closed(transport: WSTransport) -> str:
    """Wait for the end of the connection and return what the library found wrong with it, if
    anything.

    An exception from a callback is not the link's fault and is raised here.
    """
    try:
        await transport.wait_disconnected()
    except WSProtocolError as error:
        return f"the server broke the WebSocket protocol (code {int(error.code)})"
    return ENDED
