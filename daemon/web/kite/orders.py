"""Orders: the book, the trades, and requests to place, change and cancel."""

from __future__ import annotations

from typing import Final

from loguru import logger

from daemon.broker.account_books import AccountBooks
from daemon.broker.executions import Execution
from daemon.broker.order_book import BrokerOrder
from daemon.domain.exchange_order import ExchangeOrderState
from daemon.domain.order import Side
from daemon.domain.order_kind import PRICED_KINDS, STOP_KINDS, OrderKind, Validity
from daemon.domain.order_requests import ApiProduct, CancelOrder, ModifyOrder, PlaceOrder
from daemon.journal.words import refusal_text
from daemon.web.kite.api import KiteApi
from daemon.web.kite.call import Call
from daemon.web.kite.envelope import success_in_pieces
from daemon.web.kite.errors import bad_input, not_on_paper, refused_order
from daemon.web.kite.forms import Form, missing, wrong
from daemon.web.kite.ids import engine_id, shown_id, unknown_order
from daemon.web.kite.kept_rows import KeptRows
from daemon.web.kite.order_rows import history_rows, trade_row, with_change
from daemon.web.kite.refusals import placed

SIDES: Final[tuple[Side, ...]] = ("BUY", "SELL")
PRODUCTS: Final[tuple[ApiProduct, ...]] = ("MIS", "NRML")
_KINDS: Final[tuple[OrderKind, ...]] = ("MARKET", "LIMIT", "SL", "SL-M")
_VALIDITIES: Final[tuple[Validity, ...]] = ("DAY", "IOC", "TTL")
_MARKETS: Final = ("MARKET", "SL-M")
_REFUSED_VARIETIES: Final = {
    "amo": "the paper API has no after-market orders",
    "co": "the paper API has no cover orders",
    "bo": "the paper API has no bracket orders",
    "auction": "the paper API has no auctions",
}
_MINUTES_MAX: Final = 1_440
_LEGS_MAX: Final = 1_000


