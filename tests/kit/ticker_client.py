"""A client of the ticker server that keeps what it was sent."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import numpy as np
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from daemon.domain.instrument import Universe
from daemon.domain.ticks import Ticks
from daemon.settings.config import ReplayConfig, ReplayFile
from feeds.kite.frames import FrameDecoder, FrameError
from feeds.replay import Recording
from tests.kit.cli import ROOT

SESSION = ROOT / "configs" / "sample_session.parquet"


def sample(rows: int, path: Path = SESSION) -> tuple[Universe, Ticks]:
    """The first rows of the sample session, as one block."""
    files = [ReplayFile(path=str(path))]
    recording = Recording(ReplayConfig(files=files, block_rows=rows))
    with contextlib.closing(recording.blocks()) as blocks:
        block = next(iter(blocks))
    assert len(block) == rows
    return recording.universe, block


class TickerClient(WSListener):
    """What one connection said, in order."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.texts: list[str] = []
        self.heartbeats = 0
        self.gone = anyio.Event()
        self.transport: WSTransport
        self._more = anyio.Event()

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()
        elif frame.msg_type == WSMsgType.TEXT:
            self.texts.append(frame.get_payload_as_utf8_text())
        elif frame.msg_type == WSMsgType.BINARY and frame.payload_size == 1:
            self.heartbeats += 1
        elif frame.msg_type == WSMsgType.BINARY:
            self.frames.append(frame.get_payload_as_bytes())
        self._more.set()
        self._more = anyio.Event()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.gone.set()
        self._more.set()

    def say(self, action: str, value: Any) -> None:
        self.transport.send(WSMsgType.TEXT, json.dumps({"a": action, "v": value}))

    def subscribe(self, tokens: list[int], mode: str = "full") -> None:
        self.say("subscribe", tokens)
        self.say("mode", [mode, tokens])

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The text messages that are JSON."""
        return [json.loads(each) for each in self.texts]

    @property
    def packets(self) -> list[bytes]:
        """The packets of all sound frames, in order."""
        return [packet for frame in self.frames for packet in split_frame(frame)]

    async def until(self, is_met: Callable[[], bool]) -> None:
        with anyio.fail_after(30):
            while not is_met():
                await self._more.wait()

    async def closed(self) -> None:
        with anyio.fail_after(30):
            await self.gone.wait()


def split_frame(frame: bytes) -> list[bytes]:
    """The packets that are whole; a frame that promises more than it can hold has none."""
    count, at, found = int.from_bytes(frame[:2], "big"), 2, []
    for _ in range(count):
        size = int.from_bytes(frame[at : at + 2], "big")
        packet = frame[at + 2 : at + 2 + size]
        if len(packet) < size or not size:
            break
        found.append(packet)
        at += 2 + size
    return found


def decoded(universe: Universe, frames: list[bytes]) -> tuple[int, int]:
    """How many ticks and rejects the product's own decoder makes of the frames."""
    decoder = FrameDecoder(universe)
    ticks = refused = 0
    for at, frame in enumerate(frames):
        try:
            found = decoder.decode([(at, frame)])
        except FrameError:
            refused += 1
            continue
        ticks += 0 if found.ticks is None else len(found.ticks)
        refused += sum(found.refused.values())
    return ticks, refused


@contextlib.asynccontextmanager
async def connected(
    url: str, query: str = "/?api_key=k&access_token=t"
) -> AsyncIterator[TickerClient]:
    """A connection that is closed at the end."""
    with anyio.fail_after(30):
        transport, client = await ws_connect(TickerClient, url + query)
    assert isinstance(client, TickerClient)
    try:
        yield client
    finally:
        transport.disconnect(graceful=False)
        await client.closed()


def random_depth(block: Ticks, seed: int = 7) -> Ticks:
    """The rows with five random levels on each side."""
    random = np.random.default_rng(seed)
    shape = (len(block), 10)
    depth = np.stack(
        [random.integers(0, 10**6, shape), random.integers(1, 10**7, shape),
         random.integers(0, 2**16, shape)], axis=2,
    )  # fmt: skip
    columns = {name: getattr(block, name) for name in Ticks.__slots__} | {"depth": depth}
    return Ticks(**columns)
