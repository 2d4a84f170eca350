"""Operational events for people: one line for each thing that happened to the process."""

from __future__ import annotations

from typing import Final

from daemon.domain.dates import iso_ist
from daemon.journal.schema import Operation
from daemon.journal.store import JournalStore
from daemon.journal.words import numbers_text
from daemon.visible import visible

Value = int | float | str | bool | None

KINDS: Final[dict[str, str]] = {
    "start": "the daemon started",
    "stop": "the daemon stopped",
    "replayed": "this run takes the inputs of a recording",
    "recovered": "it went on from the journal",
    "dropped_unfinished": "events of an input that never completed were taken out, never shown",
    "not_run_again": "the day's inputs could not be run again, the journal alone counts",
    "contract": "the contract of an instrument, with its first order",
    "state": "what a start continues with, should the recording be lost",
    "instruments": "what the contracts of the day say",
    "plans": "what is odd in the plans of the day",
    "gap": "time passed that it did not see",
    "feed_state": "the state of the feed changed",
    "clock_jump": "time was missed: the machine was suspended, or its clock set ahead",
    "clock_behind": "ticks are of a time that the machine's clock has not reached",
    "flood": "more came in than it may take at once",
    "history": "candles of the past were taken in",
    "config_change": "settings were changed while it ran",
    "command": "a person or a program gave it a command",
    "strategy_fault": "a strategy raised; its intents of that call are lost",
    "strategy_disabled": "a strategy failed too often and is not called until it is switched on",
    "conflict_lost": "an entry, or a part of it, lost to a conflict between strategies",
    "no_contract_row": "a symbol has no row in the instruments file",
    "fallback_to_v2": "the v3 engine could not be built: v2, WITHOUT managed exits",
    "closed_to_others": "files that other users could open were closed to them",
    "recordings_removed": "recordings older than recording.keep_days were removed",
    "archived": "older events were moved into an archive, or their whole journal was closed there",
    "continued": "the journal of an older version was closed, this one continues from its end",
}
"""The meaning of each kind of operation; the details follow it."""
_FOR_PROGRAMS: Final = {
    "state": ("version", "state"),
    "contract": ("version", "instrument"),
    "continued": ("meta",),
    "command": ("input_no",),
}
"""Details that are not printed."""
_MANY: Final = 6
"""With more details than this, those that are zero are omitted."""


def operations_text(store: JournalStore, limit: int) -> str:
    """Return the newest `limit` operations, oldest first. Raises JournalCorrupt."""
    query = "SELECT max(op_seq) AS last FROM operations"
    last = store.query(query)[0]["last"] or 0
    lines = [operation_line(each) for each in store.operations(after=max(0, last - limit))]
    return "\n".join(["Operations (IST)", *(lines or ["(none)"]), ""])


def operation_line(operation: Operation) -> str:
    """Return an operation as a line: time, kind, meaning and details."""
    head = f"{_time(operation.ts)}  {operation.kind:<14}"
    return visible(f"{head}  {operation_words(operation)}".rstrip())


def operation_words(operation: Operation) -> str:
    """Return the meaning of an operation and its details."""
    meaning = KINDS.get(operation.kind)
    said = [part for part in (meaning, _details(operation.kind, operation.detail)) if part]
    return visible(": ".join(said))


def _time(ts: int) -> str:
    """Return the Indian time, blank for an operation before the first input."""
    return iso_ist(ts)[:19].replace("T", " ") if ts > 0 else "before any input".ljust(19)


def _details(kind: str, detail: dict[str, Value]) -> str:
    many = len(detail) > _MANY
    shown = {
        key: _plain(key, value)
        for key, value in detail.items()
        if value != "" and (value or not many) and key not in _FOR_PROGRAMS.get(kind, ())
    }
    return numbers_text(shown)


def _plain(key: str, value: Value) -> int | str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return value
