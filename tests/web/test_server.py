"""The process of the page: its start, its end, its files, and connections that do nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from daemon.cli.web import what_to_watch
from daemon.errors import ExitCode
from tests.kit.cli import ROOT, Result, finished, spawn, wait_for
from tests.kit.sample_events import many_events, sample_events
from tests.kit.web import write_journal

SHORT_WAITS = """
import sys
from daemon.web import listener as server
from daemon.web.stream import event_stream as stream
server.REQUEST_WITHIN_S = 2
stream.SEND_WITHIN_S = 2
stream.BEAT_S = 0.05
listen_on = server.listen_on
def with_a_small_buffer(*where):
    listening = listen_on(*where)
    listening.setsockopt(server.socket.SOL_SOCKET, server.socket.SO_SNDBUF, 4096)
    return listening
server.listen_on = with_a_small_buffer
from daemon.main import main
main()
"""


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An output directory with one run."""
    write_journal(tmp_path / "runs/one", sample_events(archive=False)).close()
    return tmp_path


class Web(NamedTuple):
    """A page that runs, and a client that is logged in."""

    process: subprocess.Popen[str]
    url: str
    credentials: Path
    client: httpx.Client

    @property
    def address(self) -> tuple[str, int]:
        url = httpx.URL(self.url)
        assert url.port is not None
        return url.host, url.port


