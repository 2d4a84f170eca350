"""Rows of the books in Kite's names and units: rupees as floats, times as Indian wall time.

Ids are the daemon's own; the face that serves them makes Kite's digits of them.
"""

from __future__ import annotations

from typing import Final

from daemon.broker.executions import Execution
from daemon.broker.funds import Funds
from daemon.broker.order_book import BrokerOrder
from daemon.broker.positions import MULTIPLIER, PositionRow
from daemon.domain.dates import iso_ist
from daemon.domain.exchange_order import ExchangeOrderState
from daemon.domain.gtt import Gtt, GttLeg
from daemon.domain.instrument import Instrument
from daemon.domain.money import PAISE_PER_RUPEE, rupees
from daemon.domain.order_kind import STOP_KINDS
from daemon.domain.untraded import API

KiteRow = dict[str, object]
_TEXT_LENGTH: Final = len("2026-11-18 09:15:00")
_IN_FLIGHT: Final = "PUT ORDER REQ RECEIVED"


def position_fields(row: PositionRow, instrument: Instrument) -> KiteRow:
    """Return a position as Kite's `net` and `day` show it.

    As in Kite's own sample, `unrealised` repeats `pnl`, whatever was closed, and `realised` is 0.
    """
    bought = average(row.buy_paise, row.buy_quantity)
    sold = average(row.sell_paise, row.sell_quantity)
    pnl = rupees(row.pnl_paise)
    return {
        "tradingsymbol": row.tradingsymbol,
        "exchange": instrument.exchange,
        "instrument_token": instrument.instrument_token,
        "product": row.product,
        "quantity": row.quantity,
        "overnight_quantity": row.overnight_quantity,
        "multiplier": MULTIPLIER,
        "average_price": bought if row.quantity > 0 else sold if row.quantity < 0 else 0,
        "close_price": rupees(row.close_paise),
        "last_price": rupees(row.last_paise),
        "value": rupees(row.value_paise),
        "pnl": pnl,
        "m2m": rupees(row.m2m_paise),
        "unrealised": pnl,
        "realised": 0,
        "buy_quantity": row.buy_quantity,
        "buy_price": bought,
        "buy_value": rupees(row.buy_paise),
        "buy_m2m": rupees(row.buy_m2m_paise),
        "sell_quantity": row.sell_quantity,
        "sell_price": sold,
        "sell_value": rupees(row.sell_paise),
        "sell_m2m": rupees(row.sell_m2m_paise),
        "day_buy_quantity": row.day_buy_quantity,
        "day_buy_price": average(row.day_buy_paise, row.day_buy_quantity),
        "day_buy_value": rupees(row.day_buy_paise),
        "day_sell_quantity": row.day_sell_quantity,
        "day_sell_price": average(row.day_sell_paise, row.day_sell_quantity),
        "day_sell_value": rupees(row.day_sell_paise),
    }


def order_fields(order: BrokerOrder, instrument: Instrument) -> KiteRow:
    """Return an order as Kite's order book shows it; a protected MARKET shows as a LIMIT."""
    is_protected = order.order_type == "MARKET" and order.limit_paise > 0
    is_stop = order.order_type in STOP_KINDS
    return {
        "order_id": order.exchange_id,
        "exchange_order_id": order.exchange_id if order.arrived_ts else None,
        "parent_order_id": None,
        "status": _IN_FLIGHT if order.state is ExchangeOrderState.NEW else order.state.value,
        "status_message": order.status_message or None,
        "status_message_raw": None,
        "order_timestamp": wall_time(order.sent_ts),
        "exchange_timestamp": wall_time(order.arrived_ts) if order.arrived_ts else None,
        "exchange_update_timestamp": wall_time(order.updated_ts) if order.arrived_ts else None,
        "variety": "iceberg" if order.legs else "regular",
        "modified": order.modifications > 0,
        "exchange": instrument.exchange,
        "tradingsymbol": order.tradingsymbol,
        "instrument_token": instrument.instrument_token,
        "order_type": "LIMIT" if is_protected else order.order_type,
        "transaction_type": order.side,
        "validity": order.validity,
        "product": order.product,
        "quantity": order.quantity,
        "disclosed_quantity": order.disclosed_quantity,
        "price": rupees(order.limit_paise),
        "trigger_price": rupees(order.trigger_paise) if is_stop else 0,
        "average_price": average(order.value_paise, order.filled),
        "filled_quantity": order.filled,
        "pending_quantity": order.pending,
        "cancelled_quantity": order.cancelled,
        "market_protection": order.market_protection,
        "meta": {"iceberg": _iceberg(order)} if order.legs else {},
        "tag": API if order.is_close else order.tag or None,
        **({"validity_ttl": order.ttl_minutes} if order.ttl_minutes else {}),
    }


def _iceberg(order: BrokerOrder) -> KiteRow:
    """Return which leg of an iceberg an order is, and what is still to be sent after it."""
    return {
        "leg": order.leg,
        "legs": order.legs,
        "leg_quantity": order.quantity,
        "total_quantity": order.quantity * order.legs,
        "remaining_quantity": order.quantity * (order.legs - order.leg),
    }


