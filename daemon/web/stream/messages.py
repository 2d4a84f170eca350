"""Server-sent events as bytes, and what a client is sent first."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import msgspec

from daemon.web.fold.rows import Row
from daemon.web.stream.follower import Shown

BEAT: Final = b": beat\n\n"
_encoder: Final = msgspec.json.Encoder()
_MOVED: Final = ("header", "pnl", "untraded", "untraded_orders", "gtts", "plans", "orders")
"""Panels that a message of the market has whole; of open positions it has what moves."""
_ID: Final = re.compile(r"([0-9a-f]{8})-(\d{1,18})")


class Place(NamedTuple):
    """Where a client is: after this event of this journal."""

    journal: str
    seq: int


def place_of(text: str) -> Place | None:
    """Return the place that a `Last-Event-ID` names, None for anything else."""
    found = _ID.fullmatch(text)
    return None if found is None else Place(found[1], int(found[2]))


def message(event: str, data: bytes, place: Place | None = None) -> bytes:
    """Return one event; its data is JSON, which has no line breaks."""
    number = b"" if place is None else f"id: {place.journal}-{place.seq}\n".encode()
    return b"event: %b\n%bdata: %b\n\n" % (event.encode(), number, data)


def snapshot_data(shown: Shown) -> bytes:
    """Return everything that is shown, as JSON."""
    return _encoder.encode(
        {
            "journal": shown.journal,
            "seq": shown.seq,
            "panels": _raw(shown.panels, tuple(shown.panels)),
            "tape": shown.tape,
        }
    )


def snapshot(shown: Shown) -> bytes:
    """Return the event that a client begins with."""
    return message("snapshot", snapshot_data(shown), Place(shown.journal, shown.seq))


def reset(reason: str, shown: Shown) -> bytes:
    """Return the events with which a client begins again."""
    return message("reset", _encoder.encode({"reason": reason})) + snapshot(shown)


def bye(reason: str) -> bytes:
    """Return the last event of a stream."""
    return message("bye", _encoder.encode({"reason": reason}))


def facts(shown: Shown, names: tuple[str, ...], rows: list[Row]) -> bytes:
    """Return the panels that changed, whole, and the rows of the tape that are new."""
    data = _encoder.encode({"panels": _raw(shown.panels, names), "tape": rows})
    return message("facts", data, Place(shown.journal, shown.seq))


def market(shown: Shown) -> bytes:
    """Return what the market moved. It has no id: a client that comes back has missed nothing."""
    data: dict[str, Any] = dict(_raw(shown.panels, _MOVED))
    data["open"] = msgspec.Raw(shown.market_open)
    return message("market", _encoder.encode(data))


def first(shown: Shown, place: Place | None) -> bytes:
    """Return what a client is sent first: all of it, or what it has missed since `place`."""
    if place is None:
        return snapshot(shown)
    if place.journal != shown.journal:
        return reset("another journal", shown)
    if place.seq > shown.seq:
        return reset("beyond the end of the journal", shown)
    if place.seq < shown.base_seq:
        return reset("before the begin of the journal: older events were archived", shown)
    rows = [row for row in shown.tape if row["seq"] > place.seq]
    return facts(shown, tuple(shown.panels), rows)


def _raw(panels: dict[str, bytes], names: tuple[str, ...]) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(panels[name]) for name in names}
