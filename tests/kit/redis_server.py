"""A real redis-server on a socket of its own, which can be killed and started again."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import redis

from tests.kit.cli import wait_for

PASSWORD: Final = "canaryredis0005"


class RedisServer:
    """Keeps its data in `place`; `is_durable` syncs every write to its file."""

    def __init__(self, place: Path, *, is_durable: bool, password: str = "") -> None:
        self.place = place
        self.socket = place / "r.sock"
        self._durable = is_durable
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"unix://{self.socket}"

    @property
    def client(self) -> redis.Redis:
        """A client of the test's own."""
        return redis.Redis(unix_socket_path=str(self.socket), password=self._password or None)

    def start(self) -> None:
        """Run it and wait until it answers."""
        self.place.mkdir(exist_ok=True)
        command = [
            path_of_server(), "--port", "0", "--unixsocket", str(self.socket),
            "--dir", str(self.place), "--save", "", "--daemonize", "no",
            "--appendonly", "yes" if self._durable else "no", "--appendfsync", "always",
        ]  # fmt: skip
        if self._password:
            command += ["--requirepass", self._password]
        with (self.place / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(self._answers)

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(30)
            self._process = None

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), contextlib.closing(self.client) as client:
            return bool(client.ping())
        return False

    def entries(self, key: str) -> list[tuple[int, bytes, str]]:
        """Return number, line and hash of every entry of a stream."""
        with contextlib.closing(self.client) as client:
            found: Any = client.xrange(key)
        return [
            (int(at.partition(b"-")[0]), fields[b"event"], fields[b"hash"].decode())
            for at, fields in found
        ]


def path_of_server() -> str:
    """Return the server's path; skip where there is none."""
    found = shutil.which("redis-server")
    if found is None:
        pytest.skip("no redis-server here: install the package `redis-server` to test its stream")
    return found


@contextmanager
def redis_server(
    place: Path, *, is_durable: bool = True, password: str = ""
) -> Iterator[RedisServer]:
    """Run a server until the block ends."""
    server = RedisServer(place, is_durable=is_durable, password=password)
    try:
        server.start()
        yield server
    finally:
        server.kill()
