"""Coherent journals for tests of what is shown: every event is legal and every sum is right."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from daemon.domain.dates import ist_ns
from daemon.domain.events import (
    Charges,
    ExitDemand,
    Fill,
    Levels,
    OrderCreated,
    OrderMoved,
    StopMoved,
    TradingEvent,
)
from daemon.domain.ledger import Ledger
from daemon.domain.order import ExitRules, OrderState, Side

DAY = dt.date(2026, 11, 20)
NIFTY_CE = "NIFTY26NOV25000CE"
BANK_FUT = "BANKNIFTY26NOVFUT"

PENDING_OF = {
    "stop_loss": OrderState.SL_PENDING,
    "trailing_stop": OrderState.SL_PENDING,
    "stop_loss_rest": OrderState.SL_PENDING,
    "take_profit": OrderState.TP_PENDING,
}


def at(hhmmss: str, day: dt.date = DAY) -> int:
    """UTC ns of an Indian wall time."""
    return ist_ns(day, dt.time.fromisoformat(hhmmss))


class EventScript:
    """Writes events one after the other and keeps the ledger that they make."""

    def __init__(self) -> None:
        self.events: list[TradingEvent] = []
        self.ledger = Ledger()
        self._orders = 0

    def enter(
        self, ts: int, symbol: str, side: Side, quantity: int, price: int, **fill: Any
    ) -> str:
        """An order from intent to ACTIVE; `stop`, `target`, `strategy` and fill fields by name."""
        stop, target = fill.pop("stop", None), fill.pop("target", None)
        order_id = self.create(ts, symbol, side, quantity, strategy=fill.pop("strategy", "orb"))
        self._move(ts, order_id, "SUBMITTED", "submitted")
        made = self._fill(ts, side, quantity, price, fill)
        self._move(ts, order_id, "FILLED", "filled", fill=made)
        r_paise = abs(price - stop) if stop is not None else 0
        levels = Levels(stop_paise=stop, target_paise=target, anchor_paise=price, r_paise=r_paise)
        self._move(ts, order_id, "ACTIVE", "active", levels=levels)
        return order_id

    def leave(self, ts: int, order_id: str, price: int, reason: str, **fill: Any) -> None:
        """An exit: all that is open, or `quantity` of it, which leaves the rest ACTIVE."""
        position = self.ledger.positions[order_id]
        quantity = fill.pop("quantity", position.quantity)
        partial = quantity < position.quantity
        excursion = fill.pop("excursion", None)
        pending = (
            OrderState.SL_PENDING if partial else PENDING_OF.get(reason, OrderState.EXIT_PENDING)
        )
        demand = ExitDemand(quantity=quantity, partial=partial, ltp_paise=price)
        self._move(ts, order_id, pending, reason, demand=demand)
        share = position.cost_paise * quantity // position.quantity
        fill["realized_paise"] = position.sign * (price * quantity - share)
        side: Side = "SELL" if position.sign > 0 else "BUY"
        bid_ask = fill.setdefault("bid_ask_paise", price - 5 * position.sign)
        gain = position.sign * (bid_ask - position.entry_bid_ask_paise)
        fill["realized_bid_ask_paise"] = gain * quantity
        made = self._fill(ts, side, quantity, price, fill)
        levels = Levels(stop_paise=position.stop_paise, target_paise=position.target_paise)
        if partial:
            self._move(ts, order_id, "ACTIVE", reason, fill=made, levels=levels)
        else:
            self._move(ts, order_id, "CLOSED", reason, fill=made, excursion=excursion)

    def create(
        self, ts: int, symbol: str, side: Side, quantity: int, *, strategy: str = "orb"
    ) -> str:
        """An order in CREATED."""
        self._orders += 1
        day = dt.datetime.fromtimestamp(ts / 1e9, dt.timezone(dt.timedelta(hours=5.5)))
        order_id = f"V3-{day:%Y%m%d}-{self._orders:06d}"
        self._add(
            OrderCreated(
                seq=len(self.events) + 1,
                ts=ts,
                input_no=len(self.events) + 1,
                order_id=order_id,
                tradingsymbol=symbol,
                transaction_type=side,
                quantity=quantity,
                product="MIS",
                lot_size=25,
                tick_paise=5,
                sl_paise=None,
                tp_paise=None,
                exits=ExitRules(),
                strategy_id=strategy,
                timeframe="1m",
            )
        )
        return order_id

    def refuse(
        self, ts: int, symbol: str, reason: str, *, strategy: str = "orb", **numbers: int | str
    ) -> None:
        """An intent that a gate stopped, with the numbers that it compared."""
        order_id = self.create(ts, symbol, "BUY", 25, strategy=strategy)
        self._move(ts, order_id, "REJECTED", reason, numbers=numbers or None)

    def submit(self, ts: int, symbol: str) -> str:
        """An order that waits for its fill."""
        order_id = self.create(ts, symbol, "BUY", 25)
        self._move(ts, order_id, "SUBMITTED", "submitted")
        return order_id

    def move_stop(self, ts: int, order_id: str, stop: int, ltp: int) -> None:
        """A step of the ladder."""
        now = self.ledger.positions[order_id].stop_paise or 0
        self._add(
            StopMoved(
                seq=len(self.events) + 1,
                ts=ts,
                input_no=len(self.events) + 1,
                order_id=order_id,
                stop_from_paise=now,
                stop_to_paise=stop,
                steps=1,
                ltp_paise=ltp,
            )
        )

    def archive_all(self, ts: int) -> None:
        """The session's end: everything that is over leaves the ledger."""
        for order in list(self.ledger.orders.values()):
            if order.state in ("CLOSED", "REJECTED", "CANCELLED"):
                self._move(ts, order.order_id, "ARCHIVED", "session_end")

    def _fill(self, ts: int, side: Side, quantity: int, price: int, more: dict[str, Any]) -> Fill:
        spread = 5 if side == "BUY" else -5
        fields: dict[str, Any] = {
            "rule": "mid",
            "base_half_paise": 2 * price,
            "slippage_half_paise": 0,
            "ltp_paise": price,
            "bid_paise": price - 5,
            "ask_paise": price + 5,
            "quote_ts": ts,
            "quote_age_ns": 0,
            "bid_ask_paise": price + spread,
            "charges": charges(price * quantity),
        }
        fields.update(more)
        return Fill(transaction_type=side, quantity=quantity, price_paise=price, **fields)

    def _move(self, ts: int, order_id: str, to: str, reason: str, **facts: Any) -> None:
        self._add(
            OrderMoved(
                seq=len(self.events) + 1,
                ts=ts,
                input_no=len(self.events) + 1,
                order_id=order_id,
                from_state=self.ledger.orders[order_id].state,
                to_state=OrderState(to),
                reason=reason,
                **facts,
            )
        )

    def _add(self, event: TradingEvent) -> None:
        self.ledger.apply(event)
        self.events.append(event)


