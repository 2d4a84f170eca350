"""An order-book watcher: counts which side of a book is heavier, and rests one bid far below it."""

from __future__ import annotations

from typing import Any

from tests.kite_programs.settings import logged_in, told

SYMBOL = "NIFTY26NOVFUT"
INDEX = 256265
ENOUGH = 15


def main() -> None:
    kite, ticker = logged_in()
    (row,) = [each for each in kite.instruments() if each["tradingsymbol"] == SYMBOL]
    token = row["instrument_token"]
    heavier = {"buy": 0, "sell": 0, "even": 0}
    modes: set[tuple[int, str]] = set()
    updates: list[str] = []
    resting: list[str] = []

    def on_connect(ws: Any, response: Any) -> None:
        ws.subscribe([token, INDEX])
        ws.set_mode(ws.MODE_FULL, [token])

    def on_ticks(ws: Any, ticks: list[dict[str, Any]]) -> None:
        for tick in ticks:
            modes.add((tick["instrument_token"], tick["mode"]))
            if tick["instrument_token"] == token:
                count(tick["depth"])
        if sum(heavier.values()) >= ENOUGH and not resting:
            bid = ticks[-1]["last_price"] * 0.99
            resting.append(
                kite.place_order(
                    variety=kite.VARIETY_REGULAR, exchange=kite.EXCHANGE_NFO, tradingsymbol=SYMBOL,
                    transaction_type=kite.TRANSACTION_TYPE_BUY, quantity=row["lot_size"],
                    product=kite.PRODUCT_NRML, order_type=kite.ORDER_TYPE_LIMIT,
                    price=round(bid),
                )
            )  # fmt: skip

    def count(depth: dict[str, list[dict[str, Any]]]) -> None:
        buy, sell = (sum(each["quantity"] for each in depth[side]) for side in ("buy", "sell"))
        heavier["buy" if buy > sell else "sell" if sell > buy else "even"] += 1

    def on_order_update(ws: Any, order: dict[str, Any]) -> None:
        if order["order_id"] not in resting:
            return
        updates.append(order["status"])
        if updates == ["OPEN"]:
            kite.modify_order(kite.VARIETY_REGULAR, order["order_id"], price=order["price"] - 10)
        elif order["status"] == "OPEN":
            kite.cancel_order(kite.VARIETY_REGULAR, order["order_id"])
        elif order["status"] == "CANCELLED":
            ws.stop_retry()
            ws.close()

    def on_close(ws: Any, code: int, reason: str) -> None:
        ws.stop()

    ticker.on_connect, ticker.on_ticks = on_connect, on_ticks
    ticker.on_order_update, ticker.on_close = on_order_update, on_close
    ticker.connect()
    last = kite.order_history(resting[0])[-1]
    told(heavier=heavier, modes=sorted(modes), updates=updates, last=last["status"])


if __name__ == "__main__":
    main()
