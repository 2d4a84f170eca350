"""Valid bytes of every kind that the fuzzer begins with."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import random
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from daemon.control.frames import frame
from daemon.domain.candle import Candle
from daemon.domain.inputs import Clock, Command, ConfigChange, Gap, History, Input, Settlement
from daemon.domain.order_requests import CancelOrder
from daemon.domain.ticks import Ticks
from daemon.journal.store import JournalStore, Operation
from daemon.settings.check import fingerprint, render_config
from daemon.settings.config import Config
from feeds.files.native_writer import write_ticks
from feeds.kite.server.encode import encode_frame, encode_packets
from feeds.recording.format import LogHeader
from tests.kit.kite_api import dump
from tests.kit.kite_dump import csv_text, day_rows
from tests.kit.sample_events import by_input, sample_events
from tests.simulation.market import SimMarket, at_time

ROOT: Final = Path(__file__).parent.parent.parent
MARKET: Final = SimMarket(random.Random(7))
_NOW: Final = at_time(1, 11, 0)


@lru_cache(maxsize=1)
def blocks() -> tuple[Ticks, ...]:
    """Some blocks of ticks."""
    return tuple(MARKET.rows(_NOW + k * 10**9, 3 + k) for k in range(20))


def frames() -> list[bytes]:
    """One frame of each block and mode."""
    modes = ("ltp", "quote", "full")
    universe = MARKET.universe
    return (
        [
            encode_frame(encode_packets(each, universe, mode))  # type: ignore[arg-type]
            for each in blocks()[:5]
            for mode in modes
        ]
        + [b"\x00"]
    )


def texts() -> list[bytes]:
    """Kite's text messages."""
    return [
        b'{"type":"order","data":{"order_id":"1"}}', b'{"type":"error","data":"Invalid request"}',
        b'{"type":"message","data":"all is well"}', b'{"type":"instruments_meta","data":{"c":1}}',
    ]  # fmt: skip


def _rows() -> list[dict[str, object]]:
    found = []
    for block in blocks():
        for at in range(len(block)):
            instrument = MARKET.universe[int(block.instrument[at])]
            ts = dt.datetime.fromtimestamp(int(block.ts[at]) / 1e9, dt.UTC)
            found.append(
                {
                    "ts": ts.isoformat(),
                    "symbol": instrument.tradingsymbol,
                    "ltp": int(block.ltp[at]) / 100,
                    "bid": None if block.bid is None else int(block.bid[at]) / 100,
                    "ask": None if block.ask is None else int(block.ask[at]) / 100,
                    "volume": 0 if block.volume is None else int(block.volume[at]),
                }
            )
    return found


def tick_csv() -> list[bytes]:
    rows = _rows()
    lines = [",".join(rows[0]), *(",".join(str(v) for v in row.values()) for row in rows)]
    return [("\n".join(lines) + "\n").encode(), ("\r\n".join(lines[:9]) + "\r\n").encode()]


def tick_jsonl() -> list[bytes]:
    return [b"".join(json.dumps(each).encode() + b"\n" for each in _rows())]


def candle_csv() -> list[bytes]:
    lines = ["ts,open,high,low,close,volume"]
    for k in range(60):
        start = dt.datetime.fromtimestamp((_NOW + k * 60 * 10**9) / 1e9, dt.UTC)
        lines.append(f"{start.isoformat()},{100 + k},{101 + k},{99 + k},{100.5 + k},{65 * k}")
    return [("\n".join(lines) + "\n").encode()]


def native_parquet() -> list[bytes]:
    with tempfile.TemporaryDirectory() as place:
        plain, full = (Path(place) / name for name in ("n.parquet", "d.parquet"))
        write_ticks(plain, MARKET.universe, blocks())
        write_ticks(full, MARKET.universe, map(with_depth, blocks()), depth=True, day=True)
        return [plain.read_bytes(), full.read_bytes()]