def charges(turnover_paise: int) -> Charges:
    """Round numbers that look like charges: 20 rupees and five hundredths of a percent."""
    turnover = Decimal(turnover_paise) / 100
    tax = (turnover * Decimal("0.0005")).quantize(Decimal("0.0001"))
    return Charges(brokerage="20", transaction_tax=str(tax), total=str(20 + tax))


def sample_day() -> EventScript:
    """A day with a winner, a partial exit, a short, refusals, and one position still open."""
    script = EventScript()
    script.refuse(at("09:15:10"), NIFTY_CE, "market_closed")
    first = script.enter(at("09:20:00"), NIFTY_CE, "BUY", 50, 10_000, stop=9_500, target=11_200)
    script.move_stop(at("09:24:00"), first, 9_750, 10_250)
    script.leave(
        at("09:31:05"), first, 9_740, "trailing_stop", quantity=25, quote_age_ns=1_500_000_000
    )
    script.leave(at("09:58:40"), first, 11_200, "take_profit")
    short = script.enter(
        at("10:05:00"), BANK_FUT, "SELL", 25, 5_150_000, stop=5_170_000, strategy="fade"
    )
    script.leave(at("10:42:13"), short, 5_170_500, "stop_loss", after_gap=True, stale=True)
    script.refuse(at("11:00:00"), BANK_FUT, "lot_size", strategy="fade")
    script.refuse(at("11:01:00"), BANK_FUT, "lot_size", strategy="fade")
    third = script.enter(at("11:15:00"), NIFTY_CE, "BUY", 25, 10_800, rule="ltp", walked=True)
    script.leave(at("12:40:00"), third, 11_050, "time_stop")
    script.enter(at("14:30:00"), NIFTY_CE, "BUY", 25, 11_500, stop=11_000, target=12_500)
    return script
