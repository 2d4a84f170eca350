"""`run_fno_paper web` as a process of its own, and a browser that has signed in."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import BrowserContext, Page

from tests.browser.browser import READY
from tests.kit.cli import ROOT, spawn, wait_for
from tests.kit.live import free_port

ACCOUNT = "desk"
SESSION = "configs/sample_session.parquet"


class Served(NamedTuple):
    """A page's server: where it listens, and the file with its token."""

    process: subprocess.Popen[str]
    url: str
    credentials: Path

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rsplit(":", 1)[1])

    @property
    def token(self) -> str:
        return str(json.loads(self.credentials.read_text(encoding="utf-8"))["page_token"])


@contextmanager
def serve_run(run: Path, out: Path) -> Iterator[Served]:
    """Serve the page of a run on a free port."""
    process = spawn("web", "--run", run, "--out", out, "--port", 0)
    try:
        yield announced(process)
    finally:
        stop(process)


class Live:
    """An account that trades the sample session live, and its page."""

    def __init__(self, out: Path, served: Served, daemon: subprocess.Popen[str]) -> None:
        self.out = out
        self.served = served
        self.daemon = daemon

    @property
    def directory(self) -> Path:
        return self.out / "accounts" / ACCOUNT

    def kill_the_page(self) -> None:
        """End the page's server without a word."""
        self.served.process.kill()
        self.served.process.communicate(timeout=60)

    def start_the_page(self) -> None:
        """Start it again where it was."""
        port = self.served.port
        process = spawn("web", ACCOUNT, "--out", self.out, "--port", port, "--kite-port", 0)
        self.served = announced(process)


@contextmanager
def trade_live(out: Path, *, speed: str, more: str = "") -> Iterator[Live]:
    """Serve the sample session as Kite would, trade on it, and serve the account's page.

    `more` are further keys of the configuration.
    """
    port = free_port()
    demo = (ROOT / "configs/live-demo.yaml").read_text(encoding="utf-8")
    demo = demo.replace("artifacts/live-demo", str(out)).replace("9292", str(port))
    config = out / "demo.yaml"
    config.write_text(demo.replace("account: live-demo", f"account: {ACCOUNT}") + more)
    login = {"version": 1, "api_key": "demo", "access_token": "demo", "login_ts": time.time_ns()}
    (out / "kite.json").touch(mode=0o600)
    (out / "kite.json").write_text(json.dumps(login))
    ticks = spawn("serve-ticks", SESSION, "--speed", speed, "--port", port)
    daemon = spawn("--config", config)
    try:
        wait_for((out / "accounts" / ACCOUNT / "control.sock").exists)
        live = Live(out, announced(spawn("web", ACCOUNT, "--out", out, "--port", 0)), daemon)
        try:
            yield live
        finally:
            stop(live.served.process)
    finally:
        stop(daemon)
        stop(ticks)


def stop(process: subprocess.Popen[str]) -> None:
    """End a process in order."""
    process.terminate()
    process.communicate(timeout=60)


def announced(process: subprocess.Popen[str]) -> Served:
    """Return what a server says when it listens; its last line names the credentials."""
    assert process.stdout is not None
    said: dict[str, str] = {}
    while "credentials" not in said:
        name, _, value = process.stdout.readline().strip().partition(" ")
        assert name in ("page", "kite", "credentials"), (name, value)
        said[name] = value
    return Served(process, said["page"], Path(said["credentials"]))


def sign_in(context: BrowserContext, served: Served) -> Page:
    """Open the page in a new tab, with the token where this browser has no session yet."""
    page = context.new_page()
    page.goto(served.url)
    if page.url.endswith("/login"):
        give_token(page, served)
    page.wait_for_selector(READY)
    return page


def give_token(page: Page, served: Served) -> None:
    """Fill in the form of the login."""
    page.fill("#token", served.token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector(READY)
