"""The control socket: who may speak, what is answered, what garbage does."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import msgspec
import pytest
from anyio import to_thread
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loguru import logger

from daemon.control import socket as control
from daemon.control.socket import Refused, Reply, Request, send_command, serve_control
from daemon.errors import UsageError


def address(directory: Path) -> str:
    """Short enough for a socket's address."""
    return os.path.relpath(directory / "control.sock")


def open_to_all(directory: Path) -> None:
    """Another user may come as far as this directory."""
    for each in (directory, *directory.parents[:2]):
        each.chmod(0o755)


class Daemon:
    """Takes every request and keeps it."""

    def __init__(self) -> None:
        self.taken: list[Request] = []
        self.reply = Reply(True, "accepted as input 7")

    async def obey(self, request: Request) -> Reply:
        self.taken.append(request)
        return self.reply


@contextlib.asynccontextmanager
async def serving(directory: Path) -> AsyncIterator[Daemon]:
    daemon = Daemon()
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            await tasks.start(serve_control, directory, daemon.obey)
            yield daemon
            tasks.cancel_scope.cancel()


async def send(directory: Path, command: str, target: str = "") -> str:
    request = Request(command, target)  # type: ignore[arg-type]
    return await to_thread.run_sync(send_command, directory, request)


async def say(directory: Path, data: bytes) -> Reply:
    """Send bytes as they are."""
    async with await anyio.connect_unix(address(directory)) as client:
        with contextlib.suppress(anyio.BrokenResourceError):
            await client.send(data)
            await client.send_eof()
        answer = b""
        with contextlib.suppress(anyio.EndOfStream, anyio.BrokenResourceError):
            while True:
                answer += await client.receive()
        return msgspec.json.decode(answer, type=Reply)


async def test_a_command_is_taken_and_answered_in_a_line(tmp_path: Path) -> None:
    async with serving(tmp_path) as daemon:
        assert await send(tmp_path, "manual_exit", "V3-1") == "accepted as input 7"
        assert daemon.taken == [Request("manual_exit", "V3-1")]


async def test_a_refusal_is_an_error_with_its_reason(tmp_path: Path) -> None:
    async with serving(tmp_path) as daemon:
        daemon.reply = Reply(False, "no strategy 'x' was loaded")
        with pytest.raises(Refused, match="no strategy 'x' was loaded"):
            await send(tmp_path, "strategy_off", "x")


async def test_the_socket_is_its_owners_alone_and_goes_with_the_daemon(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    async with serving(tmp_path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()
    with pytest.raises(UsageError, match="no daemon runs this account"):
        send_command(tmp_path, Request("kill_switch"))
    with pytest.raises(UsageError, match="no daemon runs this account"):
        send_command(tmp_path / "nowhere", Request("kill_switch"))


async def test_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.getuid() == 0:
        pytest.skip("root may always command")
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    async with serving(tmp_path) as daemon:
        with pytest.raises(Refused, match="own user"):
            await send(tmp_path, "kill_switch")
        assert daemon.taken == []


async def test_the_user_of_the_other_end_is_known(tmp_path: Path) -> None:
    if os.getuid():
        pytest.skip("taking another user's name needs root")
    open_to_all(tmp_path)
    code = (
        "import os, socket, sys; os.chdir(sys.argv[1]); os.setuid(65534)\n"
        "s = socket.socket(socket.AF_UNIX); s.connect('control.sock')\n"
        's.sendall(b\'{"command":"kill_switch"}\\n\'); print(s.recv(4096).decode())'
    )
    async with serving(tmp_path) as daemon:
        argv = [sys.executable, "-I", "-c", code, str(tmp_path)]
        done = await to_thread.run_sync(
            lambda: subprocess.run(argv, capture_output=True, text=True, check=False)
        )
        assert "PermissionError" in done.stderr
        await anyio.Path(tmp_path / "control.sock").chmod(0o666)
        done = await to_thread.run_sync(
            lambda: subprocess.run(argv, capture_output=True, text=True, check=True)
        )
        assert "own user" in done.stdout
        assert daemon.taken == []


async def test_a_socket_that_a_killed_daemon_left_is_taken_over(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(address(tmp_path))
    async with serving(tmp_path):
        assert await send(tmp_path, "kill_switch")


async def test_what_is_no_socket_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "control.sock").write_text("mine")
    lines: list[str] = []
    sink = logger.add(lines.append)
    async with serving(tmp_path):
        pass  # it goes on without
    logger.remove(sink)
    assert "control.sock: no commands can be given" in lines[0]
    assert (tmp_path / "control.sock").read_text() == "mine"


async def test_a_directory_with_a_long_name_has_a_socket_too(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    async with serving(deep):
        assert await send(deep, "kill_switch")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\n", "not a command"),
        (b"", "not a command"),
        (b'{"command":"kill_switch"}', "not a command"),  # its line never ended
        (b'{"command":"buy"}\n', "Invalid enum value 'buy'"),
        (b'{"command":"kill_switch","quantity":5}\n', "unknown field `quantity`"),
        (b'{"command":["kill_switch"]}\n', "not a command"),
        (b"[" * 1000 + b"\n", "not a command"),
        (b'{"command":"kill_switch","target":"\xff"}\n', "not a command"),
        (b'{"command":"kill_switch","target":"' + b"x" * 2000 + b'"}\n', "not a command"),
    ],
)
async def test_garbage_is_refused_and_named(data: bytes, text: str, tmp_path: Path) -> None:
    async with serving(tmp_path) as daemon:
        reply = await say(tmp_path, data)
        assert not reply.accepted
        assert text in reply.text
        assert daemon.taken == []
        assert await send(tmp_path, "kill_switch")


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=300), max_size=5))
def test_no_bytes_bring_it_down(tmp_path: Path, pieces: list[bytes]) -> None:
    async def main() -> None:
        async with serving(tmp_path) as daemon:
            for piece in pieces:
                await say(tmp_path, piece + b"\n")
            assert await send(tmp_path, "reload")
            assert daemon.taken[-1] == Request("reload")

    anyio.run(main)


async def test_a_client_that_goes_away_or_says_nothing_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "READ_WITHIN_S", 0.01)
    async with serving(tmp_path):
        name = address(tmp_path)
        gone = await anyio.connect_unix(name)
        await gone.aclose()
        async with await anyio.connect_unix(name) as silent:
            answer = await silent.receive()
            assert "not a command" in json.loads(answer)["text"]
        assert await send(tmp_path, "kill_switch")


async def test_only_a_few_are_attended_at_once(tmp_path: Path) -> None:
    async with serving(tmp_path), contextlib.AsyncExitStack() as stack:
        name = address(tmp_path)
        for _ in range(control.CLIENTS_MAX):
            await stack.enter_async_context(await anyio.connect_unix(name))
        async with await anyio.connect_unix(name) as late:
            answer = await late.receive()
            assert "too many" in json.loads(answer)["text"]
