"""All pages of a long journal's history, asked for one after the other as a person scrolls."""

from __future__ import annotations

import json
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx

from daemon.domain.order import OrderState
from daemon.journal.store import JournalStore
from tests.bench.system_cases import GROUP_EVENTS, META
from tests.kit.sample_events import EventWriter, refused_by_lot, worked_example
from tests.load.rounds import memory_of, module

FOLDED_WITHIN_S: Final = 300.0


def page_through(events: int) -> dict[str, Any]:
    """Serve a run of at least `events` events, ask for every page, and say what each took."""
    with TemporaryDirectory(prefix="fno-paging-") as text:
        out = Path(text)
        last = _write(out / "runs/long", events)
        with module("daemon.main", "web", "--out", out, "--port", 0) as page:
            assert page.stdout is not None
            url, credentials = (page.stdout.readline().split()[1] for _ in range(2))
            token = json.loads(Path(credentials).read_text())["page_token"]
            with httpx.Client(base_url=url, timeout=FOLDED_WITHIN_S) as client:
                client.post("/login", json={"token": token}).raise_for_status()
                began = time.perf_counter()
                while client.get("/api/now").json().get("seq", 0) < last:
                    time.sleep(0.05)
                folded = time.perf_counter() - began
                rows, spent = _pages(client)
            memory = memory_of(page.pid)
    third = len(spent) // 3
    return {
        "events": last, "rows": rows, "pages": len(spent), "folded_s": round(folded, 1),
        "median_ms": round(statistics.median(spent), 2), "slowest_ms": round(max(spent), 2),
        "last_to_first": round(min(spent[-third:]) / min(spent[:third]), 2),
        "rss_mb": memory["VmRSS"], "rss_peak_mb": memory["VmHWM"],
    }  # fmt: skip


def _write(directory: Path, count: int) -> int:
    """Write at least `count` events, many a commit; return the number of the last."""
    writer = EventWriter()
    while len(writer.events) < count:
        ended = (worked_example(writer), "CLOSED"), (refused_by_lot(writer), "REJECTED")
        for order, state in ended:  # as a day's end does
            writer.move(order, OrderState(state), OrderState.ARCHIVED, "session_end")
    with JournalStore.create(directory, META) as store:
        for at in range(0, len(writer.events), GROUP_EVENTS):
            group = writer.events[at : at + GROUP_EVENTS]
            store.append(group, input_no=group[-1].input_no)
    return writer.events[-1].seq


def _pages(client: httpx.Client) -> tuple[int, list[float]]:
    rows, spent, after = 0, [], ""
    while True:
        began = time.perf_counter()
        answer = client.get(f"/api/history?after={after}" if after else "/api/history")
        spent.append((time.perf_counter() - began) * 1_000)
        found = answer.raise_for_status().json()
        rows += len(found["rows"])
        if found["next"] is None:
            return rows, spent
        after = str(found["next"])
