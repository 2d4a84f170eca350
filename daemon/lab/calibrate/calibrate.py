"""`calibrate`: a broker's files and recordings in, how wrong paper is out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace

from daemon.domain.dates import MILLISECOND_NS, iso_ist
from daemon.errors import UsageError
from daemon.lab.calibrate.calibration import Calibration, Limits
from daemon.lab.calibrate.clock_offset import ClockOffset, clock_offset, shifted
from daemon.lab.calibrate.decisions import Decision, Matched, match
from daemon.lab.calibrate.figures import Spread
from daemon.lab.calibrate.limits import decided, is_limit, tried
from daemon.lab.calibrate.measure import Measured, Measures, measured
from daemon.lab.calibrate.paper_prices import Belief, PaperPrices, errors
from daemon.lab.calibrate.real_order import Omission, Reading, RealOrder
from daemon.lab.calibrate.recorded import Recorded
from daemon.lab.calibrate.recordings import gather
from daemon.lab.calibrate.suggestion import suggest
from daemon.settings.config import Config

SEED: Final = 20261129


class Given(NamedTuple):
    """What is compared: files by name, the real orders, and the decisions of a run if any."""

    files: list[str]
    reading: Reading
    decisions: Sequence[Decision] | None = None


class Orders(NamedTuple):
    """The real orders to compare, by what they were, and those left out so far."""

    takers: list[RealOrder]
    limits: list[RealOrder]
    omissions: list[Omission]
    matched: Matched | None
    has_latency: bool


def calibrate(
    config: Config,
    given: Given,
    *,
    apply_offset: bool = False,
    seed: int = SEED,
    data_dir: Path | None = None,
) -> Calibration:
    """Measure real orders against what paper would have paid on the configured recordings.

    Of `execution` only the ages of quotes and orders count: every rule is tried without slippage.
    Raises UsageError if no order can be measured, ConfigError or FeedError for recordings that
    cannot be read.
    """
    every, matched = _matched(given)
    if not every:
        raise UsageError(_nothing(_omissions_before(given, matched)))
    recorded, notes = gather(config, every, data_dir)
    paper = PaperPrices(recorded, _belief(config))
    orders = _sorted_out(every, recorded, _omissions_before(given, matched), matched)
    clock = clock_offset(orders.takers, paper)
    if clock is not None and apply_offset:
        clock = replace(clock, applied=True)
        takers, limits = (shifted(some, clock.offset_ms) for some in (orders.takers, orders.limits))
        orders = orders._replace(takers=takers, limits=limits)
    found = measured(orders.takers, paper, recorded, has_latency=orders.has_latency)
    orders = orders._replace(omissions=_merged([*orders.omissions, *found.omissions]))
    if not found.orders:
        raise UsageError(_nothing(orders.omissions))
    return _told(given, _Parts(orders, found, recorded, paper, clock, notes), seed)


def _matched(given: Given) -> tuple[list[RealOrder], Matched | None]:
    if given.decisions is None:
        return given.reading.orders, None
    matched = match(given.reading.orders, given.decisions)
    return matched.orders, matched


def _omissions_before(given: Given, matched: Matched | None) -> list[Omission]:
    return [*given.reading.omissions, *(() if matched is None else matched.omissions)]


def _belief(config: Config) -> Belief:
    execution = config.execution
    return Belief(
        quote_max_age_ns=execution.quote_max_age_ns, reject_after_ns=execution.reject_after_ns
    )


def _sorted_out(
    orders: Sequence[RealOrder], recorded: Recorded, omissions: list[Omission],
    matched: Matched | None,
) -> Orders:  # fmt: skip
    """Return orders that took, those that may have rested, and why others say nothing."""
    takers, limits = list[RealOrder](), list[RealOrder]()
    omissions = list(omissions)
    for order in orders:
        why = _unusable(order, recorded)
        if why:
            omissions.append(Omission(where=order.where, why=why))
        elif is_limit(order):
            limits.append(order)
        else:
            takers.append(order)
    return Orders(takers, limits, omissions, matched, any(order.sent_ts for order in orders))


def _unusable(order: RealOrder, recorded: Recorded) -> str:
    """Return why an order cannot be compared whatever the prices were, "" if it can."""
    if order.kind in ("SL", "SL-M"):
        return f"an {order.kind}: when it was triggered is not known"
    if order.is_modified:
        return "it was modified on its way"
    at = recorded.universe.index_of(order.symbol)
    if at is None:
        return ""  # told with the prices that are missing
    contract = recorded.universe[at]
    if max(order.quantity, order.ordered) % contract.lot_size:
        return f"{order.quantity} units of {order.symbol} are no whole lots of {contract.lot_size}"
    return ""


def _merged(omissions: Iterable[Omission]) -> list[Omission]:
    """Return one entry for each reason, where it first stands."""
    found: dict[str, Omission] = {}
    for entry in omissions:
        known = found.get(entry.why)
        more = entry.orders + (0 if known is None else known.orders)
        found[entry.why] = replace(known or entry, orders=more)
    return list(found.values())


def _nothing(omissions: Sequence[Omission]) -> str:
    if not omissions:
        return "calibrate: the files hold no order that can be compared"
    first = max(omissions, key=lambda entry: entry.orders)
    return f"{first.where}: {first.why}; no order could be measured"


class _Parts(NamedTuple):
    """What the outcome is made from."""

    orders: Orders
    found: Measured
    recorded: Recorded
    paper: PaperPrices
    clock: ClockOffset | None
    notes: list[str]


def _told(given: Given, parts: _Parts, seed: int) -> Calibration:
    found = parts.found
    measures = Measures(found, parts.recorded, seed)
    suggestion = suggest(
        measures.scores(), orders=len(found.orders), days=measures.days, clock=parts.clock,
        has_latency=parts.orders.has_latency,
    )  # fmt: skip
    rules = measures.rules()
    latency_ms = suggestion.nearest_latency_ms or 0
    nearest = next(
        rule
        for rule in rules
        if (rule.profile, rule.latency_ms) == (suggestion.nearest_mode, latency_ms)
    )
    slippage, rupees = _slippage(measures, found.orders, parts.paper)
    dates = sorted(iso_ist(order.moment_ts)[:10] for order in found.orders)
    return Calibration(
        files=given.files, first_day=dates[0], last_day=dates[-1], days=measures.days,
        orders=len(found.orders), seed=seed, has_latency=parts.orders.has_latency,
        clock=parts.clock, rules=rules, suggestion=suggestion, width=measures.width(nearest),
        slippage=slippage, slippage_rupees=rupees, groups=measures.groups(nearest),
        limits=_limits(parts, latency_ms), unidentifiable=measures.unidentifiable(parts.paper),
        omissions=parts.orders.omissions, notes=[*parts.notes, *_notes(parts)],
        measured=measures.orders(),
    )  # fmt: skip


def _slippage(
    measures: Measures, orders: Sequence[RealOrder], paper: PaperPrices
) -> tuple[Spread | None, float | None]:
    """Return side x (real - middle on arrival) in ticks, and its mean in rupees an order."""
    against = errors(orders, paper.mids(orders))
    known = against == against  # a middle that is not known is not equal to itself
    if not known.any():
        return None, None
    figures = measures.units.figures(against, known.nonzero()[0])
    return figures.ticks, figures.rupees.mean


def _limits(parts: _Parts, latency_ms: int) -> Limits | None:
    matched = parts.orders.matched
    if matched is not None:
        limits = decided(matched.decided, matched.unanswered)
    else:
        latency_ns = latency_ms * MILLISECOND_NS
        limits = tried(parts.orders.limits, parts.recorded, latency_ns=latency_ns)
    return limits if limits.orders else None


def _notes(parts: _Parts) -> list[str]:
    """Return what to know of the files before the numbers are believed."""
    notes, found = list[str](), parts.found
    matched = parts.orders.matched
    if not parts.orders.has_latency:
        notes.append(
            "a tradebook does not say when an order was sent: no latency is estimated; "
            "--decisions or --orders would say it"
        )
        notes.append("nor which orders were limits: every order is measured as if it took")
    if matched is not None and matched.unanswered:
        notes.append(f"{len(matched.unanswered)} decisions of the run have no real order")
    late = sum(order.spread_s > 1 for order in found.orders)
    if late:
        notes.append(f"{late} orders filled over several seconds: measured at their first")
    notes += _other_expiries(found.orders, parts.recorded)
    if parts.paper.are_bare(found.orders):
        notes.append("the recordings have no bid and ask: all rules pay the last price")
    return notes


def _other_expiries(orders: Sequence[RealOrder], recorded: Recorded) -> list[str]:
    """Return a line about each contract whose expiry the files contradict: its symbol counts."""
    lines: dict[str, str] = {}
    for order in orders:
        expiry = recorded.contract(order).expiry
        if order.expiry and expiry and order.expiry != expiry:
            lines.setdefault(
                order.symbol,
                f"{order.where}: {order.symbol} expires on {order.expiry} here, on {expiry} as "
                "recorded; its symbol says which contract is meant",
            )
    return list(lines.values())
