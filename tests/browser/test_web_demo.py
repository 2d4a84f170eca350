"""`make web-demo`: one command shows the sample session live, and one key ends all of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.browser.served import announced
from tests.kit.cli import ROOT, wait_for
from tests.kit.live import free_port

pytestmark = pytest.mark.ci


def test_it_says_where_the_page_is_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    environment = Path(sys.prefix)
    process = subprocess.Popen(
        ["make", "--no-print-directory", "-o", f"{environment}/.ready", "web-demo",
         f"VENV={environment}", f"WEB_DEMO={tmp_path}/demo", f"WEB_DEMO_TICKS={free_port()}"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        served = announced(process)
        assert served.credentials.stat().st_mode & 0o777 == 0o600
        assert json.loads(served.credentials.read_bytes())["version"] == 1
        with httpx.Client(base_url=served.url, timeout=30) as client:
            assert client.get("/api/now").status_code == 401
            assert client.post("/login", json={"token": served.token}).status_code == 200
            wait_for(lambda: client.get("/api/now").json()["panels"]["header"]["mode"] == "live")
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)
    finally:
        members = group_of(process.pid)
        for pid in members:
            os.kill(pid, signal.SIGKILL)
        process.communicate()
    assert members == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(served.url)


def group_of(leader: int) -> list[int]:
    """Return the processes of a session that still run."""
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--sid", str(leader)], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in listed.stdout.split()]
