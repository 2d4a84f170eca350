"""Times at which a strategy wants to be called; a mistake is an error of the configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from daemon.domain.dates import DAY_NS, MINUTE_NS, SECOND_NS
from daemon.domain.timer import TimerSpec

_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_SPAN: Final = re.compile(r"([1-9]\d{0,5})([smh])")
_UNITS: Final = {"s": SECOND_NS, "m": MINUTE_NS, "h": 60 * MINUTE_NS}

TimerMethod = Callable[..., Any]
"""A method that takes a Due and a View and returns actions."""


class Timer:
    """What `schedule` writes its times in; `missed` are those that passed before a restart."""

    def __init__(self, strategy_id: str, instrument: int, first: int) -> None:
        self.missed: tuple[str, ...] = ()
        self.specs: list[TimerSpec] = []
        self.methods: list[TimerMethod] = []
        self._strategy_id = strategy_id
        self._instrument = instrument
        self._first = first

    def at(self, time: str, call: TimerMethod, *, after_candles: bool = False) -> None:
        """Call once on each date with a session, at an Indian time such as "09:20" or "15:14:30".

        Before the candle that ends at that time is shown, unless `after_candles`.
        """
        match = _CLOCK.fullmatch(time)
        if match is None:
            raise ValueError(f"expected a time such as 09:20 or 15:14:30, was {time!r}")
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        at_ns = ((hours * 60 + minutes) * 60 + seconds) * SECOND_NS
        self._add(time, call, at_ns=at_ns, after_candles=after_candles)

    def every(self, span: str, call: TimerMethod) -> None:
        """Call again and again in a session, counted from its open: "30s", "5m", "1h"."""
        match = _SPAN.fullmatch(span)
        if match is None:
            raise ValueError(f"expected a span such as 30s, 5m or 1h, was {span!r}")
        every_ns = int(match[1]) * _UNITS[match[2]]
        if every_ns > DAY_NS:
            raise ValueError(f"expected a span of at most a day, was {span!r}")
        self._add(span, call, every_ns=every_ns)

    def note_missed(self, specs: Sequence[TimerSpec]) -> None:
        """Tell which of its times passed before this process began."""
        own = (spec for spec in specs if spec.strategy_id == self._strategy_id)
        self.missed = tuple(spec.name for spec in own)

    def _add(
        self,
        name: str,
        call: TimerMethod,
        *,
        at_ns: int | None = None,
        every_ns: int | None = None,
        after_candles: bool = False,
    ) -> None:
        if not callable(call):
            raise TypeError(f"expected a method that takes a due time and a view, was {call!r}")
        self.specs.append(
            TimerSpec(
                number=self._first + len(self.specs),
                strategy_id=self._strategy_id,
                name=name,
                instrument=self._instrument,
                at_ns=at_ns,
                every_ns=every_ns,
                after_candles=after_candles,
            )
        )
        self.methods.append(call)
