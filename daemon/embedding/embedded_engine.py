"""The seven embedding functions: the v3 engine inside another program's loop.

Rupees and plain dicts in and out. Time is the time of the ticks; the session is the whole Indian
day, every day, and nothing is squared off: the embedder's clock rules. Ticks take the same way as
in the daemon (`PaperEngine.handle`), so they are checked, counted and filled the same way. No
function swallows an error; a tick that makes no sense is a counted refusal and no error.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.dates import DAY_NS, ist_midnight, parse_date, parse_timeframe
from daemon.domain.events import Charges, TradingEvent, event_fields
from daemon.domain.inputs import Clock
from daemon.domain.instrument import (
    DEFAULT_LOT_SIZE,
    DEFAULT_TICK_PAISE,
    Instrument,
    InstrumentType,
    Universe,
)
from daemon.domain.intent import OrderIntent
from daemon.domain.money import paise_exact
from daemon.embedding.tick_adapter import block_of, utc_ns
from daemon.execution.context import CountedBars
from daemon.execution.engine import ExecutionEngineV3
from daemon.settings.config import ExecutionConfig, InstrumentConfig

_KITE_EXTRAS: Final = frozenset({"exchange_token", "last_price"})


class WholeDay(NamedTuple):
    """The session of an embedded engine."""

    open_ts: int
    close_ts: int


class AlwaysOpen:
    """Rules without a calendar, charges or freeze quantities, which are the embedder's business."""

    def session(self, date: dt.date, instrument: Instrument, /) -> WholeDay:
        """Return the whole day but its last ns, so that a day ends before the next begins."""
        midnight = ist_midnight(date)
        return WholeDay(midnight, midnight + DAY_NS - 1)

    def charges(self, date: dt.date, instrument: Instrument, /, **_: Any) -> Charges:
        """Return no charges."""
        return Charges()

    def exercise_charges(self, date: dt.date, instrument: Instrument, /, **_: Any) -> Charges:
        """Return no charges."""
        return Charges()

    def freeze_quantity(self, date: dt.date, instrument: Instrument, /) -> int:
        """Return 0: unknown."""
        return 0


class EmbeddedEngineV3(ExecutionEngineV3):
    """The v3 engine with the input loop that feeds it; the end of the day is the embedder's."""

    loop: PaperEngine

    def process_signal(self, intent: OrderIntent) -> str | None:
        """Take an intent as the daemon does. Raises ValueError before the first tick."""
        if self.at.now < 0:
            raise ValueError("expected a tick before the first signal: ticks bring the time")
        return super().process_signal(intent)


def create_execution_engine_v3(
    config: Mapping[str, Any], instruments: Iterable[Mapping[str, Any] | str]
) -> ExecutionEngineV3:
    """Return an engine for the other functions of this module.

    `config` is the `execution:` mapping or has one under `execution`. An instrument is a mapping
    with Kite's names (`tradingsymbol, lot_size, tick_size, instrument_token, ...`) or a bare
    symbol, which gets lot 1 and tick 0.05. Raises ValueError for anything unknown.
    """
    settings = _execution_config(config)
    if settings.engine != "v3":
        raise ValueError("expected execution.engine v3; ask should_use_v3 first")
    settings = msgspec.structs.replace(
        settings, fallback="none", charges=False, square_off_before_close_min=0
    )
    universe = Universe(_instrument(each, place) for place, each in enumerate(instruments))
    if len(universe) == 0:
        raise ValueError("expected at least one instrument")

    def build(settings: ExecutionConfig, **parts: Any) -> EmbeddedEngineV3:
        return EmbeddedEngineV3(settings, **(parts | {"bars": CountedBars(), "squares_off": False}))

    loop = PaperEngine(settings, universe=universe, rules=AlwaysOpen(), build_v3=build)
    engine = loop.engine
    assert isinstance(engine, EmbeddedEngineV3)
    engine.loop = loop
    return engine


def should_use_v3(config: Mapping[str, Any]) -> bool:
    """Return whether the configuration opts in with `execution.engine: v3`; no without the key.

    Raises ValueError for an engine that does not exist.
    """
    engine = _execution_section(config).get("engine", "v2")
    if engine not in ("v2", "v3"):
        raise ValueError(f"expected execution.engine v3 or v2, was {engine!r}")
    return bool(engine == "v3")


