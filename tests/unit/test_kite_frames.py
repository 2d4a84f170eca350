"""Worked frames, the official packets, and every way in which a packet is refused."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import ABSENT, Ticks
from feeds.kite.frames import Decoded, FrameDecoder, FrameError, TokenTable
from feeds.kite.server.encode import encode_frame, encode_packets
from tests.kit.golden import data_directory
from tests.kit.kite_frames import CURRENCY_TOKEN, INDEX, UNIVERSE, Row, framed, rows_of

TS = 1_790_000_000_123_456_789
AT = 0x6AB0B66A * 10**9  # 2026-09-21 10:15:30 IST
FUTURE, CALL, INDEX_AT = 0, 1, 3
OHLC = ("open", "high", "low", "close")

E1 = "0001000800ca02020023b98c"
E2 = "000200200003e9090023b01d0023b950002391820023a11800238da9000022746ab0b66a000800ca02020023b98c"
E3 = "0001001c0003e9090023b01d0023b950002391820023a11800238da900002274"
E4 = (
    "0001002c00a75a02000030390000004100002e720044da2c000c65d4000c31c7000027d80000335e"
    "000026fc00002b20"
)
E5 = (
    "000100b800a75a02000030390000004100002e720044da2c000c65d4000c31c7000027d80000335e"
    "000026fc00002b206ab0b6690078697d007a1183007270f96ab0b66a"
    "0000028a0000303400040000000005140000302f0007000000000a280000302a000b0000000000c300"
    "0030250002000000000cb200003020000f0000"
    "000000820000303900010000000003cf0000303e000500000000079e0000304300090000000008e300"
    "003048000c0000000010400000304d00150000"
)
E5_DEPTH = (
    (650, 12340, 4), (1300, 12335, 7), (2600, 12330, 11), (195, 12325, 2), (3250, 12320, 15),
    (130, 12345, 1), (975, 12350, 5), (1950, 12355, 9), (2275, 12360, 12), (4160, 12365, 21),
)  # fmt: skip
FUTURE_LTP = Row(TS, FUTURE, 2_341_260)
CALL_DAY = (11_890, 812_500, 799_175, 10_200, 13_150, 9_980, 11_040, 0)
INDEX_DAY = (0, 0, 0, 2_335_000, 2_341_200, 2_331_010, 2_330_025, 0)
CALL_QUOTE = Row(TS, CALL, 12345, ltq=65, volume=4_512_300, day=CALL_DAY)
CALL_FULL = CALL_QUOTE._replace(
    oi=7_891_325, exchange_ts=AT, bid=12340, ask=12345, depth=E5_DEPTH,
    day=(*CALL_DAY[:-1], AT - 10**9),
)  # fmt: skip
WORKED = {
    "E1": (E1, [FUTURE_LTP]),
    "E2": (E2, [Row(TS, INDEX_AT, 2_338_845, exchange_ts=AT, day=INDEX_DAY), FUTURE_LTP]),
    "E3": (E3, [Row(TS, INDEX_AT, 2_338_845, day=INDEX_DAY)]),
    "E4": (E4, [CALL_QUOTE]),
    "E5": (E5, [CALL_FULL]),
}


def decode(*frames: bytes, depth: bool = True) -> Decoded:
    """The frames, each a nanosecond after the one before it."""
    return FrameDecoder(UNIVERSE, depth=depth).decode(
        [(TS + at, frame) for at, frame in enumerate(frames)]
    )


def packet_of(frame: str, at: int = 4) -> bytes:
    return bytes.fromhex(frame)[at:]


@pytest.mark.parametrize("name", WORKED)
def test_the_worked_frames_are_read_exactly(name: str) -> None:
    frame, rows = WORKED[name]
    decoded = decode(bytes.fromhex(frame))
    assert rows_of(decoded.ticks) == rows
    assert decoded[1:] == (len(rows), {}, 0)


def test_frames_that_arrive_together_become_one_block_in_order() -> None:
    together = decode(*(bytes.fromhex(frame) for frame, _ in WORKED.values()))
    expected = [
        row._replace(ts=TS + at) for at, (_, rows) in enumerate(WORKED.values()) for row in rows
    ]
    assert rows_of(together.ticks) == expected
    assert together.packets == 6


def test_a_block_without_a_full_packet_has_no_depth() -> None:
    ticks = decode(bytes.fromhex(E4)).ticks
    assert ticks is not None
    assert ticks.depth is None


@pytest.mark.parametrize("together", [(E5,), (E5, E5), (E5, E1)])
def test_depth_is_left_out_when_it_is_not_wanted(together: tuple[str, ...]) -> None:
    ticks = decode(*map(bytes.fromhex, together), depth=False).ticks
    assert ticks is not None
    assert ticks.depth is None
    assert ticks.bid is not None
    assert ticks.bid[0] == 12340


@pytest.mark.parametrize("together", [(E5,), (E5, E5), (E5, E1)])
def test_columns_have_the_types_of_a_block(together: tuple[str, ...]) -> None:
    ticks = decode(*map(bytes.fromhex, together)).ticks
    assert ticks is not None
    for name in ("ts", "exchange_ts", "ltp", "bid", "ask", "ltq", "volume", "oi", "depth"):
        column = getattr(ticks, name)
        assert column.dtype == np.int64
        assert column.dtype.isnative
        assert len(column) == len(ticks)
        assert column.flags.writeable
    assert ticks.instrument.dtype == np.int32
    assert ticks.depth is not None
    assert ticks.depth.shape == (len(together), 10, 3)


@pytest.mark.parametrize("word", [16, 17])
@pytest.mark.parametrize("copies", [1, 3])
def test_a_side_without_quantity_or_price_is_absent(word: int, copies: int) -> None:
    packet = bytearray(packet_of(E5))
    packet[4 * word : 4 * word + 4] = bytes(4)
    ticks = decode(framed([bytes(packet)] * copies)).ticks
    assert ticks is not None
    assert ticks.bid is not None
    assert ticks.bid.tolist() == [ABSENT] * copies
    assert ticks.ask is not None
    assert ticks.ask.tolist() == [12345] * copies


def test_a_price_of_zero_is_passed_on_to_the_engine() -> None:
    assert rows_of(decode(framed([packet_of(E1)[:4] + bytes(4)])).ticks) == [Row(TS, FUTURE, 0)]


# refusals


def test_a_cut_frame_is_counted_and_nothing_is_lost() -> None:
    whole = framed([packet_of(E1), packet_of(E5), packet_of(E4)])
    for size in range(2, len(whole)):
        decoded = decode(whole[:size])
        rows = len(rows_of(decoded.ticks))
        assert decoded.packets == 3
        assert decoded.refused == {"cut": 3 - rows}
        assert decoded.trailing == 0
        assert rows == (0 if size < 12 else 1 if size < 198 else 2)


def test_a_count_that_claims_too_much_is_counted() -> None:
    decoded = decode(framed([packet_of(E1)], count=0xFFFF))
    assert len(rows_of(decoded.ticks)) == 1
    assert decoded[1:] == (0xFFFF, {"cut": 0xFFFE}, 0)


@pytest.mark.parametrize("claimed", [0, 1, 2])
def test_bytes_behind_the_last_claimed_packet_are_counted_apart(claimed: int) -> None:
    frame = framed([packet_of(E1)] * 2, count=claimed) + b"xyz"
    decoded = decode(frame)
    assert decoded[1:] == (claimed, {}, 10 * (2 - claimed) + 3)
    assert rows_of(decoded.ticks) == [FUTURE_LTP] * claimed


@pytest.mark.parametrize("length", [0, 1, 3, 7, 9, 16, 183, 185, 1000, 0xFFFF])
@pytest.mark.parametrize("others", [[], [packet_of(E1)], [packet_of(E1), packet_of(E5)]])
def test_a_length_of_no_kind_is_counted(length: int, others: list[bytes]) -> None:
    decoded = decode(framed([*others, bytes(length), *others]))
    assert decoded[1:] == (2 * len(others) + 1, {"unknown_length": 1}, 0)
    assert len(rows_of(decoded.ticks)) == 2 * len(others)


def test_instruments_that_are_not_in_the_universe_are_counted() -> None:
    stranger = (99 << 8 | 2).to_bytes(4, "big")
    alone = decode(framed([stranger + packet_of(E5)[4:]]))
    assert alone == (None, 1, {"unknown_token": 1}, 0)
    mixed = decode(framed([stranger + bytes(4), packet_of(E5), stranger + bytes(40)]))
    assert rows_of(mixed.ticks) == [CALL_FULL]
    assert mixed[1:] == (3, {"unknown_token": 2}, 0)


@pytest.mark.parametrize("segment", [3, 6, 12])
def test_currency_is_refused_even_when_the_universe_names_it(segment: int) -> None:
    token = CURRENCY_TOKEN & ~0xFF | segment
    universe = Universe([Instrument(instrument_token=token, tradingsymbol="USDINR26NOVFUT")])
    for length in (8, 184):
        frame = framed([token.to_bytes(4, "big") + bytes(length - 4)])
        decoded = FrameDecoder(universe).decode([(TS, frame)])
        assert decoded == (None, 1, {"bad_divisor": 1}, 0)


def test_a_frame_without_packets_is_empty() -> None:
    assert decode(bytes(2)) == (None, 0, {}, 0)
    assert decode(bytes(2), bytes(2)) == (None, 0, {}, 0)
    assert decode() == (None, 0, {}, 0)


@pytest.mark.parametrize("frame", [b"", b"\x00"])
def test_a_frame_without_a_count_is_an_error_that_names_it(frame: bytes) -> None:
    with pytest.raises(FrameError, match=rf"frame 0 has {len(frame)} bytes"):
        decode(frame)
    with pytest.raises(FrameError) as caught:
        decode(bytes.fromhex(E1), frame, b"")
    assert caught.value.at == 1


def test_a_frame_whose_size_fits_its_first_packet_by_chance_is_read_packet_by_packet() -> None:
    chance = framed([packet_of(E4), packet_of(E1), bytes(80)])  # 3 x 44 = 44 + 8 + 80
    for frames in ([chance], [chance, chance], [bytes.fromhex(E5), chance]):
        decoded = decode(*frames)
        times = frames.count(chance)
        assert decoded.refused == {"unknown_length": times}
        assert len(rows_of(decoded.ticks)) == 2 * times + (len(frames) - times)


# tokens


def test_every_token_finds_its_own_index_and_no_other() -> None:
    tokens = [5 << 8 | 2, 0xFFFF_FFFF, 0, 1 << 8 | 2, 1 << 40, -3]
    table = TokenTable(
        Universe(Instrument(instrument_token=t, tradingsymbol=f"S{t}") for t in tokens)
    )
    wanted = np.array([0, 0xFFFF_FFFF, 5 << 8 | 2, 1 << 8 | 2, 7, 0xFFFF_FFFE], dtype=np.uint32)
    found, known = table.find(wanted)
    assert found.tolist() == [2, 1, 0, 3, -1, -1]
    assert known is not None
    assert known.tolist() == [True, True, True, True, False, False]
    assert [table.index_of(int(each)) for each in wanted] == found.tolist()
    assert table.find(wanted[:4])[1] is None


def test_an_empty_universe_finds_nothing() -> None:
    found, known = TokenTable(Universe([])).find(np.array([0, 0xFFFF_FFFF], dtype=np.uint32))
    assert found.tolist() == [-1, -1]
    assert known is not None
    assert not known.any()


# the official packets


def official(name: str) -> tuple[bytes, dict[str, Any]]:
    """A packet of Zerodha's own mocks and what is in it."""
    found = data_directory()
    if found is None or not (found / "kite-api-mocks").is_dir():
        pytest.skip("Zerodha's mock packets are not here; FNO_DATA may name their directory")
    place = found / "kite-api-mocks"
    packet = base64.b64decode((place / f"{name}.packet").read_text())
    return packet, json.loads((place / f"{name}.json").read_text())


