"""Notes on a run's data: rows that were refused, outside their session, or too late for a bar."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from daemon.domain.dates import SECOND_NS, iso_ist
from daemon.domain.instrument import Universe
from daemon.domain.money import rupees_text
from daemon.market.intake import Intake
from daemon.market.refused_rows import DayOutside, RowExample
from daemon.report.text import count
from feeds.files.recorded_files import lacks_line_end
from feeds.replay import ReplayFeed

if TYPE_CHECKING:
    from daemon.runtime.app import App

SHARE: Final = 100
"""A fault of more than one row in this many is reported."""
_REMEDIES: Final = {
    "unknown_instrument": "add it to `universe.instruments`, or map it under the file's `symbols`",
    "bad_price": "the price is missing, zero, negative or no plain number (such as 24900.50: no "
    "thousands separators, no currency sign); check `columns`: ltp",
    "not_paise": "the price is no whole number of paise; check `columns`: ltp",
    "late": "if the file is in the order of receipt with exchange times, set `order: received` for "
    "it; if it is not sorted by time, sort it",
    "future": "the time is more than 400 days ahead; check `ts_unit`",
}
_TOO_EARLY: Final = (
    "5:30 later they would be inside: the times look like UTC; set `zone: UTC` for the file"
)
_TOO_LATE: Final = (
    "5:30 earlier they would be inside: the times look like Indian ones that were stored as UTC; "
    "set `epoch_zone: Asia/Kolkata` for the file"
)
_MAY_BE_CUT: Final = (
    "ends without a line end: if it was cut there, its last row is not whole and its price may be "
    "the first digits of one; compare it with the original"
)
_NO_SHIFT: Final = "Check the times, and that the exchange was open then"


def assumed_contracts(universe: Universe) -> Iterator[str]:
    """Name the instruments that nothing describes, and what is assumed of them."""
    bare = [instrument for instrument in universe if not instrument.has_contract_row]
    if bare:
        names = ", ".join(instrument.tradingsymbol for instrument in bare)
        shares = [row.tradingsymbol for row in bare if row.instrument_type == "EQ"]
        charged = f" Charged as shares: {', '.join(shares)}." if shares else ""
        yield f"No contract row: tick 0.05 and lot 1 assumed for {names}.{charged}"


def refused_rows(app: App) -> Iterator[str]:
    """Name each reason for which more than 1 % of the rows were refused, with the first row."""
    return refused_texts(app.engine.intake, app.feed.universe, has_files=not _is_live(app))


def refused_texts(intake: Intake, universe: Universe, *, has_files: bool = True) -> Iterator[str]:
    """Return the same of any intake; the remedies are for recorded files."""
    for reason, refused in intake.refused.items():
        if refused * SHARE > intake.rows:
            first = intake.first_refused[reason]
            since = f", after {time_text(first.reached)} was reached" if reason == "late" else ""
            yield (
                f"{_of(refused, intake.rows)} were refused as `{reason}`. The first: "
                f"{_row(universe, first)}{since}."
                + (f" Remedy: {_REMEDIES[reason]}." if has_files else "")
            )


def lost_books(app: App) -> Iterator[str]:
    """Tell of more than 1 % of the rows of files whose bid and ask are no book."""
    if not _is_live(app):
        yield from lost_book_texts(app.engine.intake)


def lost_book_texts(intake: Intake) -> Iterator[str]:
    """Return the same of any intake."""
    if intake.dropped_books * SHARE > intake.rows:
        yield (
            f"{_of(intake.dropped_books, intake.rows)} had a bid above the ask: both were dropped "
            "and fills went to the last price. Check `columns`: bid and ask."
        )
    if intake.bad_sides * SHARE > intake.rows:
        yield (
            f"{count(intake.bad_sides)} bids and asks in {count(intake.rows)} rows are no prices "
            "(negative, text, or no whole paise) and count as absent. Check `columns`: bid and ask."
        )


def rows_outside_the_session(app: App) -> Iterator[str]:
    """Tell of more than 1 % of the rows outside, and of a day that was mostly outside.

    A live feed begins before the open, as it should: only the latter is reported there.
    """
    intake = app.engine.intake
    day = intake.outside.worst(intake.rows)
    if day is None or intake.outside.first is None:
        return
    if day.outside * 2 > day.rows:
        yield (
            f"Most rows of {day.date} ({count(day.outside)} of {count(day.rows)}) are outside "
            f"their session and were not traded. The first: {_row(app.feed.universe, day.first)}."
            + ("" if _is_live(app) else f" {_likely_cause(day)}.")
        )
    elif intake.outside.count * SHARE > intake.rows and not _is_live(app):
        yield (
            f"{_of(intake.outside.count, intake.rows)} are outside their session and were not "
            f"traded. The first: {_row(app.feed.universe, intake.outside.first)}. Before the open "
            "and after the close that is as it should be; if it was in the session, set the "
            "file's `zone`."
        )


def found_presets(app: App) -> Iterator[str]:
    """Name the preset of each file whose header decided it."""
    found = app.feed.recording.presets() if isinstance(app.feed, ReplayFeed) else []
    if found:
        yield f"By their headers (`preset: auto`): {'; '.join(found)}."


def files_that_may_be_cut(app: App) -> Iterator[str]:
    """Name the files whose last row may be part of one."""
    if isinstance(app.feed, ReplayFeed):
        yield from (f"{text}." for text in may_be_cut(app.feed))


def may_be_cut(feed: ReplayFeed) -> Iterator[str]:
    """Return the same of any replay."""
    for path in filter(lacks_line_end, feed.recording.paths()):
        yield f"{path} {_MAY_BE_CUT}"


def skipped_days(app: App) -> Iterator[str]:
    """Name the days of a lake that were left out."""
    skipped = app.feed.recording.skipped() if isinstance(app.feed, ReplayFeed) else []
    if skipped:
        yield f"Days left out of the lake (`unusable_days: skip`): {'; '.join(skipped)}."


def rows_too_late_for_their_bar(app: App) -> Iterator[str]:
    """Tell of more than 1 % of the rows that came after their bar had closed."""
    late, rows = app.engine.bars.late_rows, app.engine.intake.rows
    if late * SHARE > rows:
        symbol, ts = app.engine.bars.first_late
        yield (
            f"{_of(late, rows)} came when their bar was closed already and are in no candle "
            f"(`late_for_candle`). The first: {symbol}, exchange time {time_text(ts)}. Remedy: "
            "`execution.candle_grace_ms`, such as 1000."
        )


def _is_live(app: App) -> bool:
    return app.inputs is not None


def _likely_cause(day: DayOutside) -> str:
    if not day.shift_ns:
        return _NO_SHIFT
    return _TOO_EARLY if day.shift_ns > 0 else _TOO_LATE


def _of(some: int, rows: int) -> str:
    return f"{count(some)} of {count(rows)} rows ({some / rows:.1%})"


def _row(universe: Universe, row: RowExample) -> str:
    symbol = "a symbol that is not in the universe"
    if 0 <= row.instrument < len(universe):
        symbol = universe[row.instrument].tradingsymbol
    price = f" at {rupees_text(row.ltp)}" if row.ltp > 0 else ""
    return f"{symbol}{price}, {time_text(row.ts)}"


def time_text(ts: int) -> str:
    """Return a time as a person reads it, with milliseconds where there are any."""
    text = iso_ist(ts)
    return f"{text[:10]} {text[11:19]}" + (
        f".{ts % SECOND_NS // 10**6:03d}" if ts % SECOND_NS else ""
    )
