"""Kite's historical candles as ours: anchored, closed, checked, in a run's order."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.candle import Candle
from daemon.domain.dates import MINUTE_NS, iso_ist, parse_timeframe, parse_ts
from daemon.domain.instrument import Instrument, Universe
from daemon.errors import TokenRefused
from daemon.rules import load_rulebook
from feeds.kite.bars import BarReader, merge_bars
from feeds.kite.history import HistoricalCandles, historical_candles, kite_bar
from tests.kit.golden import data_directory
from tests.kit.kite_api import Answer, KiteApi, Reply, Request, kite_api, refusal, success

INDEX: Final = Instrument(
    instrument_token=256265, tradingsymbol="NIFTY 50", exchange="NSE", segment="INDICES",
    instrument_type="INDEX",
)  # fmt: skip
FUTURE: Final = Instrument(
    instrument_token=13238786, tradingsymbol="NIFTY26NOVFUT", name="NIFTY", segment="NFO-FUT",
    expiry="2026-11-30",
)  # fmt: skip
UNIVERSE: Final = Universe([INDEX, FUTURE])
MONDAY: Final = parse_ts("2026-11-16T09:15:00")
NOON: Final = parse_ts("2026-11-18T12:00:00")
RULES: Final = load_rulebook()
LENGTHS: Final = {
    "minute": 1, "3minute": 3, "5minute": 5, "10minute": 10, "15minute": 15, "30minute": 30,
    "60minute": 60,
}  # fmt: skip


def session(instrument: Instrument, date: dt.date) -> tuple[int, int] | None:
    found = RULES.session(date, instrument)
    return None if found is None else (found.open_ts, found.close_ts)


def stamp(ts: int) -> str:
    return f"{iso_ist(ts)[:19]}+0530"


def price(instrument: Instrument, ts: int) -> float:
    """A price of a minute that no other minute of the day has."""
    return 100 + instrument.instrument_token % 7 + (ts // MINUTE_NS % 1440) / 20


def rows_of(instrument: Instrument, minutes: int, first: int, last: int) -> list[list[Any]]:
    """Kite's bars from the minutes' prices: each minute opens at `price` and gains 0.02."""
    rows: list[list[Any]] = []
    day = dt.date.fromisoformat(iso_ist(first)[:10])
    while day <= dt.date.fromisoformat(iso_ist(last)[:10]):
        span = session(instrument, day)
        day += dt.timedelta(days=1)
        if span is None:
            continue
        for start in range(span[0], span[1], minutes * MINUTE_NS):
            if not first <= start <= last:
                continue
            end = min(start + minutes * MINUTE_NS, span[1])
            opens = [price(instrument, each) for each in range(start, end, MINUTE_NS)]
            high, volume = max(opens) + 0.02, 10 * len(opens)
            rows.append([stamp(start), opens[0], high, min(opens), opens[-1] + 0.02, volume])
    return rows


def kite(request: Request) -> Reply:
    """Kite's answer for our two instruments."""
    *_, token, interval = request.path.split("/")
    instrument = INDEX if int(token) == INDEX.instrument_token else FUTURE
    first, last = (parse_ts(request.query[each][0].replace(" ", "T")) for each in ("from", "to"))
    return success({"candles": rows_of(instrument, LENGTHS[interval], first, last)})


def read(
    *answers: Answer,
    subscriptions: dict[str, frozenset[int]],
    now: int = NOON,
    count: int = 200,
    universe: Universe = UNIVERSE,
) -> tuple[HistoricalCandles, KiteApi]:
    with kite_api(*(answers or (kite,))) as api, api.client() as http:
        found = historical_candles(
            http, universe, subscriptions, now=now, count=count, session=session
        )
    return found, api


def by_hand(instrument: Instrument, timeframe: str, now: int, count: int) -> list[Candle]:
    """The same candles from the minutes' prices, bar by bar."""
    span_ns = parse_timeframe(timeframe)
    candles: list[Candle] = []
    day = dt.date(2026, 8, 3)
    while day <= dt.date(2026, 11, 18):
        span = session(instrument, day)
        day += dt.timedelta(days=1)
        start, close = span or (0, 0)
        while start < close and min(start + span_ns, close) <= now:
            end = min(start + span_ns, close)
            opens = [price(instrument, each) for each in range(start, end, MINUTE_NS)]
            candles.append(
                Candle(
                    tradingsymbol=instrument.tradingsymbol, timeframe=timeframe, ts=start,
                    end_ts=end, open=opens[0], high=max(opens) + 0.02, low=min(opens),
                    close=opens[-1] + 0.02, volume=10 * len(opens), bar=0,
                )
            )  # fmt: skip
            start = end
    return candles[-count:]