def update_positions_from_tick(
    engine: ExecutionEngineV3, tick: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Take one tick with Kite's names and return the events since the last call, in rupees.

    `tradingsymbol` or `instrument_token`, `last_price`, `bid` and `ask` or `depth`, and a time:
    `ts` | `timestamp` | `exchange_timestamp` as UTC ns, ISO text or datetime (naive means IST).
    A tick that makes no sense changes nothing and is counted (`refused_rows` of the metrics).
    """
    loop = _loop(engine)
    block = block_of(engine.universe, tick)
    if block is None:
        refused = loop.intake.refused
        refused["bad_timestamp"] = refused.get("bad_timestamp", 0) + 1
        return [event_view(each) for each in engine.lifecycle.take_events()]
    return [event_view(each) for each in loop.handle(block)]


def on_candle_close(
    engine: ExecutionEngineV3,
    symbol: str,
    timeframe: str = "1m",
    ts: int | str | dt.datetime | None = None,
) -> list[dict[str, Any]]:
    """Close a bar of `symbol` (at `ts`, if given: time passes until then).

    Counts one bar held for its positions of that timeframe and returns the events since the last
    call. Raises ValueError for an unknown symbol or timeframe.
    """
    loop = _loop(engine)
    if engine.universe.index_of(symbol) is None:
        raise ValueError(f"expected one of {', '.join(engine.universe.symbols)}, was {symbol!r}")
    parse_timeframe(timeframe)
    now = engine.at.now if ts is None else utc_ns(ts)
    if now is None:
        raise ValueError(f"expected a time as UTC ns, ISO text or datetime, was {ts!r}")
    events: list[TradingEvent] = loop.handle(Clock(now)) if now >= 0 else []
    engine.on_candle_close(symbol, timeframe)
    return [event_view(each) for each in events + engine.lifecycle.take_events()]


def get_v3_positions(engine: ExecutionEngineV3) -> list[dict[str, Any]]:
    """Return the open positions in rupees, oldest first."""
    return engine.get_positions()


def get_v3_metrics(engine: ExecutionEngineV3) -> dict[str, Any]:
    """Return orders, positions and P&L in rupees, and what became of the ticks."""
    return {**msgspec.structs.asdict(_loop(engine).stats()), **engine.get_metrics()}


def event_view(event: TradingEvent) -> dict[str, Any]:
    """Return an event as a plain dict; `..._paise` in the journal is `..._rupees` here."""
    plain: dict[str, Any] = _in_rupees(event_fields(event))
    return plain


# what the functions read


def _loop(engine: ExecutionEngineV3) -> PaperEngine:
    if not isinstance(engine, EmbeddedEngineV3):
        raise TypeError("expected an engine made by create_execution_engine_v3")
    return engine.loop


def _execution_section(config: Mapping[str, Any]) -> Mapping[str, Any]:
    section = config.get("execution", config)
    if not isinstance(section, Mapping):
        raise ValueError(f"expected execution to be a mapping, was {section!r}")
    return section


def _execution_config(config: Mapping[str, Any]) -> ExecutionConfig:
    section = dict(_execution_section(config))
    for key, value in section.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"execution.{key}: expected a finite number, was {value!r}")
    try:
        return msgspec.convert(section, ExecutionConfig)
    except msgspec.ValidationError as error:
        raise ValueError(f"execution: {error}") from error


def _instrument(row: Mapping[str, Any] | str, place: int) -> Instrument:
    if isinstance(row, str):
        return Instrument(instrument_token=-1 - place, tradingsymbol=row, has_contract_row=False)
    fields = {k: v for k, v in row.items() if k not in _KITE_EXTRAS and v is not None}
    expiry = fields.get("expiry")
    if isinstance(expiry, dt.date):  # a datetime is a date, too
        fields["expiry"] = expiry.isoformat()
    if fields.get("segment") == "INDICES":  # Kite gives an index tick 0 and lot 0
        fields = {k: v for k, v in fields.items() if k not in ("tick_size", "lot_size")}
        fields["instrument_type"] = "INDEX"
    try:
        given = msgspec.convert(fields, InstrumentConfig)
        expiry = parse_date(given.expiry) if given.expiry else ""
    except ValueError as error:
        raise ValueError(f"instrument {place + 1}: {error}") from error
    kind: InstrumentType = given.instrument_type or "FUT"
    exchange = given.exchange or "NFO"
    return Instrument(
        instrument_token=given.instrument_token or -1 - place,
        tradingsymbol=given.tradingsymbol,
        exchange=exchange,
        segment=given.segment or (f"{exchange}-OPT" if kind in ("CE", "PE") else f"{exchange}-FUT"),
        name=given.name or "",
        instrument_type=kind,
        tick_paise=DEFAULT_TICK_PAISE if given.tick_size is None else paise_exact(given.tick_size),
        lot_size=given.lot_size or DEFAULT_LOT_SIZE,
        expiry=expiry,
        strike_paise=paise_exact(given.strike or 0),
    )


def _in_rupees(value: Any) -> Any:
    if isinstance(value, dict):
        return dict(_entry(key, inner) for key, inner in value.items())
    return [_in_rupees(each) for each in value] if isinstance(value, list) else value


def _entry(key: str, value: Any) -> tuple[str, Any]:
    for ending, unit in (("_half_paise", 200), ("_paise", 100)):
        if key.endswith(ending):
            name = key.removesuffix(ending) + "_rupees"
            return name, value / unit if isinstance(value, int) else value
    return key, _in_rupees(value)
