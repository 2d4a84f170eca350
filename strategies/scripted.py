"""Send intents written beforehand, for tests, rehearsals and signals from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from daemon.domain.dates import parse_ts
from daemon.domain.errors import BadNumber
from daemon.domain.gtt_requests import TimedGtt
from daemon.domain.inputs import TimedIntent
from daemon.domain.intent import (
    TAG_MAX,
    EntryChange,
    ExitOverrides,
    Level,
    OrderIntent,
    Product,
    Signal,
    TimeStopBars,
)
from daemon.domain.order_kind import DAY, MARKET, OrderKind, Validity
from daemon.errors import ConfigError
from daemon.files.text_lines import LongLine, bounded_lines
from strategies.gtt_lines import is_gtt_line, read_gtt_line

# 1973 to 2262: a number outside was written in another unit.
TS_MIN: Final = 10**17
TS_MAX: Final = 2**63 - 1
Minutes = Annotated[int, Meta(ge=1, le=10**9)]
_DO: Final = "do"
_CHANGED: Final = ("qty", "order_type", "price", "trigger_price", "validity", "validity_ttl")


class ScriptLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the file; `ts` is ISO 8601 (IST unless it names a zone) or UTC ns.

    Prices and levels are in rupees, `qty` in units; BUY and SELL need a quantity.
    """

    ts: str | int
    symbol: Annotated[str, Meta(min_length=1)]
    signal: Signal
    qty: Annotated[int, Meta(ge=0, le=10**9)] = 0
    sl_price: Level | None = None
    tp_price: Level | None = None
    time_stop_bars: TimeStopBars | None = None
    tag: str = ""
    product: Product | None = None
    confidence: float = 1.0
    exits: ExitOverrides | None = None
    order_type: OrderKind = MARKET
    price: float | None = None
    trigger_price: float | None = None
    validity: Validity = DAY
    validity_ttl: Minutes | None = None
    market_protection: float | None = None


class ChangeLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A line that changes the latest order with a `tag`; `qty` is the new total, in units."""

    ts: str | int
    do: Literal["modify", "cancel"]
    tag: Annotated[str, Meta(min_length=1)]
    qty: Annotated[int, Meta(ge=1, le=10**9)] | None = None
    order_type: OrderKind | None = None
    price: float | None = None
    trigger_price: float | None = None
    validity: Validity | None = None
    validity_ttl: Minutes | None = None


Line = ScriptLine | ChangeLine


class Scripted:
    """Sends the intents of a JSON Lines file, each at the first input at or after its time.

    It enters and leaves exactly as the file says, decides nothing and needs no candles. The engine
    gets all its intents when it is built.

    file: path of the script; in a configuration a relative path is next to the configuration.
    """

    def __init__(self, *, file: str) -> None:
        self._lines, self._gtts = _read(Path(file))

    def timed_intents(self, product: Product) -> list[TimedIntent]:
        """Return the intents in the order of the file."""
        return [TimedIntent(ts=ts, intent=_wanted(line, product)) for ts, line in self._lines]

    def timed_gtts(self) -> list[TimedGtt]:
        """Return what the file asks of GTTs, in its order."""
        return self._gtts


def _read(path: Path) -> tuple[list[tuple[int, Line]], list[TimedGtt]]:
    lines: list[tuple[int, int, Line]] = []
    gtts: list[TimedGtt] = []
    for number, row in _rows(path):
        try:
            if is_gtt_line(row):
                written, request = read_gtt_line(row)
                gtts.append(TimedGtt(ts=_ts(written), request=request))
            else:
                lines.append((number, *_parse(row)))
        except (msgspec.DecodeError, UnicodeDecodeError, BadNumber, ValueError) as error:
            raise ConfigError(f"{path}:{number}: {error}") from error
    _check_tags(lines, path)
    return [(ts, line) for _, ts, line in lines], gtts


def _rows(path: Path) -> list[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            rows = (row for line in bounded_lines(file) for row in line.splitlines())
            return [(number, row) for number, row in enumerate(rows, 1) if row.strip()]
    except LongLine as error:
        raise ConfigError(f"{path}:{error.line}: {error}; mend or remove that line") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def _check_tags(lines: list[tuple[int, int, Line]], path: Path) -> None:
    """Refuse tags of entries that are too long, and changes of what no entry before them sent."""
    first: dict[str, tuple[int, int]] = {}
    for number, ts, line in lines:
        if isinstance(line, ScriptLine) and line.signal in (Signal.BUY, Signal.SELL):
            if len(line.tag) > TAG_MAX:
                raise ConfigError(
                    f"{path}:{number}: expected a tag of at most {TAG_MAX} characters, "
                    f"was {line.tag!r}"
                )
            first[line.tag] = min(first.get(line.tag, (ts, number)), (ts, number))
    for number, ts, line in lines:
        if isinstance(line, ChangeLine) and first.get(line.tag, (ts, number)) >= (ts, number):
            raise ConfigError(
                f"{path}:{number}: expected the tag of a BUY or SELL before it, was {line.tag!r}"
            )


def _parse(row: bytes) -> tuple[int, Line]:
    if _DO in msgspec.json.decode(row, type=dict[str, msgspec.Raw]):
        change = msgspec.json.decode(row, type=ChangeLine)
        _check_change(change)
        return _ts(change.ts), change
    line = msgspec.json.decode(row, type=ScriptLine)
    if line.signal in (Signal.BUY, Signal.SELL) and line.qty == 0:
        raise ValueError(f"expected a qty above 0 for {line.signal}")
    return _ts(line.ts), line


def _check_change(change: ChangeLine) -> None:
    """Refuse a cancel with something to change, and a modification with nothing."""
    given = [name for name in _CHANGED if getattr(change, name) is not None]
    if change.do == "cancel" and given:
        raise ValueError(f"expected only ts, do and tag to cancel, was also {given[0]}")
    if change.do == "modify" and not given:
        raise ValueError(f"expected one of {', '.join(_CHANGED)} to modify")


def _ts(written: str | int) -> int:
    try:
        ts = parse_ts(written) if isinstance(written, str) else written
    except ValueError:
        ts = 0
    if not TS_MIN <= ts <= TS_MAX:
        raise ValueError(f"expected ts as ISO 8601 or in nanoseconds, was {written!r}")
    return ts


def _wanted(line: Line, product: Product) -> OrderIntent | EntryChange:
    if isinstance(line, ChangeLine):
        changed = {name: getattr(line, name) for name in _CHANGED}
        return EntryChange(tag=line.tag, cancel=line.do == "cancel", **changed)
    return _intent(line, product)


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
        order_type=line.order_type,
        price=line.price,
        trigger_price=line.trigger_price,
        validity=line.validity,
        validity_ttl=line.validity_ttl,
        market_protection=line.market_protection,
    )
