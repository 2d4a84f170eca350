"""Kite's market data on paper (W10): quotes, instruments and historical candles over HTTP."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from daemon.domain.dates import MINUTE_NS, ist_date
from daemon.market.rows import Rows
from daemon.quotes.layout import QUOTES_FILE
from daemon.quotes.reader import QuotesReader, SharedQuote
from daemon.quotes.writer import QuotesMap
from daemon.web.kite.app import KiteApp
from daemon.web.kite.historical import (
    DAYS_MAX,
    MINUTES_OF,
    SESSION_OPENS,
    Candle,
    together,
    with_open_minute,
)
from daemon.web.kite.keys import KEYS_FILE
from daemon.web.kite.login import Login
from daemon.web.kite.market_data import MarketData, Recorded
from daemon.web.kite.quotes import PRICES_MAX, QUOTES_MAX
from daemon.web.kite.rates import Rates
from tests.kit.paper_ticker import DAY, FUTURE, INDEX, OPEN, UNIVERSE, block
from tests.kit.web import Answer, ask
from tests.kite_api.shapes import load, misfits

DAY_TEXT: Final = "2026-11-18"
FUTURE_KEY: Final = f"NFO:{FUTURE.tradingsymbol}"
MINUTES: Final = [
    Candle(minute, 100 + n, 110 + n, 90 + n, 105 + n, 65, 1_000 + n)
    for n, minute in enumerate((SESSION_OPENS - 2, *range(SESSION_OPENS, SESSION_OPENS + 16)))
]


class Api:
    """The API over a quotes map, with two recorded days that a test made up."""

    def __init__(self, directory: Path) -> None:
        self.quotes = QuotesMap(directory / QUOTES_FILE, UNIVERSE, now=OPEN)
        self.dumps = directory / "instruments"
        self.dumps.mkdir()
        login = Login(directory / KEYS_FILE, "a", lambda keys: None)
        keys = json.loads((directory / KEYS_FILE).read_text())
        self.who = {"authorization": f"token {keys['api_key']}:{keys['access_token']}"}
        recorded = Recorded(
            self.dumps, lambda symbol, day: MINUTES if day != "2026-11-19" else (),
            lambda: ["2026-11-17", DAY_TEXT, "2026-11-19"],
        )  # fmt: skip
        self.data_of = MarketData(directory, login.is_session, recorded)
        self.app = KiteApp(self.data_of.table(), login, Rates(is_on=False))

    async def ask(self, path: str, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await ask(self.app, "GET", path, {"host": "h", **self.who, **sent})

    async def data(self, path: str) -> Any:
        answer = await self.ask(path)
        assert answer.status == 200, answer
        return answer.json()["data"]

    async def refused(self, path: str) -> str:
        answer = await self.ask(path)
        assert answer.status == 400
        assert answer.json()["error_type"] == "InputException"
        message: str = answer.json()["message"]
        return message


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    made = Api(tmp_path)
    made.quotes.write(Rows(block(), 1))
    yield made
    made.data_of.close()
    made.quotes.close()


# quotes


async def test_w10_a_quote_has_the_names_and_types_of_kites_own(api: Api) -> None:
    found = await api.data(f"/quote?i={FUTURE_KEY}")
    average, buys, sells, opened, high, low, close = DAY
    (row,) = found.values()
    assert (row["last_price"], row["oi"], row["volume"]) == (23_412.6, 7_891_325, 4_512_300)
    assert (row["timestamp"], row["last_trade_time"]) == (
        "2026-11-18 09:15:00", "2026-11-18 09:14:59",
    )  # fmt: skip
    assert row["ohlc"] == {
        "open": opened / 100, "high": high / 100, "low": low / 100, "close": close / 100,
    }  # fmt: skip
    assert (row["buy_quantity"], row["sell_quantity"], row["average_price"]) == (
        buys, sells, average / 100,
    )  # fmt: skip
    assert row["net_change"] == round((2_341_260 - close) / 100, 2)
    assert row["depth"]["buy"][0] == {"price": 23_412.0, "quantity": 65, "orders": 1}
    assert [len(row["depth"][side]) for side in ("buy", "sell")] == [5, 5]


async def test_w10_the_prefix_kite_answers_too(api: Api) -> None:
    assert await api.data(f"/kite/quote/ltp?i={FUTURE_KEY}") == {
        FUTURE_KEY: {"instrument_token": FUTURE.instrument_token, "last_price": 23_412.6}
    }


async def test_w10_a_quote_is_the_newest_and_no_other_instrument_is_read_for_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, quote = list[int](), QuotesReader.quote

    def counted(reader: QuotesReader, index: int) -> SharedQuote | None:
        read.append(index)
        return quote(reader, index)

    monkeypatch.setattr(QuotesReader, "quote", counted)
    path = f"/quote?i={FUTURE_KEY}"
    first = await api.data(path)
    assert await api.data(path) == first
    own = UNIVERSE.index_of(FUTURE.tradingsymbol)
    assert read == [own]
    api.quotes.write(Rows(block(), 1))
    await api.data(path)
    assert read == [own, own]


async def test_w10_what_the_daemon_does_not_watch_is_left_out(api: Api) -> None:
    query = f"i={FUTURE_KEY}&i=NSE:INFY&i=NFO:NIFTY 50&i=NSE:NIFTY 50&i={INDEX.instrument_token}&i="
    found = await api.data(f"/quote/ohlc?{query.replace(' ', '%20')}")
    assert set(found) == {FUTURE_KEY, "NSE:NIFTY 50", str(INDEX.instrument_token)}
    assert set(found[FUTURE_KEY]) == {"instrument_token", "last_price", "ohlc"}


@pytest.mark.parametrize(
    ("path", "most"), [("/quote", QUOTES_MAX), ("/quote/ohlc", PRICES_MAX), ("/quote/ltp", 1_000)]
)
async def test_w10_more_instruments_than_kite_takes_are_refused(
    path: str, most: int, api: Api
) -> None:
    many = [f"i=NFO:S{number}" for number in range(most)]
    assert await api.data(f"{path}?{'&'.join(many)}") == {}
    assert str(most) in await api.refused(f"{path}?{'&'.join([*many, 'i=NFO:ONE'])}")
    assert "`i`" in await api.refused(path)


async def test_w10_without_a_daemon_there_are_no_quotes(tmp_path: Path) -> None:
    made = Api(tmp_path)
    made.quotes.close()
    (tmp_path / QUOTES_FILE).unlink()
    assert await made.data(f"/quote?i={FUTURE_KEY}") == {}


async def test_w10_nothing_is_answered_without_the_keys(api: Api) -> None:
    for path in ("/quote?i=x", "/instruments", "/instruments/historical/1/day?from=x&to=y"):
        answer = await ask(api.app, "GET", path, {"host": "h"})
        assert (answer.status, answer.json()["error_type"]) == (403, "TokenException")


# instruments


async def test_w10_without_a_dump_the_universe_is_the_list(api: Api) -> None:
    answer = await api.ask("/instruments")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.body.decode().splitlines()[1:] == [
        '256265,1001,NIFTY 50,"NIFTY 50",0,,0,0,0,EQ,INDICES,NSE',
        '13238786,51714,NIFTY26NOVFUT,"NIFTY",0,2026-11-23,0,0.1,65,FUT,NFO-FUT,NFO',
    ]
    assert [row["exchange"] for row in rows] == ["NSE", "NFO"]
    nfo = await api.ask("/instruments/NFO")
    assert len(nfo.body.splitlines()) == 2
    assert (await api.ask("/instruments/MCX")).body.splitlines() == nfo.body.splitlines()[:1]
    assert "`exchange`" in await api.refused("/instruments/XYZ")


async def test_w10_the_dump_of_the_engines_day_is_answered_byte_for_byte(api: Api) -> None:
    dump = b"instrument_token,exchange_token\n1,2\n"
    (api.dumps / f"NFO-{DAY_TEXT}.csv").write_bytes(dump)
    (api.dumps / "NFO-2026-11-17.csv").write_bytes(b"old")
    assert (await api.ask("/instruments/NFO")).body == dump
    assert len((await api.ask("/instruments")).body.splitlines()) == 3  # NSE has none
    (api.dumps / f"NSE-{DAY_TEXT}.csv").write_bytes(dump.replace(b"1,2", b"3,4"))
    assert (await api.ask("/instruments")).body == dump + b"3,4\n"


async def test_w10_a_list_is_packed_for_who_takes_it_and_not_sent_twice(api: Api) -> None:
    plain = await api.ask("/instruments")
    packed = await api.ask("/instruments", accept_encoding="gzip, deflate")
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["content-encoding"] == "gzip"
    again = await api.ask("/instruments", if_none_match=plain.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    (api.dumps / f"NFO-{DAY_TEXT}.csv").write_bytes(b"a\nb\n")
    (api.dumps / f"NSE-{DAY_TEXT}.csv").write_bytes(b"a\nc\n")
    changed = await api.ask("/instruments", if_none_match=plain.headers["etag"])
    assert (changed.status, changed.body) == (200, b"a\nb\nc\n")


# historical


def path_of(interval: str = "minute", begin: str = DAY_TEXT, end: str = "", **more: str) -> str:
    query = "".join(f"&{name}={value}" for name, value in more.items())
    until = end or f"{DAY_TEXT}%2015:40:00"
    address = f"/instruments/historical/{FUTURE.instrument_token}/{interval}"
    return f"{address}?from={begin}&to={until}{query}"


async def test_w10_a_minute_candle_is_a_row_with_an_indian_time(api: Api) -> None:
    found = (await api.data(path_of()))["candles"]
    assert found[-1] == ["2026-11-18T09:15:00+0530", *[23_412.6] * 4, 0]
    assert found[0] == ["2026-11-18T09:13:00+0530", 1.0, 1.1, 0.9, 1.05, 65]
    with_oi = (await api.data(path_of(oi="1")))["candles"]
    assert [row[:6] for row in with_oi] == found
    assert [row[6] for row in with_oi] == [1_000, 7_891_325]


async def test_w10_candles_are_counted_from_the_opening_and_cut_to_what_was_asked(
    api: Api,
) -> None:
    day = "2026-11-17%20"
    found = (await api.data(path_of("5minute", f"{day}09:15:00", f"{day}09:25:00")))["candles"]
    assert [row[0][11:16] for row in found] == ["09:15", "09:20", "09:25"]
    assert found[0][1:] == [1.01, 1.15, 0.91, 1.1, 5 * 65]
    (whole,) = (await api.data(path_of("day", f"{day}09:15:00", f"{day}15:30:00")))["candles"]
    assert whole == ["2026-11-17T00:00:00+0530", 1.0, 1.26, 0.9, 1.21, 17 * 65]


@pytest.mark.parametrize(
    ("path", "word"),
    [
        (path_of("2minute"), "`interval`"),
        (path_of(begin="yesterday"), "`from`"),
        (path_of(end="2026-11-18T09:15"), "`to`"),
        (path_of(begin="2026-11-19"), "after"),
        (path_of(begin="2026-01-01"), "60 days"),
        (path_of(continuous="1"), "`continuous`"),
        (path_of(oi="2"), "`oi`"),
        ("/instruments/historical/7/day?from=2026-11-18&to=2026-11-18", "invalid token"),
        (f"/instruments/historical/{FUTURE.instrument_token}/day?to=2026-11-18", "`from`"),
    ],
)
async def test_w10_a_request_for_candles_that_is_not_understood_is_refused(
    path: str, word: str, api: Api
) -> None:
    assert word in await api.refused(path)


def test_w10_every_interval_of_kite_is_known_with_its_span() -> None:
    assert MINUTES_OF.keys() == DAYS_MAX.keys()


@pytest.mark.parametrize("size", MINUTES_OF.values())
def test_w10_candles_together_lose_nothing(size: int) -> None:
    found = together(MINUTES, size)
    assert sum(each.volume for each in found) == sum(each.volume for each in MINUTES)
    assert max(each.high for each in found) == max(each.high for each in MINUTES)
    assert min(each.low for each in found) == min(each.low for each in MINUTES)
    assert (found[0].open, found[-1].close) == (MINUTES[0].open, MINUTES[-1].close)
    assert found[-1].oi == MINUTES[-1].oi
    begins = [each.minute for each in found]
    assert begins == sorted(set(begins))


async def test_w10_the_minute_in_work_replaces_what_was_recorded_of_it(api: Api) -> None:
    api.data_of.market.look(1)
    quote = api.data_of.market.quote(FUTURE.tradingsymbol)
    assert isinstance(quote, SharedQuote)
    date = ist_date(OPEN)
    found = with_open_minute(MINUTES, quote, date)
    assert [each.minute for each in found] == [SESSION_OPENS - 2, SESSION_OPENS]
    later = msgspec.structs.replace(quote, bar_ts=quote.bar_ts + 60 * MINUTE_NS)
    assert with_open_minute(MINUTES, later, date)[:-1] == MINUTES
    assert with_open_minute(MINUTES, None, date) == MINUTES
    assert with_open_minute(MINUTES, quote, ist_date(OPEN - 1_440 * MINUTE_NS)) == MINUTES


# Kite's own shapes


async def test_w11_market_data_has_the_fields_of_kites_mocks(api: Api) -> None:
    shapes = load()
    keys = f"i={FUTURE_KEY}&i=NSE:NIFTY%2050"
    for path, name in (("/quote", "quote"), ("/quote/ohlc", "ohlc"), ("/quote/ltp", "ltp")):
        rows = list((await api.data(f"{path}?{keys}")).values())
        assert len(rows) == 2
        assert misfits(rows, shapes[name]) == []
    assert misfits(await api.data(path_of()), shapes["historical_minute"]) == []
    assert misfits(await api.data(path_of(oi="1")), shapes["historical_oi"]) == []
