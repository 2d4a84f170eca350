"""Hand what a person asks for on the page to the daemon's control socket."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import anyio.to_thread
import msgspec
from loguru import logger

from daemon.control.socket import SOCKET_FILE, Refused, Request, send_command
from daemon.errors import UsageError
from daemon.web.serving.requests import Refused as BadRequest

AT_ONCE: Final = 4
"""Commands that may wait for the daemon's answer; it serves as many connections."""


class Action(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of a request to do something."""

    do: Literal["exit", "kill_switch", "strategy_on", "strategy_off", "pause", "resume", "speed"]
    target: str = ""
    confirm: bool = False


_COMMANDS: Final = {"exit": "manual_exit"}
_ALONE: Final = ("kill_switch", "pause", "resume")
_TARGET_MAX: Final = 80


class Actions:
    """The way to one daemon. It never waits in the event loop."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._limiter = anyio.CapacityLimiter(AT_ONCE)

    def can_command(self) -> bool:
        """Return whether a daemon listens."""
        return (self._directory / SOCKET_FILE).exists()

    async def do(self, action: Action) -> tuple[bool, str]:
        """Hand in a request; return whether it was accepted, and the line to show.

        Raises requests.Refused for one that makes no sense.
        """
        _check(action)
        request = msgspec.convert(
            {"command": _COMMANDS.get(action.do, action.do), "target": action.target}, Request
        )
        try:
            text = await anyio.to_thread.run_sync(
                send_command, self._directory, request, limiter=self._limiter
            )
        except (Refused, UsageError) as error:
            logger.warning("{} {}: refused: {}", action.do, action.target, error)
            return False, str(error)
        logger.warning("{} {}: {}", action.do, action.target, text)
        return True, text


def _check(action: Action) -> None:
    """Refuse what the daemon could not understand. Raises requests.Refused."""
    if action.do in _ALONE and action.target:
        raise BadRequest(400, f"{action.do} has no target")
    if action.do not in _ALONE and not 0 < len(action.target) <= _TARGET_MAX:
        raise BadRequest(400, f"{action.do}: expected a target")
    if action.do == "kill_switch" and not action.confirm:
        raise BadRequest(400, "kill_switch closes all positions: expected confirm true")
