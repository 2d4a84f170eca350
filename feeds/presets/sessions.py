"""Hold a vendor's times against the exchange's hours: another zone, or the candles' other end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from daemon.domain.dates import DAY_NS, IST_OFFSET_NS, iso_ist, ist_date
from daemon.domain.symbols import bare_instrument
from daemon.domain.ticks import Int64s
from feeds.files.candle_files import SessionSpan
from feeds.files.recorded_files import file_error

_FEW: Final = 0.5
_NEARLY_ALL: Final = 0.9


def refuse_shifted(
    path: Path, ts: Int64s, codes: Int64s, symbols: Sequence[str], session: SessionSpan | None,
    span: int,
) -> None:  # fmt: skip
    """Refuse a file whose times are another zone's, or the other end of its candles.

    `ts` are times of ticks, or starts of candles of `span` ns (0: ticks). Rows on dates without a
    session say nothing. Raises FeedError.
    """
    if session is None or not len(ts) or span >= DAY_NS:
        return
    opens, closes = _hours(ts, codes, symbols, session)
    known = opens >= 0
    ts, opens, closes = ts[known], opens[known], closes[known]
    if len(ts):
        _refuse_zone(path, ts, opens, closes)
        if span:
            _refuse_other_end(path, ts, opens, closes, span)


def _hours(
    ts: Int64s, codes: Int64s, symbols: Sequence[str], session: SessionSpan
) -> tuple[Int64s, Int64s]:
    """Return open and close (UTC ns) on each row's date, -1 where there is no session."""
    days = (ts + IST_OFFSET_NS) // DAY_NS
    pairs, where = np.unique(np.stack([codes, days], axis=1), axis=0, return_inverse=True)
    spans = np.full((len(pairs), 2), -1, dtype=np.int64)
    for at, (code, day) in enumerate(pairs.tolist()):
        found = session(bare_instrument(symbols[code]), ist_date(day * DAY_NS - IST_OFFSET_NS))
        if found is not None:
            spans[at] = found
    rows = spans[where.reshape(-1)]
    return rows[:, 0], rows[:, 1]


def _refuse_zone(path: Path, ts: Int64s, opens: Int64s, closes: Int64s) -> None:
    if _inside(ts, opens, closes) >= _FEW:
        return
    for shift, kind, todo in (
        (IST_OFFSET_NS, "UTC", "`zone: UTC`"),
        (-IST_OFFSET_NS, "Indian ones that were stored as UTC", "`epoch_zone: Asia/Kolkata`"),
    ):
        if _inside(ts + shift, opens, closes) >= _NEARLY_ALL:
            first, when = iso_ist(int(ts[0]))[:16], "later" if shift > 0 else "earlier"
            raise file_error(
                path,
                f"most rows are outside their session (first {first} IST), and 5:30 {when} they"
                f" would be inside: the times look like {kind}",
                f"write {todo} for the file",
            )


def _inside(ts: Int64s, opens: Int64s, closes: Int64s) -> float:
    return float(((ts >= opens) & (ts <= closes)).mean())


def _refuse_other_end(path: Path, ts: Int64s, opens: Int64s, closes: Int64s, span: int) -> None:
    """Refuse candles that begin at the close and never at the open, or the other way round.

    A day of which neither shows says nothing: it may have few trades.
    """
    late = early = sound = 0
    for day in np.unique(opens).tolist():
        own, close = ts[opens == day], int(closes[opens == day][0])
        last = close - (close - day - 1) % span - 1
        begins, ends = bool((own == day).any()), bool((own == last).any())
        late += bool((own == last + span).any()) and not begins
        early += bool((own == day - span).any()) and not ends
        sound += begins or ends
    if late > sound - late and late:
        todo = "the stamps look like the candles' ends"
        raise file_error(path, f"has candles that begin at the close, none at the open: {todo}",
                         "write `stamp: end` for the file")  # fmt: skip
    if early > sound - early and early:
        todo = "the stamps look like the candles' starts"
        raise file_error(path, f"has candles before the open, and lacks the last: {todo}",
                         "write `stamp: start` for the file")  # fmt: skip
