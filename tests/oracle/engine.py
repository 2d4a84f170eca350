"""The oracle: docs/SEMANTICS.md read aloud, one row at a time, with its own books.

It shares only the vocabulary of `daemon.domain` with the engine. Nothing here is fast, and
nothing is clever: each method is one sentence of the text. `run(scenario)` gives the trading
events that the engine should give for the same scenario.
"""

from __future__ import annotations

import math
from bisect import bisect_right

from daemon.domain.candle import Candle
from daemon.domain.dates import ist_date, parse_timeframe
from daemon.domain.events import StopMoved, TradingEvent
from daemon.domain.inputs import Clock, Command, Gap, Settlement
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.money import rupees
from daemon.domain.order import DEAD_STATES, PENDING_EXIT_STATES, OrderState
from tests.kit.scenario import CandleRule, Row, Scenario, ScenarioInput, WalkCandle
from tests.oracle.book import Pending, Trade
from tests.oracle.desk import Desk
from tests.oracle.market import Bar, Quote

_S = OrderState


class Naive(Desk):
    """One run of the oracle: the inputs and the steps of SEMANTICS, "One input, in this order"."""

    # ------------------------------------------------------------------ inputs

    def run(self) -> list[TradingEvent]:
        """Deliver everything; a candle is four rows, merged by time, then declaration."""
        high_first: dict[int, bool] = {}
        for at, step, item in self.delivery():
            self.input_no += 1
            if isinstance(item, WalkCandle):
                self.deliver(self.walk_row(item, step, high_first.get(at, False)), walked=True)
                if step == 0:
                    high_first[at] = self.net_open(item.instrument) < 0
            else:
                self.deliver(item)
        return self.events

    def delivery(
        self,
    ) -> list[tuple[int, int, ScenarioInput]]:
        """(declaration number, step, input) in the order of delivery."""
        out: list[tuple[int, int, int, ScenarioInput]] = []
        for at, item in enumerate(self.scenario.inputs):
            if isinstance(item, WalkCandle):
                t = item.interval_ns
                for step, after in enumerate((0, t // 4, t // 2, t - 1000)):
                    out.append((item.ts + after, at, step, item))
            else:
                out.append((item.ts, at, 0, item))
        if any(isinstance(item, WalkCandle) for item in self.scenario.inputs):
            out.sort(key=lambda each: each[:3])
        return [(at, step, item) for _, at, step, item in out]

    def walk_row(self, candle: WalkCandle, step: int, high_first: bool) -> Row:
        """One step of a candle; the open step carries the day's volume before it."""
        t = candle.interval_ns
        high = max(candle.open, candle.high, candle.low, candle.close)
        low = min(candle.open, candle.high, candle.low, candle.close)
        first, second = (high, low) if high_first else (low, high)
        ts = candle.ts + (0, t // 4, t // 2, t - 1000)[step]
        key = (candle.instrument, ist_date(ts))
        volume = -1
        if candle.volume >= 0 and step in (0, 3):
            volume = self.walk_volume.get(key, 0) + (candle.volume if step == 3 else 0)
            self.walk_volume[key] = volume
        return Row(
            ts=ts,
            instrument=candle.instrument,
            ltp=(candle.open, first, second, candle.close)[step],
            volume=volume,
        )

    def deliver(
        self, item: Row | Clock | Command | Settlement | Gap, *, walked: bool = False
    ) -> None:
        """One input: refused rows do not exist; the rest passes the steps.

        See SEMANTICS, "One input, in this order".
        """
        if isinstance(item, Row) and (
            not 0 <= item.instrument < len(self.instruments) or item.ltp <= 0 or item.ts < self.now
        ):
            return
        assert item.ts >= self.now, "expected inputs in time order"
        self.now = item.ts
        self.what_is_due(item if isinstance(item, Command | Settlement) else None)
        self.due = 0
        if isinstance(item, Row):
            self.tick(item, walked)
        elif isinstance(item, Gap):
            self.gap(item)

    def gap(self, item: Gap) -> None:
        """Quotes from before a gap are not believed; the next tick of each is marked."""
        for at, instrument in enumerate(self.instruments):
            if not item.symbols or instrument.tradingsymbol in item.symbols:
                self.broken.add(at)
                self.after_gap.add(at)

    # ------------------------------------------------------- step 1: what is due

    def what_is_due(self, item: Command | Settlement | None) -> None:
        """One due time completely before the next, all at or before now."""
        while True:
            moments = [t.wait_ts + self.reject_after for t in self.live if t.state == _S.SUBMITTED]
            moments += [each.ts for each in self.timed[:1]]
            after = bisect_right(self.moments, self.done)
            moments += self.moments[after : after + 1]
            if item is not None:
                moments.append(item.ts)
            if not moments or min(moments) > self.now:
                return
            moment = min(moments)
            self.due = moment if moment < self.now else 0
            self.reject_late_entries(moment)
            if moment > self.done:  # a boundary is passed once
                self.time_stops(moment - self.grace)
            self.square_off(moment)
            if item is not None and item.ts == moment:
                if isinstance(item, Command):
                    self.command(item)
                else:
                    self.settlement(item)
                item = None
            while self.timed and self.timed[0].ts <= moment:
                wanted = self.timed.pop(0).intent
                assert isinstance(wanted, OrderIntent)
                self.intent(wanted)
            if moment > self.done:
                self.closed_candles(moment - self.grace)
                self.session_end(moment)
            self.done = max(self.done, moment)

    def reject_late_entries(self, moment: int) -> None:
        for trade in self.waiting_entries():
            if trade.wait_ts + self.reject_after <= moment:
                self.move(trade, _S.REJECTED, "no_price")

    def time_stops(self, boundary: int) -> None:
        for trade in self.open_trades():
            segment = self.instrument(trade).segment
            if trade.fill_ts < boundary and boundary in self.calendar.boundaries(
                segment, trade.timeframe_ns
            ):
                trade.bars += 1
                if 0 < trade.exits.time_stop_bars <= trade.bars:
                    self.leave(trade, "time_stop", bars_held=trade.bars)

    def square_off(self, moment: int) -> None:
        segments = {
            segment
            for (_, segment), (_, closes) in self.scenario.sessions.items()
            if closes - self.square_off_before == moment
        }
        for trade in self.waiting_entries() + self.open_trades():
            if trade.product == "MIS" and self.instrument(trade).segment in segments:
                self.cancel_or_leave(trade, "square_off")

    def command(self, command: Command) -> None:
        if command.command == "kill_switch":
            self.killed = True
            for trade in self.waiting_entries() + self.open_trades():
                self.cancel_or_leave(trade, "kill_switch")
        elif command.command == "manual_exit":
            for trade in self.waiting_entries() + self.open_trades():
                if trade.order_id == command.target:
                    self.cancel_or_leave(trade, "manual_exit")
        elif command.command == "strategy_off":
            self.off.add(command.target)
        else:
            self.off.discard(command.target)

    def settlement(self, official: Settlement) -> None:
        self.official[official.underlying, official.date] = official
        for trade in self.open_trades():
            if trade.settling:
                self.settle(trade)

    def closed_candles(self, boundary: int) -> None:
        """Bars that end here go to the rules; one rule has each symbol, with all its entries."""
        intents: list[tuple[int, OrderIntent]] = []
        for timeframe in sorted({parse_timeframe(r.timeframe) for r in self.scenario.strategies}):
            for at, instrument in enumerate(self.instruments):
                for order, rule in enumerate(self.scenario.strategies):
                    if parse_timeframe(rule.timeframe) != timeframe:
                        continue
                    if instrument.tradingsymbol not in rule.symbols:
                        continue
                    candle = self.candle(at, rule, boundary)
                    wishes = rule.decide(candle) if candle is not None else ()
                    intents += [
                        (order, self.owned(wish, rule))
                        for wish in wishes
                        if wish.signal != Signal.HOLD
                    ]
        winner: dict[str, tuple[float, int]] = {}
        for order, wish in intents:
            if wish.signal != Signal.EXIT and wish.qty > 0:
                claim = (wish.confidence, -order)
                winner[wish.symbol] = max(winner.get(wish.symbol, claim), claim)
        self.is_over = ist_date(boundary + self.grace) != ist_date(self.now)
        for order, wish in intents:
            is_rival = wish.signal != Signal.EXIT and wish.qty > 0
            if not is_rival or -order == winner[wish.symbol][1]:
                self.intent(wish)
        self.is_over = False
        for key, bars in self.bars.items():
            for start in [s for s, bar in bars.items() if bar.end <= boundary]:
                del bars[start]
                self.candles[key] = self.candles.get(key, 0) + 1

    def owned(self, wish: OrderIntent, rule: CandleRule) -> OrderIntent:
        """The intent with its rule's name and timeframe where it has none."""
        fields = {name: getattr(wish, name) for name in wish.__struct_fields__}
        fields["strategy_id"] = wish.strategy_id or rule.strategy_id
        fields["timeframe"] = wish.timeframe or rule.timeframe
        return OrderIntent(**fields)

    def candle(self, at: int, rule: CandleRule, boundary: int) -> Candle | None:
        """The bar of the rule's timeframe that ends at the boundary, if it had a tick."""
        for bar in self.bars.get((at, rule.timeframe), {}).values():
            if bar.end == boundary:
                return Candle(
                    tradingsymbol=self.instruments[at].tradingsymbol,
                    timeframe=rule.timeframe,
                    ts=bar.start,
                    end_ts=bar.end,
                    open=rupees(bar.open),
                    high=rupees(bar.high),
                    low=rupees(bar.low),
                    close=rupees(bar.close),
                    volume=bar.volume,
                    bar=self.candles.get((at, rule.timeframe), 0) + 1,
                )
        return None

    def session_end(self, moment: int) -> None:
        """Expiries and forced closes by position number, then the archive."""
        ending = {
            segment: date
            for (date, segment), (_, closes) in self.scenario.sessions.items()
            if closes + self.grace == moment
            and any(each.segment == segment for each in self.instruments)
        }
        if not ending:
            return
        for trade in self.open_trades():
            instrument = self.instrument(trade)
            if instrument.segment not in ending or trade.settling:
                continue
            if instrument.expiry == ending[instrument.segment].isoformat():
                self.expire(trade)
            elif trade.product == "MIS" and trade.instrument in self.quotes:
                if trade.state == _S.ACTIVE:
                    self.begin(trade, _S.EXIT_PENDING, Pending("square_off", trade.open))
                self.fill_exit(trade, forced=True)
        for trade in self.trades:
            if trade.state in DEAD_STATES and (
                trade.instrument is None or self.instrument(trade).segment in ending
            ):
                self.move(trade, _S.ARCHIVED, "session_end")
        self.live = [t for t in self.live if t.state not in DEAD_STATES | {_S.ARCHIVED}]

    # ----------------------------------------------------- steps 2 and 3: a tick

    def tick(self, row: Row, walked: bool) -> None:
        """The feed is alive; in session the tick is a quote, fills, then exits see it."""
        if self.last_tick is not None and row.ts - self.last_tick > self.stale_after:
            self.broken = set(range(len(self.instruments)))
            self.after_gap = set(range(len(self.instruments)))
        self.last_tick = row.ts
        at = row.instrument
        if not self.calendar.is_open(self.instruments[at].segment, row.ts):
            return
        bid, ask = self.sides(row)
        self.quotes[at] = Quote(row.ts, row.ltp, bid, ask, walked, at in self.after_gap)
        self.broken.discard(at)
        self.after_gap.discard(at)
        self.build_bars(row)
        waiting = [
            trade
            for trade in self.live
            if trade.instrument == at
            and not trade.settling
            and (trade.state == _S.SUBMITTED or trade.state in PENDING_EXIT_STATES)
            and row.ts >= trade.wait_ts + self.latency
        ]
        for trade in sorted(waiting, key=lambda each: each.wait_seq):
            if trade.state == _S.SUBMITTED:
                self.fill_entry(trade)
            else:
                self.fill_exit(trade)
        for trade in self.open_trades():
            if trade.instrument == at and trade.state == _S.ACTIVE:
                self.watch(trade, row.ltp)

    @staticmethod
    def sides(row: Row) -> tuple[int, int]:
        """Bid and ask, 0 where absent: a price that is not above 0, or both sides if crossed."""
        bid, ask = ((each if each is not None and each > 0 else 0) for each in (row.bid, row.ask))
        return (0, 0) if bid > ask > 0 else (bid, ask)

    def build_bars(self, row: Row) -> None:
        """The tick belongs to the bar of min(exchange_ts, ts), if that is not closed."""
        at = min(row.exchange_ts, row.ts) if row.exchange_ts else row.ts
        segment = self.instruments[row.instrument].segment
        for name in {rule.timeframe for rule in self.scenario.strategies}:
            found = self.calendar.bar(segment, parse_timeframe(name), at, row.ts)
            if found is None or found[1] + self.grace <= row.ts:
                continue  # late_for_candle: it touches nothing of the candle, volume neither
            bars = self.bars.setdefault((row.instrument, name), {})
            if found[0] not in bars:
                bars[found[0]] = Bar(*found, row.ltp, row.ltp, row.ltp, row.ltp)
            bar = bars[found[0]]
            bar.high, bar.low = max(bar.high, row.ltp), min(bar.low, row.ltp)
            bar.close = row.ltp
            bar.volume += self.increase(row, name)

    def increase(self, row: Row, timeframe: str) -> int:
        """What this tick adds to the running maximum that the timeframe has seen today."""
        if row.volume < 0:
            return 0
        key = (row.instrument, timeframe, ist_date(row.ts))
        highest = self.volume.get(key, row.volume)
        self.volume[key] = max(highest, row.volume)
        return max(0, row.volume - highest)

    def watch(self, trade: Trade, ltp: int) -> None:
        """Target, stop, trail, in this order; a short is a long with the signs turned."""
        sign = trade.sign
        if trade.target is not None and sign * ltp >= sign * trade.target:
            demand = Pending("take_profit", trade.open, level=trade.target, ltp=ltp)
            self.begin_and_try(trade, _S.TP_PENDING, demand)
        elif trade.stop is not None and sign * ltp <= sign * trade.stop:
            part = trade.partial_quantity()
            demand = Pending(
                trade.stop_reason, part or trade.open, partial=part > 0, level=trade.stop, ltp=ltp
            )
            self.begin_and_try(trade, _S.SL_PENDING, demand)
        elif trade.stop is not None:
            self.move_stop(trade, ltp)

    def move_stop(self, trade: Trade, ltp: int) -> None:
        """The better of what ladder and break-even say, if it betters the stop; a tie: the latter.

        The ladder that waits for `trail_after_r` watches, so that it has lost nothing.
        """
        assert trade.stop is not None
        sign, reason, best = trade.sign, "", trade.stop
        trade.best = max(trade.best, sign * ltp)
        steps = math.floor((trade.best - sign * trade.anchor) / trade.step)
        begun = trade.partial_made or trade.gained(ltp, trade.exits.trail_after_r or 0.0)
        if trade.exits.enable_trailing and begun:
            level = sign * trade.anchor + steps * trade.step - trade.behind
            stop = sign * trade.snap_back(level)
            if sign * stop > sign * best:
                reason, best = "trailing_stop", stop
        cost = self.break_even(trade, ltp)
        if cost is not None and sign * cost > sign * trade.stop and sign * cost >= sign * best:
            reason, best, steps = "break_even", cost, trade.ladder_steps
        if not reason:
            return
        self.events.append(
            StopMoved(
                seq=len(self.events) + 1,
                ts=self.now,
                input_no=self.input_no,
                order_id=trade.order_id,
                due_ts=self.due,
                stop_from_paise=trade.stop,
                stop_to_paise=best,
                steps=steps,
                ltp_paise=ltp,
                reason=reason,
            )
        )
        trade.stop, trade.mover, trade.ladder_steps = best, reason, steps

    def break_even(self, trade: Trade, ltp: int) -> int | None:
        """C, if ltp is far enough for the stop to be there."""
        at_r = trade.exits.break_even_at_r
        if at_r is None or trade.partial_made:
            return None
        if not trade.gained(ltp, at_r):
            return None
        return self.cost(trade, ltp)


def run(scenario: Scenario) -> list[TradingEvent]:
    """The trading events of a scenario, `numbers` left out."""
    return Naive(scenario).run()
