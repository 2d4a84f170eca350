"""Mutants that no test can notice, because they compute the same; each with its reason."""

from __future__ import annotations

from typing import Final, NamedTuple


class Equivalent(NamedTuple):
    """A mutation by file, line (its text), what is replaced and by what."""

    path: str
    line: str
    old: str
    new: str
    why: str


_TRIGGERS: Final = "daemon/market/triggers.py"
_HEAD: Final = "daemon/journal/head.py"
_LEDGER: Final = "daemon/domain/ledger.py"
_SHORT: Final = (
    "if size < 2 * SLOT_BYTES:  # behind what is there: it may be a slot that still counts"
)
_OWN: Final = "daemon/journal/own_files.py"
_PORTIONS: Final = "_ROWS_AT_ONCE: Final = (512, 64, 8, 1)"
_STDIN: Final = "descriptor 0 is standard input, or is closed by the end of the process"
_SWEEP: Final = "if len(self._below) + len(self._above) > 4 * len(self._turns) + _SLACK:"
_NO_VOLUME: Final = "below 0 no volume is known"
_SAME_WAY: Final = "only which of two ways to the same rows is taken"
_NO_FIND: Final = "a look that finds no row adds none"
_CLOCK: Final = "if first < now or last > (first if now < 0 else now) + FUTURE_MAX_NS:"
_INTAKE: Final = "daemon/market/intake.py"
_OFF_BAR: Final = "daemon/market/off_bar_rows.py"
_OWN_ROWS: Final = "if len(own) and (own.min() < begins or own.max() >= begins + grid_ns):"
_EQUAL_LENGTHS: Final = "what is zipped has equal lengths"
_ANY_NUMBER: Final = "turns are only compared for being the same"
_NO_PRICE: Final = "no price is there: they are above 0 and at most 10**15 paise"

