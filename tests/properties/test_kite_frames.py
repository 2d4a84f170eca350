"""Whatever the bytes: packets in = ticks + refusals, as read by hand and by the official client."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.ticks import ABSENT, Ticks
from feeds.kite.frames import REASONS, FrameDecoder, FrameError
from feeds.kite.server.encode import encode_frame, encode_packets
from tests.kit.kite_frames import (
    INDEX,
    LENGTHS,
    TOKENS,
    UNIVERSE,
    Naive,
    Row,
    framed,
    host_in,
    official_parser,
    random_packet,
    rows_of,
)
from tests.kit.tiers import at_most

TS = 1_790_000_000_000_000_000
DECODER = FrameDecoder(UNIVERSE)
U32 = st.integers(0, 0xFFFF_FFFF)
CASES = 20_000
PARTS = 10


def agrees(frames: list[tuple[int, bytes]]) -> None:
    """The decoder says of the frames what reading them by hand says."""
    naive = Naive()
    for ts, frame in frames:
        naive.read(ts, frame)
    decoded = DECODER.decode(frames)
    rows = rows_of(decoded.ticks)
    assert rows == naive.rows
    assert decoded.packets == naive.packets
    assert decoded.refused == naive.refused
    assert decoded.trailing == naive.trailing
    assert decoded.packets == len(rows) + sum(decoded.refused.values())
    assert set(decoded.refused) <= set(REASONS)
    assert (decoded.ticks is None) == (not rows)


def valid_frame(source: random.Random) -> bytes:
    """Up to a dozen packets, of one length or of several."""
    lengths = source.choices(LENGTHS, k=source.choice((1, 1, 2, 5)))
    count = source.choice((0, 1, 1, 1, 2, 3, 12))
    return framed([random_packet(source, source.choice(lengths)) for _ in range(count)])


def garbage(source: random.Random) -> bytes:
    """A frame as a faulty link or sender would make it."""
    frame = bytearray(valid_frame(source))
    for _ in range(source.choice((1, 1, 2))):
        kind = source.randrange(8)
        if kind == 0:
            frame = bytearray(source.randbytes(source.choice((0, 1, 2, 3, 4, 5, 12, 188, 300))))
        elif kind == 1:
            del frame[source.randrange(len(frame) + 1) :]
        elif kind == 2:
            frame += valid_frame(source)
        elif kind == 3 and frame:
            frame[source.randrange(len(frame))] ^= 1 << source.randrange(8)
        elif kind == 4:
            frame[:2] = source.randrange(20).to_bytes(2, "big")
        elif kind == 5:
            frame[2:4] = source.choice((*LENGTHS, 0, 1, 7, 0xFFFF)).to_bytes(2, "big")
        elif kind == 6:
            at = source.randrange(len(frame) + 1)
            frame[at:at] = source.randbytes(source.randrange(1, 9))
        else:
            at = source.randrange(len(frame) + 1)
            del frame[at : at + source.randrange(1, 9)]
    return bytes(frame)


@pytest.mark.parametrize("seed", range(PARTS))
def test_garbage_is_counted_packet_by_packet_and_raises_nothing_else(seed: int) -> None:
    source = random.Random(seed)
    left = CASES // PARTS
    while left > 0:
        frames = [
            (TS + at, garbage(source) if source.random() < 0.7 else valid_frame(source))
            for at in range(source.choice((1, 1, 2, 5)))
        ]
        left -= len(frames)
        headless = [at for at, (_, frame) in enumerate(frames) if len(frame) < 2]
        if headless:
            with pytest.raises(FrameError) as caught:
                DECODER.decode(frames)
            assert caught.value.at == headless[0]
            frames = [each for each in frames if len(each[1]) >= 2]
        if frames:
            agrees(frames)


@pytest.mark.random
@settings(max_examples=at_most(200), deadline=None)
@given(st.lists(st.binary(min_size=2, max_size=400), min_size=1, max_size=4))
def test_random_bytes_are_counted(frames: list[bytes]) -> None:
    agrees([(TS + at, frame) for at, frame in enumerate(frames)])


@pytest.mark.parametrize("fill", [b"\x00", b"\xff", b"\x00\x08", None])
def test_a_frame_of_a_mebibyte_is_counted(fill: bytes | None) -> None:
    size = 1 << 20
    frame = fill * (size // len(fill)) if fill else random.Random(1).randbytes(size)
    for frames in ([frame], [frame, frame]):
        agrees([(TS, each) for each in frames])


def test_the_largest_frame_there_can_be_is_read_whole() -> None:
    source = random.Random(2)
    frame = framed([random_packet(source, 8) for _ in range(5)] * 13_107)
    agrees([(TS, frame)])
    agrees([(TS, frame[:-1])])


@pytest.mark.parametrize("seed", range(20))
def test_frames_together_give_the_rows_of_frames_alone(seed: int) -> None:
    source = random.Random(seed)
    frames = [(TS + at, valid_frame(source)) for at in range(60)]
    alone = [row for each in frames for row in rows_of(DECODER.decode([each]).ticks)]
    assert rows_of(DECODER.decode(frames).ticks) == alone
    agrees(frames)


# the official client


def as_official(row: Row, length: int) -> dict[str, Any]:
    """The part of a row that both know, in the official client's words; prices in paise."""
    token = UNIVERSE[row.instrument].instrument_token
    said: dict[str, Any] = {"instrument_token": token, "last_price": row.ltp}
    if length in (44, 184):
        said |= {"last_traded_quantity": row.ltq, "volume_traded": row.volume}
    if length in (32, 184):
        said["exchange_timestamp"] = row.exchange_ts
    if length == 184:
        sides = ("buy", row.depth[:5]), ("sell", row.depth[5:])
        said |= {"oi": row.oi, "depth": {side: list(levels) for side, levels in sides}}
    return said


