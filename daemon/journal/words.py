"""Reason codes, numbers and fills in a trader's words. Money in rupees, times IST."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from daemon.domain.dates import SECOND_NS, iso_ist
from daemon.domain.events import ExitDemand, Fill, Levels
from daemon.domain.ledger import has_book_side
from daemon.domain.money import PAISE_PER_RUPEE, rupees_text
from daemon.journal.exchange_reasons import ENDED, REFUSED, TOLD

WATCHES: Final[dict[str, str]] = {
    "watch_stop": "the trades of this tag together had lost the stop of their watch",
    "watch_target": "the trades of this tag together had gained the target of their watch",
    "watch_trail": "the trades of this tag together fell to the trailed stop of their watch",
    "watch_lock": "the trades of this tag together fell to the profit that their watch had locked",
}
"""Why a trade was left, or its entry cancelled, together with others."""

BY_STRATEGY: Final[dict[str, str]] = {
    "strategy_close": "the strategy closed this trade",
    "leg_incomplete": "another entry of its basket, or another first leg of its plan, was refused "
    "or did not fill in time",
}
"""Why a trade or its entry ended by its strategy, without a reason of the strategy's own."""

REFUSALS: Final[dict[str, str]] = {
    "unknown_symbol": "the symbol is not in the universe of this run",
    "not_tradable": "an index has a price but cannot be traded",
    "expired": "the contract had expired",
    "strategy_off": "the strategy was switched off",
    "kill_switch": "the kill switch was on, so nothing new is opened",
    "reducing": "the account takes no new entries (risk state REDUCING)",
    "halted": "the account is halted",
    "market_closed": "the market was not open for this contract",
    "after_square_off": "square-off of intraday (MIS) positions had already begun",
    "physical_settlement": "the contract would soon be delivered in shares",
    "lot_size": "the quantity must be a positive multiple of the lot",
    "bad_level": "a price or level is missing, not usable, or in the wrong order with another",
    "bad_timeframe": "the timeframe is not one that the daemon knows",
    "stop_basis": "a stop at the exchange is triggered by the last price and by no other",
    "no_candles": "the stop or target goes by candles that no strategy asked for",
    "max_order_quantity": "the quantity is above the largest order that the configuration allows",
    "freeze_quantity": "the quantity is above the exchange's freeze quantity",
    "max_open_positions": "as many positions as allowed were open or waiting already",
    "daily_loss": "the day's loss limit was reached",
    "max_trades_per_day": "the strategy had made its trades of the day",
    "insufficient_margin": "the cash must cover the margin, the premium and the charges",
    "max_loss_streak": "the strategy had lost as often in a row as it may in a day",
    "max_lots": "more lots would be open than a strategy or an underlying may have",
    "max_notional": "more contract value would be open than the configuration allows",
    "cooldown": "the strategy pauses after a loss",
    "max_orders_per_minute": "the entries of this minute had been sent",
    "no_price": "no usable price came in time, so the order was not filled",
    "stop_not_protective": "at the fill the stop was not on the losing side of the price",
    "target_not_beyond_entry": "at the fill the target was not on the winning side of the price",
    "exits_not_managed": "this engine (v2) has no managed exits, and the order asked for some",
    "signal_exit": "the strategy asked to be out of this symbol",
    **BY_STRATEGY,
    "square_off": "the time to square off intraday (MIS) positions had come",
    "manual_exit": "a person asked for it",
    "margin_shortfall": "the cash did not cover what was blocked, so waiting entries ended",
    "expiry": "the contract expired",
    **WATCHES,
    **REFUSED,
    **ENDED,
}
"""Why an order was refused or cancelled without a fill."""

_REASONS: Final = (REFUSALS, REFUSED, ENDED, TOLD)

