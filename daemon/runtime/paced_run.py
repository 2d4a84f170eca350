"""The commands of a paced run: pause, resume and speed. They change no input, only its time."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import anyio
from anyio.abc import TaskStatus
from loguru import logger

from daemon.control.pace import PACE_FILE, PaceStatus, write_pace
from daemon.control.socket import PACE_COMMANDS, Reply, Request, serve_control
from daemon.domain.dates import iso_ist
from daemon.errors import ConfigError
from daemon.runtime.prepared_run import PreparedRun
from feeds.stream.feed import OfflineFeed
from feeds.stream.pacing import Pace, parse_speed


class PacedRun:
    """Obeys a person's commands about the pace of a run, and shows it in `pace.json`.

    `now` gives the engine's time, UTC ns, below 0 before the first input.
    """

    def __init__(self, pace: Pace, directory: Path, now: Callable[[], int]) -> None:
        self._pace = pace
        self._directory = directory
        self._now = now

    async def serve(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Take commands and keep `pace.json` until cancelled."""
        self._show()
        try:
            await serve_control(self._directory, self.obey, task_status=task_status)
        finally:
            with contextlib.suppress(OSError):  # the disk may be why the run ends
                (self._directory / PACE_FILE).unlink(missing_ok=True)

    async def obey(self, request: Request) -> Reply:
        """Handle a command; return in a line what the run does now."""
        problem = self._change(request.command, request.target)
        if problem:
            return Reply(False, problem)
        self._show()
        text = self._text()
        logger.bind(command=request.command, target=request.target).info("pace: {}", text)
        return Reply(True, text)

    def _change(self, command: str, target: str) -> str:
        """Take a command; return why not, empty if it was taken."""
        if command not in PACE_COMMANDS:
            known = ", ".join(PACE_COMMANDS)
            return f"{command}: a paced run takes {known} only; nothing was changed"
        if command == "speed":
            try:
                self._pace.change(parse_speed(target))
            except ConfigError as error:
                return str(error)
            return ""
        if target:
            return f"{command} has no target, was {target!r}"
        if command == "pause":
            self._pace.pause()
        else:
            self._pace.resume()
        return ""

    def _text(self) -> str:
        now = self._now()
        at = f"{iso_ist(now)[:19].replace('T', ' ')} IST" if now >= 0 else "the start"
        state = "paused" if self._pace.is_paused else "running"
        return f"{state} at {at}, speed {self._pace.text}"

    def _show(self) -> None:
        status = PaceStatus(speed=self._pace.text, is_paused=self._pace.is_paused)
        try:
            write_pace(self._directory, status)
        except OSError as error:
            logger.warning("{}: cannot be written ({})", PACE_FILE, error.strerror)


def paced_run(prepared: PreparedRun) -> PacedRun | None:
    """Return the commands of a run whose time passes at a pace; None for any other."""
    feed, engine = prepared.parts.feed, prepared.parts.engine
    if not prepared.is_paced or not isinstance(feed, OfflineFeed) or feed.pace is None:
        return None
    return PacedRun(feed.pace, prepared.directory, lambda: engine.at.now)