def trade_fields(trade: Execution, instrument: Instrument) -> KiteRow:
    """Return a fill as Kite's trade book shows it."""
    time = wall_time(trade.ts)
    return {
        "trade_id": trade.trade_id,
        "order_id": trade.exchange_id,
        "exchange_order_id": trade.exchange_id,
        "exchange": instrument.exchange,
        "tradingsymbol": trade.tradingsymbol,
        "instrument_token": instrument.instrument_token,
        "product": trade.product,
        "average_price": rupees(trade.price_paise),
        "quantity": trade.quantity,
        "transaction_type": trade.side,
        "fill_timestamp": time,
        "order_timestamp": time.partition(" ")[2],
        "exchange_timestamp": time,
    }


def equity_fields(funds: Funds) -> KiteRow:
    """Return the equity segment as Kite's margins show it.

    Today's charges are in `debits` and in nothing else, as Kite has no field for them.
    """
    return {
        "enabled": True,
        "net": float(funds.net),
        "available": {
            "adhoc_margin": 0,
            "cash": float(funds.opening_balance),
            "opening_balance": float(funds.opening_balance),
            "live_balance": float(funds.net),
            "collateral": 0,
            "intraday_payin": 0,
        },
        "utilised": {
            "debits": float(funds.debits),
            "exposure": float(funds.exposure),
            "m2m_realised": float(funds.m2m_realised),
            "m2m_unrealised": float(funds.m2m_unrealised),
            "option_premium": float(funds.option_premium),
            "payout": 0,
            "span": float(funds.span),
            "holding_sales": 0,
            "turnover": 0,
            "liquid_collateral": 0,
            "stock_collateral": 0,
            "delivery": float(funds.delivery),
        },
    }


def gtt_fields(gtt: Gtt, instrument: Instrument, refused: str = "") -> KiteRow:
    """Return a GTT as Kite shows it; `refused` is why the order of its fired leg was.

    The last day of its life stands for the time it expires, which Kite gives to the second.
    """
    return {
        "id": gtt.gtt_id,
        "parent_trigger": None,
        "type": "two-leg" if gtt.terms.is_two_leg else "single",
        "created_at": wall_time(gtt.created_ts),
        "updated_at": wall_time(gtt.updated_ts),
        "expires_at": f"{gtt.expires} 00:00:00",
        "status": gtt.status.value,
        "condition": {
            "exchange": instrument.exchange,
            "last_price": rupees(gtt.terms.last_paise),
            "tradingsymbol": gtt.terms.tradingsymbol,
            "trigger_values": [rupees(each) for each in gtt.terms.triggers],
            "instrument_token": instrument.instrument_token,
        },
        "orders": [
            {**_leg_fields(leg, instrument), "result": _result(gtt, number, instrument, refused)}
            for number, leg in enumerate(gtt.terms.legs, 1)
        ],
        "meta": {},
    }


def _leg_fields(leg: GttLeg, instrument: Instrument) -> KiteRow:
    return {
        "exchange": instrument.exchange,
        "tradingsymbol": instrument.tradingsymbol,
        "product": leg.product,
        "order_type": "LIMIT",
        "transaction_type": leg.side,
        "quantity": leg.quantity,
        "price": rupees(leg.price_paise),
    }


def _result(gtt: Gtt, number: int, instrument: Instrument, refused: str) -> KiteRow | None:
    """Return what became of a leg, None unless it was fired."""
    if number != gtt.leg:
        return None
    return {
        **_leg_fields(gtt.terms.legs[number - 1], instrument),
        "validity": "DAY",
        "meta": f'{{"gtt":{gtt.gtt_id}}}',
        "timestamp": wall_time(gtt.updated_ts),
        "triggered_at": rupees(gtt.ltp_paise),
        "order_result": {
            "status": "failed" if refused else "success",
            "order_id": "" if refused else gtt.exchange_id,
            "rejection_reason": refused,
        },
    }


def charge_fields(order: BrokerOrder) -> KiteRow:
    """Return what an order was charged, as Kite's virtual contract note names it, rupees."""
    gst = float(order.charges.of("gst"))
    return {
        "transaction_tax": float(order.charges.of("transaction_tax")),
        "transaction_tax_type": "stt",
        "exchange_turnover_charge": float(order.charges.of("exchange_turnover_charge")),
        "sebi_turnover_charge": float(order.charges.of("sebi_turnover_charge")),
        "brokerage": float(order.charges.of("brokerage")),
        "stamp_duty": float(order.charges.of("stamp_duty")),
        "gst": {"igst": gst, "cgst": 0, "sgst": 0, "total": gst},
        "total": float(order.charges.total),
    }


def average(paise: int, quantity: int) -> float:
    """Return the rupees of one unit, 0 for none; rounded once, to the nearest float."""
    return paise / (PAISE_PER_RUPEE * quantity) if quantity else 0


def wall_time(ts: int) -> str:
    """Return the Indian wall time of UTC ns in 19 characters, fractions cut."""
    return iso_ist(ts)[:_TEXT_LENGTH].replace("T", " ")
