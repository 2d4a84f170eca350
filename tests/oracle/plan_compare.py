"""The engine's events as the list that the oracle of plans gives, and both compared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import msgspec
import numpy as np

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.dates import SECOND_NS
from daemon.domain.events import (
    OrderCreated,
    OrderMoved,
    RoundMoved,
    StopMoved,
    TradingEvent,
)
from daemon.domain.inputs import Clock, Command, Gap
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.order import OrderState
from daemon.domain.ticks import ABSENT, Ticks
from daemon.plans.terms.plan import Plan
from daemon.settings.config import ExecutionConfig
from tests.kit.drive import FixedRules, Span
from tests.oracle.plan_scenario import Input, Row, Scenario, Setup, moment

OWN_REASONS = frozenset(
    {"roll", "rolling", "leaving", "no_room", "thin_premium_basis", "no_premium_basis"}
)
"""What the engine says of a round and the contract does not list."""
OWN_CODES = frozenset({"left", "roll_lost"})
NAMES = {"market_closed": "outside_session"}


class WeekRules(FixedRules):
    """The sessions of a scenario; after its last one every weekday has one."""

    def __init__(self, setup: Setup) -> None:
        spans = {each.date: (each.open, each.close) for each in setup.sessions}
        super().__init__({})
        self._spans = spans
        self._last = max(spans)

    def session(self, date: dt.date, instrument: Instrument, /) -> Span | None:
        found = self._spans.get(date)
        if found is None and date > self._last and date.weekday() < 5:
            found = moment(date, "09:15"), moment(date, "15:30")
        return None if found is None else Span(*found)


def universe_of(setup: Setup) -> Universe:
    return Universe(
        Instrument(
            instrument_token=at,
            tradingsymbol=each.symbol,
            exchange="NSE" if each.kind == "INDEX" else "NFO",
            segment="INDICES" if each.kind == "INDEX" else "NFO-OPT",
            name=each.underlying,
            instrument_type=each.kind,
            tick_paise=each.step_paise,
            lot_size=each.lot,
            expiry="" if each.expiry is None else each.expiry.isoformat(),
            strike_paise=each.strike_paise,
        )
        for at, each in enumerate(setup.contracts, 1)
    )


def plans_of(setup: Setup) -> list[Plan]:
    return [msgspec.convert(dict(plan), Plan) for plan in setup.plans]


def engine_of(setup: Setup, **parts: Any) -> PaperEngine:
    """Return an engine that fills at ltp, without slippage and (unless given) charges."""
    given: dict[str, Any] = {"rules": WeekRules(setup)} | parts
    plain: dict[str, Any] = {"fill_mode": "ltp", "slippage_bps": 0, "charges": False}
    execution = plain | given.pop("execution", {})
    session = setup.sessions[0]
    off = None if session.square_off is None else session.close - session.square_off
    config = ExecutionConfig(
        quote_max_age_s=setup.quote_max_age_s,
        stale_after_s=setup.stale_after_s,
        reject_after_s=setup.reject_after_s,
        square_off_before_close_min=0 if off is None else off // (60 * SECOND_NS),
        **execution,
    )
    return PaperEngine(
        config,
        universe=universe_of(setup),
        plans=plans_of(setup),
        **given,
    )


def inputs_for(engine: PaperEngine, item: Input) -> Iterator[Clock | Gap | Command]:
    """Yield what an input of the oracle, no tick, is to the engine."""
    if item.what == "clock":
        yield Clock(item.ts)
    elif item.what == "gap":
        yield Gap(ts=item.ts, since=item.ts)
    elif item.what == "kill":
        yield Command(ts=item.ts, command="kill_switch")
    elif item.what == "exit":
        for plan, name, leg, number in item.exits:
            round_ = engine.ledger.rounds[name]
            assert round_.plan == plan
            for attempt in round_.attempts:
                if (attempt.leg, attempt.number) == (leg, number):
                    yield Command(ts=item.ts, command="manual_exit", target=attempt.order_id)
    else:
        clock = engine.final_clock()
        if clock is not None:
            yield clock


def run_engine(scenario: Scenario, largest_block: int = 1, **parts: Any) -> list[TradingEvent]:
    """Return what the engine decides, ticks in blocks of up to so many rows."""
    engine = engine_of(scenario.setup, **parts)
    events: list[TradingEvent] = []
    ticks: list[Input] = []
    for item in scenario.inputs:
        if item.what == "tick":
            ticks.append(item)
        if ticks and (item.what != "tick" or len(ticks) == largest_block):
            events += engine.handle(block_of(engine, ticks))
            ticks = []
        if item.what != "tick":
            for each in inputs_for(engine, item):
                events += engine.handle(each)
    return events


def block_of(engine: PaperEngine, ticks: Sequence[Input]) -> Ticks:
    """Return ticks as one block."""
    indices = [engine.universe.index_of(item.symbol) for item in ticks]
    absent = np.full(len(ticks), ABSENT, dtype=np.int64)
    return Ticks(
        ts=np.array([item.ts for item in ticks], dtype=np.int64),
        instrument=np.array(indices, dtype=np.int32),
        ltp=np.array([item.ltp_paise for item in ticks], dtype=np.int64),
        bid=absent,
        ask=absent,
    )


class Told(NamedTuple):
    """A line of either list, with what both must say."""

    ts: int
    input_no: int
    what: str
    plan: str
    round: str
    leg: str
    attempt: int | None
    before: str
    to: str
    reason: str
    symbol: str
    side: str
    quantity: int
    price_paise: int | None
    numbers: tuple[tuple[str, Any], ...]


class Mapper:
    """Turn events into lines."""

    def __init__(self, scenario: Scenario) -> None:
        self._seen = {item.ts for item in scenario.inputs}
        self._orders: dict[str, OrderCreated] = {}
        self._prices: dict[str, int] = {}

    def lines(self, events: Sequence[TradingEvent]) -> list[Told]:
        return [line for event in events for line in self.line(event)]

    def line(self, event: TradingEvent) -> Iterator[Told]:
        if isinstance(event, OrderCreated):
            self._orders[event.order_id] = event
        elif isinstance(event, RoundMoved):
            yield from self.round_line(event)
        elif isinstance(event, StopMoved):
            numbers = {"stop": event.stop_to_paise}
            yield self.order_line("stop_moved", event, reason=event.reason, numbers=numbers)
        elif isinstance(event, OrderMoved):
            yield from self.move_line(event)

    def ts_of(self, event: TradingEvent) -> int:
        """The end of a timestamp is told by its own time, a time of day by the input's."""
        return event.due_ts if event.due_ts in self._seen else event.ts

    def round_line(self, event: RoundMoved) -> Iterator[Told]:
        numbers = dict(event.numbers or {})
        is_own_reference = event.reason == "reference" and "attempt" in numbers
        is_fired = event.reason == "armed" and event.waits and event.waits[0].why == "breakout"
        same = event.from_state == event.to_state
        if same and (event.reason in OWN_REASONS or is_own_reference or is_fired):
            return
        if same and numbers.get("code") in OWN_CODES:
            return
        kept: dict[str, Any] = {}
        if "code" in numbers:
            kept["code"] = NAMES.get(str(numbers["code"]), numbers["code"])
        for name, ours in (
            ("pnl", "pnl_paise"), ("floor", "floor_paise"), ("reference", "reference_paise"),
        ):  # fmt: skip
            if ours in numbers and not (event.reason == "reference" and name != "reference"):
                kept[name] = float(Fraction(numbers[ours]))
        yield Told(
            self.ts_of(event), event.input_no, "round", event.plan, event.round, event.leg, None,
            event.from_state, event.to_state, event.reason, "", "", 0, None,
            tuple(sorted(kept.items())),
        )  # fmt: skip

    def move_line(self, event: OrderMoved) -> Iterator[Told]:
        to = event.to_state
        order = self._orders.get(event.order_id)
        if order is None or not order.plan:
            return
        if to is OrderState.FILLED:
            assert event.fill is not None
            self._prices[event.order_id] = event.fill.price_paise
        elif to is OrderState.ACTIVE and event.levels is not None:
            numbers = {"stop": event.levels.stop_paise, "target": event.levels.target_paise}
            yield self.order_line(
                "entry", event, to="FILLED", reason=order.note, side=order.transaction_type,
                price=self._prices[event.order_id], numbers=numbers,
            )  # fmt: skip
        elif to in (OrderState.REJECTED, OrderState.CANCELLED):
            reason = NAMES.get(event.reason, event.reason)
            yield self.order_line(
                "entry", event, to=to.value, reason=reason, side=order.transaction_type
            )
        elif to is OrderState.CLOSED:
            assert event.fill is not None
            side = "BUY" if order.transaction_type == "SELL" else "SELL"
            yield self.order_line(
                "exit", event, to="CLOSED", reason=event.reason, side=side,
                price=event.fill.price_paise, numbers={"pnl": event.fill.realized_paise},
            )  # fmt: skip

    def order_line(
        self,
        what: str,
        event: OrderMoved | StopMoved,
        *,
        to: str = "",
        reason: str = "",
        side: str = "",
        price: int | None = None,
        numbers: dict[str, Any] | None = None,
    ) -> Told:
        order = self._orders[event.order_id]
        return Told(
            self.ts_of(event), event.input_no, what, order.plan, order.round, order.leg,
            order.attempt, "", to, reason, order.tradingsymbol, side, order.quantity, price,
            tuple(sorted((numbers or {}).items())),
        )  # fmt: skip


