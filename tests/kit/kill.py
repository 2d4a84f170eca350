"""Ends a process in the middle of its work, at its k-th step on the disk."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from daemon.journal import files

KILLED = 9


class _Steps:
    """Counts what reaches the disk and ends the process before the k-th."""

    def __init__(self, kill_at: int) -> None:
        self._left = kill_at

    def count(self) -> None:
        if self._left == 0:
            os._exit(KILLED)
        self._left -= 1

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            self.count()
            return function(*arguments, **named)

        return counted


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Do `work` in a child that ends without warning before its k-th step; whether it did.

    A step is an SQL statement that writes, or a sync, rename, link, unlink, or a directory made or
    removed.
    """
    child = os.fork()
    if child == 0:
        try:
            _work_until(_Steps(step), work)
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, KILLED), f"the child failed at step {step}"
    return code == KILLED


def _work_until(steps: _Steps, work: Callable[[], object]) -> None:
    connect = files.connect

    def traced(path: Path, *, mode: str) -> sqlite3.Connection:
        connection = connect(path, mode=mode)
        if mode != "ro":
            connection.set_trace_callback(lambda _: steps.count())
        return connection

    with (
        mock.patch("daemon.journal.appender.connect", traced),
        mock.patch("daemon.journal.takeover.connect", traced),
        mock.patch.object(Path, "mkdir", steps.before(Path.mkdir)),
        mock.patch.object(Path, "hardlink_to", steps.before(Path.hardlink_to)),
        mock.patch.object(os, "fsync", steps.before(os.fsync)),
        mock.patch.object(os, "fdatasync", steps.before(os.fdatasync)),
        mock.patch.object(Path, "rename", steps.before(Path.rename)),
        mock.patch.object(Path, "unlink", steps.before(Path.unlink)),
        mock.patch.object(os, "rmdir", steps.before(os.rmdir)),
        mock.patch.object(os, "unlink", steps.before(os.unlink)),
    ):
        work()