@pytest.mark.parametrize(
    ("timeframe", "interval"),
    [("1m", "minute"), ("2m", "minute"), ("3m", "3minute"), ("5m", "5minute"), ("6m", "3minute"),
     ("7m", "minute"), ("10m", "10minute"), ("15m", "15minute"), ("20m", "10minute"),
     ("25m", "5minute"), ("30m", "30minute"), ("45m", "15minute"), ("60m", "60minute"),
     ("1h", "60minute"), ("75m", "15minute"), ("2h", "60minute"), ("1d", "60minute")],
)  # fmt: skip
def test_every_timeframe_is_made_from_the_longest_bars_that_fit(
    timeframe: str, interval: str
) -> None:
    found, api = read(subscriptions={timeframe: frozenset({1})}, count=30)
    assert {each.path.split("/")[-1] for each in api.requests} == {interval}
    want = by_hand(FUTURE, timeframe, NOON, 30)
    assert len(want) == 30
    assert [each.bar for each in found.candles] == list(range(1, 31))
    got = [(each.ts, each.end_ts, each.open, each.high, each.low, each.close, each.volume)
           for each in found.candles]  # fmt: skip
    assert got == [
        (each.ts, each.end_ts, each.open, each.high, each.low, each.close, each.volume)
        for each in want
    ]
    assert (found.counts, found.notes) == ({}, [])


def test_bars_begin_with_the_session_and_the_last_one_ends_with_it() -> None:
    found, _ = read(
        subscriptions={"1h": frozenset({1})}, count=7, now=parse_ts("2026-11-18T08:00:00")
    )
    assert iso_ist(found.candles[0].ts)[:19] == "2026-11-17T09:15:00"
    assert iso_ist(found.candles[-1].ts)[:19] == "2026-11-17T15:15:00"
    assert iso_ist(found.candles[-1].end_ts)[:19] == "2026-11-17T15:40:00"


def test_no_candle_is_given_before_it_is_closed() -> None:
    end = parse_ts("2026-11-18T09:20:00")
    for now, last in ((end - 1, "2026-11-17T15:40"), (end, "2026-11-18T09:20")):
        found, _ = read(subscriptions={"5m": frozenset({1})}, now=now, count=3)
        assert len(found.candles) == 3
        assert iso_ist(found.candles[-1].end_ts)[:16] == last


def test_all_series_come_in_the_order_in_which_a_run_closes_them() -> None:
    both = frozenset({0, 1})
    found, api = read(subscriptions={"15m": both, "1m": both, "2m": both}, count=40)
    keys = [
        (each.end_ts, parse_timeframe(each.timeframe), UNIVERSE.index_of(each.tradingsymbol))
        for each in found.candles
    ]
    assert keys == sorted(keys, key=lambda key: (key[0], key[1], key[2] or 0))
    assert len(keys) == len(set(keys)) == 6 * 40
    assert len(api.requests) == 4, "1m and 2m of an instrument share their minutes"


def test_nothing_is_asked_for_nothing() -> None:
    found, api = read(subscriptions={"1m": frozenset()})
    assert (found, api.requests) == (HistoricalCandles([], {}, []), [])
    found, api = read(subscriptions={"1m": frozenset({0})}, count=0)
    assert (found, api.requests) == (HistoricalCandles([], {}, []), [])


def test_bars_of_seconds_stay_cold_with_a_note() -> None:
    found, api = read(subscriptions={"30s": frozenset({1})})
    assert (found.candles, api.requests) == ([], [])
    assert "30s" in found.notes[0]
    assert kite_bar(parse_timeframe("90s")) is None


def test_an_instrument_without_a_token_of_its_own_is_not_asked_for() -> None:
    held = Universe([Instrument(instrument_token=-5, tradingsymbol="OLD")])
    found, api = read(subscriptions={"1m": frozenset({0})}, universe=held)
    assert (found.candles, api.requests) == ([], [])


