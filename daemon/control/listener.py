"""A socket in the directory of an account or run, for its owner alone.

Whoever else connects is refused by the kernel (mode 0600) and, if root put it there, by name.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import anyio
from anyio.abc import SocketAttribute, SocketListener, SocketStream, TaskStatus
from loguru import logger

_CREDENTIALS: Final = struct.Struct("3i")

Attend = Callable[[SocketStream], Awaitable[None]]
"""Serve one connection to its end; a client that goes away before its answer is no fault."""


async def listen(
    directory: Path,
    name: str,
    attend: Attend,
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Serve connections on `directory`/`name` until cancelled; the journal must be locked.

    Where no socket can be made the daemon runs without one, and logs that.
    """

    async def attended(client: SocketStream) -> None:
        try:
            async with client:
                await attend(client)
        except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
            logger.debug("{}: a client went away before its answer", name)

    path = directory / name
    try:
        async with _reachable(directory) as short:
            _remove_stale(path)
            listener = await _listening(short, name)
    except OSError as error:
        logger.error("{}: no commands can be given: {}", path, error.strerror)
        task_status.started()
        return
    try:
        async with listener:
            task_status.started()
            await listener.serve(attended)
    finally:
        with contextlib.suppress(OSError):  # the disk may be why the run ends; a start removes it
            path.unlink()


def is_owner(client: SocketStream) -> bool:
    """Return whether the other end is the daemon's own user, or root."""
    raw = client.extra_attributes[SocketAttribute.raw_socket]()
    data = raw.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(data)
    return user in (os.geteuid(), 0)


async def _listening(directory: Path, name: str) -> SocketListener:
    """Return a listener whose socket has its name only once it listens.

    A socket that is bound and does not listen yet refuses whoever connects, as that of a daemon
    that is gone does.
    """
    unready = directory / f".{name}"
    listener = await anyio.create_unix_listener(unready, mode=0o600)
    try:
        unready.rename(directory / name)
    except OSError:
        await listener.aclose()
        raise
    return listener


def _remove_stale(path: Path) -> None:
    """Remove what a killed daemon left; anything but a socket stays and is an error."""
    try:
        is_socket = stat.S_ISSOCK(path.lstat().st_mode)
    except FileNotFoundError:
        return
    if not is_socket:
        raise FileExistsError(17, "something that is no socket has its name")
    path.unlink()


@asynccontextmanager
async def _reachable(directory: Path) -> AsyncIterator[Path]:
    """Yield a short name of the directory: a socket's address holds 107 bytes."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Path(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)