EXITS: Final[dict[str, str]] = {
    "stop_loss": "the price reached the stop",
    "trailing_stop": "the price reached the trailed stop",
    "break_even": "the price reached the stop, which had been moved to cost",
    "stop_loss_rest": "the price reached the stop of the rest",
    "take_profit": "the price reached the target",
    "time_stop": "the position had been held for its number of bars",
    "signal_exit": "the strategy asked to be out",
    **BY_STRATEGY,
    "square_off": "intraday (MIS) positions are squared off before the close",
    "kill_switch": "the kill switch was pulled",
    "manual_exit": "a person asked for it",
    "daily_loss": "the day's loss limit was reached, which closes everything",
    "margin_shortfall": "the cash did not cover what was blocked (margin.enforce: square_off)",
    **WATCHES,
    "physical_settlement": "the contract would be delivered in shares at its expiry",
    "expiry": "the contract expired; it settles at the official close",
    "to_cost": "the price reached the stop, which had been moved to cost after another leg's stop",
    "leg_stop_underlying": "the underlying reached the leg's stop",
    "leg_target_underlying": "the underlying reached the leg's target",
    "complete": "another leg's stop or target was hit, and the plan closes all of them then",
    "overall_stop": "the round's loss reached the plan's overall stop",
    "overall_target": "the round's profit reached the plan's overall target",
    "overall_trail": "the round's profit fell back to the trailed overall stop",
    "overall_lock": "the round's profit fell back to what was locked",
    "plan_exit": "the plan's exit time had come",
    "roll": "the plan rolls it into a later expiry",
    "roll_lost": "there was no contract to roll into",
    "roll_max": "the plan had rolled as often as it may",
}
"""Why a position was left."""

MOVES: Final[dict[str, str]] = {
    "break_even": "to cost, as the price was far enough beyond it",
    "to_cost": "to cost, as the stop of another leg of the plan was hit",
    "entry_fill": "as more of the entry filled, and its average price is another",
    "modified": "as the strategy asked",
}
"""Why a stop was moved, other than by the ladder."""

RULES: Final[dict[str, str]] = {
    "ltp": "the last price",
    "mid": "the middle of bid and ask",
    "bid": "the bid",
    "ask": "the ask",
    "ltp_for_mid": "the last price, as bid or ask was missing",
    "ltp_for_bid": "the last price, as the bid was missing",
    "ltp_for_ask": "the last price, as the ask was missing",
    "settlement": "the settlement of the exchange",
    "converted": "its average cost",
    "last_quote": "the last quote before the close",
    "depth": "the level that it took",
    "cross": "its limit, as the other side came to it",
    "through": "its limit, as the market traded beyond it",
    "at": "its limit, as the queue ahead of it was traded",
    "touch": "its limit, as the market traded there",
}
AT_EXCHANGE: Final = frozenset({"depth", "cross", "through", "at", "touch"})
"""The rules of fills at the paper exchange."""
_NO_BASE: Final = frozenset({"settlement"})
_SAME_AS_BID_ASK: Final = frozenset({"settlement", "bid", "ask", "ltp_for_bid", "ltp_for_ask"})


def money(paise: int) -> str:
    """Format paise as `Rs 1,23,456.50`, the sign in front."""
    return f"-Rs {rupees_text(-paise)}" if paise < 0 else f"Rs {rupees_text(paise)}"


def money_half(half_paise: int) -> str:
    """Format half paise as rupees, with a third decimal only if needed."""
    whole, half = divmod(abs(half_paise), 2)
    sign = "-" if half_paise < 0 else ""
    return f"{sign}Rs {rupees_text(whole)}{'5' if half else ''}"


def money_exact(rupees: Decimal) -> str:
    """Format an exact rupee amount to two decimals, for charges."""
    return money(int((rupees * PAISE_PER_RUPEE).quantize(Decimal(1), ROUND_HALF_UP)))


def wall_time(ts: int) -> str:
    """Return the Indian wall time of `ts` (UTC ns) to the millisecond."""
    return iso_ist(ts)[11:23]


def seconds(ns: int) -> str:
    """Format a span of time for people."""
    return f"{ns / SECOND_NS:.3f}".rstrip("0").rstrip(".") + " s"


def numbers_text(numbers: Mapping[str, int | str] | None) -> str:
    """Format the numbers behind a refusal; a key's ending is its unit (`_paise`, `_ts`, `_ns`)."""
    return ", ".join(_number(key, value) for key, value in (numbers or {}).items())


def _number(key: str, value: int | str) -> str:
    label = key.replace("_", " ")
    if isinstance(value, str):
        return f"{label} {value}"
    if key.endswith("_paise"):
        return f"{label.removesuffix(' paise')} {money(value)}"
    if key.endswith("_ts"):
        return f"{label.removesuffix(' ts')} {iso_ist(value)[:19].replace('T', ' ')} IST"
    if key.endswith("_ns"):
        return f"{label.removesuffix(' ns')} {seconds(value)}"
    return f"{label} {value}"


