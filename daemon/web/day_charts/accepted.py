"""The rows that the engine accepted, judged again by its own intake from the same inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from daemon.domain.inputs import Input
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from daemon.market.intake import Intake
from daemon.market.schedule import Schedule
from daemon.rules import Rulebook

ROWS_AT_ONCE: Final = 16_384
_ANY_SILENCE: Final = 1 << 62


class Accepted:
    """The accepted rows of one feed. It remembers the time reached, so it takes inputs in order."""

    def __init__(self, rules: Rulebook, instruments: tuple[Instrument, ...]) -> None:
        self._intake = Intake(
            Schedule(rules, Universe(instruments)), len(instruments),
            stale_after_ns=_ANY_SILENCE, grace_ns=0,
        )  # fmt: skip
        self._reached = -1

    def of(self, inputs: Iterable[Input]) -> Iterator[Ticks]:
        """Yield what was accepted; a row outside its session has no instrument of the feed."""
        waiting: list[Ticks] = []
        count, reached = 0, self._reached
        for item in inputs:
            if not isinstance(item, Ticks):
                reached = max(reached, item.ts)
                continue
            if not len(item):
                continue
            if count >= ROWS_AT_ONCE or (waiting and int(item.ts.min()) < reached):
                yield from self._judge(waiting)
                waiting, count = [], 0
            if not waiting:
                self._reached = max(self._reached, reached)
            waiting.append(item)
            count += len(item)
        yield from self._judge(waiting)
        self._reached = max(self._reached, reached)

    def _judge(self, blocks: list[Ticks]) -> Iterator[Ticks]:
        if not blocks:
            return
        found = self._intake.accept(
            _joined(blocks), first_input_no=1, now=self._reached, feed_last=-1
        )
        for rows in found:
            self._reached = max(self._reached, int(rows.ts[-1]))
            yield Ticks(ts=rows.ts, instrument=rows.instrument, ltp=rows.ltp, volume=rows.volume)


def _joined(blocks: list[Ticks]) -> Ticks:
    """Return blocks as one, with the columns that candles need."""
    with_volume = [b.volume if b.volume is not None else np.full(len(b), -1) for b in blocks]
    return Ticks(
        ts=np.concatenate([block.ts for block in blocks]),
        instrument=np.concatenate([block.instrument for block in blocks]),
        ltp=np.concatenate([block.ltp for block in blocks]),
        volume=np.concatenate(with_volume).astype(np.int64),
    )
