"""The broker's own client, unmodified, against the paper API: `URL KEYS OUT`.

It needs a process of its own, since its imports warn and its time zone is the process's. Every call
becomes a row of OUT: its name, and what it returned or which of the client's exceptions it raised.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from kiteconnect import KiteConnect  # type: ignore[import-untyped]
from kiteconnect.exceptions import (  # type: ignore[import-untyped]
    InputException,
    KiteException,
)

FUTURE: Final = "NIFTY26NOVFUT"
CALL: Final = "NIFTY26NOV25000CE"
LOT: Final = 65
WITHIN_S: Final = 60.0


class Program:
    """A program of Kite's, and what it saw."""

    def __init__(self, url: str, keys: dict[str, str]) -> None:
        self.keys = keys
        self.kite = KiteConnect(keys["api_key"], root=url, timeout=60)
        self.rows: list[dict[str, Any]] = []

    def call(self, name: str, *args: Any, of: KiteConnect | None = None, **more: Any) -> Any:
        """Call a method and keep what came of it; None where it raised."""
        row: dict[str, Any] = {"call": name}
        value = None
        try:
            value = row["value"] = getattr(of or self.kite, name)(*args, **more)
        except KiteException as error:
            row["error"] = [type(error).__name__, error.code, str(error)]
        self.rows.append(row)
        return value

    def until(self, is_true: Callable[[], bool]) -> None:
        """Ask again until something holds; the calls are not kept."""
        ends = time.monotonic() + WITHIN_S
        while not is_true():
            assert time.monotonic() < ends, self.rows[-3:]
            time.sleep(0.2)

    def place(self, **more: Any) -> str:
        """Place an order on the future, a LIMIT far below by itself."""
        usual: dict[str, Any] = {
            "variety": "regular", "exchange": "NFO", "tradingsymbol": FUTURE, "quantity": LOT,
            "transaction_type": "BUY", "product": "NRML", "order_type": "LIMIT",
            "price": self.far(),
        }  # fmt: skip
        return str(self.call("place_order", **(usual | more)))

    def far(self) -> float:
        """A price that rests: 2 % below the last one that a margin was asked at."""
        return round(self.last * 0.98) * 1.0

    @property
    def last(self) -> float:
        """The future's last price, by a virtual contract note at the market."""
        note = self.kite.get_virtual_contract_note([wanted(FUTURE, "BUY")])
        return float(note[0]["price"])

    def has_price(self) -> bool:
        """Whether the future has had a tick: the daemon may have begun only just now."""
        try:
            return self.last > 0
        except InputException:
            return False

    def state(self, order_id: str) -> str:
        """The status of an order now."""
        return str(self.kite.order_history(order_id)[-1]["status"])


def wanted(symbol: str, side: str, **more: Any) -> dict[str, Any]:
    usual = {
        "exchange": "NFO", "tradingsymbol": symbol, "transaction_type": side, "variety": "regular",
        "product": "NRML", "order_type": "MARKET", "quantity": LOT, "price": 0,
        "trigger_price": 0,
    }  # fmt: skip
    return usual | more


def log_in(program: Program) -> None:
    program.call("profile")  # without a session
    program.call("generate_session", program.keys["request_token"], api_secret="wrong")
    program.call("generate_session", program.keys["request_token"], program.keys["api_secret"])
    program.call("profile")
    program.call("margins")
    program.call("margins", "equity")
    program.call("margins", "commodity")
    for name in ("orders", "trades", "positions", "holdings"):
        program.call(name)


def rest_change_and_cancel(program: Program) -> None:
    order = program.place(tag="official")
    program.until(lambda: program.state(order) == "OPEN")
    program.call("order_history", order)
    program.call("order_trades", order)
    program.call("modify_order", "regular", order, quantity=2 * LOT)
    program.until(lambda: bool(program.kite.order_history(order)[-1]["modified"]))
    program.call("modify_order", "regular", order, price=program.far() - 10)
    program.call("cancel_order", "regular", order)
    program.until(lambda: program.state(order) == "CANCELLED")
    program.call("order_history", order)
    program.call("cancel_order", "regular", order)
    program.place(validity="IOC")
    short = program.place(validity="TTL", validity_ttl=60)
    for name, given in (("cancel_order", short), ("exit_order", program.place())):
        program.call(name, "regular", given)
        program.until(lambda given=given: program.state(given) == "CANCELLED")  # type: ignore[misc]


