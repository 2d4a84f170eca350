"""`quotes.map`: what the engine believed last, for other processes, whole or not at all."""

from __future__ import annotations

import datetime as dt
import os
import signal
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.dates import DAY_NS, MINUTE_NS, SECOND_NS, ist_ns
from daemon.domain.depth import Level
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import DAY_FIELDS, Ticks
from daemon.market.candles import OpenBar
from daemon.market.rows import Rows
from daemon.quotes import layout
from daemon.quotes.minute_bar import MinuteBar
from daemon.quotes.reader import STALE_AFTER_NS, QuotesReader, QuotesRefused, SharedQuote
from daemon.quotes.writer import QuotesMap

OPEN = ist_ns(dt.date(2026, 11, 18), dt.time(9, 15))
NOW = 1_795_000_000_000_000_000
SYMBOLS = ("NIFTY 50", "NIFTY26NOVFUT", "NIFTY26NOV25000CE")
UNIVERSE = Universe(
    Instrument(instrument_token=number, tradingsymbol=symbol)
    for number, symbol in enumerate(SYMBOLS, 256_265)
)
Row = tuple[int, int, int, int]
"""(ts, instrument, ltp, volume)."""


def rows(*given_rows: Row, first_input_no: int = 1, bar_ts: list[int] | None = None) -> Rows:
    ts, instrument, ltp, volume = (list(each) for each in zip(*given_rows, strict=True))
    block = Ticks(
        ts=np.array(ts), instrument=np.array(instrument, np.int32), ltp=np.array(ltp),
        volume=np.array(volume),
    )  # fmt: skip
    return Rows(block, first_input_no, bar_ts=None if bar_ts is None else np.array(bar_ts))


