"""The official client, unmodified, over the daemon, its page's process and a served session."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.kit.cli import ROOT, spawn, wait_for
from tests.kit.live import free_port

pytestmark = pytest.mark.ci

SESSION: Final = "configs/sample_session.parquet"
CALLS_AT_LEAST: Final = 60


@contextmanager
def paper_account(out: Path) -> Iterator[tuple[str, Path]]:
    """Trade nothing on the sample session, and yield the API's address and its keys."""
    port = free_port()
    demo = (ROOT / "configs/live-demo.yaml").read_text(encoding="utf-8").partition("strategies:")[0]
    demo = demo.replace("artifacts/live-demo", str(out)).replace("9292", str(port))
    config = out / "demo.yaml"
    config.write_text(f"{demo}capital_rupees: 1000000\napi: {{rates: 'off'}}\n")
    login = {"version": 1, "api_key": "demo", "access_token": "demo", "login_ts": time.time_ns()}
    (out / "kite.json").touch(mode=0o600)
    (out / "kite.json").write_text(json.dumps(login))
    account = out / "accounts/live-demo"
    running = [
        spawn("serve-ticks", SESSION, "--speed", 20, "--port", port),
        spawn("--config", config),
    ]
    try:
        wait_for((account / "requests.sock").exists)
        web = spawn("web", "live-demo", "--out", out, "--port", 0)
        running.append(web)
        assert web.stdout is not None
        said = [web.stdout.readline().split() for _ in range(3)]
        assert [words[0] for words in said] == ["page", "kite", "credentials"], said
        yield said[1][1], account / "kite_api.json"
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.communicate(timeout=30)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_the_official_client_finds_everything_where_kite_has_it(zone: str, tmp_path: Path) -> None:
    with paper_account(tmp_path) as (url, keys):
        done = subprocess.run(
            [sys.executable, "-m", "tests.kite_api.official", url, keys, tmp_path / "rows.json"],
            cwd=ROOT, env={**os.environ, "TZ": zone}, capture_output=True, text=True,
            timeout=110, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        secret = json.loads(keys.read_text())["api_secret"]
    rows: list[dict[str, Any]] = json.loads((tmp_path / "rows.json").read_text())
    for row in rows:
        print(row)
    assert len(rows) >= CALLS_AT_LEAST
    assert secret
