"""GTTs that can still fire, and those that are paused."""

from __future__ import annotations

from daemon.domain.gtt import Gtt, GttLeg
from daemon.journal.account_words import GTT_REASONS
from daemon.visible import visible
from daemon.web.fold.rows import Row, lots_of, ms
from daemon.web.panels.view import View


def gtts_panel(view: View) -> list[Row]:
    """Return the GTTs that are not over, in the order placed."""
    return [_row(view, gtt) for gtt in view.book.ledger.gtts.values()]


def _row(view: View, gtt: Gtt) -> Row:
    symbol = gtt.terms.tradingsymbol
    quote = view.quote(symbol)
    ltp = None if quote is None else quote.ltp or None
    index = view.universe.index_of(symbol)
    lot = 0 if index is None else view.universe[index].lot_size
    return {
        "gtt": gtt.gtt_id,
        "symbol": visible(symbol),
        "kind": "two-leg" if gtt.terms.is_two_leg else "single",
        "state": gtt.status.value,
        "words": GTT_REASONS.get(gtt.reason, gtt.reason) or None,
        "told_ms": ms(gtt.updated_ts),
        "expires": gtt.expires,
        "ltp_paise": ltp,
        "legs": [_leg_row(leg, *at, ltp, lot) for leg, at in _legs(gtt)],
    }


def _legs(gtt: Gtt) -> list[tuple[GttLeg, tuple[str, int]]]:
    """Return each order with where its trigger is: below or above, and at which price, paise."""
    waits = zip(("below", "above"), gtt.terms.levels(), strict=True)
    levels = [(side, level) for side, level in waits if level is not None]
    return list(zip(gtt.terms.legs, levels, strict=True))


def _leg_row(leg: GttLeg, when: str, trigger: int, ltp: int | None, lot: int) -> Row:
    """Return an order with its trigger; a distance of 0 or less is one that was reached."""
    away = None if ltp is None else ltp - trigger if when == "below" else trigger - ltp
    return {
        "when": when,
        "trigger_paise": trigger,
        "away_paise": away,
        "away_share": None if ltp is None or away is None or away <= 0 else away / ltp,
        "side": leg.side,
        "quantity": leg.quantity,
        "lots": lots_of(leg.quantity, lot),
        "price_paise": leg.price_paise,
        "product": leg.product,
    }
