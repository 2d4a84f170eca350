"""A live daemon runs its page, and trades the same whatever becomes of it."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import anyio
import pytest

from daemon.process.page_process import OUTPUT_FILE
from tests.kit.cli import finished, spawn
from tests.kit.live import (
    ACCOUNT,
    free_port,
    market,
    replays_equal,
    run,
    script_of,
    server_of,
    until,
    write_live_config,
)

STAND_IN = """
import sys, daemon.cli.page
daemon.cli.page._PROGRAM = (sys.executable, "-c", "import time; time.sleep(600)")
from daemon.main import main
main()
"""
"""The daemon with a page that serves nothing, so that only the keeping of it is tested."""


def children(pid: int) -> list[int]:
    """The processes whose parent it is."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # the thread ended meanwhile
            found += map(int, task.read_text().split())
    return found


@pytest.mark.parametrize("enabled", [True, False])
def test_a_daemon_runs_its_page_only_if_it_is_wanted_and_trades_without_it(
    enabled: bool, tmp_path: Path
) -> None:
    of, port = market(), free_port()
    config = write_live_config(tmp_path, of, script_of(of, 1), port=port)
    page = f"web: {{enabled: {str(enabled).lower()}, port: {free_port()}}}\n"
    config.write_text(config.read_text() + page)
    account = tmp_path / "accounts" / ACCOUNT
    killed: list[int] = []

    async def session() -> None:
        async with server_of(of, port) as server:
            process = spawn("--config", config, env={"NOTIFY_SOCKET": ""}, code=STAND_IN)
            try:
                await server.finished()
                if enabled:
                    await until(lambda: bool(children(process.pid)))
                    (child,) = children(process.pid)
                    os.kill(child, signal.SIGKILL)
                    killed.append(child)
                    await until(lambda: bool(set(children(process.pid)) - {child}))
                    killed.extend(children(process.pid))
                process.terminate()
                done = await anyio.to_thread.run_sync(finished, process)
            finally:
                process.kill()
            assert done.code == 0, done
            assert ("page's process ended" in done.err) == enabled

    run(session)
    assert not any(Path(f"/proc/{pid}").exists() for pid in killed)
    assert (account / OUTPUT_FILE).exists() == enabled
    [recording] = (account / "recordings").iterdir()
    replays_equal(recording, tmp_path / "replays")
