"""The settings of feeds: recorded files, the synthetic market, Kite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, field

from daemon.settings.section import Count, PositiveSeconds, Section


class ReplayFile(Section, frozen=True, kw_only=True):
    """One recorded file. `format` auto goes by its ending; `columns` maps CSV names.

    `kind: candles` needs `timeframe` and `symbol` (unless a column names it).
    """

    path: str
    preset: str = ""
    """A vendor's kind of file (`gdfl_tick`, ...), or `auto`: by the file's header."""
    stamp: Literal["auto", "start", "end"] = "auto"
    """Which end of a candle its time is, if not the start, or not as the preset says."""
    kind: Literal["ticks", "candles"] = "ticks"
    format: Literal["auto", "parquet", "jsonl", "csv", "inputs"] = "auto"
    symbol: str = ""
    timeframe: str = "1m"
    skip_untraded: bool = True
    columns: Mapping[str, str | list[str]] = {}
    """Our column name -> the file's (`ts, exchange_ts, symbol, token, ltp, bid, ask, ltq,
    volume, oi, depth`, or `ts, open, high, low, close, volume` for candles); `ts` may be a date's
    and a time's, as `[Date, Time]`."""
    ts_unit: Literal["auto", "iso", "ns", "us", "ms", "s"] = "auto"
    ts_format: str = ""
    """How times are written if not as ISO 8601: a format of strptime, for `[Date, Time]` joined
    by one space."""
    zone: str = "Asia/Kolkata"
    """The zone of times that do not say theirs: UTC, +05:30, or a name."""
    epoch_zone: str = "UTC"
    """The zone whose wall time epoch numbers are; Asia/Kolkata for naive times of pandas."""
    order: Literal["time", "received"] = "time"
    """`received`: the rows are in the order of receipt and `ts` is the exchange's time, so it may
    go back; the engine's time is the latest one so far, and bars go by each row's own."""
    symbols: dict[str, str] = {}
    """A value of the file's symbol or token column -> tradingsymbol."""


class SettlementConfig(Section, frozen=True, kw_only=True):
    """The official close of an underlying on an expiry date, rupees."""

    underlying: str
    date: str
    close: Annotated[float, Meta(gt=0, le=1e9)]


class ReplayConfig(Section, frozen=True, kw_only=True):
    """Recorded files, merged by time, or a lake; `start` and `end` (ISO, IST) cut the replay."""

    files: list[ReplayFile] = []
    lake: str = ""
    """What `convert --lake` or `recording.lake` wrote, instead of files: a directory, or
    `s3://BUCKET/PREFIX`."""
    from_: str = field(default="", name="from")
    """The first date that is read of the lake, ISO; `to` is the last. Empty: all it has."""
    to: str = ""
    underlyings: list[str] = []
    """Which of the lake's are read, in the order of rows of one time; empty: all."""
    unusable_days: Literal["refuse", "skip"] = "refuse"
    """`skip` leaves out a day of the lake that is missing, cut or damaged, and says so."""
    warmup: list[ReplayFile] = []
    """Older recordings whose closed candles the strategies see before the first tick."""
    speed: str = "max"
    start: str = ""
    end: str = ""
    block_rows: Annotated[int, Meta(ge=1, le=1_000_000)] = 65_536
    settlements: list[SettlementConfig] = []


class SyntheticConfig(Section, frozen=True, kw_only=True):
    """A seeded random session: an index, its future, and an option chain that follows."""

    seed: Count = 42
    date: str = "2026-11-18"
    underlying: Literal["NIFTY", "BANKNIFTY"] = "NIFTY"
    spot: Annotated[float, Meta(gt=0, le=1e6)] = 25_000.0
    """The index at the start, rupees."""
    strikes_each_side: Annotated[int, Meta(ge=0, le=50)] = 3
    expiries: Annotated[int, Meta(ge=1, le=4)] = 1
    """1: the nearest one. N from 2 on: the next N weekly and N monthly ones of options, and
    futures of N months, three at most."""
    ticks_per_second: Annotated[float, Meta(gt=0, le=10_000)] = 2.0
    annual_volatility: Annotated[float, Meta(gt=0, le=5)] = 0.15
    """A share, 0.15 for 15 % a year."""
    sessions: Annotated[int, Meta(ge=1, le=250)] = 1
    depth: bool = True
    """Whether ticks carry five levels of bids and asks."""
    book: Literal["simple", "measured"] = "simple"
    """`measured`: spread, sizes, trades and last prices behave like recorded options, and the index
    as on a calm day."""
    speed: str = "max"
    """`max`, or a factor of real time."""


class KiteConfig(Section, frozen=True, kw_only=True):
    """Live ticks of Kite Connect. Keys and tokens are never here, see `credentials_file`."""

    credentials_file: str = ""
    """What `run_fno_paper login` wrote; empty: the service manager's credential `kite.json`, or
    else `run_fno_paper/kite.json` in the user's configuration directory."""
    mode: Literal["ltp", "quote", "full"] = "full"
    history: bool = True
    """Whether strategies are warmed with Kite's historical candles."""
    instruments_cache: str = ""
    """Where the day's instruments dumps are kept; empty: `instruments` in the output directory."""
    ticker_url: str = "wss://ws.kite.trade"
    api_url: str = "https://api.kite.trade"
    connect_timeout_s: PositiveSeconds = 10
    read_timeout_s: PositiveSeconds = 5
    """A link on which not even a heartbeat came for this long is dead."""
    reconnect_max_s: PositiveSeconds = 60
    """The longest pause between two attempts to connect."""
    clock: Literal["wall", "exchange"] = "wall"
    """`exchange` takes the time from the ticks: only for a recording served on this machine."""


class FeedConfig(Section, frozen=True, kw_only=True):
    """Where the ticks come from."""

    kind: Literal["replay", "synthetic", "kite"] = "synthetic"
    replay: ReplayConfig = ReplayConfig()
    synthetic: SyntheticConfig = SyntheticConfig()
    kite: KiteConfig = KiteConfig()