GOOD: Final = rows_of(FUTURE, 1, MONDAY, MONDAY + 9 * MINUTE_NS)


def first_rows(*rows: object) -> tuple[list[Any], dict[str, int]]:
    counts: dict[str, int] = {}
    reader = BarReader(MINUTE_NS, lambda date: session(FUTURE, date), False, counts)
    return list(reader.read([*GOOD[:5], *rows, *GOOD[5:]], NOON)), counts


def row(**changes: object) -> list[object]:
    values: dict[str, object] = dict(
        zip(("ts", "open", "high", "low", "close", "volume"), GOOD[5], strict=True)
    )
    return list({**values, **changes}.values())


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (None, "malformed_rows"),
        ({}, "malformed_rows"),
        ([], "malformed_rows"),
        (GOOD[5][:5], "malformed_rows"),
        ([*GOOD[5], 1, 2], "malformed_rows"),
        (row(ts=5), "malformed_rows"),
        (row(ts="yesterday"), "malformed_rows"),
        (row(ts="0001-01-01T00:00:00+2359"), "malformed_rows"),
        (row(ts="99999999999999999999999"), "malformed_rows"),
        (row(volume=-1), "malformed_rows"),
        (row(volume=1.5), "malformed_rows"),
        (row(volume=float("nan")), "malformed_rows"),
        (row(volume=None), "malformed_rows"),
        (row(open=float("nan")), "bad_prices"),
        (row(high=float("inf")), "bad_prices"),
        (row(low=0), "bad_prices"),
        (row(low=-5.0), "bad_prices"),
        (row(close="101.5"), "bad_prices"),
        (row(close=None), "bad_prices"),
        (row(close=True), "bad_prices"),
        (row(close=10**400), "bad_prices"),
        (row(ts=stamp(MONDAY)), "out_of_order"),
        (GOOD[4], "out_of_order"),
        (row(ts="2026-11-16T09:07:00+0530"), "outside_session"),
        (row(ts="2026-11-16T15:40:00+0530"), "outside_session"),
        (row(ts="2026-11-15T10:00:00+0530"), "outside_session"),
        (row(ts="2026-11-16T09:20:30+0530"), "off_grid"),
        ([GOOD[5][0], 100, 100, 100, 100, 0], "untraded_candles"),
    ],
)
def test_a_bad_row_is_counted_and_dropped(bad: object, reason: str) -> None:
    bars, counts = first_rows(bad)
    assert counts.pop(reason) >= 1
    # a dropped untraded row has its place in time, so that the row it doubles is out of order
    assert counts in ({}, {"out_of_order": 1})
    assert len(bars) in (10, 9)
    assert [each.start for each in bars] == sorted({each.start for each in bars})


def test_a_row_of_the_far_future_puts_none_of_those_after_it_out_of_order() -> None:
    counts: dict[str, int] = {}
    reader = BarReader(MINUTE_NS, lambda date: session(FUTURE, date), False, counts)
    later = row(ts="2036-11-18T10:00:00+0530")
    assert len(reader.read([GOOD[0], later, *GOOD[1:5]], NOON)) == 5
    assert counts == {"future_candles": 1}


def test_a_bar_whose_extremes_are_inside_its_body_is_widened_and_counted() -> None:
    reader_counts: dict[str, int] = {}
    reader = BarReader(MINUTE_NS, lambda date: session(FUTURE, date), False, reader_counts)
    (bar,) = reader.read([row(open=100, high=99, low=101, close=102)], NOON)
    assert (bar.open, bar.high, bar.low, bar.close) == (100, 102, 99, 102)
    assert reader_counts == {"widened_candles": 1}


def test_a_flat_bar_of_an_index_is_a_bar() -> None:
    reader = BarReader(MINUTE_NS, lambda date: session(INDEX, date), True, {})
    assert len(reader.read([[GOOD[0][0], 5, 5, 5, 5, 0]], NOON)) == 1


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=8),
    max_leaves=12,
)


@given(st.lists(JSON_VALUES, max_size=5))
def test_whatever_a_row_is_it_is_a_bar_or_counted(rows: list[object]) -> None:
    bars, counts = first_rows(*rows)
    assert len(bars) + sum(counts.values()) - counts.get("widened_candles", 0) == 10 + len(rows)


