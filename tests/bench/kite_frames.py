"""Decoding Kite's full packets, depth included, beside the official client: `python -m` this."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from feeds.kite.frames import FrameDecoder
from feeds.kite.server.encode import encode_frame, encode_packets
from tests.kit.kite_frames import official_parser

INSTRUMENTS: Final = 3000
"""As many as one connection may have."""
TICKS: Final = 20_000
TICKS_TOGETHER: Final = 2_000
"""How many ticks are decoded by one call, where frames are decoded together."""
FRAME_PACKETS: Final = (1, 10, 100, 500)
GOALS: Final = {1: 20, 100: 50}
"""Packets a frame -> how many times as fast as the official client."""

Frames = list[tuple[int, bytes]]


def full_packets(universe: Universe, count: int) -> list[bytes]:
    """Full packets of drawn instruments: a book of five levels around each price."""
    draw = np.random.default_rng(7)
    ltp = draw.integers(1_000, 3_000_000, count)
    depth = np.empty((count, 10, 3), dtype=np.int64)
    depth[:, :, 0] = draw.integers(1, 100, (count, 10)) * 65
    depth[:, :5, 1] = ltp[:, None] - 5 * np.arange(1, 6)
    depth[:, 5:, 1] = ltp[:, None] + 5 * np.arange(1, 6)
    depth[:, :, 2] = draw.integers(1, 60, (count, 10))
    block = Ticks(
        ts=np.zeros(count, dtype=np.int64),
        instrument=draw.integers(0, len(universe), count).astype(np.int32),
        ltp=ltp,
        exchange_ts=np.full(count, 1_790_000_000_000_000_000),
        ltq=draw.integers(1, 50, count) * 65,
        volume=draw.integers(1, 1 << 30, count),
        oi=draw.integers(1, 1 << 26, count),
        depth=depth,
    )
    return encode_packets(block, universe, "full")


def kite_frames(runs: int = 5) -> list[dict[str, Any]]:
    """Ticks/s, medians over runs, one row for each size of a frame.

    `alone` decodes one frame a call, `together` as many frames a call as make 2,000 ticks,
    `official` is `KiteTicker._parse_binary` on the same frames; each ratio is to that.
    """
    universe = Universe(
        Instrument(instrument_token=(40_000 + 7 * n) << 8 | 2, tradingsymbol=f"K{n}", lot_size=65)
        for n in range(INSTRUMENTS)
    )
    packets = full_packets(universe, TICKS)
    return [_row(universe, packets, size, runs) for size in FRAME_PACKETS]


def _row(universe: Universe, packets: list[bytes], size: int, runs: int) -> dict[str, Any]:
    frames: Frames = [
        (at, encode_frame(packets[at : at + size])) for at in range(0, len(packets), size)
    ]
    decode = FrameDecoder(universe).decode
    parse = official_parser()
    step = max(1, TICKS_TOGETHER // size)

    def alone() -> Iterator[int]:
        for each in frames:
            yield decode((each,)).packets

    def together() -> Iterator[int]:
        for at in range(0, len(frames), step):
            yield decode(frames[at : at + step]).packets

    def official() -> Iterator[int]:
        for _, frame in frames:
            yield len(parse(frame))

    ours_alone, ours_together, theirs = _rates([alone, together, official], len(packets), runs)
    return {
        "packets_a_frame": size,
        "frames_a_call": step,
        "alone_ticks_per_s": round(ours_alone),
        "together_ticks_per_s": round(ours_together),
        "official_ticks_per_s": round(theirs),
        "alone_ratio": round(ours_alone / theirs, 1),
        "together_ratio": round(ours_together / theirs, 1),
        "goal_ratio": GOALS.get(size),
    }


def _rates(ways: list[Callable[[], Iterator[int]]], ticks: int, runs: int) -> list[float]:
    """Median ticks/s of each way; they take turns, so that a busy machine slows all alike."""
    seconds: list[list[float]] = [[] for _ in ways]
    for _ in range(runs):
        for way, taken in zip(ways, seconds, strict=True):
            start = time.perf_counter()
            decoded = sum(way())
            taken.append(time.perf_counter() - start)
            assert decoded == ticks, (decoded, ticks)
    return [ticks / statistics.median(each) for each in seconds]


def main() -> None:
    """Measure and print."""
    rows = kite_frames()
    names = list(rows[0])
    lines = ["  ".join(f"{name:>20}" for name in names)]
    for row in rows:
        values = ["" if row[name] is None else f"{row[name]:,}" for name in names]
        lines.append("  ".join(f"{value:>20}" for value in values))
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
