"""The desk of the naive oracle: intents, gates, fills and exits.

SEMANTICS, "Orders and states" and what follows.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from daemon.domain.dates import MINUTE_NS, ist_date, parse_timeframe
from daemon.domain.events import (
    Charges,
    ExitDemand,
    Fill,
    Levels,
    OrderCreated,
    OrderMoved,
    TradingEvent,
)
from daemon.domain.inputs import Settlement
from daemon.domain.instrument import Instrument
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.order import NEXT_STATES, OrderState, Side
from tests.kit.scenario import Scenario, StrategyLimits
from tests.kit.tariff import in_force
from tests.oracle.book import Pending, Trade, new_trade
from tests.oracle.market import Bar, Calendar, Quote, fraction, price

_S = OrderState
_SECOND = 1_000_000_000


class Desk:
    """What is known, and what is done with orders and positions."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.instruments = scenario.instruments
        self.index = {each.tradingsymbol: at for at, each in enumerate(self.instruments)}
        self.config = scenario.execution
        self.grace = self.config.candle_grace_ms * 1_000_000
        self.latency = self.config.latency_ms * 1_000_000
        self.stale_after = int(fraction(self.config.stale_after_s) * _SECOND)
        self.quote_max_age = int(fraction(self.config.quote_max_age_s) * _SECOND)
        self.reject_after = int(fraction(self.config.reject_after_s) * _SECOND)
        self.calendar = Calendar(scenario.sessions)
        self.square_off_before = self.config.square_off_before_close_min * MINUTE_NS
        self.events: list[TradingEvent] = []
        self.input_no = 0
        self.now = 0
        self.due = 0
        """The due time of what is being processed, 0 if it is not before `now`."""
        self.done = -(2**63)
        """Everything due at or before this has been processed."""
        self.timed = sorted(scenario.timed, key=lambda each: each.ts)
        # market
        self.quotes: dict[int, Quote] = {}
        self.last_tick: int | None = None
        self.broken: set[int] = set()
        """Instruments whose quote is older than a silence of the feed."""
        self.after_gap: set[int] = set()
        self.is_over = False
        """Instruments without a tick since the last silence of the feed."""
        self.bars: dict[tuple[int, str], dict[int, Bar]] = {}
        self.candles: dict[tuple[int, str], int] = {}
        self.volume: dict[tuple[int, str, dt.date], int] = {}
        self.walk_volume: dict[tuple[int, dt.date], int] = {}
        self.official: dict[tuple[str, str], Settlement] = {}
        # books
        self.trades: list[Trade] = []
        self.live: list[Trade] = []
        self.of_date: dict[dt.date, int] = {}
        self.off: set[str] = set()
        self.killed = False
        self.timeframes: set[int] = {parse_timeframe(r.timeframe) for r in scenario.strategies}
        self.moments: list[int] = []
        self.plan()

    def plan(self) -> None:
        """All moments at which something of the sessions is due."""
        found: set[int] = set()
        for (_, segment), (_, closes) in self.scenario.sessions.items():
            found.add(closes - self.square_off_before)
            found.add(closes + self.grace)
            for timeframe in self.timeframes:
                found |= {b + self.grace for b in self.calendar.boundaries(segment, timeframe)}
        self.moments = sorted(found)

    # ------------------------------------------------------------ intents, gates

    def intent(self, wish: OrderIntent) -> None:
        """An intent that reached the front: HOLD is nothing, EXIT closes, the rest is built."""
        if wish.signal == Signal.HOLD:
            return
        if wish.signal == Signal.EXIT:
            for trade in self.waiting_entries() + self.open_trades():
                if (trade.strategy_id, trade.symbol) == (wish.strategy_id, wish.symbol):
                    self.cancel_or_leave(trade, "signal_exit")
            return
        date = ist_date(self.now)
        self.of_date[date] = self.of_date.get(date, 0) + 1
        at = self.index.get(wish.symbol)
        trade = new_trade(
            wish,
            number=len(self.trades) + 1,
            order_id=f"V3-{date:%Y%m%d}-{self.of_date[date]:06d}",
            at=at,
            instrument=None if at is None else self.instruments[at],
            config=self.config,
        )
        self.trades.append(trade)
        self.live.append(trade)
        if trade.timeframe_ns not in self.timeframes:
            self.timeframes.add(trade.timeframe_ns)
            self.plan()
        self.events.append(
            OrderCreated(
                seq=len(self.events) + 1,
                ts=self.now,
                input_no=self.input_no,
                order_id=trade.order_id,
                due_ts=self.due,
                tradingsymbol=wish.symbol,
                transaction_type=trade.side,
                quantity=wish.qty,
                product=wish.product,
                lot_size=trade.lot,
                tick_paise=trade.tick,
                sl_paise=trade.stop,
                tp_paise=trade.target,
                exits=trade.exits,
                strategy_id=wish.strategy_id,
                timeframe=wish.timeframe or "1m",
                tag=wish.tag,
                note=wish.reason,
                confidence=wish.confidence,
            )
        )
        refusal = self.refusal(trade)
        if refusal is not None:
            self.move(trade, _S.REJECTED, refusal)
            return
        self.move(trade, _S.SUBMITTED, "submitted")
        trade.wait_ts, trade.wait_seq = self.now, len(self.events)
        if self.can_fill_now(trade):
            self.fill_entry(trade)

    def refusal(self, trade: Trade) -> str | None:
        """The first gate that refuses, in the order of the decisions."""
        if trade.instrument is None:
            return "unknown_symbol"
        instrument = self.instrument(trade)
        if instrument.is_index:
            return "not_tradable"
        if instrument.expiry and instrument.expiry < ist_date(self.now).isoformat():
            return "expired"
        if trade.strategy_id in self.off:
            return "strategy_off"
        if self.killed:
            return "kill_switch"
        session = self.calendar.session(instrument.segment, self.now)
        if session is None or not session[0] <= self.now < session[1] or self.is_over:
            return "market_closed"
        if trade.product == "MIS" and self.now >= session[1] - self.square_off_before:
            return "after_square_off"
        if trade.quantity <= 0 or trade.quantity % trade.lot:
            return "lot_size"
        if trade.bad_level():
            return "bad_level"
        return self.limit_reached(trade, instrument)

    def limit_reached(self, trade: Trade, instrument: Instrument) -> str | None:
        """The limits of the account, then those of the strategy."""
        risk = self.scenario.risk
        if risk.max_order_quantity is not None and trade.quantity > risk.max_order_quantity:
            return "max_order_quantity"
        if instrument.freeze_quantity and trade.quantity > instrument.freeze_quantity:
            return "freeze_quantity"
        busy = len(self.waiting_entries()) + len(self.open_trades())
        if risk.max_open_positions is not None and busy >= risk.max_open_positions:
            return "max_open_positions"
        today = ist_date(self.now)
        realized = sum(
            paise for each in self.trades for day, paise in each.exits_of if day == today
        )
        if (
            risk.daily_loss_rupees is not None
            and -realized >= fraction(risk.daily_loss_rupees) * 100
        ):
            return "daily_loss"
        limits = self.scenario.limits.get(trade.strategy_id, StrategyLimits())
        own = [t for t in self.trades if t.strategy_id == trade.strategy_id]
        trades = sum(
            1
            for t in own
            if (t.state == _S.SUBMITTED) or (t.filled and ist_date(t.fill_ts) == today)
        )
        if limits.max_trades_per_day is not None and trades >= limits.max_trades_per_day:
            return "max_trades_per_day"
        if limits.max_loss_streak is not None:
            streak = 0
            for done in sorted((t for t in own if t.closed_seq), key=lambda t: t.closed_seq):
                if done.exits_of[-1][0] == today:
                    streak = streak + 1 if done.realized < 0 else 0
            if streak >= limits.max_loss_streak:
                return "max_loss_streak"
        return None

    # ------------------------------------------------------------- exits, begun

    def cancel_or_leave(self, trade: Trade, reason: str) -> None:
        """A waiting entry is cancelled, a position is asked to leave."""
        if trade.state == _S.SUBMITTED:
            self.move(trade, _S.CANCELLED, reason)
        else:
            self.leave(trade, reason)

    def leave(self, trade: Trade, reason: str, *, bars_held: int = 0) -> None:
        """A full exit by time, session or person; remembered while a partial is pending."""
        demand = Pending(reason, trade.open, bars_held=bars_held)
        if trade.state == _S.ACTIVE:
            self.begin_and_try(trade, _S.EXIT_PENDING, demand)
        elif trade.pending is not None and trade.pending.partial and trade.remembered is None:
            trade.remembered = demand

    def begin_and_try(self, trade: Trade, to: OrderState, demand: Pending) -> None:
        self.begin(trade, to, demand)
        if self.can_fill_now(trade):
            self.fill_exit(trade)

    def begin(
        self, trade: Trade, to: OrderState, demand: Pending, *, settling: bool = False
    ) -> None:
        self.move(
            trade,
            to,
            demand.reason,
            demand=ExitDemand(
                quantity=demand.quantity,
                partial=demand.partial,
                settling=settling,
                level_paise=demand.level,
                ltp_paise=demand.ltp,
                bars_held=demand.bars_held,
            ),
        )
        trade.pending = demand
        trade.wait_ts, trade.wait_seq = self.now, len(self.events)

    def can_fill_now(self, trade: Trade) -> bool:
        """No latency, an open session and a fresh quote."""
        at = trade.instrument
        if self.latency or at not in self.quotes or at in self.broken or self.last_tick is None:
            return False
        if not self.calendar.is_open(self.instrument(trade).segment, self.now):
            return False
        silent = self.now - self.last_tick
        return silent <= self.stale_after and self.now - self.quotes[at].ts <= self.quote_max_age

    def expire(self, trade: Trade) -> None:
        """The position waits for the official close; a pending exit becomes that."""
        if trade.state == _S.ACTIVE:
            demand = Pending("expiry", trade.open)
            self.begin(trade, _S.EXIT_PENDING, demand, settling=True)
        trade.pending = Pending("expiry", trade.open)
        trade.remembered = None
        trade.settling = True
        self.settle(trade)

    # -------------------------------------------------------------------- fills

    def fill(
        self, trade: Trade, side_sign: int, quantity: int, *, forced: bool = False, exit_: bool
    ) -> Fill:
        """A fill on the current quote with its evidence."""
        assert trade.instrument is not None
        quote = self.quotes[trade.instrument]
        bps = self.config.slippage
        side = trade.side_of(side_sign)
        made = price(quote, side, self.config.fill_mode, bps, trade.tick)
        charges = self.charges(trade, side, quantity, made.price)
        fair = price(quote, side, "bid_ask", bps, trade.tick).price
        return Fill(
            transaction_type=side,
            quantity=quantity,
            price_paise=made.price,
            rule="last_quote" if forced else made.rule,
            base_half_paise=made.base_half,
            slippage_half_paise=made.slippage_half,
            ltp_paise=quote.ltp,
            bid_paise=quote.bid,
            ask_paise=quote.ask,
            quote_ts=quote.ts,
            quote_age_ns=self.now - quote.ts,
            bid_ask_paise=fair,
            stale=forced,
            walked=quote.walked,
            after_gap=quote.after_gap,
            charges=charges,
            realized_paise=trade.sign * (made.price - trade.entry) * quantity if exit_ else 0,
            realized_bid_ask_paise=trade.sign * (fair - trade.entry_bid_ask) * quantity
            if exit_
            else 0,
        )

    def booking_day(self) -> dt.date:
        """The Indian date on which what happens now is booked."""
        return ist_date(self.due or self.now)

    def charges(self, trade: Trade, side: Side, quantity: int, price_paise: int) -> Charges:
        """What an order that is filled now costs."""
        if not self.config.charges:
            return Charges()
        tariff = in_force(self.scenario.tariffs, self.booking_day())
        return tariff.order(self.instrument(trade), side, quantity, price_paise)

    def cost(self, trade: Trade, ltp: int) -> int | None:
        """C: E, or the first price from E towards ltp at which all charges are earned.

        None if there is no such price at least one step before ltp.
        """
        for at in range(trade.entry, ltp, trade.sign * trade.tick):
            if trade.sign * (ltp - at) < trade.tick:
                return None
            if not trade.exits.break_even_with_charges or self.pays(trade, at):
                return at
        return None

    def pays(self, trade: Trade, at: int) -> bool:
        """Whether closing all of it at this price earns the charges of its entry and its exit."""
        closing = self.charges(trade, trade.side_of(-trade.sign), trade.open, at)
        earned = Fraction(trade.sign * (at - trade.entry) * trade.open, 100)
        return earned >= trade.charged + Fraction(closing.total)

    def fill_entry(self, trade: Trade) -> None:
        """SUBMITTED to FILLED to ACTIVE, or rejected because a level is on the wrong side."""
        fill = self.fill(trade, trade.sign, trade.quantity, exit_=False)
        sign, entry, ltp = trade.sign, fill.price_paise, fill.ltp_paise
        if trade.stop is not None and not sign * trade.stop < min(sign * entry, sign * ltp):
            self.move(trade, _S.REJECTED, "stop_not_protective")
            return
        if trade.target is not None and not sign * trade.target > max(sign * entry, sign * ltp):
            self.move(trade, _S.REJECTED, "target_not_beyond_entry")
            return
        trade.filled, trade.fill_ts, trade.open = True, self.now, trade.quantity
        trade.entry, trade.entry_bid_ask = entry, fill.bid_ask_paise
        trade.charged = Fraction(fill.charges.total)
        self.move(trade, _S.FILLED, "filled", fill=fill)
        if trade.stop is not None:
            trade.r = abs(entry - trade.stop)
            trade.step = fraction(trade.exits.trail_step_r) * trade.r
            trade.anchor, trade.behind, trade.best = entry, Fraction(trade.r), sign * entry
        self.move(trade, _S.ACTIVE, "active", levels=self.levels(trade))

    def fill_exit(self, trade: Trade, *, forced: bool = False) -> None:
        """A pending exit fills on the current quote; forced means at the session's end."""
        assert trade.pending is not None
        assert trade.instrument is not None
        demand, ltp = trade.pending, self.quotes[trade.instrument].ltp
        partial = demand.partial and not forced
        if partial:
            assert trade.stop is not None
            if trade.sign * ltp <= trade.sign * trade.stop - trade.step:
                partial = False  # a gap: everything leaves
        quantity = demand.quantity if partial else trade.open
        fill = self.fill(trade, -trade.sign, quantity, forced=forced, exit_=True)
        if not partial:
            self.close(trade, fill, demand.reason)
            return
        assert trade.stop is not None
        trade.booked(self.booking_day(), fill.realized_paise)
        trade.open -= quantity
        trade.partial_made, trade.mover, trade.pending = True, "", None
        trade.ladder_steps = 0
        trade.anchor, trade.behind, trade.best = trade.stop, trade.step, trade.sign * trade.stop
        trade.stop = trade.sign * trade.snap_back(trade.sign * trade.stop - trade.step)
        self.move(trade, _S.ACTIVE, demand.reason, fill=fill, levels=self.levels(trade))
        if trade.remembered is not None:
            kept, trade.remembered = trade.remembered, None
            self.begin_and_try(
                trade,
                _S.EXIT_PENDING,
                Pending(kept.reason, trade.open, bars_held=kept.bars_held),
            )

    def settle(self, trade: Trade) -> None:
        """At the intrinsic value of the official close, if that is known."""
        instrument = self.instrument(trade)
        official = self.official.get((instrument.name, instrument.expiry))
        if official is None:
            return
        value = official.close_paise
        charges = Charges()
        if instrument.instrument_type == "CE":
            value = max(0, official.close_paise - instrument.strike_paise)
        elif instrument.instrument_type == "PE":
            value = max(0, instrument.strike_paise - official.close_paise)
        if self.config.charges:
            tariff = in_force(self.scenario.tariffs, self.booking_day())
            charges = tariff.exercise(instrument, trade.sign, trade.open, value)
        fill = Fill(
            transaction_type=trade.side_of(-trade.sign),
            quantity=trade.open,
            charges=charges,
            price_paise=value,
            rule="settlement",
            base_half_paise=2 * value,
            slippage_half_paise=0,
            ltp_paise=official.close_paise,
            bid_paise=0,
            ask_paise=0,
            quote_ts=official.ts,
            quote_age_ns=self.now - official.ts,
            bid_ask_paise=value,
            realized_paise=trade.sign * (value - trade.entry) * trade.open,
            realized_bid_ask_paise=trade.sign * (value - trade.entry_bid_ask) * trade.open,
        )
        self.close(trade, fill, "expiry")

    def close(self, trade: Trade, fill: Fill, reason: str) -> None:
        trade.booked(self.booking_day(), fill.realized_paise)
        trade.open -= fill.quantity
        assert trade.open == 0
        trade.pending = trade.remembered = None
        trade.settling = False
        self.move(trade, _S.CLOSED, reason, fill=fill)
        trade.closed_seq = len(self.events)

    # ------------------------------------------------------------------ helpers

    @staticmethod
    def levels(trade: Trade) -> Levels:
        return Levels(
            stop_paise=trade.stop,
            target_paise=trade.target,
            anchor_paise=trade.anchor,
            r_paise=trade.r,
        )

    def move(
        self,
        trade: Trade,
        to: OrderState,
        reason: str,
        *,
        fill: Fill | None = None,
        demand: ExitDemand | None = None,
        levels: Levels | None = None,
    ) -> None:
        """One transition; the table of states is the law."""
        assert to in NEXT_STATES[trade.state], (trade.order_id, trade.state, to)
        self.events.append(
            OrderMoved(
                seq=len(self.events) + 1,
                ts=self.now,
                input_no=self.input_no,
                order_id=trade.order_id,
                due_ts=self.due,
                from_state=trade.state,
                to_state=to,
                reason=reason,
                fill=fill,
                demand=demand,
                levels=levels,
            )
        )
        trade.state = to

    def instrument(self, trade: Trade) -> Instrument:
        assert trade.instrument is not None
        return self.instruments[trade.instrument]

    def waiting_entries(self) -> list[Trade]:
        return [trade for trade in self.live if trade.state == _S.SUBMITTED]

    def open_trades(self) -> list[Trade]:
        return [trade for trade in self.live if trade.open]

    def net_open(self, at: int) -> int:
        return sum(t.sign * t.open for t in self.live if t.instrument == at)
