"""Limit repeated log lines to a few a minute, and count the rest."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from daemon.process.log_lines import FACT, FACTS

if TYPE_CHECKING:
    from loguru import Record

PER_MINUTE: Final = 10
WINDOW_S: Final = 60.0
KNOWN_MAX: Final = 256
HIDDEN: Final = "_hidden"
_QUOTED: Final = 80


class _Seen:
    __slots__ = ("hidden", "shown", "since")

    def __init__(self, since: float) -> None:
        self.since = since
        self.shown = 1
        self.hidden = 0


class Repeats:
    """Looks at every log record before it is written, and marks those that are too many.

    The same words from the same line of code are shown `per_minute` times in a minute. How many
    were not shown is bound to the next of them (`repeated`), or to the next line of any kind
    (`not_shown`) if they do not come again. At most `known` messages are remembered: of one that
    is pushed out the count is lost, never a line of another.
    """

    def __init__(self, per_minute: int = PER_MINUTE, known: int = KNOWN_MAX) -> None:
        self._per_minute = per_minute
        self._known = known
        self._seen: dict[tuple[str | None, int, str], _Seen] = {}
        self._lock = threading.Lock()

    def __call__(self, record: Record) -> None:
        """Mark the record, or bind to it what was not shown; a fact is never a repeat."""
        if FACT in record["extra"] or FACTS in record["extra"]:
            return
        with self._lock:
            self._judge(record, record["elapsed"].total_seconds())

    def _judge(self, record: Record, now: float) -> None:
        key = (record["name"], record["line"], record["message"])
        bound = record["extra"]
        seen = self._seen.get(key)
        if seen is None or now - seen.since >= WINDOW_S:
            if self._seen.pop(key, None) is not None and seen is not None and seen.hidden:
                bound["repeated"] = seen.hidden
            self._seen[key] = _Seen(now)
        elif seen.shown < self._per_minute:
            seen.shown += 1
        else:
            seen.hidden += 1
            bound[HIDDEN] = True
            return
        self._forget(now, bound)

    def _forget(self, now: float, bound: dict[str, Any]) -> None:
        """Drop what is over, oldest first, up to the first of which something is to be told."""
        while self._seen:
            key, oldest = next(iter(self._seen.items()))
            is_over = now - oldest.since >= WINDOW_S
            if not is_over and len(self._seen) <= self._known:
                return
            del self._seen[key]
            if oldest.hidden:
                bound["not_shown"] = f"{oldest.hidden} x {key[2][:_QUOTED]}"
                return


def is_shown(record: Record) -> bool:
    """Return whether a record was not marked; the filter of every sink."""
    return HIDDEN not in record["extra"]