def in_paise(tick: dict[str, Any]) -> dict[str, Any]:
    """The same part of an official tick."""
    said = {name: tick[name] for name in ("instrument_token", "last_price")}
    said["last_price"] = round(said["last_price"] * 100)
    for name in ("last_traded_quantity", "volume_traded", "oi"):
        if name in tick:
            said[name] = tick[name]
    if "exchange_timestamp" in tick:
        said["exchange_timestamp"] = round(tick["exchange_timestamp"].timestamp()) * 10**9
    if "depth" in tick:
        said["depth"] = {
            side: [
                (each["quantity"], round(each["price"] * 100), each["orders"]) for each in levels
            ]
            for side, levels in tick["depth"].items()
        }
    return said


@pytest.mark.parametrize("seed", range(20))
def test_valid_frames_are_read_as_the_official_client_reads_them(seed: int) -> None:
    source = random.Random(seed)
    lengths = [source.choice(LENGTHS) for _ in range(40)]
    if seed % 4 == 0:
        lengths = [LENGTHS[seed // 4]] * 40
    packets = [
        source.choice(TOKENS).to_bytes(4, "big") + source.randbytes(length - 4)
        for length in lengths
    ]
    frames = [framed(packets[:20]), *(framed([each]) for each in packets[20:])]
    with host_in("UTC"):
        official = [in_paise(tick) for frame in frames for tick in official_parser()(frame)]
    together = DECODER.decode([(TS, frame) for frame in frames])
    ours = [as_official(*each) for each in zip(rows_of(together.ticks), lengths, strict=True)]
    assert ours == official
    assert len(ours) == together.packets == 40


# there and back


LEVEL = st.tuples(U32, U32, st.integers(0, 0xFFFF))
SECONDS = U32.map(lambda seconds: seconds * 10**9)
CONTRACTS = [at for at, token in enumerate(TOKENS) if token != INDEX]


@st.composite
def full_rows(draw: st.DrawFn) -> Row:
    """A row as a full packet of a contract, or of an index, can carry it."""
    if draw(st.booleans()):
        ohlc = draw(st.lists(U32, min_size=4, max_size=4))
        return Row(
            TS, TOKENS.index(INDEX), draw(U32), exchange_ts=draw(SECONDS), day=(0, 0, 0, *ohlc, 0)
        )
    depth = tuple(draw(st.lists(LEVEL, min_size=10, max_size=10)))
    bid, ask = (
        price if quantity and price else ABSENT for quantity, price, _ in (depth[0], depth[5])
    )
    return Row(
        TS, draw(st.sampled_from(CONTRACTS)), draw(U32), draw(SECONDS), bid, ask, draw(U32),
        draw(U32), draw(U32), depth, (*draw(st.lists(U32, min_size=7, max_size=7)), draw(SECONDS)),
    )  # fmt: skip


ROWS = st.lists(full_rows(), min_size=1, max_size=5)


def block_of(rows: list[Row]) -> Ticks:
    """The rows as a block with every column."""
    values = zip(*rows, strict=True)
    columns: dict[str, Any] = {
        name: np.array(column) for name, column in zip(Row._fields, values, strict=True)
    }
    columns["instrument"] = columns["instrument"].astype(np.int32)
    return Ticks(**columns)


@pytest.mark.random
@settings(max_examples=at_most(100), deadline=None)
@given(ROWS)
def test_what_was_written_in_full_is_read_back(rows: list[Row]) -> None:
    packets = encode_packets(block_of(rows), UNIVERSE, "full")
    assert rows_of(DECODER.decode([(TS, encode_frame(packets))]).ticks) == rows
    each = [(TS, encode_frame([packet])) for packet in packets]
    assert rows_of(DECODER.decode(each).ticks) == rows


@pytest.mark.random
@settings(max_examples=at_most(50), deadline=None)
@given(ROWS, st.sampled_from(["ltp", "quote"]))
def test_smaller_packets_carry_what_their_mode_means(rows: list[Row], mode: str) -> None:
    packets = encode_packets(block_of(rows), UNIVERSE, "ltp" if mode == "ltp" else "quote")
    expected = [Row(TS, row.instrument, row.ltp) for row in rows]
    if mode == "quote":
        expected = [
            short._replace(day=row.day) if TOKENS[row.instrument] == INDEX
            else short._replace(ltq=row.ltq, volume=row.volume, day=(*row.day[:-1], 0))
            for short, row in zip(expected, rows, strict=True)
        ]  # fmt: skip
    assert rows_of(DECODER.decode([(TS, encode_frame(packets))]).ticks) == expected


@pytest.mark.parametrize("seed", range(20))
def test_what_was_read_and_written_again_is_the_same_packet(seed: int) -> None:
    source = random.Random(seed)
    read = DECODER.decode([(TS, valid_frame(source)) for _ in range(20)])
    if read.ticks is None:
        pytest.fail("expected ticks")
    first = encode_packets(read.ticks, UNIVERSE, "full")
    again = DECODER.decode([(TS, encode_frame(first))])
    assert again.ticks is not None
    assert encode_packets(again.ticks, UNIVERSE, "full") == first
