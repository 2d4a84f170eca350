"""What concerns no single trade: the risk state, GTTs, watches, daily marks and margin."""

from __future__ import annotations

import datetime as dt

from daemon.domain.inputs import BrokerMargin
from daemon.domain.statistics import MarginStatus
from daemon.execution.account_recorder import AccountRecorder
from daemon.execution.admission import Admission
from daemon.execution.api_desk import ApiDesk
from daemon.execution.carry import DailyMarks
from daemon.execution.demands import Demands
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.gtt_desk import GttDesk
from daemon.execution.margin_alerts import MarginAlerts
from daemon.execution.margin_desk import MarginDesk
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.execution.risk_states import RiskStates
from daemon.execution.untraded_desk import UntradedDesk
from daemon.execution.untraded_ends import UntradedEnds
from daemon.execution.waiters import FIRST_GTT, FIRST_WATCH, Waiters
from daemon.execution.watch_desk import WatchDesk
from daemon.settings.config import ExecutionConfig


class AccountDesk:
    """The parts of an engine that look at the whole account, told of days and decisions.

    Without orders of `untraded` every new GTT is refused; without a margin desk none is computed.
    """

    def __init__(
        self,
        config: ExecutionConfig,
        desk: ExchangeDesk,
        recorder: Recorder,
        quotes: Quotes,
        admission: Admission,
        demands: Demands,
        watches: WatchDesk,
        untraded: UntradedDesk,
        ends: UntradedEnds,
    ) -> None:
        universe, at, agenda = desk.universe, desk.at, desk.agenda
        account = AccountRecorder(recorder.ledger, at, recorder.lifecycle)
        self.gtts = GttDesk(universe, at, account, quotes, admission, untraded.orders)
        self.risk = RiskStates(at, agenda, account, admission, demands, self.gtts)
        self._marks = DailyMarks(config, universe, at, recorder, quotes)
        self.orders = untraded.orders
        """Who sends the orders of GTTs; None where the fill mode has no exchange for them."""
        self.api = ApiDesk(desk, recorder, quotes, admission, demands, self.gtts, untraded.sent)
        """What programs ask."""
        self.icebergs = untraded.sent.icebergs
        self._closes = untraded.closes
        self._ends = ends
        self.watches = watches
        self.waiters = Waiters()
        self.waiters.add(FIRST_GTT, self.gtts.fire)
        self.waiters.add(FIRST_WATCH, watches.fire)
        self._admission = admission
        self._recorder = account
        self._demands = demands
        self._margin: MarginDesk | None = None
        self._alerts: MarginAlerts | None = None

    def attach(self, margin: MarginDesk) -> None:
        """Compute margins, and ask for that of entries."""
        self._margin = margin
        self._alerts = MarginAlerts(margin, self._recorder, self._demands)
        self._admission.attach(margin)

    @property
    def capital_paise(self) -> int | None:
        """Return the capital that margins are asked for of, None without one."""
        return None if self._margin is None else self._margin.capital_paise

    @property
    def margin_status(self) -> MarginStatus | None:
        """Return what positions and entries block, None if it is not computed or not known yet."""
        return None if self._margin is None else self._margin.status

    @property
    def peak_margin_rupees(self) -> int:
        """Return the most that the account has had blocked, 0 if none is computed."""
        return 0 if self._margin is None else self._margin.peak_rupees

    def start_day(self, date: dt.date) -> None:
        """Turn to a date."""
        self.gtts.start_day(date)
        self.risk.start_day(date)
        self._closes.start_day()
        self._ends.start_day(date)
        self.watches.start_day(date)
        if self._margin is not None:
            self._margin.start_day(date)

    def end_session(self, indices: frozenset[int], date: str) -> None:
        """Mark what is carried over night, and end the GTTs of contracts that expire."""
        self._ends.end_session(indices, date)
        self._marks.end_session(indices, date)
        self.gtts.end_session(indices, date)

    def settle(self) -> None:
        """Settle what waits for an official close that has just become known."""
        self._ends.settle()

    def settlements_pending(self) -> list[str]:
        """Return the positions without a trade that wait for their official close."""
        return self._ends.pending()

    def refresh(self) -> None:
        """Compute the margin if anything was decided since, where there is a capital."""
        if self._alerts is not None:
            self._alerts.decided()

    def take_broker_margin(self, answer: BrokerMargin) -> None:
        """Take what the broker says that the positions block."""
        if self._alerts is not None:
            self._alerts.answered(answer)

    def minute_passed(self, _: object) -> None:
        """Compute the margin of a passed minute."""
        assert self._alerts is not None
        self._alerts.minute_passed()
