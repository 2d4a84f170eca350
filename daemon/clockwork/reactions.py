"""Let strategies hear of their own trades, and do what they answer.

What a row decides is heard at the end of its timestamp; what was due, right after it was done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from daemon.execution.engine import ExecutionEngineV3
from daemon.execution.hooks import Hooks
from daemon.market.timestamp_end import EndRank

REACTIONS_MAX: Final = 100
"""Calls of one strategy in one input after which its further answers are dropped."""
STEP_CALLS: Final = 16
"""Calls between two pauses."""


class Reactions:
    """One queue of updates in the order of their events, and the answers to them."""

    def __init__(self, engine: ExecutionEngineV3, hooks: Hooks | None) -> None:
        self._engine = engine
        self._hooks = hooks
        self._waiting = engine.asked.updates.waiting
        self._input_no = -1
        self._calls: Counter[str] = Counter()
        self._is_due = False
        self._baskets = engine.asked.baskets
        self._baskets.attach(self._first_waits)
        engine.timestamp_end.listen(EndRank.STRATEGIES, self._end_timestamp)
        if hooks is not None:
            hooks.attach(engine.timestamp_end.ask)
        if hooks is not None and hooks.heard:
            engine.asked.updates.attach(hooks.heard, self._first_waits)
            engine.lifecycle.tell(engine.asked.updates.take)

    def begin_due(self) -> None:
        """Begin to do what is due: updates are delivered after each thing that is done."""
        self._is_due = True

    def end_due(self) -> None:
        """Return to what happens now, whose updates wait for the end of the timestamp."""
        self._is_due = False

    @property
    def has_work(self) -> bool:
        """Return whether there is anything to deliver."""
        return bool(self._waiting) or self._baskets.has_work

    def deliver(self) -> Iterator[None]:
        """Let baskets get on and deliver all updates, those of the answers too, with pauses."""
        calls = 0
        while self.has_work:
            if self._baskets.has_work:
                self._baskets.advance()
                continue
            strategy_id, update = self._waiting.popleft()
            assert self._hooks is not None
            wanted = self._hooks.on_update(strategy_id, update, self._engine.desk)
            if self._may_answer(strategy_id, self._hooks):
                for each in wanted:
                    self._engine.take_checked(each)
            calls += 1
            if calls % STEP_CALLS == 0:
                yield

    def _end_timestamp(self, ts: int) -> Iterator[None]:
        if self._hooks is not None:
            self._hooks.end_timestamp(ts, self._engine.desk)
        return self.deliver()

    def _may_answer(self, strategy_id: str, hooks: Hooks) -> bool:
        """Count a call; return False for those beyond the limit, and say so at the first."""
        at = self._engine.at
        if at.input_no != self._input_no:
            self._input_no = at.input_no
            self._calls.clear()
        self._calls[strategy_id] += 1
        beyond = self._calls[strategy_id] - REACTIONS_MAX
        if beyond == 1:
            hooks.react_too_often(strategy_id, at.stamp)
            self._engine.asked.updates.refuse(strategy_id, "", "too_many_reactions", None)
        return beyond <= 0

    def _first_waits(self) -> None:
        if not self._is_due:
            self._engine.timestamp_end.ask()
