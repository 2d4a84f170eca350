"""Check the addresses that a token may be sent to."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from daemon.errors import ConfigError


def checked_url(url: str) -> str:
    """Return the base address without its trailing slash.

    Raises ConfigError for an address that would expose the token on its way. Only https is
    accepted, or plain http to this machine.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    known = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not host or not known or parts.username is not None or parts.query or parts.fragment:
        raise ConfigError(
            "feed.kite.api_url: expected https://HOST, or http:// to this machine (127.0.0.1),"
            " without a user, query or fragment"
        )
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