@given(st.sets(st.integers(0, 374), max_size=60), st.sampled_from([2, 3, 5, 7, 15, 60, 1440]))
def test_joined_bars_lose_nothing(minutes: set[int], length: int) -> None:
    span = session(FUTURE, dt.date(2026, 11, 16))
    assert span is not None
    starts = [span[0] + each * MINUTE_NS for each in sorted(minutes)]
    rows = [[stamp(ts), price(FUTURE, ts), price(FUTURE, ts), price(FUTURE, ts) - 1,
             price(FUTURE, ts), 3] for ts in starts]  # fmt: skip
    bars = BarReader(MINUTE_NS, lambda date: session(FUTURE, date), False, {}).read(rows, NOON)
    joined = merge_bars(bars, length * MINUTE_NS)
    assert sum(each.volume for each in joined) == 3 * len(minutes)
    for each in joined:
        assert (each.start - span[0]) % (length * MINUTE_NS) == 0
        assert each.end == min(each.start + length * MINUTE_NS, span[1])
        inside = [price(FUTURE, ts) for ts in starts if each.start <= ts < each.end]
        assert (each.open, each.close) == (inside[0], inside[-1])
        assert (each.high, each.low) == (max(inside), min(inside) - 1)


def test_a_series_that_kite_refuses_stays_cold_and_the_others_do_not() -> None:
    def answer(request: Request) -> Reply:
        if "/256265/" in request.path:
            return refusal(400, "InputException", "invalid token")
        return kite(request)

    found, _ = read(answer, subscriptions={"5m": frozenset({0, 1})}, count=10)
    assert {each.tradingsymbol for each in found.candles} == {"NIFTY26NOVFUT"}
    assert "NIFTY 50: " in found.notes[0]
    assert "invalid token" in found.notes[0]


@pytest.mark.parametrize(
    "fault",
    [refusal(403, "PermissionException", "Insufficient permission"), refusal(503, "", "down"),
     refusal(429, "NetworkException", "busy"), Reply(body=b"{"), Reply(302)],
)  # fmt: skip
def test_once_kite_is_out_of_reach_no_more_is_asked(fault: Reply) -> None:
    many = Universe(
        Instrument(instrument_token=each, tradingsymbol=f"S{each}") for each in range(1, 20)
    )
    found, api = read(fault, subscriptions={"1m": frozenset(range(19))}, universe=many)
    assert found.candles == []
    assert len(found.notes) == 1
    assert len(api.requests) <= 4


def test_a_refused_login_ends_it() -> None:
    with pytest.raises(TokenRefused):
        read(refusal(403, "TokenException", "x"), subscriptions={"1m": frozenset({0})})


def test_many_problems_are_told_in_a_few_lines() -> None:
    many = Universe(
        Instrument(instrument_token=each, tradingsymbol=f"S{each}") for each in range(1, 20)
    )
    wanted = {"1m": frozenset(range(19))}
    bad = refusal(400, "InputException", "invalid token")
    assert len(read(bad, subscriptions=wanted, universe=many)[0].notes) == 5
    found, _ = read(success({"candles": []}), subscriptions=wanted, universe=many)
    assert found.notes == ["Kite has no candles for 19 series: S1 1m, S2 1m, S3 1m, ..."]


def test_kites_own_example_is_read() -> None:
    data = data_directory()
    if data is None or not (data / "kite-api-mocks").is_dir():
        pytest.skip("Kite's example answers are not on this machine")
    stock = Universe([Instrument(instrument_token=408065, tradingsymbol="INFY", exchange="NSE",
                                 segment="NSE", instrument_type="EQ")])  # fmt: skip
    for name, days in (("historical_minute.json", 0), ("historical_oi.json", 1)):
        body = (data / "kite-api-mocks" / name).read_bytes()
        rows = json.loads(body)["data"]["candles"]
        last = parse_ts(rows[-1][0])
        found, _ = read(
            Reply(body=body), subscriptions={"1m": frozenset({0})}, universe=stock,
            now=last + (1 + days) * MINUTE_NS, count=1000,
        )  # fmt: skip
        assert len(found.candles) + sum(found.counts.values()) >= len(rows)
        assert found.candles[0].open == rows[0][1]
        assert found.candles[-1].close == rows[-1][4]
