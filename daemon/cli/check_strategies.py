"""Warnings about what strategies want: symbols without rows, quantities, parts of a lot, times.

What a strategy of a user's own decides is not known. Judged are a parameter called `quantity` or
`qty`, and the intents of a script.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from daemon.cli.data_notes import time_text
from daemon.domain.dates import ist_date
from daemon.domain.inputs import TimedIntent
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.intent import EntryChange, ExitOverrides, OrderIntent, Signal
from daemon.execution.exits.partial import part_of
from daemon.market.schedule import Schedule
from daemon.report.text import count
from daemon.runtime.build import Parts
from daemon.settings.config import StrategyConfig
from strategies.near_names import did_you_mean

_QUANTITY_NAMES: Final = ("quantity", "qty")
_SHIPPED: Final = "strategies."
"""Where 0 as a quantity means one lot."""
_SHOWN: Final = 2


class Wish(NamedTuple):
    """A quantity that a strategy will ask for, of one instrument, and the exits it asks for."""

    instrument: Instrument
    quantity: int
    exits: tuple[ExitOverrides, ...]
    """The first that sets something counts."""


def quantity_warnings(parts: Parts) -> Iterator[str]:
    """Tell of quantities that every order is refused for, and of partial exits without a lot."""
    for config, wishes in _wishes(parts):
        uneven = [wish for wish in wishes if wish.quantity % wish.instrument.lot_size]
        if uneven:
            yield (
                f"strategy {config.id}: {_shown(uneven)} is no multiple of the lot: such orders "
                "are refused `lot_size`"
            )
        whole = [wish for wish in wishes if wish not in uneven and _lacks_a_part(parts, wish)]
        if whole:
            yield (
                f"strategy {config.id}: `partial_exit_pct` of {_shown(whole)} is less than one "
                "lot: a stop lets the whole position go; take a larger quantity, another "
                "`partial_exit_pct`, or set `enable_partial_exit: false`"
            )


def symbols_without_rows(parts: Parts, seen: set[int]) -> list[tuple[str, int]]:
    """Return (strategy, instrument's index) of named symbols that are not among those seen."""
    universe = parts.feed.universe
    found = []
    for config in _enabled(parts):
        for symbol in config.symbols:
            index = universe.index_of(symbol)
            if index is not None and index not in seen:
                found.append((config.id, index))
    return found


def script_warnings(parts: Parts, span: tuple[int, int] | None) -> Iterator[str]:
    """Tell of scripted intents that no order can come from; `span` is that of the data, UTC ns."""
    universe = parts.feed.universe
    for strategy_id, timed in _scripts(parts):
        for intent in _intents(timed):
            symbol = intent.symbol
            if universe.index_of(symbol) is None:
                hint = did_you_mean(symbol, universe.symbols) or _other_case(symbol, parts)
                yield (
                    f"strategy {strategy_id}: the script's {symbol!r} is not in the universe: such "
                    f"orders are refused `unknown_symbol`{hint}"
                )
                break
        yield from _times(parts, strategy_id, timed, span)


def _times(
    parts: Parts, strategy_id: str, timed: Sequence[TimedIntent], span: tuple[int, int] | None
) -> Iterator[str]:
    if span is not None:
        after = [line for line in timed if line.ts > span[1]]
        if after:
            yield (
                f"strategy {strategy_id}: {count(len(after))} of the script's "
                f"{count(len(timed))} intents come after the last row and are never sent (the "
                f"first: {time_text(after[0].ts)}; the last row is at {time_text(span[1])})"
            )
        before = [line for line in timed if line.ts < span[0]]
        if before:
            yield (
                f"strategy {strategy_id}: {count(len(before))} of the script's "
                f"{count(len(timed))} intents come before the first row and are sent at it (the "
                f"first: {time_text(before[0].ts)}; the first row is at {time_text(span[0])})"
            )
    schedule = Schedule(parts.rules, parts.feed.universe)
    closed = [line for line in timed if _is_closed(parts, schedule, line)]
    if closed:
        yield (
            f"strategy {strategy_id}: {count(len(closed))} of the script's {count(len(timed))} "
            f"intents come outside the session (the first: {time_text(closed[0].ts)}): such orders "
            "are refused `market_closed`"
        )


def _is_closed(parts: Parts, schedule: Schedule, timed: TimedIntent) -> bool:
    intent = timed.intent
    if isinstance(intent, EntryChange) or intent.signal not in (Signal.BUY, Signal.SELL):
        return False
    index = parts.feed.universe.index_of(intent.symbol)
    if index is None:
        return False
    opens, closes = schedule.span(index, ist_date(timed.ts))
    return not opens <= timed.ts < closes


def underlying_warnings(parts: Parts) -> Iterator[str]:
    """Tell of an underlying whose case is not that of the contracts' names."""
    names = {instrument.name for instrument in parts.feed.universe if instrument.name}
    for config in _enabled(parts):
        name = config.params.get("underlying")
        if isinstance(name, str) and name not in names:
            near = [known for known in names if known.upper() == name.upper()]
            if near:
                yield (
                    f"strategy {config.id}: underlying {name!r} is {near[0]!r} in the universe: "
                    "nothing is found for it"
                )


def hook_warnings(parts: Parts) -> Iterator[str]:
    """Tell of methods that look like hooks of the program and are not called."""
    for strategy_id, line in parts.strategies.not_called():
        yield f"strategy {strategy_id}: {line}"


def _other_case(symbol: str, parts: Parts) -> str:
    for known in parts.feed.universe.symbols:
        if known.upper() == symbol.upper():
            return f"; did you mean {known}?"
    return ""


def _enabled(parts: Parts) -> list[StrategyConfig]:
    return [item for item in parts.config.strategies.items if item.enabled]


def _scripts(parts: Parts) -> Iterator[tuple[str, list[TimedIntent]]]:
    by_strategy: dict[str, list[TimedIntent]] = {}
    for timed in parts.strategies.timed_intents:
        by_strategy.setdefault(timed.intent.strategy_id, []).append(timed)
    yield from by_strategy.items()


def _intents(timed: Sequence[TimedIntent]) -> list[OrderIntent]:
    return [line.intent for line in timed if isinstance(line.intent, OrderIntent)]


def _wishes(parts: Parts) -> Iterator[tuple[StrategyConfig, list[Wish]]]:
    """Yield what is known of each strategy's quantities, each kind of wish once."""
    universe = parts.feed.universe
    scripts = dict(_scripts(parts))
    for config in _enabled(parts):
        wishes = []
        for intent in _intents(scripts.get(config.id, ())):
            index = universe.index_of(intent.symbol)
            if index is not None and intent.signal in (Signal.BUY, Signal.SELL):
                exits = (intent.exits or ExitOverrides(), config.exits)
                wishes.append(Wish(universe[index], intent.qty, exits))
        quantity = _quantity(config)
        if quantity is not None:
            wishes += [
                Wish(instrument, quantity or instrument.lot_size, (config.exits,))
                for instrument in _traded(config, universe)
            ]
        if wishes:
            yield config, list(dict.fromkeys(wishes))


def _traded(config: StrategyConfig, universe: Universe) -> list[Instrument]:
    """Return what the strategy may trade; with an `underlying` that is its options."""
    named = [universe.index_of(symbol) for symbol in config.symbols or universe.symbols]
    found = [universe[index] for index in named if index is not None]
    if "underlying" in config.params or _default(config, "underlying") is not None:
        return [row for row in found if row.is_option]
    return [row for row in found if not row.is_index]


def _quantity(config: StrategyConfig) -> int | None:
    """Return the quantity that a strategy was given or has by default, None without either."""
    for name in _QUANTITY_NAMES:
        value = config.params.get(name)
        if value is None and config.module.startswith(_SHIPPED):
            value = _default(config, name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value if value or config.module.startswith(_SHIPPED) else None
    return None


def _default(config: StrategyConfig, name: str) -> object:
    cls = getattr(importlib.import_module(config.module), config.class_)
    found = inspect.signature(cls).parameters.get(name)
    return None if found is None or found.default is found.empty else found.default


def _lacks_a_part(parts: Parts, wish: Wish) -> bool:
    execution = parts.config.execution
    is_on = _first_set(wish, "enable_partial_exit", execution.enable_partial_exit)
    pct = _first_set(wish, "partial_exit_pct", execution.partial_exit_pct)
    return (
        execution.engine == "v3"
        and bool(is_on)
        and not part_of(wish.quantity, wish.instrument.lot_size, float(pct))
    )


def _first_set(wish: Wish, name: str, default: float) -> float:
    for exits in wish.exits:
        value: float | None = getattr(exits, name)
        if value is not None:
            return value
    return default


def _shown(wishes: Sequence[Wish]) -> str:
    texts = [
        f"{count(wish.quantity)} of {wish.instrument.tradingsymbol} (lot "
        f"{count(wish.instrument.lot_size)})"
        for wish in wishes[:_SHOWN]
    ]
    more = len(wishes) - _SHOWN
    return ", ".join(texts) + (f" and {count(more)} more" if more > 0 else "")
