"""GTTs as the fold of their events."""

from __future__ import annotations

from daemon.domain.events import GttMoved
from daemon.domain.gtt import Gtt, GttStatus, GttTerms


def fold_gtt(gtts: dict[int, Gtt], event: GttMoved) -> Gtt | None:
    """Fold an event into the GTTs by id; return the one it is about, None if it was refused.

    Raises InvalidTransition for a move that is not in the table.
    """
    if event.kind == "refused":
        return None
    gtt = gtts.get(event.gtt_id)
    if gtt is None:
        gtt = gtts[event.gtt_id] = Gtt(
            gtt_id=event.gtt_id,
            terms=_terms(event),
            expires=event.expires,
            created_ts=event.ts,
            updated_ts=event.ts,
        )
        return gtt
    gtt.move(GttStatus(event.status), event.reason, event.ts)
    if event.kind == "modified":
        gtt.terms = _terms(event)
    gtt.leg = event.leg
    gtt.ltp_paise = event.ltp_paise
    gtt.exchange_id = event.exchange_id
    return gtt


def _terms(event: GttMoved) -> GttTerms:
    assert event.triggers is not None, event
    assert event.legs is not None, event
    return GttTerms(
        tradingsymbol=event.tradingsymbol,
        triggers=event.triggers,
        legs=event.legs,
        last_paise=event.last_paise,
    )
