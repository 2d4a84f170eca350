"""The risk state of the account: by a person's command, and by the day's loss."""

from __future__ import annotations

import datetime as dt

from daemon.domain.dates import MINUTE_NS, ist_day, ist_midnight
from daemon.domain.money import paise_exact
from daemon.domain.risk_state import RiskState
from daemon.execution.account_recorder import AccountRecorder
from daemon.execution.admission import Admission
from daemon.execution.demands import Demands
from daemon.execution.gtt_desk import GttDesk
from daemon.market.agenda import Agenda, Phase
from daemon.market.moment import Moment

DAILY_LOSS = "daily_loss"


class RiskStates:
    """Move between the states; every move is an event, so that a start continues in its state.

    The day's result is looked at every minute of the clock, and only where the configuration counts
    open positions or wants everything closed; entries are refused at the limit in any case.
    """

    def __init__(
        self,
        at: Moment,
        agenda: Agenda,
        recorder: AccountRecorder,
        admission: Admission,
        demands: Demands,
        gtts: GttDesk,
    ) -> None:
        self._at = at
        self._agenda = agenda
        self._recorder = recorder
        self._ledger = recorder.ledger
        self._admission = admission
        self._demands = demands
        self._gtts = gtts
        self._due = -1

    def command(self, state: RiskState) -> None:
        """Take a person's wish; it holds until the next one."""
        self._move(state, "command", until_ts=0)

    def start_day(self, date: dt.date) -> None:
        """End what lasts for a day; a person's last word holds again. Look at the day's result."""
        until = self._ledger.risk.until_ts
        if until and ist_midnight(date) >= until:
            self._move(self._ledger.risk.ordered, "day_over", until_ts=0)
        self.watch()

    def watch(self) -> None:
        """Look at the day's result at the next full minute, if that is asked for."""
        due = (self._at.now // MINUTE_NS + 1) * MINUTE_NS
        if self._admission.risk.watches_loss and self._due < due:
            self._due = due
            self._agenda.add(due, Phase.RISK, 0, due)

    def look(self, due: int) -> None:
        """Look at the day's result: the limit stops the account until the day is over."""
        limit, date = self._admission.risk.daily_loss_rupees, self._at.date
        if limit is not None and date is not None:
            result, most = self._admission.result_of(ist_day(due)), paise_exact(round(limit, 2))
            if -result >= most:
                self._lock(date, {"result_paise": result, "limit_paise": most})
        self.watch()

    def _lock(self, date: dt.date, numbers: dict[str, int | str]) -> None:
        """Halt, unless a person did, and close everything where the configuration says so."""
        if self._ledger.risk.state is not RiskState.HALTED:
            until = ist_midnight(date + dt.timedelta(days=1))
            self._move(RiskState.HALTED, DAILY_LOSS, until_ts=until, numbers=numbers)
        if self._admission.risk.on_daily_loss == "flatten":
            self._demands.flatten(DAILY_LOSS)

    def _move(
        self,
        state: RiskState,
        reason: str,
        *,
        until_ts: int,
        numbers: dict[str, int | str] | None = None,
    ) -> None:
        known = self._ledger.risk
        if known.state is state and known.until_ts == until_ts:
            return
        self._recorder.risk_moved(state, reason, until_ts, numbers)
        if state is RiskState.HALTED:
            self._demands.drop_entries("halted")
            self._gtts.disable_all("halted")
