"""Cash, what entries may still use of it, and the numbers of a refusal for want of it."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from daemon.domain.money import PAISE_PER_RUPEE


class Cash(msgspec.Struct, frozen=True, kw_only=True):
    """What the account's cash is made of, paise.

    Premiums are of what is open: a buyer has paid, a seller has received. A closed position is in
    `realized`. `marked_loss` is what the daily marking of carried futures has taken, less than 0
    where it has given. Charges that are no whole paise are rounded up.
    """

    capital: int
    realized: int = 0
    charges: int = 0
    premium_paid: int = 0
    premium_received: int = 0
    marked_loss: int = 0

    @property
    def paise(self) -> int:
        """The cash."""
        spent = self.charges + self.premium_paid + self.marked_loss
        return self.capital + self.realized + self.premium_received - spent


class Ask(NamedTuple):
    """What an entry, a modification of one, or a basket asks of the account.

    Blocked margins are whole rupees: without it, and with it in the worst case of what works.
    Premium and charges are its own, in paise, at its limit.
    """

    blocked_before: int
    blocked_after: int
    premium: int
    charges: int
    blocked_filled: int | None = None
    """With it filled at once; None: as in `blocked_after`."""

    @property
    def released(self) -> int:
        """What is blocked less once it has filled, paise; while it works it releases nothing."""
        filled = self.blocked_after if self.blocked_filled is None else self.blocked_filled
        return max(0, self.blocked_before - filled) * PAISE_PER_RUPEE


class Shortfall(NamedTuple):
    """Why an ask was refused, paise."""

    required: int
    available: int


def shortfall(ask: Ask, *, cash: int, reserved: int) -> Shortfall | None:
    """Return what is missing, None if the cash is enough or what it releases pays for it.

    An ask that lowers what is blocked needs no cash while it works, however short the account is,
    as long as it costs no more than what is free and what it releases: so a hedge can be bought,
    and a hundred of them cannot. `reserved` is the premium of the other working buy entries of
    options at their limits, paise.
    """
    available = cash - reserved - ask.blocked_before * PAISE_PER_RUPEE
    price = ask.premium + ask.charges
    if ask.released and price <= max(0, available) + ask.released:
        return None
    required = (ask.blocked_after - ask.blocked_before) * PAISE_PER_RUPEE + price
    return Shortfall(required, available) if required > available else None


def free_paise(*, cash: int, blocked: int, reserved: int) -> int:
    """Return the cash that nothing uses, paise; `blocked` is rupees."""
    return cash - blocked * PAISE_PER_RUPEE - reserved