def why(reason: str) -> str:
    """Return why an order was refused or ended, or what befell it; empty for an unknown code."""
    return next((words[reason] for words in _REASONS if reason in words), "")


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun: `1 tick`, `3 ticks`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def refusal_text(reason: str, numbers: Mapping[str, int | str] | None) -> str:
    """Say why an order was not filled, its code first; a code without a sentence still prints."""
    words = why(reason)
    text = f"{reason}: {words}" if words else reason
    behind = numbers_text(numbers)
    return f"{text} ({behind})." if behind else f"{text}."


def demand_text(reason: str, demand: ExitDemand, open_quantity: int) -> str:
    """Say why an exit began, with the numbers that were compared."""
    text = f"{reason}: {EXITS[reason]}" if reason in EXITS else reason
    if demand.at_exchange:
        did = "filled" if reason == "take_profit" else "was triggered"
        text = f"{reason}: its order at the exchange {did}"
    seen = []
    if demand.level_paise:
        seen.append(f"level {money(demand.level_paise)}")
    if demand.basis_paise:
        seen.append(f"compared with {money(demand.basis_paise)}")
    if demand.ltp_paise:
        seen.append(f"last price {money(demand.ltp_paise)}")
    if demand.bars_held:
        seen.append(f"{demand.bars_held} bars held")
    behind = f" ({', '.join(seen)})" if seen else ""
    kind = "a partial exit" if demand.partial else "a full exit"
    wait = "; waits for the official close" if demand.settling else ""
    return f"{text}{behind}; {kind} of {demand.quantity} of {open_quantity} begins{wait}."


def fill_lines(fill: Fill) -> list[str]:
    """Describe a fill and its evidence, a sentence or two a line."""
    verb = "bought" if fill.transaction_type == "BUY" else "sold"
    lines = [f"{verb} {fill.quantity} at {money(fill.price_paise)}, {_rule_text(fill)}."]
    if fill.rule not in _NO_BASE:
        lines.append(_quote_text(fill))
    if fill.rule not in _SAME_AS_BID_ASK and has_book_side(fill):
        lines.append(
            f"With fill_mode bid_ask the price would have been {money(fill.bid_ask_paise)}."
        )
    lines.extend(_doubts(fill))
    lines.append(f"Charges {money_exact(Decimal(fill.charges.total))}.")
    return lines


def _rule_text(fill: Fill) -> str:
    rule = f"priced from {RULES.get(fill.rule, fill.rule)}"
    if fill.rule in _NO_BASE or (fill.rule in AT_EXCHANGE and not fill.slippage_half_paise):
        return rule
    bps = fill.slippage_half_paise * 10_000 / fill.base_half_paise if fill.base_half_paise else 0.0
    return (
        f"{rule} ({money_half(fill.base_half_paise)}) with "
        f"{money_half(fill.slippage_half_paise)} ({bps:.1f} bps) slippage a unit"
    )


def _quote_text(fill: Fill) -> str:
    bid = money(fill.bid_paise) if fill.bid_paise else "none"
    ask = money(fill.ask_paise) if fill.ask_paise else "none"
    return (
        f"Quote: bid {bid}, ask {ask}, last price {money(fill.ltp_paise)}, "
        f"{seconds(fill.quote_age_ns)} old."
    )


def _doubts(fill: Fill) -> list[str]:
    doubts = []
    if fill.stale:
        doubts.append("The quote was stale: the fill was forced on a price too old to rely on.")
    if fill.walked:
        doubts.append("The price came from inside a candle, not from a tick.")
    if fill.after_gap:
        doubts.append("It is the first quote after a silence of the feed.")
    return doubts


def levels_text(levels: Levels) -> str:
    """Describe the levels of a position from here on."""
    parts = [
        "no stop" if levels.stop_paise is None else f"stop {money(levels.stop_paise)}",
        "no target" if levels.target_paise is None else f"target {money(levels.target_paise)}",
    ]
    if levels.r_paise:
        parts.append(f"risk (R) {money(levels.r_paise)} a unit")
    return ", ".join(parts)