def trade(program: Program) -> None:
    order = program.place(order_type="MARKET", market_protection=-1)
    program.until(lambda: program.state(order) == "COMPLETE")
    program.call("order_trades", order)
    program.call("trades")
    program.call("positions")
    program.call("cancel_order", "regular", order)
    trigger = program.far()
    stop = program.place(
        transaction_type="SELL", order_type="SL", trigger_price=trigger, price=trigger - 20
    )
    program.until(lambda: program.state(stop) == "TRIGGER PENDING")
    program.call("modify_order", "regular", stop, trigger_price=trigger - 10, price=trigger - 30)
    program.call("cancel_order", "regular", stop)
    program.call(
        "convert_position", exchange="NFO", tradingsymbol=FUTURE, transaction_type="BUY",
        position_type="day", quantity=LOT, old_product="NRML", new_product="MIS",
    )  # fmt: skip
    program.call("positions")
    close = program.place(
        transaction_type="SELL", order_type="MARKET", market_protection=-1, product="MIS"
    )
    program.until(lambda: program.state(close) == "COMPLETE")
    program.call("positions")
    program.call("orders")


def slice_and_hide(program: Program) -> None:
    usual: dict[str, Any] = {
        "exchange": "NFO", "tradingsymbol": FUTURE, "transaction_type": "BUY", "product": "NRML",
        "order_type": "LIMIT", "price": program.far(),
    }  # fmt: skip
    sliced = program.call("place_autoslice_order", variety="regular", quantity=LOT, **usual)
    program.call("cancel_order", "regular", sliced["order_id"])
    legs = program.call(
        "place_order", variety="iceberg", quantity=4 * LOT, iceberg_legs=2,
        iceberg_quantity=2 * LOT, **usual,
    )  # fmt: skip
    program.call("cancel_order", "iceberg", legs)


def trigger(program: Program) -> None:
    last = program.last
    leg = {"transaction_type": "BUY", "quantity": LOT, "order_type": "LIMIT", "product": "NRML"}
    low, high = round(last * 0.9) * 1.0, round(last * 1.1) * 1.0
    one = program.call("place_gtt", "single", FUTURE, "NFO", [low], last, [leg | {"price": low}])
    both = program.call(
        "place_gtt", "two-leg", FUTURE, "NFO", [low, high], last,
        [leg | {"transaction_type": "SELL", "price": price} for price in (low, high)],
    )  # fmt: skip
    program.call("get_gtts")
    program.call("get_gtt", one["trigger_id"])
    program.call(
        "modify_gtt", one["trigger_id"], "single", FUTURE, "NFO", [low - 10], last,
        [leg | {"price": low}],
    )  # fmt: skip
    program.call("get_gtt", one["trigger_id"])
    for made in (one, both):
        program.call("delete_gtt", made["trigger_id"])
    program.call("get_gtts")
    program.call("get_gtt", 999_999)


def ask_margins(program: Program) -> None:
    orders = [wanted(FUTURE, "BUY"), wanted(CALL, "SELL")]
    program.call("order_margins", orders)
    program.call("basket_order_margins", orders, consider_positions=False)
    program.call("basket_order_margins", orders, mode="compact")
    program.call("get_virtual_contract_note", orders)


def be_refused(program: Program) -> None:
    program.place(quantity=66)
    program.place(price=program.far() + 0.03)
    program.place(tradingsymbol="NIFTY26NOV1CE")
    program.place(order_type="MARKET")
    program.place(quantity=-65)
    program.place(quantity="nan")
    program.place(tag="x" * 21)
    program.place(quantity=20 * LOT)
    for variety in ("amo", "co", "auction"):
        program.place(variety=variety)
    program.call("modify_order", "regular", "261118000000000", quantity=LOT)
    program.call("order_history", "1")
    program.call("margins", "gold")
    for name in ("mf_orders", "mf_sips", "mf_holdings", "get_auction_instruments"):
        program.call(name)
    program.call("renew_access_token", "refresh", program.keys["api_secret"])


def end(program: Program, url: str) -> None:
    told: list[str] = []
    real = KiteConnect("abcd1234efgh", "x" * 32, root=url)
    program.call("profile", of=real)
    program.call("invalidate_access_token")
    program.kite.set_session_expiry_hook(lambda: told.append("expired"))
    program.call("orders")
    program.rows.append({"call": "session_expiry_hook", "value": told})
    program.call("generate_session", program.keys["request_token"], program.keys["api_secret"])
    program.call("profile")


def main(url: str, keys: Path, out: Path) -> None:
    """Use everything that the paper API has."""
    program = Program(url, json.loads(keys.read_text()))
    log_in(program)
    program.until(program.has_price)
    for part in (rest_change_and_cancel, trade, slice_and_hide, trigger, ask_margins, be_refused):
        part(program)
    end(program, url)
    out.write_text(json.dumps(program.rows, default=_text))


def _text(value: object) -> str:
    assert isinstance(value, dt.datetime), value
    assert value.tzinfo is None
    return value.isoformat(" ")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