def official_day(said: dict[str, Any]) -> tuple[int, ...]:
    """The day's figures, as the mock writes them."""
    prices = [said["average_price"], *(said["ohlc"][name] for name in OHLC)]
    average, *ohlc = (round(price * 100) for price in prices)
    traded = said.get("last_trade_time")
    at = int(datetime.fromisoformat(traded).timestamp()) * 10**9 if traded else 0
    return (average, said["buy_quantity"], said["sell_quantity"], *ohlc, at)


@pytest.mark.parametrize("name", ["ticker_quote", "ticker_full"])
def test_the_official_packets_are_read_exactly(name: str) -> None:
    packet, said = official(name)
    row = Row(
        TS, 2, round(said["last_price"] * 100), ltq=said["last_quantity"], volume=said["volume"],
        day=official_day(said),
    )  # fmt: skip
    if name == "ticker_full":
        levels = tuple(
            (each["quantity"], round(each["price"] * 100), each["orders"])
            for side in ("buy", "sell")
            for each in said["depth"][side]
        )
        row = row._replace(
            oi=said["oi"],
            exchange_ts=int(datetime.fromisoformat(said["timestamp"]).timestamp()) * 10**9,
            bid=levels[0][1],
            ask=levels[5][1],
            depth=levels,
        )
    assert said["instrument_token"] == 408065
    for frame in ([packet], [packet] * 4):
        assert rows_of(decode(framed(frame)).ticks) == [row] * len(frame)


