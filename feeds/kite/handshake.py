"""Open a WebSocket to Kite; word what can go wrong without secrets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import ssl
from collections.abc import Callable
from typing import Final
from urllib.parse import SplitResult, urlencode, urlsplit

from picows import WSError, WSHandshakeError, WSListener, WSParsedURL, WSTransport, ws_connect

from daemon.errors import ConfigError
from feeds.kite.addresses import is_loopback
from feeds.kite.credentials import Credentials

PROTOCOL_HEADERS: Final = {"X-Kite-Version": "3"}
MOST_MESSAGE_BYTES: Final = 1024 * 1024
"""Kite's largest frame, 3,000 full packets, has 560 KB."""

# The library logs requests, token included, at its lowest level. Everything else it reports comes
# back as an exception.
_SILENT: Final = logging.getLogger("feeds.kite.picows")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False
_SILENT.setLevel(logging.CRITICAL)


class ConnectFailed(Exception):
    """An attempt to connect failed: the reason, and the HTTP status if there was one."""

    def __init__(self, reason: str, status: int | None = None):
        super().__init__(reason)
        self.reason = reason
        self.status = status


def checked_url(url: str) -> str:
    """Return `url` if the access token may travel there: encrypted, or within this machine.

    Raises ConfigError, naming scheme and host only, since someone may have pasted a token.
    """
    try:
        parts = urlsplit(url)
        is_address = parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise ConfigError("feed.kite.ticker_url: expected wss://HOST or wss://HOST:PORT")
    where = f"feed.kite.ticker_url: {parts.scheme}://{parts.hostname}"
    if parts.query or parts.fragment or parts.username is not None:
        raise ConfigError(f"{where}: expected no user, query or fragment, they are added later")
    if parts.scheme != "wss" and not (parts.scheme == "ws" and is_loopback(parts.hostname or "")):
        raise ConfigError(
            f"{where}: expected wss://, the access token would travel unencrypted; ws:// is for "
            "a server on this machine (ws://127.0.0.1:PORT)"
        )
    return url


async def connect(
    url: str, credentials: Credentials, listener: Callable[[], WSListener], timeout_s: float
) -> WSTransport:
    """Open a WebSocket to `url` and complete its handshake.

    Raises ConnectFailed for any failure.
    """
    parts = urlsplit(url)
    key, token = credentials.api_key, credentials.access_token.reveal()
    query = urlencode({"api_key": key, "access_token": token})
    opened: list[socket.socket] = []

    async def open_socket(_: WSParsedURL) -> socket.socket:
        opened.append(await _open_tcp(parts, timeout_s))
        return opened[0]

    failure: ConnectFailed
    try:
        async with asyncio.timeout(timeout_s):
            transport, _ = await ws_connect(
                listener,
                f"{url}?{query}",
                websocket_handshake_timeout=None,
                logger_name=_SILENT,
                enable_auto_pong=False,
                max_frame_size=MOST_MESSAGE_BYTES,
                extra_headers=PROTOCOL_HEADERS,
                max_redirects=0,
                socket_factory=open_socket,
            )
            return transport
    except BaseException as error:
        _abandon(opened)
        if not isinstance(error, (OSError, WSError)):
            raise
        failure = _failure(error, parts, timeout_s)
    # Raised here so that the library's exception, which may hold the URL, is not its context.
    raise failure


async def _open_tcp(parts: SplitResult, timeout_s: float) -> socket.socket:
    """Return a connected socket; each of the host's addresses gets its share of the time."""
    loop = asyncio.get_running_loop()
    port = parts.port or (443 if parts.scheme == "wss" else 80)
    found = await loop.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    failed: OSError = TimeoutError()
    for family, kind, protocol, _, address in found:
        opened = socket.socket(family, kind, protocol)
        opened.setblocking(False)
        try:
            async with asyncio.timeout(timeout_s / (len(found) + 1)):
                await loop.sock_connect(opened, address)
        except OSError as error:
            opened.close()
            failed = error
        except BaseException:
            opened.close()
            raise
        else:
            return opened
    raise failed


def _abandon(opened: list[socket.socket]) -> None:
    """End a connection whose handshake was given up.

    By then the library's transport owns the socket and is out of reach; it sees the end of the
    stream and closes.
    """
    for connection in opened:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def _failure(error: OSError | WSError, parts: SplitResult, timeout_s: float) -> ConnectFailed:
    match error:
        case WSHandshakeError(response=response) if response is not None:
            status = response.status
            return ConnectFailed(f"HTTP {int(status)} {status.phrase}", int(status))
        case WSError():
            return ConnectFailed("the answer was no WebSocket handshake")
        case ssl.SSLCertVerificationError():
            return ConnectFailed(f"TLS: {error.verify_message}")
        case ssl.SSLError():
            return ConnectFailed(f"TLS: {error.reason or 'handshake failed'}")
        case socket.gaierror():
            return ConnectFailed(f"DNS: {parts.hostname} is not known")
        case TimeoutError():
            return ConnectFailed(f"no answer within {timeout_s:g} s")
    words = os.strerror(error.errno) if error.errno else type(error).__name__
    return ConnectFailed(words.lower())
