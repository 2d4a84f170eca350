"""The service manager's notification socket: READY, STATUS, WATCHDOG, STOPPING (sd_notify(3))."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping
from typing import Final

from daemon.visible import visible

SOCKET: Final = "NOTIFY_SOCKET"
WATCHDOG: Final = "WATCHDOG_USEC"
WATCHDOG_PROCESS: Final = "WATCHDOG_PID"


class Notifier:
    """Sends lines to the service manager; without one it does nothing.

    It never waits and never raises: what cannot be sent is counted in `lost`.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        name = environment.get(SOCKET, "")
        self.lost = 0
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self._socket: socket.socket | None = None
        self.watchdog_s = _watchdog_s(environment)
        """The manager expects progress at least this often; 0: it does not."""
        if name.startswith(("@", "/")):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)

    @property
    def is_heard(self) -> bool:
        """Return whether there is a service manager."""
        return self._socket is not None

    def send(self, **states: object) -> None:
        """Send assignments such as `READY=1` or `STATUS=...` in one message."""
        if self._socket is None:
            return
        lines = "\n".join(f"{name}={visible(str(value))}" for name, value in states.items())
        try:
            self._socket.sendto(lines.encode(), self._address)
        except OSError:
            self.lost += 1

    def close(self) -> None:
        """Send nothing more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _watchdog_s(environment: Mapping[str, str]) -> float:
    """Return the watchdog's time, 0 for none or if it is meant for another process."""
    meant_for = environment.get(WATCHDOG_PROCESS, "")
    if meant_for and meant_for != str(os.getpid()):
        return 0.0
    with contextlib.suppress(ValueError):
        return max(0, int(environment.get(WATCHDOG, "0"))) / 1e6
    return 0.0
