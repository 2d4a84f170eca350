"""The page's process is started again, ends with the daemon, and changes nothing in it."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from daemon.cli.page import page_command, page_next_to
from daemon.process import page_process as module
from daemon.process.page_child import FILE_MAX, NICER_BY, OOM_SCORE
from daemon.process.page_process import (
    OUTPUT_FILE,
    OUTPUT_MAX,
    PageProcess,
    harmless_environment,
    page_process,
)
from daemon.settings.alerts import AlertsConfig
from daemon.settings.config import Config, KiteApiConfig, WebConfig
from tests.kit.cli import wait_for

SLEEPS = (
    "import signal, time; {before}\n"
    # One write: two processes that print at once would mix their lines where output is unbuffered.
    "os.write(1, b'%d\\n' % os.getpid())\n"
    "while True: time.sleep(60)"
)


def program(text: str) -> list[str]:
    return [sys.executable, "-c", f"import os, sys\n{text}"]


def sleeping(before: str = "pass") -> list[str]:
    return program(SLEEPS.format(before=before))


def pids(directory: Path) -> list[int]:
    """The processes that said who they are."""
    path = directory / OUTPUT_FILE
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # it may end while it is read
        return False
    return state != "Z"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(module, "STOPS_WITHIN_S", 0.3)


def test_a_page_that_dies_is_started_again_and_ends_with_the_daemon(tmp_path: Path) -> None:
    with page_process(sleeping(), tmp_path) as page:
        wait_for(lambda: len(pids(tmp_path)) == 1)
        os.kill(pids(tmp_path)[0], signal.SIGKILL)
        wait_for(lambda: len(pids(tmp_path)) == 2)
        assert page.starts == 2
        assert is_alive(pids(tmp_path)[1])
    wait_for(lambda: not any(map(is_alive, pids(tmp_path))))


def test_it_has_a_session_of_its_own_and_gives_way_first(tmp_path: Path) -> None:
    with page_process(sleeping(), tmp_path):
        wait_for(lambda: pids(tmp_path))
        (pid,) = pids(tmp_path)
        assert os.getsid(pid) == pid != os.getsid(0)
        assert os.getpriority(os.PRIO_PROCESS, pid) == min(
            19, os.getpriority(os.PRIO_PROCESS, 0) + NICER_BY
        )
        assert Path(f"/proc/{pid}/oom_score_adj").read_text() == f"{OOM_SCORE}\n"
        assert resource.prlimit(pid, resource.RLIMIT_FSIZE) == (FILE_MAX, FILE_MAX)


def test_one_that_ignores_the_end_is_killed_with_its_children(tmp_path: Path) -> None:
    stubborn = "signal.signal(signal.SIGTERM, signal.SIG_IGN); os.fork()"
    with page_process(sleeping(stubborn), tmp_path):
        wait_for(lambda: len(pids(tmp_path)) == 2)
    wait_for(lambda: not any(map(is_alive, pids(tmp_path))))


def test_it_ends_when_the_daemon_is_killed(tmp_path: Path) -> None:
    daemon = program(
        "import pathlib, time\nfrom daemon.process.page_process import PageProcess\n"
        f"PageProcess({sleeping()!r}, pathlib.Path({str(tmp_path)!r})).start()\n"
        "while True: time.sleep(60)"
    )
    process = subprocess.Popen(daemon)
    try:
        wait_for(lambda: pids(tmp_path))
        assert is_alive(pids(tmp_path)[0])
    finally:
        process.kill()
        process.wait()
    wait_for(lambda: not is_alive(pids(tmp_path)[0]))


def test_one_that_cannot_start_is_tried_again_later_and_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    page = PageProcess(program("sys.exit(64)"), tmp_path)

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        if len(waits) == 5:
            page._stopping.set()
        return False

    monkeypatch.setattr(page._stopping, "wait", wait)
    monkeypatch.setattr(module, "LONGEST_WAIT_S", 0.05)
    page.start()
    wait_for(lambda: len(waits) == 5)
    page.stop()
    assert waits == [0.01, 0.02, 0.04, 0.05, 0.05]
    assert page.starts == 5


def test_a_directory_that_is_gone_is_tried_again_too(tmp_path: Path) -> None:
    page = PageProcess(sleeping(), tmp_path / "gone")
    page.start()
    (tmp_path / "gone").mkdir()
    wait_for(lambda: pids(tmp_path / "gone"))
    page.stop()
    wait_for(lambda: not any(map(is_alive, pids(tmp_path / "gone"))))


def test_a_flood_ends_the_page_and_not_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flood = program("while True: os.write(1, b'x' * 2**20)")
    with page_process(flood, tmp_path) as page:
        wait_for(lambda: page.starts >= 2)
        assert (tmp_path / OUTPUT_FILE).stat().st_size <= FILE_MAX
    monkeypatch.setattr(module, "OUTPUT_MAX", OUTPUT_MAX)
    (tmp_path / OUTPUT_FILE).write_bytes(b"x" * (OUTPUT_MAX + 1))
    with page_process(program("print('1')"), tmp_path) as page:
        wait_for(lambda: page.starts >= 2)
    assert (tmp_path / OUTPUT_FILE).stat().st_size < 100


def test_the_page_gets_no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"KITE_API_SECRET": "s", "CREDENTIALS_DIRECTORY": "/x", "PATH": "/bin", "HOME": "/h"}
    assert harmless_environment(given) == {"PATH": "/bin", "HOME": "/h"}


# which page


def test_the_page_reads_the_daemons_configuration() -> None:
    config = Config(account="a", out="/o", web=WebConfig(enabled=True, port=8600))
    assert page_command(config, Path("/c.yaml"), {}) == ["web", "--config", "/c.yaml"]
    other = page_command(config, Path("/c.yaml"), {"account": "a"})
    assert other == ["web", "a", "--out", "/o", "--port", "8600", "--listen", "127.0.0.1"]
    for kite, more in (
        (KiteApiConfig(port=8700), ["--kite-port", "8700"]),
        (KiteApiConfig(enabled=False), ["--no-kite"]),
    ):
        shown = structs.replace(config, web=structs.replace(config.web, kite=kite))
        assert page_command(shown, Path("/c.yaml"), {"account": "a"}) == [*other, *more]


@contextlib.contextmanager
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """The commands that were started, without starting them."""
    commands: list[list[str]] = []

    def start(command: list[str], _: Path) -> contextlib.AbstractContextManager[None]:
        commands.append(command)
        return contextlib.nullcontext()

    monkeypatch.setattr("daemon.cli.page.page_process", start)
    yield commands


def test_only_a_daemon_that_no_manager_looks_after_runs_its_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    on = Config(web=WebConfig(enabled=True))
    with started(monkeypatch) as commands:
        page_next_to(Config(), ["web"], tmp_path)
        page_next_to(on, [], tmp_path)
        assert commands == []
        page_next_to(on, ["web", "--config", "c"], tmp_path)
        assert [command[-3:] for command in commands] == [["web", "--config", "c"]]
        monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
        page_next_to(on, ["web"], tmp_path)
        assert len(commands) == 1


def test_w17_alerts_without_a_page_are_run_by_the_daemon_as_a_page_would_be() -> None:
    alerts = AlertsConfig(enabled=True)
    config = Config(account="a", out="/o", alerts=alerts)
    assert page_command(config, Path("a.yaml"), {}) == [
        "follow", "--config", str(Path("a.yaml").absolute()),
    ]  # fmt: skip
    assert page_command(config, Path("a.yaml"), {"account": "a"}) == ["follow", "a", "--out", "/o"]
    both = Config(account="a", out="/o", alerts=alerts, web=WebConfig(enabled=True))
    assert page_command(both, Path("a.yaml"), {})[0] == "web"


def test_w17_a_service_manager_runs_what_sends_the_alerts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = Config(alerts=AlertsConfig(enabled=True))
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    with started(monkeypatch) as commands:
        page_next_to(alone, ["follow", "--config", "c"], tmp_path)
        assert [command[-3:] for command in commands] == [["follow", "--config", "c"]]
        monkeypatch.setenv("NOTIFY_SOCKET", "/run/notify")
        page_next_to(alone, ["follow"], tmp_path)
        assert len(commands) == 1
