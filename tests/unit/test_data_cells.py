"""What becomes of each odd value of each field, in each format: the tables of DATA_FORMATS.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daemon.domain.dates import MINUTE_NS, SECOND_NS, iso_ist
from daemon.domain.instrument import Universe
from daemon.domain.ticks import ABSENT, Ticks
from daemon.errors import ConfigError, FeedError
from daemon.settings.config import ReplayFile
from feeds.files.columns import array_of
from feeds.replay import open_source
from feeds.stream.blocks import full_column, join
from tests.kit.market import OPEN
from tests.unit.test_docs_formats import FORMATS as TEXT
from tests.unit.test_docs_formats import names, rows
from tests.unit.test_market_parts import INSTRUMENT, make_intake, take

Table = Mapping[str, tuple[str | None, ...]]
UNIVERSE: Final = Universe([INSTRUMENT])
CONDITIONS: Final = (
    "missing", "empty", "0", "negative", "text", "fraction", "unit", "zone", "format",
)  # fmt: skip
FILE_FORMATS: Final = ("csv", "jsonl", "parquet")
NEXT: Final = OPEN + SECOND_NS
TIMES: Final = ("ts", "exchange_ts")
PRICES: Final = ("ltp", "bid", "ask", "open", "high", "low", "close")
UNITS: Final = ("ltq", "volume", "oi")
MISSING: Final = {"exchange_ts": 0, "bid": ABSENT, "ask": ABSENT, "ltq": 0, "volume": -1, "oi": -1}
R, B, U, N, S = "refused", "bad_price", "unknown_instrument", "unreadable_cells", "bad_sides"
# field -> the outcome in each condition; None where there is no such thing
TICKS: Final = {
    "ts": (R, R, R, R, R, "read", "read", "read", R),
    "[date, time]": (R, R, R, R, R, None, R, "read", R),
    "exchange_ts": ("absent", "absent", "absent", N, N, "read", "read", "read", N),
    "symbol": (R, U, U, U, U, U, None, None, None),
    "token": (R, U, U, U, U, U, None, None, None),
    "ltp": (R, B, B, B, B, "not_paise", "read", None, None),
    "bid": ("absent", "absent", "absent", S, S, S, "read", None, None),
    "ask": ("absent", "absent", "absent", S, S, S, "read", None, None),
    "depth": ("absent", "absent", S, S, S, S, "read", None, None),
    "ltq": ("absent", "absent", "absent", N, N, N, "read", None, None),
    "volume": ("absent", "absent", "read", N, N, N, "read", None, None),
    "oi": ("absent", "absent", "read", N, N, N, "read", None, None),
}
OHLC: Final = (R, B, B, B, B, "not_paise", "read", None, None)
CANDLES: Final = {
    "ts": TICKS["ts"],
    "[date, time]": TICKS["[date, time]"],
    "symbol": TICKS["symbol"],
    "token": TICKS["token"],
    **dict.fromkeys(("open", "high", "low", "close"), OHLC),
    "volume": ("absent", "absent", "read", N, N, N, "read", None, None),
}


def cells(table: Table) -> list[Any]:
    return [
        pytest.param(field, condition, outcome, id=f"{field}-{condition}")
        for field, outcomes in table.items()
        for condition, outcome in zip(CONDITIONS, outcomes, strict=True)
        if outcome is not None
    ]


@pytest.mark.parametrize("file_format", FILE_FORMATS)
@pytest.mark.parametrize(("field", "condition", "outcome"), cells(TICKS))
def test_an_odd_value_of_a_tick_has_the_documented_outcome(
    tmp_path: Path, field: str, condition: str, outcome: str, file_format: str
) -> None:
    good = {
        "ts": stamp(OPEN), "symbol": "F", "ltp": 100.05, "bid": 100.0, "ask": 100.1,
        "exchange_ts": stamp(OPEN), "ltq": 50, "volume": 500, "oi": 1000,
    }  # fmt: skip
    if field == "depth":
        del good["bid"], good["ask"]
        good["depth"] = depth(100.0, 100.1)
    found, row = result(tmp_path, good, field, condition, file_format)
    assert found == outcome
    if row is not None and found == "read":
        column = {"depth": "bid", "[date, time]": "ts"}.get(field, field)
        assert full_or_own(row, column) == expected(column, condition)


@pytest.mark.parametrize("file_format", FILE_FORMATS)
@pytest.mark.parametrize(("field", "condition", "outcome"), cells(CANDLES))
def test_an_odd_value_of_a_candle_has_the_documented_outcome(
    tmp_path: Path, field: str, condition: str, outcome: str, file_format: str
) -> None:
    good = {
        "ts": stamp(OPEN), "symbol": "F", "open": 100.0, "high": 101.0, "low": 99.0,
        "close": 100.5, "volume": 500,
    }  # fmt: skip
    if field == "volume":  # flat, so that a volume of 0 is one that was read
        good |= dict.fromkeys(("open", "high", "low", "close"), 100.0)
    found, _ = result(tmp_path, good, field, condition, file_format, kind="candles")
    assert found == outcome


@pytest.mark.parametrize(
    ("marker", "table"), [("<!-- tick cells -->", TICKS), ("<!-- candle cells -->", CANDLES)]
)
def test_the_tables_of_odd_values_are_those_of_these_tests(marker: str, table: Table) -> None:
    shown = {
        field: tuple(next(iter(names(cell)), None) for cell in outcomes)
        for fields, *outcomes in rows(TEXT, marker)
        for field in [each.strip().strip("`") for each in fields.split("` `")]
    }
    assert shown == table


def result(
    tmp_path: Path, good: dict[str, Any], field: str, condition: str, file_format: str,
    **config: Any,
) -> tuple[str, Ticks | None]:  # fmt: skip
    """The outcome of a file whose second row has the odd value, and that row if it was read."""
    first, second = dict(good), good | later(good)
    if field == "token":
        for row in (first, second):
            row["token"] = 1
            del row["symbol"]
    if field == "[date, time]":
        config |= split(first, second, condition)
    elif condition == "missing":
        for row in (first, second):
            del row[field]
    else:
        second[field] = odd(field, condition)
    path = tmp_path / f"t.{file_format}"
    write(path, [first, second])
    read = attempt(path, config)
    if isinstance(read, str):
        assert read.startswith(str(path))
        assert "expected" in read
        assert condition == "missing" or "row 2: " in read
        return R, None
    block, counts = read
    return judged(block, counts, field), block.rows(len(block) - 1, len(block))


def attempt(path: Path, config: dict[str, Any]) -> tuple[Ticks, dict[str, int]] | str:
    """What the file holds and what its reader counted, or the message with which it is refused."""
    try:
        source = open_source(ReplayFile(path=str(path), **config))
        return join(list(source.blocks(UNIVERSE))), source.counts
    except (FeedError, ConfigError) as error:
        return str(error)


def judged(block: Ticks, counts: dict[str, int], field: str) -> str:
    """What the engine says of the rows, else what the reader counted, else whether it is there."""
    intake = make_intake()
    taken = take(intake, block)
    reasons = [reason for reason, count in intake.refused.items() if count]
    if reasons:
        assert sum(intake.refused.values()) == (
            4 if block.walk is not None and reasons == [U] else 1
        )
        return reasons[0]
    assert len(taken[0]) == len(block)
    if intake.bad_sides:
        assert intake.bad_sides == (2 if field == "depth" else 1)
        return S
    if counts["unreadable_cells"]:
        assert counts["unreadable_cells"] == 1
        return N
    column = "bid" if field == "depth" else field
    if column not in MISSING or counts.get("untraded_candles"):
        return "read"
    if block.walk is not None:
        grown = 0 if block.volume is None else int(block.volume[-1] - block.volume[0]) - 500
        return "read" if grown > 0 else "absent"
    nothing = (MISSING[column], 0) if column in ("bid", "ask") else (MISSING[column],)
    return "absent" if int(full_column(block, column)[-1]) in nothing else "read"


def full_or_own(row: Ticks, column: str) -> int:
    return int((getattr(row, column) if column in ("ts", "ltp") else full_column(row, column))[-1])


def later(good: dict[str, Any]) -> dict[str, Any]:
    """The times of the second row."""
    step = MINUTE_NS if "open" in good else SECOND_NS
    return {name: stamp(OPEN + step) for name in TIMES if name in good}


def split(first: dict[str, Any], second: dict[str, Any], condition: str) -> dict[str, Any]:
    """Rows with a date and a time in place of `ts`; the settings that such a file needs."""
    for row in (first, second):
        row["Date"], row["Time"] = row.pop("ts").split(" ")
        row.pop("exchange_ts", None)
    if condition == "missing":
        del first["Time"], second["Time"]
        return {"columns": {"ts": "Date"}}
    if condition == "zone":
        for row, seconds in ((first, 0), (second, 1)):
            row["Time"] = f"03:45:0{seconds}"
        return {"zone": "UTC"}
    odd_times = {"empty": None, "0": 0, "negative": -5, "text": "noon", "unit": 33301}
    if condition == "format":
        second["Date"] = "/".join(reversed(second["Date"].split("-")))
    else:
        second["Time"] = odd_times[condition]
    return {}


def odd(field: str, condition: str) -> Any:
    if condition == "empty":
        return None
    if condition in ("0", "negative"):
        return {"0": 0, "negative": -5}[condition]
    if field in TIMES:
        return {
            "text": "noon", "fraction": NEXT / SECOND_NS + 0.5, "unit": NEXT // 10**6,
            "zone": utc_stamp(NEXT),
            "format": "/".join(reversed(stamp(NEXT)[:10].split("-"))) + stamp(NEXT)[10:],
        }[condition]  # fmt: skip
    if field == "depth":
        return {
            "text": "abc", "fraction": depth(100.005, 100.105), "unit": depth(10000, 10010),
        }[condition]  # fmt: skip
    if condition == "text":
        return "abc"
    if field in PRICES:
        return {"fraction": 100.005, "unit": 10005 if field in ("ltp", "ask") else 10000}[condition]
    return {"fraction": 7.5, "unit": 2}[condition]


def expected(column: str, condition: str) -> int:
    if column in TIMES:
        return NEXT + (SECOND_NS // 2 if condition == "fraction" else 0)
    if column in UNITS:
        return 2 if condition == "unit" else 0
    return {"ltp": 1_000_500, "ask": 1_000_500, "bid": 1_000_000}[column]


def depth(bid: float, ask: float) -> dict[str, Any]:
    return {
        side: [{"quantity": 50, "price": price, "orders": 1}]
        for side, price in (("buy", bid), ("sell", ask))
    }


def stamp(ts: int) -> str:
    return iso_ist(ts)[:19].replace("T", " ")


def utc_stamp(ts: int) -> str:
    return iso_ist(ts - (5 * 60 + 30) * MINUTE_NS)[:19] + "Z"


def write(path: Path, written: list[dict[str, Any]]) -> None:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in written))
    elif path.suffix == ".csv":
        lines = [list(written[0]), *([text(value) for value in row.values()] for row in written)]
        path.write_text("".join(",".join(line) + "\n" for line in lines))
    else:
        columns = {name: array_of([row[name] for row in written]) for name in written[0]}
        pq.write_table(pa.table(columns), path)


def text(value: Any) -> str:
    if isinstance(value, dict):
        return '"' + str(value) + '"'
    return "" if value is None else str(value)
