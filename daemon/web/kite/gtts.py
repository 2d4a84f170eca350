"""Good-till-triggered orders. Their terms come as JSON in the fields of a form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Meta

from daemon.broker.account_books import AccountBooks
from daemon.broker.kite_rows import KiteRow, gtt_fields
from daemon.domain.gtt import Gtt
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.domain.order_requests import (
    DeleteGttOrder,
    GttForm,
    GttFormLeg,
    ModifyGttOrder,
    PlaceGttOrder,
)
from daemon.journal.words import refusal_text
from daemon.web.kite.api import KiteApi
from daemon.web.kite.call import Call
from daemon.web.kite.errors import KiteError, bad_input, refused_order
from daemon.web.kite.forms import Form
from daemon.web.kite.ids import shown_id
from daemon.web.kite.refusals import done

TYPES: Final = {"single": 1, "two-leg": 2}
"""How many triggers and orders each type has."""
_HAIR: Final = 1e-6
_ID_MAX: Final = 2**53
Rupees = Annotated[float, Meta(gt=0, le=1e9)]
T = TypeVar("T")


class Condition(msgspec.Struct, frozen=True):
    """What a GTT waits for."""

    exchange: str
    tradingsymbol: Annotated[str, Meta(min_length=1, max_length=64)]
    trigger_values: Annotated[tuple[Rupees, ...], Meta(max_length=2)]
    last_price: Annotated[float, Meta(ge=0, le=1e9)] = 0.0


class Leg(msgspec.Struct, frozen=True):
    """The order that a trigger sends."""

    transaction_type: Literal["BUY", "SELL"]
    quantity: Annotated[int, Meta(gt=0, le=10**9)]
    product: Literal["MIS", "NRML", "CNC"]
    price: Rupees
    order_type: Literal["LIMIT"] = "LIMIT"


class GttOrders:
    """What is under the addresses of GTTs."""

    def __init__(self, api: KiteApi) -> None:
        self._api = api

    async def all(self, _: Call) -> object:
        """Return all GTTs of the account."""
        return await self._api.read(
            lambda books: [self._row(books, gtt) for gtt in books.gtts.values()]
        )

    async def one(self, call: Call) -> object:
        """Return one GTT."""
        number = _number(call)

        def answer(books: AccountBooks) -> object:
            if number not in books.gtts:
                raise _unknown()
            return self._row(books, books.gtts[number])

        return await self._api.read(answer)

    async def place(self, call: Call) -> object:
        """Make a new GTT."""
        form = self._form(await call.form())
        result = done(await self._api.ask(PlaceGttOrder(form=form)))
        return {"trigger_id": result.gtt_id}

    async def modify(self, call: Call) -> object:
        """Give a GTT other terms."""
        number, form = _number(call), self._form(await call.form())
        done(await self._api.ask(ModifyGttOrder(gtt_id=number, form=form)))
        return {"trigger_id": number}

    async def delete(self, call: Call) -> object:
        """Delete a GTT."""
        number = _number(call)
        done(await self._api.ask(DeleteGttOrder(gtt_id=number)))
        return {"trigger_id": number}

    def _row(self, books: AccountBooks, gtt: Gtt) -> KiteRow:
        contract = self._api.account.contract(books, gtt.terms.tradingsymbol)
        reason = books.refused.get(gtt.exchange_id, "")
        refused = refusal_text(reason, None) if reason else ""
        row = gtt_fields(gtt, contract, refused)
        return {"user_id": self._api.user_id, **row, "orders": self._with_ids(row["orders"])}

    def _with_ids(self, legs: object) -> list[KiteRow]:
        """Return the legs with the account and with ids in digits in their results."""
        assert isinstance(legs, list)
        found = []
        for leg in legs:
            result = leg["result"]
            if result is not None:
                sent = result["order_result"]
                order_id = shown_id(sent["order_id"]) if sent["order_id"] else ""
                shown = {**sent, "order_id": order_id}
                result = {"account_id": self._api.user_id, **result, "order_result": shown}
            found.append({**leg, "result": result})
        return found

    def _form(self, form: Form) -> GttForm:
        count = TYPES[form.choice("type", tuple(TYPES))]
        condition = _decoded(form, "condition", Condition)
        legs = _decoded(form, "orders", tuple[Leg, ...])
        if len(condition.trigger_values) != count or len(legs) != count:
            raise bad_input(f"expected {count} `trigger_values` and as many `orders`")
        self._check_exchange(condition)
        return GttForm(
            tradingsymbol=condition.tradingsymbol,
            triggers=_paise(condition.trigger_values),
            legs=tuple(_leg(leg) for leg in legs),
            last_paise=_paise([condition.last_price])[0],
        )

    def _check_exchange(self, condition: Condition) -> None:
        """Refuse a contract of another exchange; the daemon knows symbols alone."""
        found = self._api.account.instrument(condition.tradingsymbol)
        if found is not None and found.exchange != condition.exchange:
            raise bad_input(f"{condition.tradingsymbol} is of {found.exchange}")


def _leg(leg: Leg) -> GttFormLeg:
    return GttFormLeg(
        side=leg.transaction_type,
        quantity=leg.quantity,
        price_paise=_paise([leg.price])[0],
        product=leg.product,
    )


def _decoded(form: Form, name: str, kind: type[T]) -> T:
    """Return the JSON in a field. Raises KiteError."""
    try:
        return msgspec.json.decode(form.text(name), type=kind)
    except (ValueError, RecursionError) as error:
        raise bad_input(f"Invalid `{name}`: {error}") from error


def _paise(rupees: Sequence[float]) -> tuple[int, ...]:
    """Return whole paise. Raises KiteError for prices between two."""
    found = tuple(round(value * PAISE_PER_RUPEE) for value in rupees)
    for value, paise in zip(rupees, found, strict=True):
        if abs(value * PAISE_PER_RUPEE - paise) > _HAIR * max(1.0, value):
            raise bad_input(f"expected rupees with whole paise, was {value}")
    return found


def _number(call: Call) -> int:
    text = call.path("trigger_id")
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:17]) < _ID_MAX:
        raise _unknown()
    return int(text)


def _unknown() -> KiteError:
    return refused_order("Couldn't find that `trigger_id`.")
