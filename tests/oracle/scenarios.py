"""Random scenarios for the differential tests: what markets, feeds and users do wrong."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final, Literal

from msgspec import structs

from daemon.domain.candle import Candle
from daemon.domain.dates import MINUTE_NS, SECOND_NS, ist_ns
from daemon.domain.inputs import Clock, Command, Gap, Settlement, TimedIntent
from daemon.domain.instrument import Instrument
from daemon.domain.intent import ExitOverrides, OrderIntent, Signal
from daemon.domain.ticks import ABSENT, NOT_FINITE, NOT_PAISE
from daemon.settings.config import ExecutionConfig, RiskConfig
from tests.kit.scenario import (
    CandleRule,
    Row,
    Scenario,
    ScenarioInput,
    StrategyLimits,
    WalkCandle,
)
from tests.kit.tariff import Tariff

MS: Final = 1_000_000
# A Thursday to the Tuesday after, with the weekend between.
DAYS: Final = tuple(dt.date(2026, 11, day) for day in (19, 20, 21, 23, 24))
TICKS: Final = (5, 5, 5, 10, 20, 1, 7)
LOTS: Final = (1, 1, 10, 25, 75)
AT_R: Final = (0.1, 0.2, 0.5, 1, 1, 1.5, 2)


class Generator:
    """One random scenario."""

    def __init__(self, seed: int, *, moving_stops: bool = True) -> None:
        self.rng = random.Random(seed)
        self.moving_stops = moving_stops
        """Whether break-even and a late trail are drawn."""
        self.stop_rng = random.Random(f"moving stops {seed}")
        """Their own draws, so that the rest of a seed's scenario is the same with them."""
        self.walk = self.chance(0.2)
        self.instruments = self.make_instruments()
        self.dates = self.make_dates()
        self.sessions = self.make_sessions()
        self.price: list[int] = [self.start_price(each) for each in self.instruments]
        self.volume = [0 for _ in self.instruments]
        self.seen: list[tuple[int, int, int]] = []
        """(ts, instrument, ltp) of what was generated, for intents that make sense."""
        self.marks: list[int] = []
        """Times of commands, square-offs and closes."""

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    # -------------------------------------------------------------- the setting

    def make_instruments(self) -> tuple[Instrument, ...]:
        found = []
        for number in range(self.rng.randint(1, 3)):
            index = number > 0 and self.chance(0.15)
            option = not index and self.chance(0.3)
            found.append(
                Instrument(
                    instrument_token=1000 + number,
                    tradingsymbol=f"SYM{number}",
                    segment="INDICES" if index else ("NFO-OPT" if option else "NFO-FUT"),
                    name="SPOT",
                    instrument_type="INDEX"
                    if index
                    else (self.rng.choice(("CE", "PE")) if option else "FUT"),
                    tick_paise=5 if index else self.rng.choice(TICKS),
                    lot_size=1 if index else self.rng.choice(LOTS),
                    strike_paise=self.rng.choice((9_000, 10_000, 11_000)) if option else 0,
                    freeze_quantity=300 if self.chance(0.1) else 0,
                    expiry="",
                )
            )
        return tuple(found)

    def make_dates(self) -> tuple[dt.date, ...]:
        first = self.rng.randrange(len(DAYS))
        return DAYS[first : first + self.rng.choice((1, 1, 2, 2, 3))]

    def make_sessions(self) -> dict[tuple[dt.date, str], tuple[int, int]]:
        minutes = self.rng.choice((30, 30, 45, 60, 37))
        other = minutes if self.chance(0.7) else minutes + self.rng.choice((-10, 10))
        table = {}
        for date in self.dates:
            if date.weekday() >= 5 or (len(self.dates) > 1 and self.chance(0.08)):
                continue
            opens = ist_ns(date, dt.time(9, 15))
            for segment in ("NFO-FUT", "NFO-OPT", "INDICES"):
                length = other if segment == "NFO-OPT" else minutes
                table[date, segment] = (opens, opens + length * MINUTE_NS)
        expiring = [each for each in self.instruments if each.is_option]
        expiring += [each for each in self.instruments if each.instrument_type == "FUT"][:1]
        if table and expiring and self.chance(0.6):
            last = max(date for date, _ in table).isoformat()
            chosen = self.rng.choice(expiring)
            self.instruments = tuple(
                structs.replace(each, expiry=last) if each is chosen else each
                for each in self.instruments
            )
        return table

    def start_price(self, instrument: Instrument) -> int:
        rupees = self.rng.choice((100, 100, 250, 20, 2))
        return rupees * 100 // instrument.tick_paise * instrument.tick_paise

    def stop_moves(self) -> dict[str, Any]:
        """Break-even in three of ten scenarios, half with charges; a late trail in as many."""
        rng = self.stop_rng
        found: dict[str, Any] = {}
        if not self.moving_stops:
            return found
        if rng.random() < 0.3:
            with_charges = rng.random() < 0.5
            found["enable_break_even"] = True
            found["break_even_at_r"] = rng.choice(AT_R)
            found["break_even_with_charges"] = with_charges
            found["charges"] = with_charges and rng.random() < 0.9
        if rng.random() < 0.3:
            found["trail_after_r"] = rng.choice(AT_R)
        return found

    def tariffs(self) -> tuple[Tariff, ...]:
        """From nothing to several steps of a price; rates that change over a night."""
        if not self.moving_stops:
            return ()
        rng = self.stop_rng
        return tuple(
            Tariff(
                since=date,
                brokerage=Decimal(rng.choice(("0", "0.5", "2.35", "20"))),
                brokerage_percent=Decimal(rng.choice(("0.03", "0.1", "0"))),
                seller_percent=Decimal(rng.choice(("0.05", "0.15", "1.5", "0"))),
                buyer_percent=Decimal(rng.choice(("0.003", "0.002", "1"))),
                turnover_percent=Decimal(rng.choice(("0.0355299", "0.00183"))),
                gst_percent=Decimal(18),
                exercise_percent=Decimal("0.15"),
            )
            for date in self.dates[:: rng.choice((1, 2, 3))]
        )

    def execution(self, moves: dict[str, Any]) -> ExecutionConfig:
        pick = self.rng.choice
        slow = self.chance(0.2)  # slow partial exits, so that other demands meet them
        return ExecutionConfig(
            fill_mode=pick(("ltp", "mid", "bid_ask")),
            slippage_bps=pick((0, 0, 2.5, 5, 50)),
            latency_ms=3000 if slow else pick((0, 0, 0, 200, 3000)),
            reject_after_s=pick((30, 30, 10, 4.5, 120)),
            stale_after_s=pick((5, 5, 5, 0.5, 30)),
            quote_max_age_s=pick((60, 60, 10, 3)),
            enable_partial_exit=slow or self.chance(0.7),
            partial_exit_pct=pick((0.5, 0.5, 0.3, 0.34, 0.9)),
            partial_exit_when=pick(("losing", "losing", "always")),
            enable_trailing=self.chance(0.7),
            trail_step_r=pick((0.5, 0.5, 0.3, 1.5, 1, 0.07)),
            enable_time_stop=slow or self.chance(0.6),
            time_stop_bars=1 if slow else pick((20, 5, 3, 1, 0)),
            square_off_before_close_min=pick((20, 10, 5, 0, 1)),
            candle_grace_ms=pick((0, 0, 0, 1000, 2500)),
            **({"charges": False} | moves),
        )

    def risk(self) -> RiskConfig:
        if self.chance(0.7):
            return RiskConfig()
        return RiskConfig(
            daily_loss_rupees=self.rng.choice((None, 50, 500.5)),
            max_open_positions=self.rng.choice((None, 1, 3)),
            max_order_quantity=self.rng.choice((None, 50, 200)),
        )

    # --------------------------------------------------------------- the market

    def step_price(self, at: int) -> int:
        tick = self.instruments[at].tick_paise
        moves = self.rng.choice((0, 0, 1, 1, 1, 2, 3))
        if self.chance(0.03):
            moves = self.rng.randint(5, 40)
        moves *= 1 if self.chance(0.5) else -1
        self.price[at] = max(self.price[at] + moves * tick, tick * self.rng.randint(1, 3))
        return self.price[at]

    def book(self, at: int, ltp: int) -> tuple[int | None, int | None]:
        tick, rng = self.instruments[at].tick_paise, self.rng
        if self.chance(0.25):
            return None, None
        bid: int | None = ltp - tick * rng.randint(0, 3)
        ask: int | None = ltp + tick * rng.randint(0, 3) + (1 if self.chance(0.05) else 0)
        if self.chance(0.05):
            bid, ask = ask, bid
        if self.chance(0.08):
            bid = rng.choice((None, 0, -5, NOT_PAISE, NOT_FINITE, ABSENT))
        if self.chance(0.08):
            ask = rng.choice((None, 0, -5, NOT_PAISE, ABSENT))
        return bid, ask

    def row(self, ts: int) -> Row:
        rng = self.rng
        at = rng.randrange(len(self.instruments))
        ltp = self.step_price(at)
        bid, ask = self.book(at, ltp)
        exchange = 0
        if self.chance(0.4):
            exchange = ts - rng.choice((0, 100 * MS, 900 * MS, 4 * SECOND_NS, -SECOND_NS))
        volume = -1
        if self.chance(0.7):
            self.volume[at] += rng.choice((0, 0, 5, 50))
            volume = max(0, self.volume[at] - (30 if self.chance(0.03) else 0))
        if self.chance(0.01):
            ltp = rng.choice((0, -100, NOT_PAISE, NOT_FINITE, ABSENT))
        elif self.chance(0.01):
            at = -1
        else:
            self.seen.append((ts, at, ltp))
        return Row(ts, at, ltp, bid, ask, exchange, volume)

    def pause(self) -> int:
        """Floods, a normal pace, silences of the whole feed."""
        draw, rng = self.rng.random(), self.rng
        if draw < 0.2:
            return 0
        if draw < 0.75:
            return rng.randint(50, 4000) * MS
        if draw < 0.97:
            return rng.randint(2000, 12_000) * MS
        return rng.randint(20, 400) * SECOND_NS

    def bounds(self, date: dt.date) -> tuple[int, int]:
        spans = [span for (day, _), span in self.sessions.items() if day == date]
        opens = ist_ns(date, dt.time(9, 15))
        return opens, max((closes for _, closes in spans), default=opens + 5 * MINUTE_NS)

    def ticks_of(self, date: dt.date) -> list[ScenarioInput]:
        opens, closes = self.bounds(date)
        rng = self.rng
        now = opens - rng.choice((0, 0, 3, 90)) * SECOND_NS
        until = closes + rng.choice((-600, -60, 0, 1, 20, 90)) * SECOND_NS
        out: list[ScenarioInput] = []
        while now < until:
            draw = rng.random()
            if draw < 0.012 and out:
                out.append(self.row(now - rng.choice((1, 500 * MS, 90 * SECOND_NS))))
            elif draw < 0.04:
                out.append(Clock(ts=now))
            elif draw < 0.045:
                out.append(Gap(ts=now, since=now - SECOND_NS))
            elif draw < 0.053:
                out.append(self.command(now, date))
            else:
                out.append(self.row(now))
            now += self.pause()
            if self.chance(0.02):  # exactly on a whole minute
                now = -(-now // MINUTE_NS) * MINUTE_NS
        if self.chance(0.5):
            out.append(Clock(ts=max(now, closes + rng.choice((0, 1, 5000)) * MS)))
        return out

    def command(self, ts: int, date: dt.date) -> Command:
        self.marks.append(ts)
        draw = self.rng.random()
        if draw < 0.06:
            return Command(ts=ts, command="kill_switch")
        if draw < 0.7:
            number = self.rng.randint(1, 12)
            return Command(ts=ts, command="manual_exit", target=f"V3-{date:%Y%m%d}-{number:06d}")
        name = self.rng.choice(("strategy_off", "strategy_on", "strategy_on"))
        kind: Literal["strategy_off", "strategy_on"] = (
            "strategy_off" if name == "strategy_off" else "strategy_on"
        )
        return Command(ts=ts, command=kind, target=self.rng.choice(("s0", "s1", "r0", "r1")))

    def candles_of(self, date: dt.date) -> list[ScenarioInput]:
        opens, _ = self.bounds(date)
        rng = self.rng
        out: list[ScenarioInput] = []
        if not any(day == date for day, _ in self.sessions):
            return out
        interval = rng.choice((1, 1, 5)) * MINUTE_NS
        for at, instrument in enumerate(self.instruments):
            _, closes = self.sessions[date, instrument.segment]
            start = opens
            while start < closes:
                length = min(interval, closes - start)
                prices = [self.step_price(at) for _ in range(rng.randint(2, 6))]
                high, low = max(prices), min(prices)
                if self.chance(0.03):  # inconsistent
                    high, low = low, high
                if not self.chance(0.1):
                    out.append(
                        WalkCandle(
                            start, length, at, prices[0], high, low, prices[-1],
                            rng.choice((0, 10, 500)) + 1,
                        )
                    )  # fmt: skip
                    self.seen.append((start, at, prices[0]))
                start += interval
        while self.chance(0.5):
            out.append(Clock(ts=opens + rng.randint(0, 60) * MINUTE_NS))
        if self.chance(0.3):
            out.append(self.command(opens + rng.randint(0, 3600) * SECOND_NS, date))
        return sorted(out, key=lambda each: each.ts)

    def settlements(self) -> list[ScenarioInput]:
        out: list[ScenarioInput] = []
        for date in {each.expiry for each in self.instruments if each.expiry}:
            if self.chance(0.75):
                _, closes = self.bounds(dt.date.fromisoformat(date))
                after = self.rng.choice((-1, 0, 1, 1000, 3_600_000)) * MS
                close = self.rng.randint(8_000, 12_000)
                out.append(
                    Settlement(ts=closes + after, underlying="SPOT", date=date, close_paise=close)
                )
        return out

    # -------------------------------------------------------------- the intents

    def level(self, ltp: int, tick: int, direction: int) -> float | None:
        """Mostly a level some ticks away on the right side; sometimes nonsense."""
        rng = self.rng
        if self.chance(0.15):
            return None
        if self.chance(0.05):
            return rng.choice((math.nan, math.inf, 0.0, -5.0, 0.01, 0.003, 1e6))
        away = rng.choice((1, 2, 4, 6, 10, 15, 25, 40))
        if self.chance(0.04):
            direction = -direction
        paise = ltp + direction * away * tick
        if self.chance(0.1):
            return (paise + rng.choice((tick / 2, 1, 0.37))) / 100
        return paise / 100

    def overrides(self) -> ExitOverrides | None:
        if self.chance(0.7):
            return None
        maybe, rng = self.rng.choice, self.stop_rng
        stops: dict[str, Any] = {}
        if self.moving_stops:
            stops = {
                "enable_break_even": rng.choice((None, None, True, False)),
                "break_even_at_r": rng.choice((None, *AT_R)),
                "break_even_with_charges": rng.choice((None, True, False)),
                "trail_after_r": rng.choice((None, None, 0.0, *AT_R)),
            }
        return ExitOverrides(
            **stops,
            enable_partial_exit=maybe((None, True, False)),
            partial_exit_pct=maybe((None, 0.3, 0.34, 0.67)),
            partial_exit_when=maybe((None, "losing", "always")),
            enable_trailing=maybe((None, True, False)),
            trail_step_r=maybe((None, 0.3, 0.5, 1.5)),
            enable_time_stop=maybe((None, True, False)),
            time_stop_bars=maybe((None, 0, 2, 7)),
        )

    def quantity(self, instrument: Instrument) -> int:
        lots = self.rng.choice((1, 1, 2, 2, 3, 4, 10))
        if self.chance(0.04):
            return self.rng.choice((0, -1, instrument.lot_size * lots + 1))
        return instrument.lot_size * lots

    def timed(self) -> tuple[TimedIntent, ...]:
        rng = self.rng
        out = []
        for _ in range(rng.randint(5, 40) if self.seen else 0):
            ts, at, ltp = rng.choice(self.seen)
            if self.chance(0.3):  # between inputs
                ts += rng.choice((1, 700 * MS, 5 * SECOND_NS, MINUTE_NS))
            if self.chance(0.15) and self.marks:  # waiting when something happens
                ts = rng.choice(self.marks) - rng.choice((0, 1, 500 * MS, 2 * SECOND_NS))
            if self.chance(0.1):  # on a boundary
                ts = ts // MINUTE_NS * MINUTE_NS
            instrument = self.instruments[at]
            signal = rng.choices(list(Signal), (45, 45, 8, 2))[0]
            sign = -1 if signal == Signal.SELL else 1
            intent = OrderIntent(
                symbol="NOSUCH" if self.chance(0.02) else instrument.tradingsymbol,
                signal=signal,
                qty=self.quantity(instrument),
                sl_price=self.level(ltp, instrument.tick_paise, -sign),
                tp_price=self.level(ltp, instrument.tick_paise, sign),
                time_stop_bars=rng.choice((None, None, None, 0, 1, 4)),
                strategy_id=rng.choice(("s0", "s1", "")),
                timeframe=rng.choice(("", "", "1m", "5m", "1h", "1d", "30s")),
                product=rng.choice(("MIS", "MIS", "NRML")),
                reason=rng.choice(("", "scripted")),
                tag=rng.choice(("", "t")),
                confidence=rng.choice((1.0, 0.5)),
                exits=self.overrides(),
            )
            out.append(TimedIntent(ts=ts, intent=intent))
        return tuple(sorted(out, key=lambda each: each.ts))

    def sound_entries(self) -> list[TimedIntent]:
        """Entries with a stop that lasts: most others end before a stop has moved."""
        rng, out = self.stop_rng, []
        for _ in range(rng.randint(10, 25) if self.seen else 0):
            ts, at, ltp = rng.choice(self.seen)
            instrument, sign = self.instruments[at], rng.choice((1, -1))
            away = sign * rng.choice((2, 3, 4, 6, 8, 10, 20)) * instrument.tick_paise
            intent = OrderIntent(
                symbol=instrument.tradingsymbol,
                signal=Signal.BUY if sign > 0 else Signal.SELL,
                qty=instrument.lot_size * rng.choice((1, 2, 4)),
                sl_price=(ltp - away) / 100,
                time_stop_bars=0,
                strategy_id="sound",
                product=rng.choice(("MIS", "NRML")),
                exits=ExitOverrides(
                    enable_partial_exit=rng.choice((None, None, False)),
                    partial_exit_when=rng.choice((None, "always")),
                    enable_trailing=rng.choice((None, True)),
                    trail_step_r=rng.choice((None, 0.5, 1)),
                ),
            )
            out.append(TimedIntent(ts=ts, intent=intent))
        return out

    def rules(self) -> tuple[CandleRule, ...]:
        out = []
        for number in range(self.rng.choice((0, 0, 1, 2))):
            symbols = tuple(each.tradingsymbol for each in self.instruments if self.chance(0.8))
            timeframe = self.rng.choice(("1m", "1m", "5m", "7m", "1h"))
            decide = self.decision(self.rng.randrange(1000))
            out.append(CandleRule(f"r{number}", timeframe, symbols, decide))
        return tuple(out)

    def decision(self, salt: int) -> Callable[[Candle], Sequence[OrderIntent]]:
        """A rule that looks random and depends on the candle alone."""
        by_symbol = {each.tradingsymbol: each for each in self.instruments}
        other = self.instruments[salt % len(self.instruments)]

        def decide(candle: Candle) -> Sequence[OrderIntent]:
            open_, high, low, close = (
                round(each * 100) for each in (candle.open, candle.high, candle.low, candle.close)
            )
            dice = (open_ * 7 + high * 3 + low * 11 + close * 5 + candle.volume + salt) % 97
            if dice > 30:
                return ()
            instrument = other if dice == 29 else by_symbol[candle.tradingsymbol]
            if dice in (0, 1, 30):
                signal = Signal.HOLD if dice == 30 else Signal.EXIT
                return (OrderIntent(symbol=instrument.tradingsymbol, signal=signal),)
            sign, tick = (1, instrument.tick_paise) if dice % 2 else (-1, instrument.tick_paise)
            entry = OrderIntent(
                symbol=instrument.tradingsymbol,
                signal=Signal.BUY if sign > 0 else Signal.SELL,
                qty=instrument.lot_size * (1 + dice % 4),
                sl_price=None if dice % 9 == 0 else (close - sign * tick * (2 + dice)) / 100,
                tp_price=None if dice % 5 == 0 else (close + sign * tick * (3 + dice)) / 100,
                product="NRML" if dice % 7 == 0 else "MIS",
                reason=f"dice {dice}",
                confidence=(dice % 3) / 2,
            )
            if dice % 4:
                return (entry,)
            further = structs.replace(
                entry,
                signal=entry.signal if dice % 8 else Signal.SELL if sign > 0 else Signal.BUY,
                qty=instrument.lot_size,
                sl_price=None,
                tp_price=None,
                reason=f"further {dice}",
                confidence=(dice % 5) / 4,
            )
            return (entry, further)

        return decide

    # ----------------------------------------------------------------- together

    def scenario(self) -> Scenario:
        inputs: list[ScenarioInput] = []
        for date in self.dates:
            inputs += self.candles_of(date) if self.walk else self.ticks_of(date)
        for official in self.settlements():
            place = sum(1 for each in inputs if each.ts <= official.ts)
            while place and inputs[place - 1].ts > official.ts:
                place -= 1
            inputs.insert(place, official)
        inputs = _in_order(inputs)
        moves = self.stop_moves()
        execution, rules = self.execution(moves), self.rules()
        for _, closes in self.sessions.values():
            self.marks += [closes, closes - execution.square_off_before_close_min * MINUTE_NS]
        risk, timed = self.risk(), self.timed()
        if "enable_break_even" in moves:
            timed = tuple(sorted((*timed, *self.sound_entries()), key=lambda each: each.ts))
        return Scenario(
            instruments=self.instruments,
            execution=execution,
            risk=risk,
            sessions=self.sessions,
            inputs=tuple(inputs),
            timed=timed,
            strategies=rules,
            limits=self.limits(),
            tariffs=self.tariffs(),
        )

    def limits(self) -> dict[str, StrategyLimits]:
        if self.chance(0.75):
            return {}
        pick = self.rng.choice
        return {
            name: StrategyLimits(pick((None, 2, 5)), pick((None, 1, 2)))
            for name in ("s0", "s1", "r0")
        }


def _in_order(inputs: list[ScenarioInput]) -> list[ScenarioInput]:
    """Only rows may be late: anything else older than what came before is left out."""
    out: list[ScenarioInput] = []
    latest = 0
    for each in inputs:
        if isinstance(each, Row) or each.ts >= latest:
            out.append(each)
        if not (isinstance(each, Row) and (each.ltp <= 0 or each.instrument < 0)):
            latest = max(latest, each.ts)
    return out
