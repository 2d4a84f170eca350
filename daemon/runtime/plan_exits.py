"""Exits of plans that the square-off of MIS comes before, by the dated tables (P46)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from daemon.chain.expiries import (
    EXPIRY_WORDS,
    ListedExpiries,
    future_expiry,
    listed_expiries,
    option_expiry,
)
from daemon.domain.dates import SECOND_NS, ist_midnight
from daemon.domain.instrument import Instrument
from daemon.files.yaml_document import dotted_path
from daemon.plans.terms.leg import Leg
from daemon.plans.terms.plan import Plan
from daemon.plans.terms.time_checks import ends_same_day
from daemon.rules.rulebook import Rulebook
from daemon.settings.config import Config

_BFO: Final = frozenset({"SENSEX", "BANKEX", "SENSEX50"})
_LISTED: Final = 40
_WEEK: Final = 7


def exchange_of(underlying: str) -> str:
    """Return the exchange on which the contracts of an underlying trade."""
    return "BFO" if underlying in _BFO else "NFO"


def coming_sessions(date: dt.date) -> tuple[dt.date, ...]:
    """Return a date and the days after it in which every weekday and expiry comes once."""
    return tuple(date + dt.timedelta(days=ahead) for ahead in range(_WEEK))


def late_exits(config: Config, rules: Rulebook, dates: Sequence[dt.date]) -> Iterator[str]:
    """Yield a warning for each enabled plan whose exit comes after its square-off, by date.

    Of dates with one time of square-off the first is named, with the legs that it concerns.
    """
    for number, plan in enumerate(config.plans.items):
        if not plan.enabled or plan.product != "MIS" or not ends_same_day(plan):
            continue
        told: set[int] = set()
        for date in dates:
            for clock_ns, legs in _before_exit(config, rules, plan, date):
                if clock_ns not in told:
                    told.add(clock_ns)
                    yield _warning(number, plan, date, clock_ns, legs)


def _warning(number: int, plan: Plan, date: dt.date, clock_ns: int, legs: list[str]) -> str:
    assert plan.exit is not None, plan.id
    of = "" if len(legs) == len(plan.legs) else f" (legs {', '.join(legs)})"
    clock = dt.timedelta(seconds=clock_ns // SECOND_NS)
    return (
        f"{dotted_path(('plans', 'list', number, 'exit'))}: exit_after_square_off: on {date} MIS "
        f"is squared off at {clock}{of}, before {plan.exit.at}; write an earlier exit, or a "
        "smaller execution.square_off_before_close_min"
    )


def _before_exit(
    config: Config, rules: Rulebook, plan: Plan, date: dt.date
) -> list[tuple[int, list[str]]]:
    """Return the times of day (ns) of square-offs before the exit, and whose they are."""
    assert plan.exit is not None, plan.id
    found: dict[int, list[str]] = {}
    for leg in plan.legs:
        session = rules.session(date, _stand_in(rules, plan, leg, date))
        if session is None:
            continue
        off = session.close_ts - config.execution.square_off_ns - ist_midnight(date)
        if off < plan.exit.at_ns:
            found.setdefault(off, []).append(leg.id)
    return sorted(found.items())


def _stand_in(rules: Rulebook, plan: Plan, leg: Leg, date: dt.date) -> Instrument:
    """Return a contract with the hours of the one that the leg will mean on a date."""
    exchange = exchange_of(plan.underlying)
    listed = _listed(rules, exchange, plan.underlying, date)
    word = next(each for each in EXPIRY_WORDS if each == leg.expiry)
    find = future_expiry if leg.type == "FUT" else option_expiry
    segment = f"{exchange}-{'FUT' if leg.type == 'FUT' else 'OPT'}"
    return Instrument(
        instrument_token=0, tradingsymbol=leg.id, exchange=exchange, segment=segment,
        name=plan.underlying, instrument_type=leg.type,
        expiry=find(listed, word, date.isoformat()) or "",
    )  # fmt: skip


def _listed(rules: Rulebook, exchange: str, name: str, date: dt.date) -> ListedExpiries:
    table = rules.expiries
    return listed_expiries(
        _iso(table.coming(exchange, name, date)), _iso(table.coming_monthly(exchange, name, date))
    )


def _iso(dates: Iterable[dt.date]) -> list[str]:
    return [date.isoformat() for date in islice(dates, _LISTED)]