@contextmanager
def web(out: Path, *arguments: str, quick: bool = False) -> Iterator[Web]:
    """Start a page on any port and log in."""
    program = ["-c", SHORT_WAITS] if quick else ["-m", "daemon.main"]
    process = subprocess.Popen(
        [sys.executable, *program, "web", "--out", str(out), "--port", "0", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        words = [process.stdout.readline().split(), process.stdout.readline().split()]
        assert [line[0] for line in words] == ["page", "credentials"], process.stderr
        credentials = Path(words[1][1])
        with httpx.Client(base_url=words[0][1], timeout=30) as client:
            token = json.loads(credentials.read_text())["page_token"]
            answer = client.post("/login", json={"token": token})
            assert answer.status_code == 200
            client.headers["X-CSRF"] = answer.json()["csrf"]
            yield Web(process, words[0][1], credentials, client)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()


def test_a_page_answers_and_ends_with_streams_open(out: Path) -> None:
    with web(out) as page:
        assert page.client.get("/api/session").json()["run"] == "one"
        with page.client.stream("GET", "/api/stream") as stream:
            assert next(stream.iter_lines()).startswith("event:")
            page.process.send_signal(signal.SIGTERM)
            assert page.process.wait(60) == 0


def test_the_token_is_kept_over_a_restart_and_the_sessions_are_not(out: Path) -> None:
    with web(out) as first:
        token, cookies = first.credentials.read_text(), dict(first.client.cookies)
        assert first.credentials.stat().st_mode & 0o777 == 0o600
    with web(out) as second:
        assert second.credentials.read_text() == token
        [cookie] = cookies.values()
        name = f"fno_session_{second.address[1]}"
        answer = httpx.get(f"{second.url}api/now", headers={"cookie": f"{name}={cookie}"})
        assert answer.status_code == 401


def test_a_port_that_is_taken_is_said_in_a_line(out: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        process = subprocess.Popen(
            [sys.executable, "-m", "daemon.main", "web", "--out", str(out), "--port", port],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        result = finished(process)
    assert result.code == ExitCode.USAGE
    assert "choose another with --port" in result.err
    assert "Traceback" not in result.err
    assert not (out / "runs/one/web.json").exists()


@pytest.mark.parametrize(
    "arguments", [["nobody"], ["--run", "nothing"], ["a", "--run", "one"], ["../one"]]
)
def test_what_is_not_there_is_said_in_a_line(arguments: list[str], out: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "daemon.main", "web", "--out", str(out), *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    result = finished(process)
    assert result.code in (ExitCode.USAGE, ExitCode.BAD_CONFIG)
    assert result.err.count("\n") == 1
    assert "Traceback" not in result.err


def test_no_secret_is_in_the_log_the_output_or_the_process_list(out: Path) -> None:
    with web(out) as page:
        token = json.loads(page.credentials.read_text())["page_token"]
        secrets = [token, *page.client.cookies.values(), page.client.headers["x-csrf"]]
        for path in (f"/?token={token}", f"/api/now?x={secrets[1]}", f"/{token}", f"/api/{token}"):
            page.client.get(path)
        page.client.post("/login", json={"token": f"{token}x"})
        page.client.post("/login", json={"wrong": token})
        page.client.post("/api/do", json={"do": "exit", "target": token, "x": token})
        with page.client.stream("GET", f"/api/stream?last={token}"):
            pass
        process = Path(f"/proc/{page.process.pid}")
        shown = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        page.process.terminate()
        said = "".join(page.process.communicate(timeout=60))
        for secret in secrets:
            assert secret not in said
            assert secret.encode() not in shown
        for secret in secrets:
            for file in sorted(out.rglob("*")):
                if file.is_file() and file != page.credentials.absolute():
                    assert secret.encode() not in file.read_bytes(), file
    log = (out / "runs/one/web.log").read_text()
    assert "/api/now 200" in log
    assert "POST /login 401" in log
    assert (out / "runs/one/web.log").stat().st_mode & 0o077 == 0


def test_connections_that_send_or_read_nothing_are_cut_and_the_page_answers(out: Path) -> None:
    with web(out, quick=True) as page:
        silent = [socket.create_connection(page.address) for _ in range(60)]
        halves = []
        for _ in range(40):
            halves.append(socket.create_connection(page.address))
            halves[-1].sendall(b"GET /api/now HTTP/1.1\r\nHost: 127")
        assert page.client.get("/api/now").status_code == 200
        for each in (*silent, *halves):
            each.settimeout(30)
            with each, contextlib.suppress(ConnectionResetError):
                assert each.recv(100) == b""
        wait_for(lambda: open_sockets(page.process.pid) < 20)
        assert page.client.get("/api/now").status_code == 200


@pytest.mark.ci
def test_a_stream_that_is_never_read_is_cut(tmp_path: Path) -> None:
    write_journal(tmp_path / "runs/long", many_events(300)).close()
    with web(tmp_path, quick=True) as page, socket.socket() as lazy:
        [(name, value)] = page.client.cookies.items()
        request = (
            f"GET /api/stream HTTP/1.1\r\nHost: {page.address[0]}:{page.address[1]}\r\n"
            f"Cookie: {name}={value}\r\n\r\n"
        ).encode()
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        lazy.connect(page.address)
        port = lazy.getsockname()[1]
        lazy.sendall(request)
        assert is_held(page, port)
        wait_for(lambda: not is_held(page, port))
        assert page.client.get("/api/now").status_code == 200


def is_held(page: Web, port: int) -> bool:
    """Return whether the page holds a connection from a port of this machine."""
    ends = f":{page.address[1]:04X}", f":{port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(
        row[1].endswith(ends[0]) and row[2].endswith(ends[1]) and row[3] == "01" for row in rows
    )


def open_sockets(pid: int) -> int:
    """Return how many sockets a process has open."""
    count = 0
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        try:
            count += os.readlink(handle).startswith("socket:")
        except OSError:
            continue
    return count


def test_a_page_that_is_killed_leaves_the_daemons_files_alone(out: Path) -> None:
    journal = out / "runs/one/journal.db"
    before = journal.read_bytes()
    with web(out) as page:
        page.client.get("/api/now")
        page.process.kill()
        page.process.wait()
    assert journal.read_bytes() == before
    with web(out) as page:
        assert page.client.get("/api/now").status_code == 200


def test_a_page_of_a_live_account_loads_neither_the_engine_nor_a_reader_of_parquet() -> None:
    """Both come with the first chart that needs them: together 40 MB."""
    loaded = "import sys, daemon.web.server; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = set(done.stdout.split())
    assert "daemon.web.site" in names
    assert names.isdisjoint({"pyarrow", "daemon.clockwork.paper_engine", "feeds.replay"})


# Kite's API, for an account alone


@pytest.fixture
def account(tmp_path: Path) -> Path:
    """An output directory with an account that no daemon trades."""
    write_journal(tmp_path / "accounts/desk", sample_events(archive=False)).close()
    return tmp_path


def said_by(out: Path, *arguments: object) -> Result:
    """What `web` says before it ends by itself."""
    return finished(spawn("web", "desk", "--out", out, *arguments))


def test_an_account_has_kites_api_on_a_listener_of_its_own(account: Path) -> None:
    process = spawn("web", "desk", "--out", account, "--port", 0)
    try:
        assert process.stdout is not None
        said = dict(process.stdout.readline().split() for _ in range(3))
        assert list(said) == ["page", "kite", "credentials"]
        keys = json.loads(Path(said["credentials"]).read_text())
        token = f"token {keys['api_key']}:{keys['access_token']}"
        with httpx.Client(base_url=said["kite"], timeout=30) as client:
            assert client.get("/orders").status_code == 403
            client.headers["Authorization"] = token
            assert client.get("/orders").json()["status"] == "success"
            assert client.get("/kite/user/profile").json()["data"]["user_id"] == "desk"
            order = {
                "exchange": "NFO",
                "tradingsymbol": "X",
                "transaction_type": "BUY",
                "quantity": 1,
                "product": "MIS",
                "order_type": "LIMIT",
                "price": 1,
            }
            answer = client.post("/orders/regular", data=order)  # nobody trades it
            assert (answer.status_code, answer.json()["error_type"]) == (503, "NetworkException")
            long = client.post("/orders/regular", data={"tag": "x" * 200_000})
            assert (long.status_code, long.json()["error_type"]) == (413, "InputException")
            assert "set-cookie" not in answer.headers
        with httpx.Client(base_url=said["page"], timeout=30) as client:
            assert client.get("/orders").status_code == 404  # not on the page's own port
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()
    log = (account / "accounts/desk/web.log").read_text()
    assert "kite POST /orders/{variety} 503" in log
    for name in ("api_key", "api_secret", "request_token", "access_token"):
        assert keys[name] not in log


def test_the_credentials_are_shown_and_kept(account: Path) -> None:
    first, second = (said_by(account, "--credentials") for _ in range(2))
    assert (first.code, first.out) == (0, second.out)
    assert json.loads(first.out)["api_key"].startswith("paper")
    assert (account / "accounts/desk/kite_api.json").stat().st_mode & 0o777 == 0o600


def test_a_run_has_no_credentials_for_kites_api(out: Path) -> None:
    done = finished(spawn("web", "--run", "one", "--out", out, "--credentials"))
    assert done.code == ExitCode.USAGE
    assert "those of an account" in done.err
    assert not (out / "runs/one/kite_api.json").exists()


def test_kites_port_that_is_taken_is_said_in_a_line(account: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = said_by(account, "--port", 0, "--kite-port", port)
    assert done.code == ExitCode.USAGE
    assert "choose another with --kite-port" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("page", "asked", "configured", "expected"),
    [(8500, None, None, 8501), (0, None, None, 0), (8600, None, None, 8601),
     (8500, 9000, 7000, 9000), (8500, None, 7000, 7000), (0, None, 7000, 7000),
     (65_535, None, None, 65_534)],
)  # fmt: skip
def test_kites_port_is_one_above_the_pages_unless_it_is_named(
    page: int, asked: int | None, configured: int | None, expected: int, account: Path
) -> None:
    web = account / "web.yaml"
    kite = f"web: {{kite: {{port: {configured}}}}}\n" if configured else ""
    web.write_text(f"account: desk\nout: {account}\n{kite}")
    found = what_to_watch("", web, "", account, port=page, listen="", kite_port=asked)
    assert found.kite_port == expected
    none = what_to_watch("", web, "", account, port=page, listen="", has_kite=False)
    assert none.kite_port is None
