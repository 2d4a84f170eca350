"""Resolve a word such as `weekly` to an expiry, by the dump's own dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final, Literal

from daemon.chain.expiries import monthly_expiries
from daemon.domain.instrument import Instrument
from daemon.errors import ConfigError
from feeds.contracts.lookup import Chain

IsExpired = Callable[[Instrument], bool]
"""Tests whether a contract has expired; on its expiry day, whether its session has closed."""
OptionExpiry = Literal["weekly", "next_weekly", "monthly", "next_monthly"]
FutureExpiry = Literal["current", "next", "far"]
FUTURES: Final[tuple[FutureExpiry, ...]] = ("current", "next", "far")


def expired_at(
    now: int, date: dt.date, session: Callable[[Instrument, dt.date], tuple[int, int] | None]
) -> IsExpired:
    """Return a test for contracts that expired before `date`, or on it with their session closed.

    `date` is Indian, `now` UTC ns; `session` is the rulebook's (open, close) in UTC ns, None on a
    holiday.
    """
    today = date.isoformat()

    def is_expired(contract: Instrument) -> bool:
        if not contract.expiry or contract.expiry > today:
            return False
        span = session(contract, date) if contract.expiry == today else None
        return span is None or now >= span[1]

    return is_expired


def option_expiry(chain: Chain, wanted: OptionExpiry, is_expired: IsExpired, where: str) -> str:
    """Return the option expiry (ISO) that `wanted` means.

    Raises ConfigError, beginning with `where`, if the underlying has no options, only monthly ones,
    or none that far out.
    """
    alive = [expiry for expiry, rows in chain.options.items() if not is_expired(rows[0])]
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


def future(chain: Chain, wanted: FutureExpiry, is_expired: IsExpired, where: str) -> Instrument:
    """Return the first, second or third unexpired future. Raises ConfigError without one."""
    alive = [future for future in chain.futures if not is_expired(future)]
    at = FUTURES.index(wanted)
    if at < len(alive):
        return alive[at]
    known = _listed([future.expiry for future in alive]) or "none"
    raise ConfigError(
        f"{where}: {chain.name} has no {wanted!r} future in the dump; those not over: {known}"
    )


def monthlies(chain: Chain) -> frozenset[str]:
    """Return the option expiries of a dump that end a month."""
    return monthly_expiries(chain.options, (future.expiry for future in chain.futures))


def _listed(expiries: list[str]) -> str:
    ordered = sorted(expiries)
    return ", ".join(ordered[:6]) + (", ..." if len(ordered) > 6 else "")
