"""The control socket: a person's commands reach the running daemon, from this machine only.

`control.sock` in the directory of an account or of a paced run, for its owner alone: one line of
JSON in, one line out.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Literal

import anyio
import msgspec
from anyio.abc import SocketStream, TaskStatus

from daemon.control.listener import is_owner, listen
from daemon.errors import DaemonError, ExitCode, UsageError

SOCKET_FILE: Final = "control.sock"
LINE_MAX: Final = 1024
REPLY_MAX: Final = 65_536
READ_WITHIN_S: Final = 2.0
ANSWER_WITHIN_S: Final = 15.0
CLIENTS_MAX: Final = 4


PACE_COMMANDS: Final = ("pause", "resume", "speed")
"""The commands of a paced run, which takes no others."""


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person's request.

    `target` is an order's or strategy's id, or a speed, where the command has one.
    """

    command: Literal[
        "kill_switch", "manual_exit", "strategy_on", "strategy_off", "reload", "risk_active",
        "risk_reducing", "risk_halted",
        "pause", "resume", "speed",
    ]  # fmt: skip
    target: str = ""


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of it: the line to show."""

    accepted: bool
    text: str


class Refused(DaemonError):
    """The daemon did not take the command; nothing was changed."""

    exit_code = ExitCode.USAGE


Obey = Callable[[Request], Awaitable[Reply]]


async def serve_control(
    directory: Path, obey: Obey, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    """Answer on `directory`/control.sock until cancelled; the journal must be locked.

    Where no socket can be made the daemon runs without one, and logs that.
    """
    busy = 0

    async def attend(client: SocketStream) -> None:
        nonlocal busy
        busy += 1
        try:
            await _answer(client, obey, is_full=busy > CLIENTS_MAX)
        finally:
            busy -= 1

    await listen(directory, SOCKET_FILE, attend, task_status=task_status)


async def _answer(client: SocketStream, obey: Obey, *, is_full: bool) -> None:
    """Answer one request. Garbage is refused and named, never obeyed in part.

    A stranger's line is read too: unread, it would take the reply with it.
    """
    if is_full:
        await _say(client, Reply(False, "too many are connected; try again"))
        return
    line = await _line(client)
    if not is_owner(client):
        await _say(client, Reply(False, "only the daemon's own user may command it"))
        return
    try:
        request = msgspec.json.decode(line, type=Request)
    except (ValueError, RecursionError) as error:  # msgspec raises UnicodeDecodeError too
        await _say(client, Reply(False, f"not a command: {error}"))
        return
    await _say(client, await obey(request))


async def _line(client: SocketStream) -> bytes:
    """Return the line without its end; what came until the limit, the end or the deadline."""
    data = b""
    with anyio.move_on_after(READ_WITHIN_S):
        while b"\n" not in data and len(data) <= LINE_MAX:
            try:
                data += await client.receive(LINE_MAX)
            except anyio.EndOfStream:
                break
    line, end, _ = data.partition(b"\n")
    return line if end and len(line) <= LINE_MAX else b""


async def _say(client: SocketStream, reply: Reply) -> None:
    with anyio.move_on_after(READ_WITHIN_S):
        await client.send(msgspec.json.encode(reply) + b"\n")


NO_DAEMON: Final = "no daemon runs this account (or it is stopping)"


def send_command(directory: Path, request: Request, *, unanswered: str = NO_DAEMON) -> str:
    """Send a request to the daemon of an account or to a paced run; return the line to show.

    Raises UsageError, saying `unanswered`, if none runs, Refused if it did not take the command.
    """
    path = directory / SOCKET_FILE
    no_daemon = UsageError(f"{path}: {unanswered}")
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise no_daemon from error
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(ANSWER_WITHIN_S)
            client.connect(f"/proc/self/fd/{handle}/{SOCKET_FILE}")
            client.sendall(msgspec.json.encode(request) + b"\n")
            data = b""
            while b"\n" not in data and len(data) <= REPLY_MAX and (more := client.recv(REPLY_MAX)):
                data += more
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise no_daemon from error
    except OSError as error:
        raise Refused(
            f"{path}: no answer ({error.strerror or error}); whether the command was taken is in "
            "`journal operations`"
        ) from error
    finally:
        os.close(handle)
    return _read_reply(path, data)


def _read_reply(path: Path, data: bytes) -> str:
    try:
        reply = msgspec.json.decode(data, type=Reply)
    except ValueError as error:
        raise Refused(f"{path}: the answer is broken: {error}") from error
    if not reply.accepted:
        raise Refused(reply.text)
    return reply.text