class Orders:
    """What is under the addresses of orders and trades."""

    def __init__(self, api: KiteApi) -> None:
        self._api = api
        self._rows = KeptRows(api.account, api.user_id, api.changes)
        self._is_loud = False

    # the books

    async def all(self, _: Call) -> object:
        """Return the orders of the day, oldest first, those of strategies too."""
        return success_in_pieces(await self._api.read(self._rows.pieces), self._api.cut)

    async def history(self, call: Call) -> object:
        """Return what an order was after each of its moves."""
        wanted = engine_id(call.path("order_id"))

        def answer(books: AccountBooks) -> object:
            order = _of_the_day(books, wanted)
            contract = self._api.account.contract(books, order.tradingsymbol)
            own = _trades_of(books, wanted)
            rows = history_rows(order, own, contract, self._api.user_id)
            now = with_change(rows[-1], order, self._api.changes)
            return rows if now is rows[-1] else [*rows, now]

        return await self._api.read(answer)

    async def trades(self, _: Call) -> object:
        """Return the fills of the day."""
        return await self._api.read(lambda books: self._trade_rows(books, books.trades))

    async def trades_of(self, call: Call) -> object:
        """Return the fills of one order."""
        wanted = engine_id(call.path("order_id"))

        def answer(books: AccountBooks) -> object:
            _of_the_day(books, wanted)
            return self._trade_rows(books, _trades_of(books, wanted))

        return await self._api.read(answer)

    # requests

    async def place(self, call: Call) -> object:
        """Send a new order."""
        form = await call.form()
        variety = _variety(form)
        order = self._order(form, variety)
        found = placed(await self._api.ask(order))
        if order.autoslice:
            return {"order_id": found[0], "children": [{"order_id": each} for each in found]}
        return {"order_id": found[0]}

    async def modify(self, call: Call) -> object:
        """Change a working order; what is absent, or 0, stays as it is."""
        form = await call.form()
        _variety(form)
        order_id = engine_id(call.path("order_id"))
        await self._ask_change(self._modification(form, order_id))
        return {"order_id": shown_id(order_id)}

    async def cancel(self, call: Call) -> object:
        """Cancel a working order; `exit_order` of the Python client is the same request."""
        form = call.query
        _variety(form)
        order_id = engine_id(call.path("order_id"))
        await self._ask_change(CancelOrder(order_id=order_id))
        return {"order_id": shown_id(order_id)}

    async def _ask_change(self, change: ModifyOrder | CancelOrder) -> None:
        """Hand in a change. One of an order that is over is refused here: it never arrives."""
        await self._api.read(lambda books: _refuse_over(books, change.order_id))
        placed(await self._api.ask(change))

    def _order(self, form: Form, variety: str) -> PlaceOrder:
        kind = form.choice("order_type", _KINDS)
        validity = form.choice("validity", _VALIDITIES, "DAY")
        legs = _up_to(form, "iceberg_legs", _LEGS_MAX)
        if variety == "iceberg" and not legs:
            raise bad_input("Missing or empty field `iceberg_legs`")
        return PlaceOrder(
            exchange=form.text("exchange"),
            tradingsymbol=form.text("tradingsymbol"),
            side=form.choice("transaction_type", SIDES),
            quantity=needed(form, "quantity", form.units("quantity")),
            product=form.choice("product", PRODUCTS),
            order_type=kind,
            price_paise=_price(form, "price", is_needed=kind in PRICED_KINDS),
            trigger_paise=_price(form, "trigger_price", is_needed=kind in STOP_KINDS),
            validity=validity,
            ttl_minutes=_up_to(form, "validity_ttl", _MINUTES_MAX) if validity == "TTL" else 0,
            disclosed_quantity=form.units("disclosed_quantity"),
            tag=form.tag(),
            market_protection=self._protection(form) if kind in _MARKETS else 0.0,
            autoslice=form.flag("autoslice"),
            iceberg_legs=legs if variety == "iceberg" else 0,
            iceberg_quantity=form.units("iceberg_quantity") if variety == "iceberg" else 0,
        )

    def _modification(self, form: Form, order_id: str) -> ModifyOrder:
        kind = form.choice_if_any("order_type", _KINDS)
        return ModifyOrder(
            order_id=order_id,
            quantity=form.units("quantity") or None,
            price_paise=form.paise("price") or None,
            trigger_paise=form.paise("trigger_price") or None,
            order_type=kind,
            validity=form.choice_if_any("validity", _VALIDITIES),
            ttl_minutes=_up_to(form, "validity_ttl", _MINUTES_MAX),
            disclosed_quantity=form.units("disclosed_quantity") or None,
            market_protection=self._protection(form) if kind in _MARKETS else 0.0,
        )

    def _protection(self, form: Form) -> float:
        """Return the protection of an order at the market, the configured one where none came."""
        given = form.protection()
        if given:
            return given
        usual = self._api.account.api_config.default_protection
        if not self._is_loud:
            self._is_loud = True
            logger.warning(
                "an order at the market came without market_protection: {}",
                f"api.default_protection {usual:g} is used for all of them"
                if usual
                else "Kite refuses those since 2026-04-01 and so does this API; send "
                "market_protection=-1, or set api.default_protection: -1",
            )
        return usual

    # rows

    def _trade_rows(self, books: AccountBooks, trades: list[Execution]) -> list[object]:
        contract = self._api.account.contract
        return [trade_row(trade, contract(books, trade.tradingsymbol)) for trade in trades]


def _refuse_over(books: AccountBooks, exchange_id: str) -> None:
    """Refuse to change what can change no more. Raises KiteError."""
    order = books.orders.get(exchange_id)
    if order is not None and order.is_over:
        reason = "already_filled" if order.state is ExchangeOrderState.COMPLETE else "not_open"
        raise refused_order(refusal_text(reason, None))


def _of_the_day(books: AccountBooks, exchange_id: str) -> BrokerOrder:
    order = books.orders.get(exchange_id)
    if order is None:
        raise unknown_order()
    return order


def _trades_of(books: AccountBooks, exchange_id: str) -> list[Execution]:
    return [trade for trade in books.trades if trade.exchange_id == exchange_id]


def _variety(form: Form) -> str:
    """Return regular or iceberg. Raises KiteError for what there is not on paper."""
    variety = form.text("variety")
    if variety in _REFUSED_VARIETIES:
        raise not_on_paper(_REFUSED_VARIETIES[variety])
    return form.choice("variety", ("regular", "iceberg"))


def needed(form: Form, name: str, value: int) -> int:
    """Return a number that must be there. Raises KiteError for 0, which is the same as none."""
    if not value:
        raise wrong(name, "more than 0", "0") if form.has(name) else missing(name)
    return value


def _price(form: Form, name: str, *, is_needed: bool) -> int:
    """Return a price of a kind of order that has one, paise; another kind's is ignored."""
    return needed(form, name, form.paise(name)) if is_needed else 0


def _up_to(form: Form, name: str, most: int) -> int:
    value = form.units(name)
    if value > most:
        raise wrong(name, f"at most {most}", str(value))
    return value