EQUIVALENT: Final[tuple[Equivalent, ...]] = (
    Equivalent(_TRIGGERS, "NO_LEVEL_BELOW: Final = -1", "1", "2", _NO_PRICE),
    Equivalent(_TRIGGERS, "NO_LEVEL_ABOVE: Final = 1 << 62", "1", "2", _NO_PRICE),
    Equivalent(_TRIGGERS, "NO_LEVEL_ABOVE: Final = 1 << 62", "62", "63", _NO_PRICE),
    Equivalent(_TRIGGERS, "_SLACK: Final = 64", "64", "65", "one more stale level may wait"),
    Equivalent(_TRIGGERS, "self._turn = 0", "0", "1", _ANY_NUMBER),
    Equivalent(_TRIGGERS, "self._turn += 1", "+=", "-=", _ANY_NUMBER),
    Equivalent(_TRIGGERS, "self._turn += 1", "1", "2", _ANY_NUMBER),
    Equivalent(_TRIGGERS, _SWEEP, ">", ">=", "a sweep one level earlier leaves the same levels"),
    Equivalent(_TRIGGERS, _SWEEP, "4", "5", "a sweep that comes later leaves the same levels"),
    Equivalent(_HEAD, _SHORT, "<", "<=", "nothing is missing, so nothing is written"),
    Equivalent(_HEAD, _SHORT, "2", "3", "nothing is missing, so nothing is written"),
    Equivalent(_HEAD, "if self._descriptor >= 0:", ">=", ">", _STDIN),
    Equivalent(_HEAD, "if self._descriptor >= 0:", "0", "1", _STDIN),
    Equivalent(_HEAD, "self._descriptor = -1", "1", "2", "no descriptor is negative"),
    Equivalent(_OWN, "if self._wal_file >= 0:", ">=", ">", _STDIN),
    Equivalent(_OWN, "if self._wal_file >= 0:", "0", "1", _STDIN),
    Equivalent(_OWN, "self._wal_file = -1", "1", "2", "no descriptor is negative"),
    Equivalent(
        "daemon/market/intake.py",
        "first_step = 0 if feed_last < 0 else int(part.ts[0]) - feed_last",
        "0",
        "1",
        "a nanosecond is no silence",
    ),
    Equivalent(
        "daemon/market/intake.py",
        'self._refuse("late", sound, late, int(before[late[0]]) if len(late) else 0)',
        "0",
        "1",
        "without a row that is late nothing is counted",
    ),
    Equivalent(
        "daemon/journal/recovery.py",
        "if give_up is not None and event.seq % _ASK_EVERY == 0 and give_up():",
        "0",
        "1",
        "it is asked as often, an event later",
    ),
    Equivalent("daemon/market/book.py", "if self.high < 0:", "<", "<=", "no price is 0"),
    Equivalent(
        "daemon/journal/explain.py",
        "near += difflib.get_close_matches(order_id, known, n=5, cutoff=0.7)",
        "5",
        "6",
        "five are shown",
    ),
    *(
        Equivalent("daemon/journal/appender.py", _PORTIONS, old, new, "the same rows in portions")
        for old, new in (("512", "513"), ("64", "65"), ("8", "9"))
    ),
    Equivalent(
        "daemon/exchange/slippage.py",
        "if not self._bps and not base_half % (2 * tick):",
        "%",
        "*",
        "the long way computes the same price",
    ),
    Equivalent("daemon/market/book.py", "strict=True,", "True", "False", _EQUAL_LENGTHS),
    Equivalent(
        "daemon/journal/show.py",
        "for cell, width, to_right in zip(cells, widths, right, strict=True)",
        "True",
        "False",
        _EQUAL_LENGTHS,
    ),
    Equivalent("daemon/market/book.py", "self.volume = -1", "1", "2", _NO_VOLUME),
    Equivalent(
        "daemon/market/fast_forward.py", "totals = [-1] * len(present)", "1", "2", _NO_VOLUME
    ),
    Equivalent(
        "daemon/market/rows.py",
        "volumes = repeat(-1) if self.volume is None else self.volume[start:stop].tolist()",
        "1",
        "2",
        _NO_VOLUME,
    ),
    Equivalent(
        "daemon/market/extremes.py", "self.segment = 0", "0", "1", "segments are only compared"
    ),
    Equivalent(
        "daemon/market/extremes.py",
        "stack.clear()",
        "stack.clear()",
        "pass",
        "a segment that is over is not asked for again",
    ),
    Equivalent("daemon/market/agenda.py", "MARGIN = 15", "15", "16", "phases are only compared"),
    Equivalent(_OFF_BAR, "bars = (int(ts[-1]) - int(ts[0])) // grid_ns + 2", "+", "-", _SAME_WAY),
    Equivalent(_OFF_BAR, _OWN_ROWS, "<", "<=", _NO_FIND),
    Equivalent(_INTAKE, _CLOCK, "<", "<=", f"{_SAME_WAY}, and no clock is at 1970"),
    Equivalent(_INTAKE, _CLOCK, "+", "-", _SAME_WAY),
    Equivalent(
        _INTAKE,
        "if part.ts[0] >= day.latest_open and part.ts[-1] < day.earliest_close:",
        ">=",
        ">",
        _SAME_WAY,
    ),
    Equivalent(_INTAKE, "if silence.max() <= self._stale_after_ns:", "<=", "<", _NO_FIND),
    Equivalent(
        "daemon/market/schedule.py",
        "if len(self._spans) > 100_000:",
        "100_000",
        "100001",
        "what is forgotten is computed again",
    ),
    Equivalent(
        "daemon/rules/charges.py",
        "if sign < 0 or intrinsic_paise <= 0 or not instrument.is_option:",
        "<=",
        "<",
        "the tax on nothing is 0 too",
    ),
    Equivalent(
        "daemon/execution/exits/runner.py",
        "watch.task.close()",
        "watch.task.close()",
        "pass",
        "a coroutine that is let go is closed",
    ),
    Equivalent(
        "daemon/rules/charges.py",
        "_RATE_SCALE: Final = 10**12",
        "12",
        "13",
        "a rate has ten decimals at most",
    ),
    Equivalent(
        "daemon/execution/exits/partial.py",
        "return part if 0 < part < quantity else 0",
        "<",
        "<=",
        "a part is less than the whole, and a part of 0 is 0",
    ),
    Equivalent("daemon/market/book.py", "if self.high >= 0:", "0", "1", "no price is 0"),
    Equivalent(
        "daemon/execution/builder.py",
        "if type(price) in _PLAIN and abs(price) < PAISE_MAX / PAISE_PER_RUPEE:",
        "<",
        "<=",
        "the long way computes the same price",
    ),
    Equivalent(
        "daemon/journal/writer.py",
        "while events < GROUP_EVENTS:",
        "<",
        "<=",
        "one batch more in a commit",
    ),
    Equivalent(
        "daemon/clockwork/paper_engine.py",
        "self.agenda.add(ts, Phase.COMMAND, 0, item)",
        "0",
        "1",
        "all of this phase have one key",
    ),
    Equivalent(
        "daemon/market/book.py", "self.input_no = 0", "0", "1", "nothing asks before a tick sets it"
    ),
    Equivalent(
        "daemon/clockwork/paper_engine.py",
        "return gcd(*spans) if spans else 0",
        "0",
        "1",
        "without candles no row is of another bar",
    ),
    Equivalent(
        "daemon/rules/expiries.py",
        "for day in {monday.replace(day=1), (monday + 6 * _DAY).replace(day=1)}:",
        "1",
        "2",
        "only year and month are used",
    ),
    Equivalent(
        "daemon/journal/recovery.py",
        "if tally.day >= folded.tally(strategy_id).day:",
        ">=",
        ">",
        "a tally of the same day stays as it is",
    ),
    Equivalent(
        "daemon/journal/archive_file.py",
        "link, seq = before, -1",
        "-",
        "",
        "it is set again before it is read",
    ),
    Equivalent(
        "daemon/market/agenda.py", "NEVER: Final = 1 << 62", "62", "63", "no time is that late"
    ),
    Equivalent(
        "daemon/exchange/reports.py", "self.now = 0", "0", "1", "it is set before a report is made"
    ),
    Equivalent(
        "daemon/market/candles.py",
        "def __init__(self, start: int = 0, end: int = 0) -> None:",
        "0",
        "1",
        "no row is of 1970, and a session sets both before its first row",
    ),
    Equivalent(
        "daemon/market/extremes.py",
        "while prices and prices[-1] >= low:",
        ">=",
        ">",
        "of two equal prices the earlier one answers for both",
    ),
    Equivalent(
        "daemon/market/refused_rows.py",
        "self._first_today = example(part, int(rows[0]), 0)",
        "0",
        "1",
        "only of a late row the time reached before it is told",
    ),
    Equivalent(
        "daemon/rules/charges.py",
        "_DECIMALS: Final = 18",
        "18",
        "19",
        "18 hold every amount, and zeros at the end are not shown",
    ),
    Equivalent(
        "daemon/rules/rulebook.py",
        "self.local: Final = LocalRules(version=1) if local is None else local",
        "1",
        "2",
        "a version is only read in a file",
    ),
    Equivalent(
        "daemon/clockwork/due.py",
        "STEP_ORDERS: Final = 16",
        "16",
        "17",
        "a pause comes an order later, and decides nothing",
    ),
    Equivalent(
        "daemon/execution/exits/break_even.py",
        "steps = bisect_left(range(last + 1), True, key=pays)",
        "1",
        "2",
        "a step beyond the last is not taken, whether it is found or not",
    ),
    Equivalent(
        "daemon/execution/margin_minutes.py",
        "self._is_asked: bool = False",
        "False",
        "True",
        "a day begins before anything asks, and that sets it",
    ),
    Equivalent("daemon/domain/tallies.py", "day: int = 0", "0", "1", "no order is of 1970"),
    Equivalent(
        _LEDGER,
        "orders_today: int = 0",
        "0",
        "1",
        "it is read on the day of an order alone, and its first order sets it",
    ),
)
