"""`serve-ticks` on the command line: what it says, whom it serves, how it ends."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from feeds.files.native_writer import write_ticks
from feeds.kite.server.encode import encode_packets
from tests.kit.cli import ROOT, SAMPLE, finished, invoke, spawn
from tests.kit.ticker_client import connected, random_depth, sample

ROWS = 2000
SESSION = "configs/sample_session.parquet"
SAYS_WHERE = re.compile(r"(ws://127\.0\.0\.1:(\d+)) serves (\S+) \((\d+) instruments\) at speed ")


@contextmanager
def serving(*arguments: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command as a process, once it listens, with its URL."""
    process = spawn("serve-ticks", *arguments, "--port", 0)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = SAYS_WHERE.match(line)
        assert found is not None, line + finished(process).err
        yield process, found[1]
    finally:
        process.kill()
        process.communicate()


async def test_a_recording_with_depth_is_served_and_what_was_sent_is_said(tmp_path: Path) -> None:
    universe, bare = sample(ROWS)
    block = random_depth(bare)
    path = tmp_path / "session.parquet"
    write_ticks(path, universe, [block], depth=True)
    tokens = [each.instrument_token for each in universe]
    with serving(path, "--speed", "max", "--fault", "duplicate@100", "--fault", "cut@700") as (
        process, url,
    ):  # fmt: skip
        async with connected(url) as client:
            client.subscribe(tokens)
            await client.closed()
        done = await anyio.to_thread.run_sync(finished, process)
    expected = encode_packets(block, universe, "full")
    assert set(client.packets) <= set(expected)
    assert len(client.packets) == ROWS + 400 - 1
    assert done.code == 0, done.err
    assert done.out == (
        f"sent {ROWS + 400 - 1:,} packets in {len(client.frames)} frames, connections: 1; packets "
        "sent twice: 400; packets lost to faults: 1\n"
    )


def test_a_signal_ends_it_and_it_listens_on_loopback_only() -> None:
    with serving(SESSION) as (process, url):
        port = int(url.rsplit(":", 1)[1])
        local = f"0100007F:{port:04X}"
        table = Path("/proc/net/tcp")
        if table.exists():
            lines = [line.split() for line in table.read_text().splitlines()[1:]]
            assert {line[1] for line in lines if line[3] == "0A" and f":{port:04X}" in line[1]} == {
                local
            }
        process.send_signal(signal.SIGTERM)
        done = finished(process)
    assert done.code == 0, done.err
    assert done.out == "sent 0 packets in 0 frames, connections: 0\n"


def test_what_to_serve_can_come_from_a_configuration() -> None:
    with serving("--config", SAMPLE) as (process, _):
        process.send_signal(signal.SIGINT)
        assert finished(process).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 64, "expected a recording, or --config FILE"),
        (("nope.parquet",), 69, "nope.parquet: no such file"),
        ((SAMPLE,), 69, "expected one of the endings"),
        ((SESSION, "--speed", "fast"), 78, "speed: expected max or a factor"),
        ((SESSION, "--fault", "drop"), 64, "expected KIND@N"),
        ((SESSION, "--port", "70000"), 64, "65535"),
        ((SESSION, "--host", "0.0.0.0"), 64, "--host"),
        (("--config", "configs/dev.yaml"), 78, "feed.replay.files"),
    ],
)
def test_a_mistake_is_one_line(arguments: tuple[str, ...], code: int, said: str) -> None:
    done = invoke("serve-ticks", *arguments)
    assert done.code == code
    assert said in done.complaint
    assert done.out == ""


def test_a_taken_port_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = invoke("serve-ticks", SESSION, "--port", port)
    assert done.code == 64
    assert f"--port {port}: cannot listen on 127.0.0.1" in done.complaint


def test_candles_are_refused(tmp_path: Path) -> None:
    candles = tmp_path / "candles.csv"
    candles.write_text(
        "ts,open,high,low,close,volume\n2026-11-18T09:15:00,25000,25010,24990,25005,650\n"
    )
    config = tmp_path / "config.yaml"
    config.write_text(
        "version: 1\nfeed:\n  kind: replay\n  replay:\n    files:\n"
        f"      - {{path: {candles}, kind: candles, symbol: NIFTY26NOVFUT, timeframe: 1m}}\n"
    )
    done = invoke("serve-ticks", "--config", config)
    assert done.code == 64
    assert "candles cannot be served" in done.complaint


def test_instruments_without_a_token_are_refused(tmp_path: Path) -> None:
    ticks = tmp_path / "ticks.csv"
    ticks.write_text("ts,symbol,ltp\n2026-11-18T09:15:00,NIFTY26NOVFUT,25000\n")
    done = invoke("serve-ticks", ticks)
    assert done.code == 78
    assert "NIFTY26NOVFUT: expected an instrument_token" in done.complaint


def test_the_live_demo_s_configuration_names_what_it_is_served() -> None:
    from daemon.settings.file import load_config
    from feeds.contracts.universe import build_universe

    config = load_config(ROOT / "configs" / "live-demo.yaml")
    served, _ = sample(1)
    named = build_universe(config.universe, [])
    assert [each.instrument_token for each in named] == [each.instrument_token for each in served]
    assert [each.lot_size for each in named] == [each.lot_size for each in served]
    assert config.feed.kite.clock == "exchange"
