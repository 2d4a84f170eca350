"""The orders of trades at the exchange, put together: entries, exits, and what fills mean."""

from __future__ import annotations

from daemon.exchange.fills import FillEngine
from daemon.exchange.waiting import WaitingFills
from daemon.execution.admission import Admission
from daemon.execution.costs import Costs
from daemon.execution.entry_orders import EntryOrders
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.exchange_fills import ExchangeFills
from daemon.execution.exit_orders import ExitOrders
from daemon.execution.exits.at_exchange import AtExchange
from daemon.execution.holdings import Holdings
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.execution.untraded_admission import UntradedAdmission
from daemon.execution.untraded_closes import UntradedCloses
from daemon.execution.untraded_desk import UntradedDesk
from daemon.execution.untraded_orders import UntradedOrders
from daemon.settings.config import ExecutionConfig


def exchange_orders(
    desk: ExchangeDesk,
    config: ExecutionConfig,
    costs: Costs,
    recorder: Recorder,
    quotes: Quotes,
    waiting: WaitingFills,
    holdings: Holdings,
    held: AtExchange,
    admission: Admission,
) -> tuple[EntryOrders, ExitOrders, UntradedDesk]:
    """Return the entries, exits and other orders of a desk, which hands them its reports."""
    engine = FillEngine(config)
    fills = ExchangeFills(
        desk.universe, desk.at, quotes, engine, costs, desk.exchange.books,
        None if desk.is_depth else engine.mode,
    )  # fmt: skip
    entries = EntryOrders(desk, desk.at, recorder, quotes, fills, waiting, holdings)
    exits = ExitOrders(desk, entries, recorder, quotes, fills, holdings, held)
    untraded = UntradedOrders(desk, recorder, quotes, fills, admission.untraded)
    closes = UntradedCloses(desk, recorder.ledger, quotes, untraded)
    untraded.attach(
        UntradedAdmission(admission, desk.universe).refuse, closes.take, closes.send_again
    )
    desk.attach(entries, exits, untraded)
    return entries, exits, UntradedDesk(desk, quotes, untraded, closes)
