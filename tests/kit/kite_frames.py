"""Kite frames read by others: by hand, number by number, and by the official client's parser."""

from __future__ import annotations

import os
import random
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import ABSENT, Ticks

LENGTHS = (8, 28, 32, 44, 184)
CURRENCY = (3, 6, 12)
INDEX = 256265
TOKENS = (13238786, 10967554, 408065, INDEX, 1 << 8 | 2, 0xFFFF_FF02)
CURRENCY_TOKEN = 2585603
UNIVERSE = Universe(
    Instrument(
        instrument_token=token,
        tradingsymbol=f"S{token}",
        lot_size=65,
        instrument_type="INDEX" if token == INDEX else "FUT",
    )
    for token in (*TOKENS, CURRENCY_TOKEN)
)


class Row(NamedTuple):
    """A tick with what a block holds of it."""

    ts: int
    instrument: int
    ltp: int
    exchange_ts: int = 0
    bid: int = ABSENT
    ask: int = ABSENT
    ltq: int = 0
    volume: int = -1
    oi: int = -1
    depth: tuple[tuple[int, int, int], ...] = ((0, 0, 0),) * 10
    day: tuple[int, ...] = (0,) * 8
    """Average price, totals of bids and asks, open, high, low, previous close, last trade."""


def rows_of(block: Ticks | None) -> list[Row]:
    """The rows of a block; zeros for a depth and a day that it does not have."""
    if block is None:
        return []
    columns = (
        block.ts, block.instrument, block.ltp, block.exchange_ts, block.bid, block.ask,
        block.ltq, block.volume, block.oi,
    )  # fmt: skip
    scalars = zip(*(each.tolist() for each in columns if each is not None), strict=True)
    rows = [Row(*each) for each in scalars]
    if block.day is not None:
        days = map(tuple, block.day.tolist())
        rows = [row._replace(day=day) for row, day in zip(rows, days, strict=True)]
    if block.depth is None:
        return rows
    levels = [tuple(map(tuple, row)) for row in block.depth.tolist()]
    return [row._replace(depth=each) for row, each in zip(rows, levels, strict=True)]


class Naive:
    """Reads frames one number at a time: what the decoder must agree with, whatever the bytes."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.packets = 0
        self.refused: Counter[str] = Counter()
        self.trailing = 0

    def read(self, ts: int, frame: bytes) -> None:
        """Add a frame of at least two bytes."""
        count = int.from_bytes(frame[:2], "big")
        self.packets += count
        at = 2
        for number in range(count):
            start = at + 2
            end = start + int.from_bytes(frame[at:start], "big")
            if max(start, end) > len(frame):
                self.refused["cut"] += count - number
                return
            reason = self._packet(ts, frame[start:end])
            if reason:
                self.refused[reason] += 1
            at = end
        self.trailing += len(frame) - at

    def _packet(self, ts: int, packet: bytes) -> str:
        if len(packet) not in LENGTHS:
            return "unknown_length"
        word = [int.from_bytes(packet[at : at + 4], "big") for at in range(0, len(packet), 4)]
        if word[0] % 256 in CURRENCY:
            return "bad_divisor"
        index = UNIVERSE.index_of_token(word[0])
        if index is None:
            return "unknown_token"
        row = Row(ts, index, word[1])
        if len(packet) in (28, 32):
            high, low, opened, close = word[2:6]
            row = row._replace(day=(0, 0, 0, opened, high, low, close, 0))
        if len(packet) == 32:
            row = row._replace(exchange_ts=word[7] * 10**9)
        if len(packet) in (44, 184):
            traded = word[11] * 10**9 if len(packet) == 184 else 0
            day = (word[3], *word[5:11], traded)
            row = row._replace(ltq=word[2], volume=word[4], day=day)
        if len(packet) == 184:
            depth = tuple(
                (word[at], word[at + 1], int.from_bytes(packet[4 * at + 8 : 4 * at + 10], "big"))
                for at in range(16, 46, 3)
            )
            bid, ask = (
                price if quantity and price else ABSENT
                for quantity, price, _ in (depth[0], depth[5])
            )
            row = row._replace(
                oi=word[12], exchange_ts=word[15] * 10**9, depth=depth, bid=bid, ask=ask
            )
        self.rows.append(row)
        return ""


@cache
def official_parser() -> Callable[[bytes], list[dict[str, Any]]]:
    """The parser of the official client, made without connecting to anything."""
    with warnings.catch_warnings():
        # what it stands on may use what a newer Python warns of; that is not ours to judge
        warnings.simplefilter("ignore", DeprecationWarning)
        from kiteconnect import KiteTicker  # type: ignore[import-untyped]
    ticker = KiteTicker.__new__(KiteTicker)
    parse: Callable[[bytes], list[dict[str, Any]]] = ticker._parse_binary
    return parse


@contextmanager
def host_in(zone: str) -> Iterator[None]:
    """The process in another time zone: the official client gives naive local times."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        if before is None:
            del os.environ["TZ"]
        else:
            os.environ["TZ"] = before
        time.tzset()


def framed(packets: Sequence[bytes], count: int | None = None) -> bytes:
    """The packets as a frame, claiming another count if asked."""
    header = (len(packets) if count is None else count).to_bytes(2, "big")
    return header + b"".join(len(each).to_bytes(2, "big") + each for each in packets)


def random_packet(source: random.Random, length: int) -> bytes:
    """A packet of this length, mostly of a known instrument, with ordinary and odd numbers."""
    token = source.choice(TOKENS)
    if source.random() < 0.1:
        token = source.choice((CURRENCY_TOKEN, 77, 0, 0xFFFF_FFFF))
    body = source.randbytes(length)
    if source.random() < 0.3:
        body = bytes(each if each > 128 else 0 for each in body)
    return (token.to_bytes(4, "big") + body)[:length]
