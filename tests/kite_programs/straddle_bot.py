"""A short straddle whose legs are guarded by two-legged GTTs: sold at the money, bought back later.

It knows nothing of a ticker: it asks for its orders until they are filled.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

from kiteconnect.exceptions import OrderException  # type: ignore[import-untyped]

from tests.kite_programs.settings import logged_in, told

SPOT = "NSE:NIFTY 50"


def main() -> None:
    kite, _ = logged_in()
    spot = prices(kite, [SPOT])[SPOT]
    options = [each for each in kite.instruments("NFO") if each["instrument_type"] in ("CE", "PE")]
    strike = min({each["strike"] for each in options}, key=lambda each: abs(each - spot))
    legs = [each for each in options if each["strike"] == strike]
    names = [f"NFO:{each['tradingsymbol']}" for each in legs]
    prices(kite, names)
    needed = kite.basket_order_margins([terms(kite, each, "SELL") for each in legs])
    fills = {}
    for leg in legs:
        fills[leg["tradingsymbol"]] = filled(kite, send(kite, leg, kite.TRANSACTION_TYPE_SELL))
    last = prices(kite, names)
    gtts = [
        guard(
            kite, leg, fills[leg["tradingsymbol"]]["average_price"],
            last[f"NFO:{leg['tradingsymbol']}"],
        )
        for leg in legs
    ]  # fmt: skip
    active = [kite.get_gtt(each)["status"] for each in gtts]
    for each in gtts:
        kite.delete_gtt(each)
    back = [filled(kite, send(kite, leg, kite.TRANSACTION_TYPE_BUY)) for leg in legs]
    symbols = {each["tradingsymbol"] for each in legs}
    net = [
        each
        for each in kite.positions()["net"]
        if each["tradingsymbol"] in symbols and each["product"] == kite.PRODUCT_NRML
    ]
    told(
        legs=len(legs),
        margin=needed["initial"]["total"],
        active=active,
        left=[each["status"] for each in kite.get_gtts() if each["id"] in gtts],
        filled=[each["filled_quantity"] for each in [*fills.values(), *back]],
        net=[each["quantity"] for each in net],
        pnl=sum(each["pnl"] for each in net),
    )


def prices(kite: Any, names: list[str]) -> dict[str, float]:
    """The last prices, as soon as there are any: the session may have begun only just now."""
    for _ in range(60):
        found = {name: row["last_price"] for name, row in kite.ltp(names).items()}
        time.sleep(1.1)  # one quote a second is what the broker allows
        if len(found) == len(names) and all(found.values()):
            return found
    raise SystemExit(f"there are no prices of {names}")


def terms(kite: Any, leg: dict[str, Any], side: str) -> dict[str, Any]:
    return {
        "exchange": leg["exchange"], "tradingsymbol": leg["tradingsymbol"],
        "transaction_type": side, "variety": kite.VARIETY_REGULAR, "product": kite.PRODUCT_NRML,
        "order_type": kite.ORDER_TYPE_MARKET, "quantity": leg["lot_size"], "price": 0,
    }  # fmt: skip


def send(kite: Any, leg: dict[str, Any], side: str) -> str:
    order = terms(kite, leg, side) | {"market_protection": -1}
    del order["price"]
    return str(kite.place_order(**order))


def filled(kite: Any, order_id: str) -> dict[str, Any]:
    """Wait until an order is filled; one that rests, as the market ran away, follows it."""
    for asked in range(1, 200):
        last: dict[str, Any] = kite.order_history(order_id)[-1]
        if last["status"] == "COMPLETE":
            return last
        if last["status"] in ("REJECTED", "CANCELLED"):
            raise SystemExit(f"{order_id}: {last['status']}, {last['status_message']}")
        if last["status"] == "OPEN" and asked % 10 == 0:
            follow(kite, last)
        time.sleep(0.2)
    raise SystemExit(f"{order_id}: not filled, {last}")


def follow(kite: Any, order: dict[str, Any]) -> None:
    """Give a resting order a price 5 % through the market."""
    name = f"NFO:{order['tradingsymbol']}"
    sign = 1 if order["transaction_type"] == kite.TRANSACTION_TYPE_BUY else -1
    price = round(kite.ltp(name)[name]["last_price"] * (1 + sign * 0.05), 0)
    with contextlib.suppress(OrderException):  # it was filled on the way
        kite.modify_order(
            kite.VARIETY_REGULAR, order["order_id"], order_type=kite.ORDER_TYPE_LIMIT, price=price
        )


def guard(kite: Any, leg: dict[str, Any], sold: float, last: float) -> int:
    """A stop at half above and a target at half below what the leg was sold for."""
    triggers = [round(sold * 0.5, 0), round(sold * 1.5, 0)]
    order = {
        "exchange": "NFO", "tradingsymbol": leg["tradingsymbol"], "transaction_type": "BUY",
        "quantity": leg["lot_size"], "order_type": "LIMIT", "product": "NRML",
    }  # fmt: skip
    placed = kite.place_gtt(
        kite.GTT_TYPE_OCO, leg["tradingsymbol"], "NFO", triggers, last,
        [order | {"price": triggers[0] + 5}, order | {"price": triggers[1] + 5}],
    )  # fmt: skip
    return int(placed["trigger_id"])


if __name__ == "__main__":
    main()