def with_depth(block: Ticks) -> Ticks:
    """The block with five levels around its price, and figures of the day."""
    steps = np.array([*range(-1, -6, -1), *range(1, 6)])
    price = block.ltp[:, np.newaxis] + 5 * steps
    lots = np.arange(1, 11) * 65 + 0 * price
    block.depth = np.stack([lots, price, lots // 65], axis=2)
    block.day = np.arange(len(block) * 8, dtype=np.int64).reshape(-1, 8)
    return block


def foreign_parquet() -> list[bytes]:
    rows = _rows()
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    columns["ts"] = np.concatenate([each.ts for each in blocks()]).tolist()
    found = []
    plain: dict[str, Any] = {"compression": "none", "use_dictionary": False}
    for settings in ({}, plain):
        out = io.BytesIO()
        pq.write_table(pa.table(columns), out, **settings)
        found.append(out.getvalue())
    return found


def answers() -> list[bytes]:
    candles = [[f"2026-11-18T11:{k:02d}:00+0530", 100.0, 101.5, 99, 100, 65 * k] for k in range(30)]
    plain = [
        json.dumps({"status": "success", "data": {"candles": candles}}),
        json.dumps({"status": "success", "data": {"NSE:NIFTY 50": {"last_price": 25_000.05}}}),
        json.dumps({"status": "error", "message": "no", "error_type": "TokenException"}),
        json.dumps({"status": "error", "message": None, "error_type": "InputException"}),
    ]
    return [each.encode() for each in plain] + [gzip.compress(plain[0].encode())]


def dumps() -> list[bytes]:
    return [dump(30), csv_text(day_rows()[:60]).encode(), gzip.compress(dump(5))]


def credentials() -> list[bytes]:
    return [b'{"version":1,"api_key":"key","access_token":"token","login_ts":1790000000000000000}']


def intent_lines() -> list[bytes]:
    symbol = MARKET.universe[1].tradingsymbol
    lines = [
        {"ts": "2026-11-18T11:00:00", "symbol": symbol, "signal": "BUY", "qty": 65,
         "sl_price": 24_900.0, "tp_price": 25_500.0, "time_stop_bars": 5, "tag": "x"},
        {"ts": _NOW, "symbol": symbol, "signal": "SELL", "qty": 130, "product": "NRML",
         "confidence": 0.5, "exits": {"enable_trailing": False, "partial_exit_pct": 0.3}},
        {"ts": "2026-11-18 11:00:01.5", "symbol": symbol, "signal": "EXIT"},
    ]  # fmt: skip
    return [b"".join(json.dumps(each).encode() + b"\n" for each in lines)]


def control_lines() -> list[bytes]:
    return [b'{"command":"manual_exit","target":"V3-20261118-000001"}', b'{"command":"reload"}']


def requests() -> list[bytes]:
    """Requests of programs: as they are, and in their frames."""
    bodies = [b'{"id":1,"client_id":"a","command":%s}' % line for line in control_lines()]
    bodies += [
        b'{"id":2,"order":{"do":"place","tradingsymbol":"X","side":"BUY","quantity":65,'
        b'"product":"NRML","order_type":"LIMIT","price_paise":10000,"tag":"a"}}',
        b'{"id":3,"order":{"do":"modify_gtt","gtt_id":1,"form":{"tradingsymbol":"X",'
        b'"triggers":[100],"legs":[],"last_paise":5}}}',
    ]
    return [*bodies, *map(frame, bodies), b"".join(map(frame, bodies))]


def inputs() -> list[Input]:
    candle = Candle(
        tradingsymbol="NIFTY26NOVFUT", timeframe="1m", ts=_NOW, end_ts=_NOW + 60 * 10**9,
        open=1.0, high=2.0, low=0.5, close=1.5, volume=10, bar=1,
    )  # fmt: skip
    return [
        *blocks()[:6],
        *map(with_depth, blocks()[6:8]),
        Clock(ts=_NOW + 10**12),
        Command(ts=_NOW, command="manual_exit", target="V3-1"),
        Command(ts=_NOW, command="order", order=CancelOrder(order_id="X-20261118-000001")),
        Gap(ts=_NOW, since=_NOW - 10**9, symbols=("A", "B")),
        Settlement(ts=_NOW, underlying="NIFTY", date="2026-11-17", close_paise=2_500_000),
        ConfigChange(ts=_NOW, config='{"log_level":"DEBUG"}'),
        History(ts=_NOW, candles=(candle,)),
    ]


def header() -> LogHeader:
    return LogHeader(
        account="sim", date="2026-11-18", segment=1, program_version="0",
        config=render_config(Config()), config_fingerprint=fingerprint(Config()),
        instruments=list(MARKET.universe),
    )  # fmt: skip


def write_journal(store: JournalStore) -> None:
    for input_no, events in by_input(sample_events()):
        note = Operation(ts=input_no, kind="note", detail={"input": input_no})
        store.append(events, input_no=input_no, operations=[note])
