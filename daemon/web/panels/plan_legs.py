"""The legs of a running round: each attempt with its levels and result, then what waits."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from daemon.domain.money import whole_paise
from daemon.domain.plan_round import Attempt, Round
from daemon.domain.position import Position
from daemon.journal.round_words import wait_text
from daemon.visible import visible
from daemon.web.fold.rows import Row, lots_of
from daemon.web.panels.view import View

_OF_A_TRADE: Final = (
    "attempt", "trade", "quantity", "lots", "entry_paise", "exit_paise", "ltp_paise", "stop_paise",
    "target_paise", "pnl_paise",
)  # fmt: skip


def leg_rows(view: View, round_: Round) -> list[Row]:
    """Return the attempts of a round, by number."""
    return [_row(view, attempt) for attempt in round_.attempts]


def waiting_rows(round_: Round) -> list[Row]:
    """Return the legs that wait to enter, with what they wait for."""
    return [
        {
            **dict.fromkeys(_OF_A_TRADE),
            "key": f"{wait.leg}-waits",
            "leg": visible(wait.leg),
            "symbol": visible(wait.symbol) or None,
            "side": wait.side,
            "state": "WAITING",
            "words": visible(wait_text(wait)),
        }
        for wait in round_.waits.values()
    ]


def result_paise(view: View, round_: Round, *, counts_charges: bool) -> int | None:
    """Return a round's P&L at the last prices, None if one is not known."""
    total = 0
    for attempt in round_.attempts:
        result = _result(view, attempt)
        if result is None:
            return None
        total += result
    charges = sum((attempt.charges for attempt in round_.attempts), Decimal(0))
    return total - whole_paise(charges) if counts_charges else total


def _row(view: View, attempt: Attempt) -> Row:
    position = _position(view, attempt)
    index = view.universe.index_of(attempt.symbol)
    lot = 0 if index is None else view.universe[index].lot_size
    quote = view.quote(attempt.symbol)
    is_held = position is not None
    return {
        "key": f"{attempt.leg}-{attempt.number}",
        "leg": visible(attempt.leg),
        "attempt": attempt.number,
        "trade": attempt.order_id,
        "symbol": visible(attempt.symbol),
        "side": attempt.side,
        "quantity": attempt.filled or attempt.quantity,
        "lots": lots_of(attempt.filled or attempt.quantity, lot),
        "state": attempt.state,
        "words": attempt.reason or None,
        "entry_paise": attempt.entry_paise or None,
        "exit_paise": attempt.exit_paise or None,
        "ltp_paise": quote.ltp if is_held and quote is not None else None,
        "stop_paise": None if position is None else position.stop_paise,
        "target_paise": None if position is None else position.target_paise,
        "pnl_paise": _result(view, attempt) if attempt.filled else None,
    }


def _position(view: View, attempt: Attempt) -> Position | None:
    return view.book.ledger.positions.get(attempt.order_id)


def _result(view: View, attempt: Attempt) -> int | None:
    """Return what an attempt has realized and what is open of it, gross; None without a price."""
    row = view.open_by_trade.get(attempt.order_id)
    if row is None:
        return attempt.realized_paise
    still_open = row.unrealized_paise
    return None if still_open is None else attempt.realized_paise + still_open