# the encoder


def test_the_worked_frames_are_written_back_as_far_as_a_block_knows_them() -> None:
    for frame, mode in ((E1, "ltp"), (E5, "full")):
        ticks = decode(bytes.fromhex(frame)).ticks
        assert ticks is not None
        (packet,) = encode_packets(ticks, UNIVERSE, "ltp" if mode == "ltp" else "full")
        expected = bytearray(packet_of(frame))
        if mode == "full":
            expected[52:60] = bytes(8)  # the day's extremes of the open interest
        assert packet == bytes(expected)
    assert encode_frame([packet_of(E1)]) == bytes.fromhex(E1)


def test_an_index_has_packets_of_its_own() -> None:
    ticks = decode(bytes.fromhex(E2)).ticks
    assert ticks is not None
    lengths = {
        "ltp": [len(each) for each in encode_packets(ticks, UNIVERSE, "ltp")],
        "quote": [len(each) for each in encode_packets(ticks, UNIVERSE, "quote")],
        "full": [len(each) for each in encode_packets(ticks, UNIVERSE, "full")],
    }
    assert lengths == {"ltp": [8, 8], "quote": [28, 44], "full": [32, 184]}
    packets = encode_packets(ticks, UNIVERSE, "full")
    assert packets[0][:4] == INDEX.to_bytes(4, "big")
    again = rows_of(decode(framed(packets)).ticks)
    assert again == [rows_of(ticks)[0], FUTURE_LTP._replace(volume=0, oi=0)]


