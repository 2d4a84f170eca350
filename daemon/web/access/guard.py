"""Which requests are answered at all, before any route sees them (faces of the page: who may)."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

from daemon.errors import UsageError

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": CSP,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""The headers of every answer."""
_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_PORTS: Final = {"http": 80, "https": 443}


def allowed_hosts(listen: str, port: int, more: Iterable[str] = ()) -> frozenset[str]:
    """Return the values of `Host` that the page answers to.

    A name of `more` without a port stands for itself and for the page's own port. Raises UsageError
    for anything else.
    """
    listened = f"[{listen}]" if ":" in listen else listen
    hosts = {f"{name}:{port}" for name in (*_LOOPBACK, listened)}
    for name in more:
        text = name.strip().lower()
        if not text or any(char in text for char in "/ @?#,*"):
            raise UsageError(f"host {name!r}: expected a name such as desk.example or desk:8500")
        hosts |= {text} if ":" in text else {text, f"{text}:{port}"}
    if port in _PORTS.values():
        hosts |= {host.removesuffix(f":{port}") for host in hosts}
    return frozenset(hosts)


def problem(
    method: str, headers: Mapping[str, str], hosts: frozenset[str], *, is_page: bool
) -> str:
    """Return why a request is refused, empty where it is not.

    `is_page` is true for the two documents that a person opens by typing their address.
    """
    host = headers.get("host", "").lower()
    if host not in hosts:
        return "the page does not answer to this host name"
    site = headers.get("sec-fetch-site")
    is_typed = site == "none" and is_page and method in ("GET", "HEAD")
    if site not in (None, "same-origin") and not is_typed:
        return "only the page itself may ask"
    origin = headers.get("origin")
    if origin is not None and not _is_own(origin, host):
        return "only the page itself may ask, not another port or name"
    return ""


def _is_own(origin: str, host: str) -> bool:
    """Return whether an origin is the page's own, its port included: cookies do not tell ports."""
    try:
        parts = urlsplit(origin.lower())
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return False
    if parts.scheme not in _PORTS or parts.path or parts.query or "@" in parts.netloc:
        return False
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{name}:{port}" in (host, f"{host}:{_PORTS[parts.scheme]}")


def is_loopback(host: str) -> bool:
    """Return whether a `Host` is a name of this machine for itself."""
    name, colon, port = host.lower().rpartition(":")
    return (name if colon and port.isdigit() else host.lower()) in _LOOPBACK


def is_equal(given: str, known: str) -> bool:
    """Compare a secret in constant time, whatever characters were given."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), known.encode())
