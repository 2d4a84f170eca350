"""The P&L: realized, open at the last price and at the side an exit would cross, and the day's."""

from __future__ import annotations

from typing import Final

from daemon.domain import account_totals
from daemon.domain.dates import iso_ist, ist_day
from daemon.domain.money import PAISE_PER_RUPEE, paise_exact
from daemon.journal.account_words import standing_sentence
from daemon.journal.words import money
from daemon.metrics.fill_quality import whole_paise
from daemon.web.fold.rows import Row
from daemon.web.panels.untraded import untraded_sums
from daemon.web.panels.view import View

_MARGIN_FIELDS: Final = (
    "margin_used_paise", "margin_free_paise", "margin_peak_paise", "hedge_benefit_paise",
)  # fmt: skip


def pnl_panel(view: View) -> Row:
    """Return the account's P&L, all of it but the day's rows since the journal began.

    What orders without a trade made is in every sum, and apart.
    """
    ledger = view.book.ledger
    gross = account_totals.realized_paise(ledger)
    charges = whole_paise(account_totals.charges(ledger))
    net = gross - charges
    at_ltp, at_exit_side = open_ltp_paise(view), _open_exit_side_paise(view)
    today, limit = _realized_today_paise(view), _limit_paise(view)
    counted = day_net_paise(view) if _counts_open(view) else today
    return {
        "gross_paise": gross,
        "charges_paise": charges,
        "net_paise": net,
        "open_ltp_paise": at_ltp,
        "open_exit_side_paise": at_exit_side,
        "net_at_ltp_paise": None if at_ltp is None else net + at_ltp,
        "net_at_exit_side_paise": None if at_exit_side is None else net + at_exit_side,
        "day_low_paise": view.day_low_paise,
        "daily_loss_limit_paise": limit,
        "to_limit_paise": None if limit is None or counted is None else limit + counted,
        "limit_counts": "net_open" if _counts_open(view) else "realized",
        "realized_today_paise": today,
        "halted": _halted(view, limit, counted),
        **untraded_sums(view),
        **_margin(view),
    }


def _margin(view: View) -> Row:
    """Return what is blocked of the cash, and what daily marks of open futures have paid."""
    margin, ledger = view.margin, view.book.ledger
    marked = ledger.m2m_open_paise() if ledger.marks else None
    if margin is None:
        return {**dict.fromkeys(_MARGIN_FIELDS), "m2m_open_paise": marked}
    return {
        "margin_used_paise": margin.used_rupees * PAISE_PER_RUPEE,
        "margin_free_paise": margin.free_paise,
        "margin_peak_paise": margin.peak_rupees * PAISE_PER_RUPEE,
        "hedge_benefit_paise": margin.hedge_benefit_rupees * PAISE_PER_RUPEE,
        "m2m_open_paise": marked,
    }


def day_net_paise(view: View) -> int | None:
    """Return what the day came to so far at the last prices, None without all of them."""
    totals = view.book.day_of(view.clock)
    at_ltp = open_ltp_paise(view)
    return None if at_ltp is None else totals.gross_paise - whole_paise(totals.charges) + at_ltp


def open_ltp_paise(view: View) -> int | None:
    """Return the P&L of the open quantity at the last prices, None if one is not known."""
    total = view.untraded.unrealized_paise
    if total is None:
        return None
    for row in view.open_rows:
        if row.unrealized_paise is None:
            return None
        total += row.unrealized_paise
    return total


def _open_exit_side_paise(view: View) -> int | None:
    """Return the same at the bid of what is long and the ask of what is short."""
    total = 0
    for position in view.positions():
        quote = view.quote(position.tradingsymbol)
        price = 0 if quote is None else quote.bid if position.sign > 0 else quote.ask
        if not price:
            return None
        total += position.unrealized_paise(price)
    for untraded in view.book.ledger.untraded.positions.values():
        quote = view.quote(untraded.tradingsymbol)
        price = 0 if quote is None else quote.bid if untraded.quantity > 0 else quote.ask
        if not price:
            return None
        total += untraded.cost.result_paise(price)
    return total


def _realized_today_paise(view: View) -> int:
    """Return the day's realized P&L, gross, as the gate of the daily loss counts it."""
    today, ledger = ist_day(view.clock), view.book.ledger
    tallies = [tally for tally in ledger.strategies.values() if tally.day == today]
    realized = sum(tally.realized_today_paise for tally in tallies)
    return realized + ledger.untraded.realized_on(today)


def _counts_open(view: View) -> bool:
    """Return whether the daily limit counts what is open and the day's charges (`net_open`)."""
    config = view.setup.config
    return config is not None and config.risk.daily_loss_counts == "net_open"


def _limit_paise(view: View) -> int | None:
    config = view.setup.config
    limit = None if config is None else config.risk.daily_loss_rupees
    return None if limit is None else paise_exact(round(limit, 2))


def _halted(view: View, limit: int | None, counted: int | None) -> str | None:
    """Return why nothing new is opened, None where it is."""
    if view.book.process.switches(view.clock).killed:
        return f"kill switch pulled: nothing new is opened on {iso_ist(view.clock)[:10]}"
    standing = standing_sentence(view.book.ledger.risk)
    if standing:
        return standing
    if limit is not None and counted is not None and -counted >= limit:
        return f"the day's loss limit of {money(limit)} is reached: nothing new is opened"
    return None
