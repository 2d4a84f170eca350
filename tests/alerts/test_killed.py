"""W17 with real processes: the follower is killed with -9 and nothing is lost."""

from __future__ import annotations

import json
import random
import subprocess
from functools import partial
from pathlib import Path

import pytest

from daemon.errors import ExitCode
from daemon.journal.schema import JournalMeta
from daemon.journal.store import JournalStore
from tests.alerts.channel_server import SECRET, ChannelServer, channel_server
from tests.kit.cli import finished, spawn, wait_for
from tests.kit.sample_events import EventWriter, S

pytestmark = pytest.mark.ci
REFUSALS = 60


def config_of(place: Path, address: str) -> Path:
    channels = place / "alerts.json"
    channels.touch(0o600)
    channels.write_text(json.dumps({"version": 1, "channels": {"phone": address}}))
    config = place / "a.yaml"
    config.write_text(
        f"version: 1\naccount: a\nout: {place}\nalerts:\n  enabled: true\n"
        "  channels_file: alerts.json\n"
        "  channels:\n    - {name: phone, kinds: [refusal], per_minute: 100000}\n"
    )
    return config


def orders_in(texts: list[str]) -> list[str]:
    """The order that each line of what was taken is about, in the order of arrival."""
    return [line.rpartition(", ")[2] for text in texts for line in text.split("\n")]


def test_w17_a_follower_that_is_killed_tells_everything_at_least_once_in_order(
    tmp_path: Path,
) -> None:
    draw, writer = random.Random(5), EventWriter()
    for _ in range(REFUSALS):
        writer.next_input()
        order = writer.create("NIFTY26NOV25000CE", "BUY", 60)
        writer.move(order, S.CREATED, S.REJECTED, "lot_size")
    events = writer.events
    ids = [event.order_id for event in events[::2]]
    directory = tmp_path / "accounts" / "a"
    with (
        channel_server() as server,
        JournalStore.create(directory, JournalMeta(run_id="a", account="a")) as store,
    ):
        config = config_of(tmp_path, server.address)

        def start() -> subprocess.Popen[str]:
            process = spawn("follow", "--config", config)
            assert process.stdout is not None
            assert process.stdout.readline() == "alerts of a to phone\n"
            return process

        process = start()
        wait_for((directory / "alerts.db").exists)
        wait_for(lambda: has_begun(directory))
        at = 0
        try:
            for kill in range(4):
                until = len(events) if kill == 3 else at + 2 * draw.randint(4, 12)
                server.status = 200 if kill != 1 else 503  # killed while its service fails
                seen = len(server.got)  # all may be told before the last of them is written
                for number in range(at, until, 2):
                    store.append(events[number : number + 2], input_no=events[number].input_no)
                wait_for(partial(has_more, server, seen))
                process.kill()
                process.communicate(timeout=30)
                server.status = 200
                at = until
                process = start()
            wait_for(lambda: set(ids) <= set(orders_in(server.taken)), 60)
            process.terminate()
            done = finished(process)
        finally:
            process.kill()
    assert done.code == ExitCode.STOPPED
    told = orders_in(server.taken)
    first = list(dict.fromkeys(told))
    assert first == ids  # in order, each at least once
    secrets = SECRET.encode()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in files if secrets in path.read_bytes()] == ["alerts.json"]
    assert SECRET not in done.out + done.err


def has_more(server: ChannelServer, seen: int) -> bool:
    return len(server.got) > seen


def has_begun(directory: Path) -> bool:
    log = directory / "follow.log"
    return log.exists() and "alerts begin at event 0" in log.read_text()