def full_block(count: int, *, seed: int = 1) -> Ticks:
    """Return rows that have everything that a feed can have."""
    draw = np.random.default_rng(seed)
    return Ticks(
        ts=OPEN + np.arange(count) * SECOND_NS,
        exchange_ts=OPEN + np.arange(count) * SECOND_NS - 7,
        instrument=draw.integers(0, len(UNIVERSE), count).astype(np.int32),
        ltp=draw.integers(10_000, 10_100, count),
        bid=draw.integers(9_000, 9_999, count),
        ask=draw.integers(11_000, 12_000, count),
        ltq=draw.integers(1, 99, count),
        volume=np.arange(count) * 10,
        oi=draw.integers(1, 10_000, count),
        depth=draw.integers(1, 10_000, (count, 10, 3)),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "quotes.map"


@pytest.fixture
def quotes(path: Path) -> Iterator[QuotesMap]:
    made = QuotesMap(path, UNIVERSE, now=NOW)
    yield made
    made.close()


@pytest.fixture
def reader(path: Path, quotes: QuotesMap) -> Iterator[QuotesReader]:
    opened = QuotesReader(path)
    yield opened
    opened.close()


def quote_of(reader: QuotesReader, index: int) -> SharedQuote:
    found = reader.quote(index)
    assert found is not None
    return found


# what is in it


def test_it_names_its_instruments_and_has_no_quote_before_the_first_row(
    reader: QuotesReader,
) -> None:
    assert reader.instruments == UNIVERSE.instruments
    assert [reader.quote(index) for index in range(3)] == [None, None, None]
    assert [reader.sequence(index) for index in range(3)] == [0, 0, 0]
    with pytest.raises(IndexError):
        reader.quote(3)


@pytest.mark.parametrize("count", [1, 2, 300])
def test_a_slot_has_the_last_row_of_its_instrument(
    count: int, quotes: QuotesMap, reader: QuotesReader
) -> None:
    block = full_block(count)
    quotes.write(Rows(block, 70))
    for index in range(len(UNIVERSE)):
        found = np.flatnonzero(block.instrument == index)
        if not len(found):
            assert reader.quote(index) is None
            continue
        row, quote = int(found[-1]), quote_of(reader, index)
        for name in ("ts", "exchange_ts", "ltp", "bid", "ask", "ltq", "volume", "oi"):
            assert getattr(quote, name) == getattr(block, name)[row], name
        assert quote.input_no == 70 + row
        assert block.depth is not None
        levels = [Level(price, quantity, n) for quantity, price, n in block.depth[row].tolist()]
        assert quote.depth == (tuple(levels[:5]), tuple(levels[5:]))


def test_what_the_feed_lacks_is_0(quotes: QuotesMap, reader: QuotesReader) -> None:
    block = full_block(1)
    block.instrument[:] = 0
    quotes.write(Rows(block, 1))
    bare = Ticks(ts=block.ts + 1, instrument=block.instrument, ltp=block.ltp)
    quotes.write(Rows(bare, 2))
    quote = quote_of(reader, 0)
    had = {"ts", "input_no", "ltp", "bar_ts", "bar_open", "bar_high", "bar_low", "bar_close"}
    for name in set(layout.FIELDS) - had:
        assert getattr(quote, name) == 0, name
    assert quote.depth == ((), ())


@pytest.mark.parametrize("count", [2, 50])
def test_the_days_figures_are_shown_where_the_feed_has_them(
    count: int, quotes: QuotesMap, reader: QuotesReader
) -> None:
    block = full_block(count)
    block.instrument[-1] = 1
    block.day = np.arange(count * len(DAY_FIELDS), dtype=np.int64).reshape(count, -1) + 5
    quotes.write(Rows(block, 1))
    quote = quote_of(reader, 1)
    assert [getattr(quote, name) for name in DAY_FIELDS] == block.day[-1].tolist()
    assert 0 not in {getattr(quote, name) for name in layout.FIELDS if name != "bar_volume"}


def test_a_row_outside_of_its_session_is_left_out(quotes: QuotesMap, reader: QuotesReader) -> None:
    quotes.write(rows((OPEN, 0, 100, 5)))
    idle = len(UNIVERSE)  # the number that the intake gives such rows
    quotes.write(rows((OPEN + 1, idle, 200, 6)))
    quotes.write(rows((OPEN + 2, idle, 300, 7), (OPEN + 3, idle, 400, 8)))
    assert quote_of(reader, 0).ltp == 100
    assert [reader.quote(index) for index in (1, 2)] == [None, None]


def test_a_row_has_the_input_number_that_it_had_before_others_were_refused(
    quotes: QuotesMap, reader: QuotesReader
) -> None:
    block = full_block(2)
    block.instrument[:] = 2
    quotes.write(Rows(block, 10, np.array([0, 4])))
    assert quote_of(reader, 2).input_no == 14


# the open minute


@given(
    st.lists(
        st.tuples(st.integers(0, 40 * SECOND_NS), st.integers(1, 200), st.integers(-1, 30)),
        min_size=1, max_size=60,
    )
)  # fmt: skip
def test_the_open_minute_is_the_candle_that_the_engine_makes(
    steps: list[tuple[int, int, int]],
) -> None:
    bar, candle = MinuteBar(), OpenBar(OPEN, OPEN + MINUTE_NS)
    ts, total = OPEN, 0
    for step, ltp, traded in steps:
        ts += step
        total += max(traded, 0)
        volume = total if traded >= 0 else -1
        while ts >= candle.end:
            candle.move_to(candle.end, candle.end + MINUTE_NS)
        bar.take(ts, ltp, volume)
        candle.add(first=ltp, high=ltp, low=ltp, last=ltp)
        if volume >= 0:
            candle.add_volume(volume, volume)
        assert (bar.ts, bar.open, bar.high, bar.low, bar.close, bar.volume) == (
            candle.start, candle.open, candle.high, candle.low, candle.close, candle.volume,
        )  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(
    given_rows=st.lists(
        st.tuples(st.integers(0, 20), st.integers(0, 3), st.integers(1, 99), st.integers(-1, 9)),
        min_size=1, max_size=40,
    ),
    cuts=st.lists(st.integers(1, 39)),
)  # fmt: skip
def test_blocks_of_any_size_leave_the_same_quotes(
    given_rows: list[Row], cuts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    place, ts, made = tmp_path_factory.mktemp("q"), OPEN, []
    for seconds, instrument, ltp, volume in given_rows:
        ts += seconds * SECOND_NS
        made.append((ts, instrument, ltp, volume))
    found = []
    for name, bounds in (("one", []), ("cut", sorted(set(cuts)))):
        quotes = QuotesMap(place / name, UNIVERSE, now=NOW)
        edges = [0, *(each for each in bounds if each < len(made)), len(made)]
        for start, stop in pairwise(edges):
            quotes.write(rows(*made[start:stop], first_input_no=start + 1))
        reader = QuotesReader(place / name)
        found.append([reader.quote(index) for index in range(len(UNIVERSE))])
        reader.close()
        quotes.close()
    assert found[0] == found[1]


def test_a_day_change_begins_a_minute_without_volume(
    quotes: QuotesMap, reader: QuotesReader
) -> None:
    quotes.write(rows((OPEN, 0, 100, 50), (OPEN + SECOND_NS, 0, 110, 90)))
    quote = quote_of(reader, 0)
    assert (quote.volume, quote.bar_volume) == (90, 40)
    quotes.write(rows((OPEN + DAY_NS, 0, 120, 3)))
    quote = quote_of(reader, 0)
    assert (quote.volume, quote.bar_ts, quote.bar_open, quote.bar_volume) == (
        3, OPEN + DAY_NS, 120, 0,
    )  # fmt: skip
    quotes.write(rows((OPEN + DAY_NS + SECOND_NS, 0, 119, 8)))
    assert quote_of(reader, 0).bar_volume == 5


def test_a_row_of_a_minute_that_is_over_changes_no_bar(
    quotes: QuotesMap, reader: QuotesReader
) -> None:
    quotes.write(rows((OPEN + MINUTE_NS, 0, 100, 1)))
    quotes.write(rows((OPEN + MINUTE_NS + 5, 0, 999, 2), bar_ts=[OPEN + 1]))
    quote = quote_of(reader, 0)
    assert (quote.ltp, quote.bar_high, quote.bar_close) == (999, 100, 100)


# whole or not at all

WRITER = """
import sys
from pathlib import Path
import numpy as np
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import DAY_FIELDS, Ticks
from daemon.market.rows import Rows
from daemon.quotes.writer import QuotesMap

universe = Universe([Instrument(instrument_token=1, tradingsymbol="A")])
quotes = QuotesMap(Path(sys.argv[1]), universe, now=1)
number = 0
while True:
    number += 1
    column = np.array([number])
    depth = np.full((1, 10, 3), number)
    quotes.write(Rows(Ticks(
        ts=column, instrument=np.zeros(1, np.int32), ltp=column, exchange_ts=column, bid=column,
        ask=column, ltq=column, volume=column, oi=column, depth=depth,
    ), number))
    if number == 1:
        print("begun", flush=True)
"""


@pytest.fixture
def hammer(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that writes one slot as fast as it can, every value the same number."""
    command = [sys.executable, "-c", WRITER, str(path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"begun\n"
        yield writer
        writer.kill()


def is_of_one_row(quote: SharedQuote) -> bool:
    names = ("ts", "input_no", "exchange_ts", "ltp", "ltq", "volume", "oi", "bid", "ask")
    values = {getattr(quote, name) for name in (*names, "bar_close")}
    for level in (*quote.depth.bids, *quote.depth.asks):
        values |= set(level)
    return len(values) == 1 and len(quote.depth.bids) == len(quote.depth.asks) == 5


def test_no_mixture_of_two_rows_is_ever_seen(path: Path, hammer: subprocess.Popen[bytes]) -> None:
    reader = QuotesReader(path)
    seen: list[int] = []
    changes = 0
    while (
        len(seen) < 20_000 or changes < 100
    ):  # a writer that waits for a processor changes nothing
        quote = reader.quote(0)
        if quote is not None:
            assert is_of_one_row(quote)
            changes += quote.ts != (seen[-1] if seen else 0)
            seen.append(quote.ts)
    assert seen == sorted(seen)
    reader.close()


def test_a_mixture_that_keeps_its_sequence_number_is_found_by_the_check(
    path: Path, quotes: QuotesMap, reader: QuotesReader
) -> None:
    quotes.write(rows((OPEN, 0, 100, 5)))
    at = layout.slots_at(len(layout.encode_instruments(UNIVERSE.instruments)))
    ltp_at = at + (1 + layout.FIELDS.index("ltp")) * layout.WORD
    whole = path.read_bytes()
    assert struct.unpack_from("<q", whole, ltp_at) == (100,)
    with path.open("r+b") as file:
        file.seek(ltp_at)
        file.write(struct.pack("<q", 101))
    assert reader.quote(0) is None
    quotes.write(rows((OPEN + 1, 0, 102, 6)))
    assert quote_of(reader, 0).ltp == 102


def test_a_slot_whose_writer_died_in_it_gives_no_quote(
    path: Path, quotes: QuotesMap, reader: QuotesReader
) -> None:
    quotes.write(rows((OPEN, 0, 100, 5), (OPEN, 1, 200, 5)))
    at = layout.slots_at(len(layout.encode_instruments(UNIVERSE.instruments)))
    with path.open("r+b") as file:
        file.seek(at)
        file.write(struct.pack("<q", 3))
    assert reader.quote(0) is None
    assert quote_of(reader, 1).ltp == 200


def test_a_killed_daemon_leaves_a_file_that_is_read_and_whose_heartbeat_is_old(
    path: Path, hammer: subprocess.Popen[bytes]
) -> None:
    hammer.send_signal(signal.SIGKILL)
    assert hammer.wait(30) == -signal.SIGKILL
    reader = QuotesReader(path)
    assert [each.tradingsymbol for each in reader.instruments] == ["A"]
    quote = reader.quote(0)
    assert quote is None or is_of_one_row(quote)
    assert reader.sequence(0) > 0
    assert reader.is_stale(time.time_ns())
    reader.close()


# heartbeat, restart, refusals


def test_a_heartbeat_that_stops_shows(quotes: QuotesMap, reader: QuotesReader) -> None:
    assert reader.heartbeat == NOW
    assert not reader.is_stale(NOW + STALE_AFTER_NS)
    assert reader.is_stale(NOW + STALE_AFTER_NS + 1)
    quotes.beat(NOW + 5 * SECOND_NS)
    assert not reader.is_stale(NOW + STALE_AFTER_NS + 1)


def test_a_restart_makes_another_file_and_leaves_readers_the_old_one(
    path: Path, quotes: QuotesMap, reader: QuotesReader
) -> None:
    quotes.write(rows((OPEN, 0, 100, 5)))
    assert not reader.is_replaced()
    fewer = Universe(UNIVERSE.instruments[:1])
    path.with_name("quotes.map.new").write_bytes(b"of a start that was killed")
    again = QuotesMap(path, fewer, now=NOW + 1)
    assert reader.is_replaced()
    assert quote_of(reader, 0).ltp == 100
    opened = QuotesReader(path)
    assert opened.instruments == fewer.instruments
    assert opened.quote(0) is None
    assert [each.name for each in path.parent.iterdir()] == ["quotes.map"]
    path.unlink()
    assert opened.is_replaced()
    opened.close()
    again.close()


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_only_its_owner_may_read_it_whatever_the_umask(umask: int, path: Path) -> None:
    before = os.umask(umask)
    try:
        QuotesMap(path, UNIVERSE, now=NOW).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_all_of_its_space_is_taken_at_the_start(path: Path, quotes: QuotesMap) -> None:
    found = path.stat()
    assert found.st_blocks * 512 >= found.st_size


def damaged(path: Path, at: int, value: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(struct.pack("<q", value))


@pytest.mark.parametrize(
    ("word", "value", "words"),
    [
        (0, 0, "is no quotes map"),
        (1, 2, "is of version 2 .* this program reads version 1"),
        (2, 512, r"\(512 bytes a slot\)"),
        (3, 4, "4 slots for 3 instruments"),
        (3, 2, "2 slots for 3 instruments"),
        (4, 64, "not where they should be"),
        (6, 2, "not where they should be"),
    ],
)
def test_what_is_not_understood_is_refused_in_one_line(
    word: int, value: int, words: str, path: Path, quotes: QuotesMap
) -> None:
    damaged(path, word * layout.WORD, value)
    with pytest.raises(QuotesRefused, match=words) as caught:
        QuotesReader(path)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_cut_absent_or_has_no_table_is_refused(
    path: Path, quotes: QuotesMap
) -> None:
    whole = path.read_bytes()
    other = path.with_name("other.map")
    for content in (b"", whole[:40], whole[:-1], whole[: layout.HEADER.size]):
        other.write_bytes(content)
        with pytest.raises(QuotesRefused):
            QuotesReader(other)
    other.write_bytes(whole.replace(b"instrument_token", b"instrument_tokeX"))
    with pytest.raises(QuotesRefused, match="no table"):
        QuotesReader(other)
    other.unlink()
    with pytest.raises(QuotesRefused, match="cannot be read"):
        QuotesReader(other)
