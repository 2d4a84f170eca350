"""Events of the account that belong to no trade: its risk state and its GTTs."""

from __future__ import annotations

from msgspec import structs

from daemon.broker.gtt_checks import GttFault
from daemon.domain.events import GttMoved, MarginMoved, RiskMoved
from daemon.domain.gtt import Gtt, GttStatus, GttTerms
from daemon.domain.ledger import Ledger
from daemon.domain.risk_state import RiskState
from daemon.execution.lifecycle import TradeLifecycleManager
from daemon.market.moment import Moment


class AccountRecorder:
    """Record what changes the account and no trade; the ledger follows each event."""

    def __init__(self, ledger: Ledger, at: Moment, lifecycle: TradeLifecycleManager) -> None:
        self.ledger = ledger
        self._at = at
        self._record = lifecycle.record

    def risk_moved(
        self,
        state: RiskState,
        reason: str,
        until_ts: int,
        numbers: dict[str, int | str] | None,
    ) -> None:
        """Record that the risk state of the account changed."""
        at = self._at
        self._record(
            RiskMoved(
                seq=self.ledger.seq + 1,
                ts=at.stamp,
                input_no=at.input_no,
                due_ts=at.due_ts,
                state=state.value,
                reason=reason,
                until_ts=until_ts,
                numbers=numbers,
            )
        )

    def margin_moved(
        self, level: int, *, blocked: int, reserved: int, cash: int, peak: int
    ) -> None:
        """Record that what is used passed a level: rupees are blocked, paise reserved and cash."""
        at, ledger = self._at, self.ledger
        self._record(
            MarginMoved(
                seq=ledger.seq + 1,
                ts=at.stamp,
                input_no=at.input_no,
                due_ts=at.due_ts,
                from_level=ledger.margin.level,
                level=level,
                blocked_rupees=blocked,
                reserved_paise=reserved,
                cash_paise=cash,
                peak_rupees=peak,
            )
        )

    # GTTs

    def gtt_placed(self, gtt_id: int, terms: GttTerms, expires: str) -> None:
        """Record a new GTT."""
        event = self._gtt_moved(gtt_id, "created", GttStatus.ACTIVE)
        self._record(structs.replace(_with(event, terms), expires=expires))

    def gtt_modified(self, gtt: Gtt, terms: GttTerms) -> None:
        """Record other terms of a GTT."""
        event = self._gtt_moved(gtt.gtt_id, "modified", GttStatus.ACTIVE)
        self._record(_with(event, terms))

    def gtt_triggered(self, gtt: Gtt, leg: int, ltp_paise: int, exchange_id: str) -> None:
        """Record that a leg was fired, and the order that is sent next."""
        event = self._gtt_moved(gtt.gtt_id, "triggered", GttStatus.TRIGGERED)
        self._record(structs.replace(event, leg=leg, ltp_paise=ltp_paise, exchange_id=exchange_id))

    def gtt_ended(self, gtt: Gtt, status: GttStatus, reason: str) -> None:
        """Record an end without an order, or a pause."""
        self._record(self._gtt_moved(gtt.gtt_id, status.value, status, reason))

    def gtt_refused(self, gtt: Gtt | None, terms: GttTerms | None, fault: GttFault) -> None:
        """Record that a request changed nothing, with the numbers that were compared."""
        gtt_id = 0 if gtt is None else gtt.gtt_id
        status = GttStatus.REJECTED if gtt is None else gtt.status
        event = self._gtt_moved(gtt_id, "refused", status, fault.reason)
        event = structs.replace(event, numbers=fault.numbers or None)
        self._record(event if terms is None else _with(event, terms))

    def _gtt_moved(self, gtt_id: int, kind: str, status: GttStatus, reason: str = "") -> GttMoved:
        at = self._at
        return GttMoved(
            seq=self.ledger.seq + 1,
            ts=at.stamp,
            input_no=at.input_no,
            due_ts=at.due_ts,
            gtt_id=gtt_id,
            kind=kind,
            status=status.value,
            reason=reason,
        )


def _with(event: GttMoved, terms: GttTerms) -> GttMoved:
    return structs.replace(
        event,
        tradingsymbol=terms.tradingsymbol,
        triggers=terms.triggers,
        legs=terms.legs,
        last_paise=terms.last_paise,
    )
