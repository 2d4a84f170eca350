"""How fast the ticker server alone can push full packets to a client in another process.

Its speed bounds every end-to-end bench. `python -m tests.bench.kite_server` prints one line for
each number of packets a frame: ticks/s and frames/s from the first frame that the client reads
to the last; the client reads and counts, and decodes nothing. The processor time that the server
took for a tick is shown beside it, since it holds on a busy machine too.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Any

import anyio
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from daemon.domain.ticks import Ticks
from feeds.kite.server.ticker_server import TickerServer
from tests.kit.ticker_client import sample

ROWS = 65_536


class Reader(WSListener):
    """Counts binary frames and packets until the server says goodbye."""

    def __init__(self, tokens: list[int]) -> None:
        self.frames = self.packets = 0
        self.first = self.last = 0.0
        self._tokens = tokens
        self.gone = anyio.Event()

    def on_ws_connected(self, transport: WSTransport) -> None:
        request = {"a": "mode", "v": ["full", self._tokens]}
        transport.send(WSMsgType.TEXT, json.dumps(request))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.disconnect()
        elif frame.msg_type == WSMsgType.BINARY and frame.payload_size > 1:
            self.last = time.perf_counter()
            self.first = self.first or self.last
            self.frames += 1
            head = frame.get_payload_as_memoryview()
            self.packets += head[0] << 8 | head[1]

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.gone.set()


async def read(url: str, tokens: list[int]) -> dict[str, Any]:
    """What one client saw, as figures."""
    _, reader = await ws_connect(lambda: Reader(tokens), url)
    assert isinstance(reader, Reader)
    await reader.gone.wait()
    seconds = reader.last - reader.first
    return {"frames": reader.frames, "packets": reader.packets, "seconds": seconds}


async def push(ticks: int, packets_per_frame: int) -> dict[str, Any]:
    """Serve so many ticks to a client in another process."""
    universe, block = sample(ROWS)
    blocks: list[Ticks] = [block] * (ticks // ROWS)
    tokens = [str(each.instrument_token) for each in universe]
    async with TickerServer(universe, blocks, packets_per_frame=packets_per_frame) as server:
        command = [sys.executable, "-m", "tests.bench.kite_server", "--read", server.url, *tokens]
        process = await anyio.open_process(command, stdout=subprocess.PIPE, stderr=None)
        used = time.process_time()
        await server.finished()
        used = time.process_time() - used
    assert process.stdout is not None
    said = b"".join([part async for part in process.stdout])
    await process.wait()
    figures: dict[str, Any] = json.loads(said)
    assert figures["packets"] == len(blocks) * ROWS, figures
    return figures | {"cpu_us": used / figures["packets"] * 1e6}


def run(work: Any, *arguments: Any) -> dict[str, Any]:
    """On the loop that the daemon uses."""
    figures: dict[str, Any] = anyio.run(work, *arguments, backend_options={"use_uvloop": True})
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--read", nargs="+", metavar="URL TOKEN")
    parser.add_argument("--ticks", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    if chosen.read:
        url, *tokens = chosen.read
        print(json.dumps(run(read, url, list(map(int, tokens)))))
        return
    for size in (1, 10, 100, 500):
        results = [run(push, chosen.ticks, size) for _ in range(chosen.runs)]
        ticks = statistics.median(each["packets"] / each["seconds"] for each in results)
        frames = statistics.median(each["frames"] / each["seconds"] for each in results)
        used = statistics.median(each["cpu_us"] for each in results)
        print(
            f"{size:4} packets a frame: {ticks:11,.0f} ticks/s {frames:10,.0f} frames/s "
            f"{used:6.2f} us of the server's processor a tick"
        )


if __name__ == "__main__":
    main()
