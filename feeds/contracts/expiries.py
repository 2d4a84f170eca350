"""Which expiry is meant by a word such as `weekly`, by the dump's own dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final, Literal

from daemon.domain.instrument import Instrument
from daemon.errors import ConfigError
from feeds.contracts.lookup import Chain

IsOver = Callable[[Instrument], bool]
"""Whether a contract has expired: its session of that day has closed, too."""
OptionExpiry = Literal["weekly", "next_weekly", "monthly", "next_monthly"]
FutureExpiry = Literal["current", "next", "far"]
FUTURES: Final[tuple[FutureExpiry, ...]] = ("current", "next", "far")


def over_at(
    now: int, date: dt.date, session: Callable[[Instrument, dt.date], tuple[int, int] | None]
) -> IsOver:
    """Contracts that expired before the Indian `date`, or on it with their session closed.

    `now` UTC ns; `session` is the rulebook's (open, close) in UTC ns, None on a holiday.
    """
    today = date.isoformat()

    def is_over(contract: Instrument) -> bool:
        if not contract.expiry or contract.expiry > today:
            return False
        span = session(contract, date) if contract.expiry == today else None
        return span is None or now >= span[1]

    return is_over


def option_expiry(chain: Chain, wanted: OptionExpiry, is_over: IsOver, where: str) -> str:
    """The expiry (ISO) of the options that `wanted` means.

    Raises ConfigError (beginning with `where`) if the underlying has none such: no options at
    all, only monthly ones, or no further one.
    """
    alive = [expiry for expiry, rows in chain.options.items() if not is_over(rows[0])]
    months = monthlies(chain)
    if not alive:
        had = f", the last expired on {max(chain.options)}" if chain.options else ""
        raise ConfigError(
            f"{where}: {chain.name} has no options in the dump{had}; leave `options` out"
        )
    is_weekly = wanted in ("weekly", "next_weekly")
    if is_weekly and months.issuperset(alive):
        raise ConfigError(
            f"{where}: {chain.name} has only monthly options ({_listed(alive)}), was {wanted!r};"
            f" write `expiry: {wanted.replace('weekly', 'monthly')}`"
        )
    found = sorted(alive if is_weekly else months.intersection(alive))
    at = 1 if wanted.startswith("next_") else 0
    if at >= len(found):
        raise ConfigError(
            f"{where}: {chain.name} has no {wanted} options in the dump, it has {_listed(alive)}"
        )
    return found[at]


def future(chain: Chain, wanted: FutureExpiry, is_over: IsOver, where: str) -> Instrument:
    """The first, second or third future that is not over. Raises ConfigError if there is none."""
    alive = [each for each in chain.futures if not is_over(each)]
    at = FUTURES.index(wanted)
    if at < len(alive):
        return alive[at]
    known = _listed([each.expiry for each in alive]) or "none"
    raise ConfigError(
        f"{where}: {chain.name} has no {wanted!r} future in the dump; those not over: {known}"
    )


def monthlies(chain: Chain) -> frozenset[str]:
    """The option expiries that end a month.

    A future always ends one, so up to the last future's month the futures tell: a weekly that a
    holiday moved to the last day of the month before must not be taken for its monthly. Beyond
    them it is the last expiry of the calendar month.
    """
    last = {expiry[:7]: expiry for expiry in sorted(chain.options)}
    futures = {each.expiry for each in chain.futures}
    told = futures.intersection(chain.options)
    if not told:
        return frozenset(last.values())
    until = max(told)[:7]
    return frozenset(told) | {expiry for month, expiry in last.items() if month > until}


def _listed(expiries: list[str]) -> str:
    ordered = sorted(expiries)
    return ", ".join(ordered[:6]) + (", ..." if len(ordered) > 6 else "")
