"""Events of watches, which belong to no single trade."""

from __future__ import annotations

from fractions import Fraction

from msgspec.structs import replace

from daemon.domain.events import WatchKind, WatchMoved
from daemon.domain.tag_watch import TagWatch, WatchTerms
from daemon.execution.recorder import Recorder
from daemon.levels.combined import Decision
from daemon.levels.floors import NOT_LOCKED, floor_of
from daemon.levels.terms import Money
from daemon.levels.watched import combined_terms


class WatchRecorder:
    """Record what happens to watches; the ledger follows each event."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._record = recorder.lifecycle.record

    def watch_set(self, strategy_id: str, tag: str, terms: WatchTerms, realized_paise: int) -> None:
        """Record the levels of a new watch, or other levels of one."""
        event = self._moved(strategy_id, tag, "set")
        self._record(replace(event, terms=terms, realized_paise=realized_paise))

    def watch_stepped(self, watch: TagWatch, decision: Decision) -> None:
        """Record the steps that a result has gained, and the floor that they make."""
        steps = decision.verdict.steps
        floor = floor_of(combined_terms(watch.terms), steps)
        event = self._moved(watch.strategy_id, watch.tag, "stepped")
        self._record(
            replace(
                event,
                trail_steps=steps.trail,
                lock_steps=max(steps.lock, 0),
                is_locked=steps.lock != NOT_LOCKED,
                result_paise=_whole(decision.result),
                level_paise=0 if floor is None else _whole(floor.paise),
            )
        )

    def watch_reached(self, watch: TagWatch, decision: Decision, reason: str, ts: int) -> None:
        """Record that the result at the end of a timestamp (UTC ns) has reached a level."""
        reached = decision.verdict.reached
        assert reached is not None
        event = self._moved(watch.strategy_id, watch.tag, "reached", reason)
        self._record(
            replace(
                event,
                result_paise=_whole(decision.result),
                level_paise=_whole(reached.paise),
                oldest_age_ns=ts - decision.oldest_ts if decision.oldest_ts else 0,
            )
        )

    def watch_ended(self, strategy_id: str, tag: str, reason: str) -> None:
        """Record that a watch is over without a level reached."""
        self._record(self._moved(strategy_id, tag, "ended", reason))

    def _moved(self, strategy_id: str, tag: str, kind: WatchKind, reason: str = "") -> WatchMoved:
        seq, ts, input_no, due_ts = self._recorder.next_stamp()
        return WatchMoved(
            seq=seq,
            ts=ts,
            input_no=input_no,
            due_ts=due_ts,
            strategy_id=strategy_id,
            tag=tag,
            kind=kind,
            reason=reason,
        )


def _whole(paise: Money) -> int:
    """Return paise of a watch, whose levels and results are whole."""
    assert not isinstance(paise, Fraction), paise
    return paise
