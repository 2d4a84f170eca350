"""What programs ask of orders, positions and GTTs: one request in, one result out.

A request is an input, so it is recorded before it comes here and gives the same events and the same
result whenever the recording is run again.
"""

from __future__ import annotations

from typing import Final

from daemon.domain.instrument import Universe
from daemon.domain.order_requests import (
    CancelOrder,
    ConvertPosition,
    DeleteGttOrder,
    ExitPosition,
    ModifyGttOrder,
    ModifyOrder,
    OrderRequest,
    PlaceGttOrder,
    PlaceOrder,
)
from daemon.domain.order_results import OrderResult, refused
from daemon.domain.untraded import key_of
from daemon.execution.admission import Admission
from daemon.execution.api_orders import ApiOrders
from daemon.execution.conversions import Conversions
from daemon.execution.demands import Demands
from daemon.execution.exchange_desk import ExchangeDesk
from daemon.execution.gtt_desk import GttDesk
from daemon.execution.quotes import Quotes
from daemon.execution.recorder import Recorder
from daemon.execution.request_results import result_of_exit, result_of_gtt
from daemon.execution.untraded_orders import UntradedOrders

EXIT_ASKED: Final = "manual_exit"


class ApiDesk:
    """Serve requests, in every fill mode."""

    def __init__(
        self,
        desk: ExchangeDesk,
        recorder: Recorder,
        quotes: Quotes,
        admission: Admission,
        demands: Demands,
        gtts: GttDesk,
        orders: UntradedOrders,
    ) -> None:
        self._universe: Universe = desk.universe
        self._at = desk.at
        self._quotes = quotes
        self._ledger = recorder.ledger
        self._lifecycle = recorder.lifecycle
        self._demands = demands
        self._gtts = gtts
        self._conversions = Conversions(recorder, quotes, admission)
        self._holdings = admission.untraded
        self._orders = ApiOrders(desk, orders, admission, recorder.lifecycle)
        self.result = OrderResult()
        """What the last request did."""

    def serve(self, request: OrderRequest) -> None:
        """Do what is asked; `result` says what became of it."""
        self.result = self._serve(request)

    def _serve(self, request: OrderRequest) -> OrderResult:
        orders = self._orders
        match request:
            case PlaceOrder():
                instrument = self._find(request.tradingsymbol, request.exchange)
                return orders.place(request, instrument)
            case ModifyOrder():
                return orders.modify(request)
            case CancelOrder():
                return orders.cancel(request)
            case ConvertPosition():
                return self._convert(request)
            case ExitPosition():
                return self._exit(request)
            case PlaceGttOrder() | ModifyGttOrder() | DeleteGttOrder():
                return self._serve_gtt(request)

    def _convert(self, asked: ConvertPosition) -> OrderResult:
        instrument = self._find(asked.tradingsymbol, asked.exchange)
        if instrument is None:
            return refused("unknown_symbol", {"symbol": asked.tradingsymbol})
        refusal = self._conversions.convert(asked, instrument)
        return OrderResult() if refusal is None else refused(refusal.reason, refusal.numbers)

    def _exit(self, asked: ExitPosition) -> OrderResult:
        """Cancel what works of a contract and product, then close what is held, in a session."""
        instrument = self._find(asked.tradingsymbol, asked.exchange)
        if instrument is None:
            return refused("unknown_symbol", {"symbol": asked.tradingsymbol})
        key = key_of(asked.tradingsymbol, asked.product)
        is_held = key in self._ledger.untraded.positions
        if not is_held and not self._works(instrument, asked.product):
            return refused("not_open", {"product": asked.product})
        opens, closes = self._quotes.session(self._quotes.books[instrument])
        if not opens <= self._at.now < closes:
            return refused("market_closed", {"open_ts": opens, "close_ts": closes})
        mark = len(self._lifecycle.events)
        self._demands.close_untraded(instrument, asked.product, EXIT_ASKED)
        return result_of_exit(asked.tradingsymbol, self._lifecycle.events[mark:])

    def _works(self, instrument: int, product: str) -> bool:
        own = instrument, product
        return any(
            (each.terms.instrument, each.terms.product) == own for each in self._holdings.opening()
        )

    def _serve_gtt(self, request: PlaceGttOrder | ModifyGttOrder | DeleteGttOrder) -> OrderResult:
        mark, gtts = len(self._lifecycle.events), self._gtts
        match request:
            case PlaceGttOrder():
                gtt_id = gtts.place(request.form.terms())
            case ModifyGttOrder():
                gtt_id = request.gtt_id
                gtts.modify(gtt_id, request.form.terms())
            case DeleteGttOrder():
                gtt_id = request.gtt_id
                gtts.delete(gtt_id)
        return result_of_gtt(gtt_id, self._lifecycle.events[mark:])

    def _find(self, tradingsymbol: str, exchange: str) -> int | None:
        """Return the instrument of a symbol on its exchange, None if the universe has none."""
        index = self._universe.index_of(tradingsymbol)
        if index is None or (exchange and self._universe[index].exchange != exchange):
            return None
        return index
