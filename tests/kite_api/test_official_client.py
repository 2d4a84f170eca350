"""The official client, unmodified, over the daemon, its page's process and a served session."""

from __future__ import annotations

import datetime as dt
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

pytestmark = [pytest.mark.ci, pytest.mark.timeout(300)]

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


ERRORS: Final = [
    ("profile", "TokenException", 403), ("generate_session", "TokenException", 403),
    ("cancel_order", "OrderException", 400), ("cancel_order", "OrderException", 400),
    ("get_gtt", "OrderException", 400),
    *[("place_order", "InputException", 400)] * 7,
    ("place_order", "GeneralException", 400),  # MarginException, which the client does not know
    *[("place_order", "PermissionException", 403)] * 3,
    ("modify_order", "OrderException", 400), ("order_history", "OrderException", 400),
    ("margins", "InputException", 400),
    *[(name, "PermissionException", 403)
      for name in ("mf_orders", "mf_sips", "mf_holdings", "get_auction_instruments",
                   "renew_access_token")],
    ("profile", "TokenException", 403), ("orders", "TokenException", 403),
]  # fmt: skip
"""Every refusal in the order of the program, and no other."""


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_the_official_client_finds_everything_where_kite_has_it(zone: str, tmp_path: Path) -> None:
    with paper_account(tmp_path) as (url, keys):
        first = json.loads(keys.read_text())
        done = subprocess.run(
            [sys.executable, "-m", "tests.kite_api.official", url, keys, tmp_path / "rows.json"],
            cwd=ROOT, env={**os.environ, "TZ": zone}, capture_output=True, text=True,
            timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        last = json.loads(keys.read_text())
    rows: list[dict[str, Any]] = json.loads((tmp_path / "rows.json").read_text())
    assert len(rows) >= CALLS_AT_LEAST
    assert [(row["call"], *row["error"][:2]) for row in rows if "error" in row] == ERRORS
    assert {name for name in first if first[name] != last[name]} == {"access_token"}
    check_books([row for row in rows if "value" in row])
    log = (tmp_path / "accounts/live-demo/web.log").read_text()
    for secret in (*first.values(), last["access_token"], "abcd1234efgh"):
        assert secret == 1 or secret not in log


def check_books(rows: list[dict[str, Any]]) -> None:
    """Hold what was seen against what was done, in the time of the session."""

    def values(name: str) -> list[Any]:
        return [row["value"] for row in rows if row["call"] == name]

    positions = values("positions")
    assert [sum(row["quantity"] for row in each["net"]) for each in positions] == [0, 65, 65, 0]
    assert [row["product"] for row in positions[2]["net"] if row["quantity"]] == ["MIS"]
    [first, last] = values("orders")
    assert first == []
    assert {order["status"] for order in last} == {"CANCELLED", "COMPLETE"}
    for order in last:
        at = dt.datetime.fromisoformat(order["order_timestamp"])
        assert at.date() == dt.date(2026, 11, 18)
        assert dt.time(9, 15) <= at.time() < dt.time(15, 30)
    for session in values("generate_session"):
        assert dt.datetime.fromisoformat(session["login_time"]).tzinfo is None
    assert values("session_expiry_hook") == [["expired"]]
