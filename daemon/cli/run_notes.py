"""The notes of a run: what a reader must know before believing its numbers.

Each rule is one function; a new note is a new function and one line in `RULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from daemon.cli.data_notes import (
    assumed_contracts,
    files_that_may_be_cut,
    found_presets,
    lost_books,
    refused_rows,
    rows_outside_the_session,
    rows_too_late_for_their_bar,
    skipped_days,
)
from daemon.domain.dates import SECOND_NS, iso_ist, ist_date
from daemon.errors import ClockError
from daemon.journal.account_words import standing_sentence
from daemon.journal.store import JournalStore
from daemon.metrics.plan_results import plan_results
from daemon.report.fold import RunFold
from daemon.report.text import count
from daemon.runtime.app import App
from daemon.runtime.configured_rules import date_warnings
from daemon.runtime.depth_note import kinder_than_depth
from daemon.runtime.late_decisions import LATE_NS
from daemon.settings.inputs import misplaced_inputs
from strategies.runner import Failures


def run_notes(app: App, fold: RunFold) -> list[str]:
    """Return the notes of a finished run, in the order of `RULES` and then `JOURNAL_RULES`.

    `fold` is that of its journal.
    """
    notes = [note for rule in RULES for note in rule(app)]
    return notes + [note for tell in JOURNAL_RULES for note in tell(fold)]


def _misplaced_inputs(app: App) -> Iterator[str]:
    for text in misplaced_inputs(app.parts.config):
        yield f"Input {text}."


def _fallback(app: App) -> Iterator[str]:
    if app.engine.fallback_reason:
        reason = app.engine.fallback_reason
        yield f"The v3 engine could not be built ({reason}); v2 ran, without exits."


def _chosen_contracts(app: App) -> Iterator[str]:
    yield from app.parts.notes


def _assumed_contracts(app: App) -> Iterator[str]:
    yield from assumed_contracts(app.feed.universe)


def _without_expiry(app: App) -> Iterator[str]:
    endless = [e.tradingsymbol for e in app.feed.universe if e.is_contract and not e.expiry]
    if endless:
        yield f"No expiry known, so never expired in this run: {', '.join(endless)}."


def _filled_in_candles(app: App) -> Iterator[str]:
    if getattr(app.feed, "has_candles", False):
        yield "Data of candles, not ticks: fills happened at the open, high, low or close of a bar."


def _kinder_than_depth(app: App) -> Iterator[str]:
    for text in kinder_than_depth(app.parts.config, app.feed):
        yield f"{text[0].upper()}{text[1:]}."


def _settlement_pending(app: App) -> Iterator[str]:
    if pending := app.engine.engine.settlements_pending():
        yield f"Expired, official close not known (settlement_pending): {', '.join(pending)}."


def _open_on_expiry_day(app: App) -> Iterator[str]:
    today = ist_date(max(app.engine.at.now, 0)).isoformat()
    pending = app.engine.engine.settlements_pending()
    found = []
    for position in app.ledger.open_positions():
        index = app.feed.universe.index_of(position.tradingsymbol)
        expiry = "" if index is None else app.feed.universe[index].expiry
        if expiry == today and position.order_id not in pending:
            found.append(f"{position.order_id} {position.tradingsymbol}")
    if found:
        yield (
            "Open on its expiry day, and the input ended without a settlement: "
            f"{', '.join(found)}. The exchange settles at the official close, not at the last "
            "price: give it under `feed.replay.settlements` (underlying, date, close)."
        )


def _risk_state(app: App) -> Iterator[str]:
    if said := standing_sentence(app.ledger.risk):
        yield f"R{said[1:]}."


def _no_order(app: App) -> Iterator[str]:
    candles, strategies = app.engine.bars.candles_closed, app.parts.strategies
    failures = strategies.failures()
    shown = [
        f"{row.id} ({row.timeframe})"
        for row in app.parts.config.strategies.items
        if row.id in strategies.reports() and not (row.id in failures and failures[row.id].count)
    ]
    if candles and shown and not app.ledger.total_orders:
        yield (
            f"{count(candles)} candles closed and no order was made: {', '.join(shown)} asked for "
            "none. If that is not meant, look at `symbols`, `timeframe` and `params`; "
            "`run_fno_paper check` warns of what can trade nothing."
        )


def _no_round(app: App) -> Iterator[str]:
    began = {each.plan for each in plan_results(app.ledger)}
    without = [
        plan.id for plan in app.parts.config.plans.items if plan.enabled and plan.id not in began
    ]
    if without and app.engine.intake.rows:
        yield (
            f"No round of {', '.join(without)} began: on no session of this run its days (`days`, "
            "`dte`, `only_dates`, `skip_dates`) and the time of `entry` came."
        )


def _lost_to_conflicts(app: App) -> Iterator[str]:
    lost = {
        strategy_id: report["conflicts_lost"]
        for strategy_id, report in app.parts.strategies.reports().items()
        if report["conflicts_lost"]
    }
    if not lost:
        return
    rule = app.parts.config.strategies.conflict
    shown = ", ".join(f"{strategy_id} {count(number)}" for strategy_id, number in lost.items())
    yield (
        f"Entries lost to another strategy's on the same symbol (`strategies.conflict: {rule}`): "
        f"{shown}.{_first_conflict(app)}"
    )


def _first_conflict(app: App) -> str:
    with JournalStore.open(app.directory) as store:
        for operation in store.operations():
            if operation.kind == "conflict_lost":
                detail = operation.detail
                return (
                    f" The first: {detail['intent']} of {detail['strategy_id']} to {detail['to']}, "
                    f"{iso_ist(operation.ts)[:19].replace('T', ' ')}."
                )
    return ""


def _strategy_errors(app: App) -> Iterator[str]:
    strategies = app.parts.strategies
    off = strategies.disabled()
    for strategy_id, failures in strategies.failures().items():
        if failures.count:
            how_often, ending = _how_often(failures), _disabled(failures, strategy_id in off)
            yield f"Strategy {strategy_id} failed {how_often}{ending}."


def _how_often(failures: Failures) -> str:
    """Return how often it failed; a boundary or a tick counts once, however many calls failed."""
    first, last = _time(failures.first_ts), _time(failures.last_ts)
    calls = f" ({failures.calls} calls)" if failures.calls > failures.count else ""
    if failures.count == 1:
        return f"once, at {first} IST{calls}"
    return f"{failures.count} times{calls}, first at {first}, last at {last} IST"


def _disabled(failures: Failures, is_off: bool) -> str:
    if failures.disabled_ts is None:
        return ""
    ending = "not called any more" if is_off else "switched on again later"
    return f"; it was disabled at {_time(failures.disabled_ts)} and {ending}"


def _time(ts: int | None) -> str:
    return "never" if ts is None else iso_ist(ts)[:19].replace("T", " ")


def _late_decisions(app: App) -> Iterator[str]:
    late = app.late
    if late is not None and late.count:
        longest = late.longest_ns / SECOND_NS
        what = "entry or exit was" if late.count == 1 else "entries and exits were"
        yield (
            f"{late.count:,} {what} decided more than {LATE_NS / SECOND_NS:g} s after the market "
            f"asked for it, the longest {longest:.1f} s: the machine was busy or stood still."
        )


def _no_ticks(app: App) -> Iterator[str]:
    if app.engine.intake.rows or app.feed_lost is not None:
        return
    if app.parts.config.feed.kind == "replay":
        yield "No tick was replayed: the feed has none between --from and --to."
    else:
        yield "No tick came in since the start."


def _feed_lost(app: App) -> Iterator[str]:
    if app.feed_lost is not None:
        is_clock = isinstance(app.feed_lost, ClockError)
        what = "The clock is wrong" if is_clock else "The feed was lost"
        yield f"{what}, the run is not complete: {app.feed_lost}"


def _not_run_again(app: App) -> Iterator[str]:
    for operation in app.prepared.operations:
        if operation.kind == "not_run_again":
            yield (
                f"The day's recording could not be used ({operation.detail['reason']}): "
                f"the journal alone counted ({operation.detail['restored']})."
            )


def _stopped_early(app: App) -> Iterator[str]:
    if app.stopped_by:
        yield f"Stopped by {app.stopped_by} before the end of the feed."


def _outside_the_tables(app: App) -> Iterator[str]:
    first = app.status.first_ts
    if first >= 0:
        parts, last = app.parts, max(app.engine.at.now, first)
        yield from date_warnings(parts.config, parts.rules, app.feed.universe, first, last)


RULES: Final[tuple[Callable[[App], Iterator[str]], ...]] = (
    _misplaced_inputs,
    _fallback,
    _chosen_contracts,
    _assumed_contracts,
    _without_expiry,
    _filled_in_candles,
    _kinder_than_depth,
    _settlement_pending,
    _open_on_expiry_day,
    _risk_state,
    refused_rows,
    lost_books,
    rows_outside_the_session,
    found_presets,
    skipped_days,
    files_that_may_be_cut,
    rows_too_late_for_their_bar,
    _no_order,
    _no_round,
    _lost_to_conflicts,
    _strategy_errors,
    _late_decisions,
    _no_ticks,
    _feed_lost,
    _not_run_again,
    _stopped_early,
    _outside_the_tables,
)


def _partial_exits_without_a_lot(fold: RunFold) -> Iterator[str]:
    if fold.no_part_to_leave:
        first = fold.no_part_to_leave[0]
        yield (
            f"{count(len(fold.no_part_to_leave))} stops with `enable_partial_exit` let the whole "
            f"position go: {first.partial_exit_pct:.4g} of it is less than one lot. The first: "
            f"{first.order_id}, {count(first.quantity)} of {first.tradingsymbol} at lot "
            f"{count(first.lot_size)}. Remedy: a larger quantity, or another `partial_exit_pct`."
        )


JOURNAL_RULES: Final[tuple[Callable[[RunFold], Iterator[str]], ...]] = (
    _partial_exits_without_a_lot,
)