def block(**columns: list[int]) -> Ticks:
    """One row of the call."""
    said: dict[str, Any] = {name: np.array(values) for name, values in columns.items()}
    return Ticks(ts=np.array([TS]), instrument=np.array([CALL], dtype=np.int32), **said)


def test_a_row_without_depth_has_one_lot_at_its_best_prices() -> None:
    packets = encode_packets(block(ltp=[100], bid=[99], ask=[ABSENT]), UNIVERSE, "full")
    (row,) = rows_of(decode(framed(packets)).ticks)
    assert (row.bid, row.ask) == (99, ABSENT)
    assert row.depth == ((65, 99, 1), *((0, 0, 0),) * 9)


def test_what_is_beyond_a_packet_is_sent_as_the_most_it_can_say() -> None:
    packets = encode_packets(block(ltp=[100], volume=[1 << 40], oi=[-1]), UNIVERSE, "full")
    (row,) = rows_of(decode(framed(packets)).ticks)
    assert (row.volume, row.oi) == (0xFFFF_FFFF, 0)


@pytest.mark.parametrize("ltp", [-1, 1 << 32, ABSENT])
def test_a_price_that_no_packet_can_carry_is_refused(ltp: int) -> None:
    with pytest.raises(ValueError, match=f"row 0 has {ltp}"):
        encode_packets(block(ltp=[ltp]), UNIVERSE, "ltp")


@pytest.mark.parametrize("instrument", [-1, len(UNIVERSE)])
def test_a_row_of_no_instrument_cannot_be_written(instrument: int) -> None:
    one = block(ltp=[100])
    one.instrument[0] = instrument
    with pytest.raises(ValueError, match="row 0 has none"):
        encode_packets(one, UNIVERSE, "ltp")


def test_too_many_packets_for_a_frame_are_refused() -> None:
    assert len(encode_frame([bytes(8)] * 0xFFFF)) == 2 + 0xFFFF * 10
    with pytest.raises(ValueError, match="65535"):
        encode_frame([bytes(8)] * 0x1_0000)
    with pytest.raises(ValueError, match="65535"):
        encode_frame([bytes(0x1_0000)])