ROUND_NUMBERS = ("code", "pnl", "floor", "reference")


def oracle_lines(rows: Sequence[Row]) -> list[Told]:
    """The oracle's rows with what both must say."""
    return [
        Told(
            row["ts"], row["input_no"], row["what"], row["plan"], row["round"], row["leg"],
            row["attempt"], row["from"], row["to"], row["reason"], row["symbol"], row["side"],
            row["quantity"], row["price_paise"], tuple(sorted(_numbers(row).items())),
        )
        for row in rows
    ]  # fmt: skip


def _numbers(row: Row) -> dict[str, Any]:
    numbers = row["numbers"]
    if row["what"] != "round":
        return dict(numbers)
    kept = {name: numbers[name] for name in ROUND_NUMBERS if name in numbers}
    return {name: each if name == "code" else float(each) for name, each in kept.items()}


def first_difference(ours: Sequence[Told], theirs: Sequence[Told]) -> str:
    """Say where two lists part, with what came before; "" if they are equal."""
    for at in range(max(len(ours), len(theirs))):
        one = ours[at] if at < len(ours) else None
        other = theirs[at] if at < len(theirs) else None
        if one != other:
            before = "\n".join(f"  {each}" for each in ours[max(0, at - 6) : at])
            return f"line {at}\n{before}\nengine {one}\noracle {other}"
    return ""


def rows_of(scenario: Scenario, events: Sequence[TradingEvent]) -> list[Row]:
    """The engine's lines as rows of the oracle."""
    mapper = Mapper(scenario)
    rows: list[Row] = []
    for event in events:
        numbers = _row_numbers(event) if isinstance(event, RoundMoved) else None
        for line in mapper.line(event):
            row: Row = {**line._asdict(), "from": line.before}
            row["numbers"] = dict(line.numbers) if numbers is None else numbers
            rows.append(row)
    return rows


def _row_numbers(event: RoundMoved) -> dict[str, Any]:
    """The numbers of a round's event by the oracle's names, money in paise."""
    known = {f"{name}_paise": name for name in ("pnl", "level", "floor", "high", "low")}
    found: dict[str, Any] = {}
    for name, number in (event.numbers or {}).items():
        if name in known:
            found[known[name]] = float(Fraction(number))
        elif name == "code":
            found[name] = NAMES.get(str(number), number)
    return found


def compare(scenario: Scenario, rows: Sequence[Row]) -> str:
    """Say where the engine and the oracle differ on a scenario, "" if they do not."""
    ours = Mapper(scenario).lines(run_engine(scenario))
    return first_difference(ours, oracle_lines(rows))
