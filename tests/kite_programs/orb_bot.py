"""An opening-range bot: buys the future above the range or sells below it, with a stop, and leaves.

It waits for fills on the ticker's order updates, as most bots of this kind do.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from typing import Any

from tests.kite_programs.settings import logged_in, told

SYMBOL = "NIFTY26NOVFUT"
RANGE_MINUTES = 2
HOLD_TICKS = 20


def main() -> None:
    kite, ticker = logged_in()
    (row,) = [each for each in kite.instruments("NFO") if each["tradingsymbol"] == SYMBOL]
    token, lot = row["instrument_token"], row["lot_size"]
    updates: list[dict[str, Any]] = []
    prices: list[float] = []
    more = threading.Condition()

    def on_connect(ws: Any, response: Any) -> None:
        ws.subscribe([token])
        ws.set_mode(ws.MODE_FULL, [token])

    def on_ticks(ws: Any, ticks: list[dict[str, Any]]) -> None:
        with more:
            prices.extend(each["last_price"] for each in ticks)
            more.notify_all()

    def on_order_update(ws: Any, order: dict[str, Any]) -> None:
        with more:
            updates.append(order)
            more.notify_all()

    ticker.on_connect, ticker.on_ticks, ticker.on_order_update = (
        on_connect, on_ticks, on_order_update,
    )  # fmt: skip
    ticker.connect(threaded=True)

    def wait_for(is_so: Any, what: str) -> None:
        with more:
            if not more.wait_for(is_so, timeout=60):
                raise SystemExit(f"waited for {what}; {len(prices)} prices, updates {updates}")

    def status_of(order_id: str) -> str:
        known = [each["status"] for each in updates if each["order_id"] == order_id]
        return str(known[-1]) if known else ""

    wait_for(lambda: prices, "a price")
    high, low = opening_range(kite, token)
    wait_for(lambda: prices[-1] > high or prices[-1] < low or len(prices) > 200, "a breakout")
    side = kite.TRANSACTION_TYPE_BUY if prices[-1] > low else kite.TRANSACTION_TYPE_SELL
    other = (
        kite.TRANSACTION_TYPE_SELL
        if side == kite.TRANSACTION_TYPE_BUY
        else kite.TRANSACTION_TYPE_BUY
    )
    away = -1 if side == kite.TRANSACTION_TYPE_BUY else 1

    def send(side: str, **terms: Any) -> str:
        order_id = kite.place_order(
            variety=kite.VARIETY_REGULAR, exchange=kite.EXCHANGE_NFO, tradingsymbol=SYMBOL,
            transaction_type=side, quantity=lot, product=kite.PRODUCT_NRML, tag="orb", **terms,
        )  # fmt: skip
        return str(order_id)

    entry = send(side, order_type=kite.ORDER_TYPE_MARKET, market_protection=-1)
    wait_for(lambda: status_of(entry) == "COMPLETE", "the entry's fill")
    trigger = round(prices[-1] + away * 200, 0)
    stop = send(
        other, order_type=kite.ORDER_TYPE_SL, trigger_price=trigger, price=trigger + away * 10
    )
    wait_for(lambda: status_of(stop) == "TRIGGER PENDING", "the stop")
    seen = len(prices)
    wait_for(lambda: len(prices) >= seen + HOLD_TICKS, "ticks")
    kite.cancel_order(variety=kite.VARIETY_REGULAR, order_id=stop)
    wait_for(lambda: status_of(stop) == "CANCELLED", "the stop's cancel")
    leave = send(other, order_type=kite.ORDER_TYPE_MARKET, market_protection=-1)
    wait_for(lambda: status_of(leave) == "COMPLETE", "the exit's fill")
    orders = {each["order_id"]: each for each in kite.orders()}
    told(
        statuses=[orders[each]["status"] for each in (entry, stop, leave)],
        trades=len(kite.order_trades(entry)) + len(kite.order_trades(leave)),
        history=[each["status"] for each in kite.order_history(stop)],
        net=[
            each["quantity"]
            for each in kite.positions()["net"]
            if (each["tradingsymbol"], each["product"]) == (SYMBOL, kite.PRODUCT_NRML)
        ],
        updates=[each["status"] for each in updates if each["order_id"] in (entry, stop, leave)],
    )
    ticker.stop_retry()
    ticker.close()
    time.sleep(0.2)


def opening_range(kite: Any, token: int) -> tuple[float, float]:
    """The high and the low of the first minutes; a bot that starts later finds them recorded."""
    for _ in range(120):
        day = kite.quote(f"NFO:{SYMBOL}")[f"NFO:{SYMBOL}"]["timestamp"].date()
        begin = dt.datetime.combine(day, dt.time(9, 15))
        candles = kite.historical_data(token, begin, begin + dt.timedelta(hours=6), "minute")
        if len(candles) > RANGE_MINUTES:
            first = candles[:RANGE_MINUTES]
            return max(each["high"] for each in first), min(each["low"] for each in first)
        time.sleep(1.1)  # one quote a second is what the broker allows
    raise SystemExit("there are no candles")


if __name__ == "__main__":
    main()
