"""Send intents written beforehand, for tests, rehearsals and signals from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from daemon.domain.dates import parse_ts
from daemon.domain.inputs import TimedIntent
from daemon.domain.intent import ExitOverrides, OrderIntent, Product, Signal, TimeStopBars
from daemon.errors import ConfigError
from daemon.files.text_lines import LongLine, bounded_lines

# 1973 to 2262: a number outside was written in another unit.
TS_MIN: Final = 10**17
TS_MAX: Final = 2**63 - 1


class ScriptLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the file; `ts` is ISO 8601 (IST unless it names a zone) or UTC ns.

    Levels are in rupees, `qty` in units; BUY and SELL need a quantity.
    """

    ts: str | int
    symbol: Annotated[str, Meta(min_length=1)]
    signal: Signal
    qty: Annotated[int, Meta(ge=0, le=10**9)] = 0
    sl_price: float | None = None
    tp_price: float | None = None
    time_stop_bars: TimeStopBars | None = None
    tag: str = ""
    product: Product | None = None
    confidence: float = 1.0
    exits: ExitOverrides | None = None


class Scripted:
    """Sends the intents of a JSON Lines file, each at the first input at or after its time.

    It enters and leaves exactly as the file says, decides nothing and needs no candles. The engine
    gets all its intents when it is built.

    file: path of the script; in a configuration a relative path is next to the configuration.
    """

    def __init__(self, *, file: str) -> None:
        self._lines = _read(Path(file))

    def timed_intents(self, product: Product) -> list[TimedIntent]:
        """Return the intents in the order of the file."""
        return [TimedIntent(ts=ts, intent=_intent(line, product)) for ts, line in self._lines]


def _read(path: Path) -> list[tuple[int, ScriptLine]]:
    try:
        with path.open("rb") as file:
            rows = (row for line in bounded_lines(file) for row in line.splitlines())
            return [_parse(row, path, number) for number, row in enumerate(rows, 1) if row.strip()]
    except LongLine as error:
        raise ConfigError(f"{path}:{error.line}: {error}; mend or remove that line") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def _parse(row: bytes, path: Path, number: int) -> tuple[int, ScriptLine]:
    try:
        line = msgspec.json.decode(row, type=ScriptLine)
        if line.signal in (Signal.BUY, Signal.SELL) and line.qty == 0:
            raise ValueError(f"expected a qty above 0 for {line.signal}")
        return _ts(line.ts), line
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise ConfigError(f"{path}:{number}: {error}") from error


def _ts(written: str | int) -> int:
    try:
        ts = parse_ts(written) if isinstance(written, str) else written
    except ValueError:
        ts = 0
    if not TS_MIN <= ts <= TS_MAX:
        raise ValueError(f"expected ts as ISO 8601 or in nanoseconds, was {written!r}")
    return ts


def _intent(line: ScriptLine, product: Product) -> OrderIntent:
    return OrderIntent(
        symbol=line.symbol,
        signal=line.signal,
        qty=line.qty,
        sl_price=line.sl_price,
        tp_price=line.tp_price,
        time_stop_bars=line.time_stop_bars,
        tag=line.tag,
        product=line.product or product,
        confidence=line.confidence,
        exits=line.exits,
    )
