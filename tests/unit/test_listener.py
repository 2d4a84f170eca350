"""The sockets of an account or run: there once somebody listens, and gone with the daemon."""

from __future__ import annotations

import os
import socket
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import SocketStream

from daemon.control.listener import listen

NAME = "control.sock"


async def greet(client: SocketStream) -> None:
    await client.send(b"ready")


def left_by_a_kill(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


async def test_a_socket_has_its_name_only_once_it_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its bind and its listen a client would be refused as if no daemon were there."""
    for name in (NAME, f".{NAME}"):
        left_by_a_kill(tmp_path / name)
    make, was_there = anyio.create_unix_listener, []

    async def watched(path: Path, **more: Any) -> Any:
        listener = await make(path, **more)
        was_there.append((tmp_path / NAME).exists())
        return listener

    monkeypatch.setattr(anyio, "create_unix_listener", watched)
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            await tasks.start(partial(listen, tmp_path, NAME, greet))
            assert was_there == [False]
            assert os.listdir(tmp_path) == [NAME]
            assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
            async with await anyio.connect_unix(tmp_path / NAME) as client:
                assert await client.receive() == b"ready"
            tasks.cancel_scope.cancel()
    assert os.listdir(tmp_path) == []


async def test_a_socket_that_cannot_get_its_name_leaves_the_daemon_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", refused)
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            await tasks.start(partial(listen, tmp_path, NAME, greet))
    assert not (tmp_path / NAME).exists()
