"""No test connects beyond this machine: the paper trader has nobody to reach (faces.md, W16)."""

from __future__ import annotations

import ipaddress
import sys
from typing import Any, Final

OUTSIDE: Final[list[str]] = []
"""Every attempt of this process, also one whose error the code under test swallowed."""
_LOCAL_NAMES: Final = ("", "localhost")
_NO_ONES: Final = ".invalid"
"""Names that no machine ever has (RFC 6761): what a test of an unknown host looks up."""


class ConnectsOutside(Exception):
    """A connection beyond the loopback, or a look-up of another machine's name, was tried."""


def watch() -> None:
    """Refuse what leaves the machine, from now on and for the whole process."""
    sys.addaudithook(_heard)


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple):  # a UNIX socket's is a path
            _check(str(address[0]), f"connects to {address}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = arguments[0]
        _check(host.decode() if isinstance(host, bytes) else str(host or ""), f"looks up {host!r}")


def _check(host: str, what: str) -> None:
    if not is_here(host):
        OUTSIDE.append(what)
        raise ConnectsOutside(what)


def is_here(host: str) -> bool:
    """Return whether a host is this machine, by its name or address, or none at all."""
    if host in _LOCAL_NAMES or host.endswith(_NO_ONES):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
