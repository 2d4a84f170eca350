"""The scenarios of the guide: scripts for the real engine, told as Markdown tables.

`python -m tests.kit.docs_scenarios` writes the tables into the guide anew; a test checks that
the guide has exactly what the engine gives.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.dates import SECOND_NS, iso_ist, ist_ns
from daemon.domain.events import OrderCreated, OrderMoved, StopMoved, TradingEvent
from daemon.domain.inputs import Clock, Command, Gap, Input, Settlement
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.intent import OrderIntent, Signal
from daemon.domain.money import paise_exact, rupees_text
from daemon.domain.order import OrderState
from daemon.domain.position import Position
from daemon.domain.ticks import ABSENT, Ticks
from daemon.exchange.fills import FillEngine
from daemon.market.book import Quote
from daemon.settings.config import ExecutionConfig, RiskConfig
from tests.kit.drive import FixedRules

ROOT: Final = Path(__file__).parents[2]
GUIDE: Final = ROOT / "docs" / "EXECUTION_ENGINE_V3_GUIDE.md"
DAY: Final = dt.date(2026, 11, 18)
CALL: Final = "NIFTY26NOV25000CE"
PUT: Final = "NIFTY26NOV25000PE"
INDEX: Final = "NIFTY 50"
SHORT_NAMES: Final = {CALL: "CE", PUT: "PE", INDEX: "NIFTY 50"}
BEAT_NS: Final = 2 * SECOND_NS
MARKED: Final = re.compile(
    r"<!-- scenario: (?P<name>[a-z_]+) -->\n(?P<table>.*?)<!-- end -->", re.DOTALL
)
_S = OrderState


def at(clock: str, day: dt.date = DAY) -> int:
    """UTC ns of an Indian wall time such as 09:20:00 or 09:20:00.500."""
    return ist_ns(day, dt.time.fromisoformat(clock))


@dataclass(frozen=True)
class Tick:
    """A tick at an Indian wall time, rupees."""

    clock: str
    ltp: float
    bid: float | None = None
    ask: float | None = None
    symbol: str = CALL


@dataclass(frozen=True)
class Says:
    """A strategy's intent at the engine's present time."""

    intent: OrderIntent
    words: str


@dataclass(frozen=True)
class Happens:
    """Any other input."""

    clock: str
    item: Input
    words: str


Step = Tick | Says | Happens


@dataclass(frozen=True)
class DocScenario:
    """A script; what is not in `execution` is plain: ltp fills, no slippage, no charges.

    Unless it is `quiet`, another instrument ticks every two seconds: the feed lives.
    """

    steps: Sequence[Step]
    execution: Mapping[str, Any] = field(default_factory=dict)
    quiet: bool = False
    risk: RiskConfig = field(default_factory=RiskConfig)
    expiry: str = "2026-11-24"


def buy(qty: int, words: str = "", **levels: Any) -> Says:
    return _says(Signal.BUY, qty, words, levels)


def sell(qty: int, words: str = "", **levels: Any) -> Says:
    return _says(Signal.SELL, qty, words, levels)


def _says(signal: Signal, qty: int, words: str, levels: dict[str, Any]) -> Says:
    symbol = levels.pop("symbol", CALL)
    intent = OrderIntent(symbol=symbol, signal=signal, qty=qty, strategy_id="guide", **levels)
    said = f"{signal} {qty} {SHORT_NAMES[symbol]}"
    if intent.sl_price is not None:
        said += f", stop {intent.sl_price:.2f}"
    if intent.tp_price is not None:
        said += f", target {intent.tp_price:.2f}"
    return Says(intent, words or said)


EXIT: Final = Says(OrderIntent(symbol=CALL, signal=Signal.EXIT, strategy_id="guide"), "EXIT CE")


def clock(text: str) -> Happens:
    return Happens(text, Clock(ts=at(text)), "no tick, the clock only")


SCENARIOS: Final[dict[str, DocScenario]] = {
    "half_and_recover": DocScenario(
        steps=(
            Tick("09:20:00", 100.0),
            buy(130, sl_price=95.0, tp_price=112.0),
            Tick("09:20:10", 97.2),
            Tick("09:20:20", 95.0),
            Tick("09:20:30", 92.8),
            Tick("09:21:00", 97.4),
            Tick("09:21:10", 97.5),
            Tick("09:22:00", 104.6),
            Tick("09:23:00", 112.3),
        ),
    ),
    "half_and_no_recovery": DocScenario(
        steps=(
            Tick("09:20:00", 100.0),
            buy(130, sl_price=95.0, tp_price=112.0),
            Tick("09:20:20", 94.9),
            Tick("09:20:30", 93.0),
            Tick("09:20:40", 92.5),
        ),
    ),
    "one_lot": DocScenario(
        steps=(
            Tick("09:20:00", 100.0),
            buy(65, sl_price=95.0, tp_price=112.0),
            Tick("09:20:20", 94.9),
        ),
    ),
    "gap_through": DocScenario(
        steps=(
            Tick("09:20:00", 100.0),
            buy(130, sl_price=95.0, tp_price=112.0),
            Tick("09:20:20", 95.3),
            Tick("09:20:21", 91.6),
        ),
    ),
    "ladder": DocScenario(
        steps=(
            Tick("09:20:00", 100.0),
            buy(130, sl_price=95.0),
            Tick("09:20:10", 102.4),
            Tick("09:20:20", 102.5),
            Tick("09:20:30", 107.6),
            Tick("09:20:40", 105.2),
            Tick("09:20:50", 113.0),
            Tick("09:21:00", 107.8),
            Tick("09:21:10", 107.4),
        ),
    ),
    "break_even": DocScenario(
        execution={"enable_break_even": True, "enable_trailing": False},
        steps=(
            Tick("09:20:00", 100.0),
            buy(130, sl_price=95.0),
            Tick("09:20:10", 104.95),
            Tick("09:20:20", 105.0),
            Tick("09:20:30", 109.0),
            Tick("09:20:40", 100.0),
        ),
    ),
    "break_even_and_ladder": DocScenario(
        execution={"enable_break_even": True, "break_even_at_r": 0.5, "trail_after_r": 1},
        steps=(
            Tick("09:20:00", 100.0),
            buy(130, sl_price=95.0),
            Tick("09:20:10", 102.5),
            Tick("09:20:20", 105.0),
            Tick("09:20:30", 107.5),
            Tick("09:20:40", 102.4),
        ),
    ),
    "time_stop": DocScenario(
        execution={"time_stop_bars": 3},
        steps=(
            Tick("09:20:10", 100.0),
            buy(130, sl_price=95.0),
            Tick("09:20:59", 100.4),
            Tick("09:21:30", 100.6),
            Tick("09:22:59", 101.2),
            Tick("09:23:03", 101.5),
        ),
    ),
    "square_off": DocScenario(
        execution={"enable_time_stop": False},
        steps=(
            Tick("15:10:00", 100.0),
            buy(65, "BUY 65 CE, MIS"),
            Tick("15:15:00", 103.0, symbol=PUT),
            buy(65, "BUY 65 PE, NRML", symbol=PUT, product="NRML"),
            Tick("15:19:59", 101.0),
            Tick("15:20:01", 101.4),
            buy(65, "BUY 65 CE, MIS"),
            Tick("15:20:02", 103.6, symbol=PUT),
        ),
    ),
    "straddle": DocScenario(
        execution={"enable_time_stop": False},
        steps=(
            Tick("09:20:00", 200.0),
            Tick("09:20:00", 180.0, symbol=PUT),
            sell(65, sl_price=260.0),
            sell(65, symbol=PUT, sl_price=234.0),
            Tick("10:05:00", 244.0),
            Tick("10:05:00", 141.0, symbol=PUT),
            Tick("10:20:00", 260.5),
            Tick("10:20:01", 126.0, symbol=PUT),
            Tick("11:00:00", 99.0, symbol=PUT),
            Tick("11:30:00", 154.5, symbol=PUT),
        ),
    ),
    "never_filled": DocScenario(
        steps=(
            Tick("09:20:00", 100.0),
            Tick("09:21:05", 210.0, symbol=PUT),
            buy(65, sl_price=95.0),
            Tick("09:21:20", 211.0, symbol=PUT),
            Tick("09:21:35", 212.0, symbol=PUT),
            Tick("09:21:36", 100.5),
        ),
    ),
    "not_protective": DocScenario(
        execution={"latency_ms": 500},
        steps=(
            Tick("09:20:00", 100.0),
            buy(65, sl_price=99.0, tp_price=104.0),
            Tick("09:20:00.700", 98.9),
        ),
    ),
    "exit_intent": DocScenario(
        execution={"latency_ms": 500},
        steps=(
            Tick("09:20:00", 100.0),
            buy(65, sl_price=95.0),
            Tick("09:20:01", 100.2),
            Tick("09:20:30", 101.0),
            buy(65, sl_price=96.0),
            EXIT,
            Tick("09:20:31", 101.3),
        ),
    ),
    "latency": DocScenario(
        execution={"latency_ms": 500},
        steps=(
            Tick("09:20:00", 100.0),
            buy(130, sl_price=95.0, tp_price=112.0),
            Tick("09:20:00.300", 100.4),
            Tick("09:20:00.500", 100.6),
            Tick("09:25:00", 94.8),
            Tick("09:25:00.400", 94.1),
            Tick("09:25:00.900", 93.5),
        ),
    ),
    "stale_feed": DocScenario(
        quiet=True,
        execution={"time_stop_bars": 2},
        steps=(
            Tick("09:20:10", 100.0),
            buy(65, sl_price=95.0, tp_price=112.0),
            Tick("09:21:40", 101.0),
            clock("09:22:00"),
            clock("09:22:30"),
            Tick("09:22:40", 97.0),
        ),
    ),
    "missed_data": DocScenario(
        steps=(
            Tick("09:20:00", 100.0),
            Happens(
                "09:20:01", Gap(ts=at("09:20:01"), since=at("09:20:00")), "Gap: data was missed"
            ),
            buy(65, sl_price=95.0),
            Tick("09:20:02", 100.8),
        ),
    ),
    "two_demands": DocScenario(
        execution={"latency_ms": 500},
        steps=(
            Tick("09:20:00", 100.0),
            buy(130, sl_price=95.0),
            Tick("09:20:01", 100.0),
            Tick("09:25:00", 94.8),
            EXIT,
            Tick("09:25:00.600", 94.6),
            Tick("09:25:01.200", 94.4),
        ),
    ),
    "daily_loss": DocScenario(
        risk=RiskConfig(daily_loss_rupees=1000),
        execution={"enable_partial_exit": False},
        steps=(
            Tick("09:20:00", 100.0),
            buy(130, sl_price=92.0),
            Tick("09:21:00", 91.5),
            buy(130, sl_price=85.0),
        ),
    ),
    "kill_switch": DocScenario(
        steps=(
            Tick("09:20:00", 100.0),
            buy(65, sl_price=95.0),
            Tick("09:20:30", 101.0),
            Happens(
                "09:20:31",
                Command(ts=at("09:20:31"), command="kill_switch"),
                "Command: kill switch",
            ),
            buy(65, sl_price=95.0),
        ),
    ),
    "session_end": DocScenario(
        quiet=True,
        execution={"enable_time_stop": False},
        steps=(
            Tick("14:00:00", 100.0),
            buy(65, "BUY 65 CE, MIS, stop 95.00", sl_price=95.0),
            Tick("14:05:00", 101.0),
            clock("15:40:00"),
        ),
    ),
    "expired": DocScenario(
        expiry="2026-11-17",
        steps=(
            Tick("09:20:00", 0.05),
            buy(65),
        ),
    ),
    "expiry": DocScenario(
        expiry="2026-11-18",
        execution={"enable_time_stop": False},
        steps=(
            Tick("15:10:00", 61.0),
            buy(65, "BUY 65 CE, NRML", product="NRML"),
            Tick("15:39:59", 74.5),
            clock("15:40:00"),
            Happens(
                "15:45:00",
                Settlement(
                    ts=at("15:45:00"),
                    underlying="NIFTY",
                    date="2026-11-18",
                    close_paise=25_072_35,
                ),
                "Settlement: NIFTY closed at 25,072.35",
            ),
        ),
    ),
}


def _universe(expiry: str) -> Universe:
    def option(token: int, symbol: str) -> Instrument:
        kind = symbol[-2:]
        return Instrument(
            instrument_token=token,
            tradingsymbol=symbol,
            name="NIFTY",
            instrument_type="CE" if kind == "CE" else "PE",
            lot_size=65,
            expiry=expiry,
            strike_paise=25_000_00,
        )

    index = Instrument(
        instrument_token=3, tradingsymbol=INDEX, segment="INDICES", instrument_type="INDEX"
    )
    return Universe([option(1, CALL), option(2, PUT), index])


def _engine(scenario: DocScenario) -> PaperEngine:
    plain: dict[str, Any] = {"fill_mode": "ltp", "slippage_bps": 0, "charges": False}
    return PaperEngine(
        ExecutionConfig(**(plain | dict(scenario.execution))),
        universe=_universe(scenario.expiry),
        rules=FixedRules(
            {(DAY, each): (at("09:15:00"), at("15:40:00")) for each in ("NFO-OPT", "INDICES")}
        ),
        risk=scenario.risk,
    )


def _block(tick: Tick, universe: Universe, ts: int) -> Ticks:
    def price(value: float | None) -> Any:
        return np.array([ABSENT if value is None else paise_exact(value)], dtype=np.int64)

    return Ticks(
        ts=np.array([ts], dtype=np.int64),
        instrument=np.array([universe.index_of(tick.symbol)], dtype=np.int32),
        ltp=price(tick.ltp),
        bid=price(tick.bid),
        ask=price(tick.ask),
    )


Row = tuple[str, str, str, str, str]


class Teller:
    """Plays one scenario and keeps the rows of its table."""

    def __init__(self, scenario: DocScenario) -> None:
        self.rows: list[Row] = [("time", "input", "what happens", "open after it", "realized")]
        self._scenario = scenario
        self._engine = _engine(scenario)
        self._time = ""

    def play(self) -> None:
        """All steps; a tick of the other instrument is a row only where it made something due."""
        for step in self._scenario.steps:
            if isinstance(step, Says):
                self._tell(step.words, self._engine.process_signal(step.intent))
                continue
            self._beat(at(step.clock))
            self._time = step.clock
            if isinstance(step, Tick):
                said = f"{SHORT_NAMES[step.symbol]} {step.ltp:.2f}"
                block = _block(step, self._engine.universe, at(step.clock))
                self._tell(said, self._engine.handle(block))
            else:
                self._tell(step.words, self._engine.handle(step.item))

    def _beat(self, until: int) -> None:
        now = self._engine.at.now
        if self._scenario.quiet or now < 0:
            return
        whole = now // BEAT_NS * BEAT_NS
        for ts in range(whole + BEAT_NS, until, BEAT_NS):
            tick = _block(Tick("", 25_000.0, symbol=INDEX), self._engine.universe, ts)
            events = self._engine.handle(tick)
            if events:
                self._time = iso_ist(ts)[11:19]
                self._tell("a tick of NIFTY 50", events)

    def _tell(self, said: str, events: Iterable[TradingEvent]) -> None:
        engine = self._engine
        told = "; ".join(_told(events, engine)) or "–"
        held = "; ".join(_held(each) for each in engine.ledger.open_positions()) or "nothing"
        self.rows.append((self._time, said, told, held, _signed(engine.ledger.realized_paise)))


def table(name: str) -> str:
    """The Markdown table of a scenario, as the engine gives it."""
    teller = Teller(SCENARIOS[name])
    teller.play()
    return _markdown(teller.rows)


def _told(events: Iterable[TradingEvent], engine: PaperEngine) -> Iterable[str]:
    for event in events:
        if isinstance(event, StopMoved):
            steps = "1 step" if event.steps == 1 else f"{event.steps} steps"
            why = "break-even" if event.reason == "break_even" else steps
            yield f"stop moves to {_price(event.stop_to_paise)} ({why})"
        elif isinstance(event, OrderMoved):
            yield from _told_move(event, engine)
        else:
            assert isinstance(event, OrderCreated)


def _told_move(event: OrderMoved, engine: PaperEngine) -> Iterable[str]:
    to, fill = event.to_state, event.fill
    if fill is not None:
        marked = " (first after a gap)" if fill.after_gap else ""
        late = f", quote {fill.quote_age_ns / 1e9:g} s old" if fill.quote_age_ns else ""
        if to is _S.FILLED:
            verb = "bought" if fill.transaction_type == "BUY" else "sold"
            yield f"{verb} {fill.quantity} at {_price(fill.price_paise)}{late}{marked}"
        else:
            price = _price(fill.price_paise)
            yield f"`{event.reason}`: {fill.quantity} leave at {price}{late}{marked}"
    elif event.demand is not None:
        part = "partial exit" if event.demand.partial else "full exit"
        if event.demand.settling:
            yield f"`{event.reason}`: {to}, waits for the official close"
        elif _still_waits(event, engine):
            yield f"`{event.reason}`: {to}, {part} of {event.demand.quantity} waits"
    elif to is _S.SUBMITTED and _still_waits(event, engine):
        yield "SUBMITTED, waits for a tick"
    elif to in (_S.REJECTED, _S.CANCELLED):
        yield f"{to} `{event.reason}`"


def _still_waits(event: OrderMoved, engine: PaperEngine) -> bool:
    order = engine.ledger.orders.get(event.order_id)
    return order is not None and any(change.seq == event.seq for change in order.history[-1:])


def _held(position: Position) -> str:
    name = SHORT_NAMES[position.tradingsymbol]
    text = f"{name} {position.sign * position.quantity:+d}"
    if position.stop_paise is not None:
        text += f", stop {_price(position.stop_paise)}"
    return text


def _price(paise: int) -> str:
    return rupees_text(paise)


def _signed(paise: int) -> str:
    return f"+{rupees_text(paise)}" if paise > 0 else rupees_text(paise)


def fill_table() -> str:
    """What each fill mode pays on one quote, with slippage of 5 basis points and without."""
    quotes = ((100.0, 99.5, 100.5), (20.0, 19.95, 20.05), (2.0, 2.0, 2.05), (100.0, None, None))
    rows: list[Sequence[str]] = [
        ("ltp", "bid", "ask", "`slippage_bps`", "side", "`ltp`", "`mid`", "`bid_ask`")
    ]
    for ltp, bid, ask in quotes:
        quote = Quote(
            0, paise_exact(ltp), paise_exact(bid or 0), paise_exact(ask or 0), 1, False, False
        )
        for bps in (0, 5):
            fills = FillEngine(ExecutionConfig(slippage_bps=bps))
            for side in ("BUY", "SELL"):
                prices = [
                    _price(fills.determine_fill_price(quote, side, 5, mode))
                    for mode in ("ltp", "mid", "bid_ask")
                ]
                cells = [f"{each:.2f}" if each else "–" for each in (ltp, bid, ask)]
                rows.append((*cells, str(bps), side, *prices))
    return _markdown(rows)


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "".join(f"| {' | '.join(each)} |\n" for each in lines)


def computed(name: str) -> str:
    """What belongs between the markers of this name."""
    return fill_table() if name == "fill_prices" else table(name)


def rewritten(text: str) -> str:
    """The guide with every table between markers computed anew."""
    return MARKED.sub(
        lambda found: f"<!-- scenario: {found['name']} -->\n{computed(found['name'])}<!-- end -->",
        text,
    )


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        for each in ("fill_prices", *SCENARIOS):
            print(each, computed(each), sep="\n")
    else:
        GUIDE.write_text(rewritten(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
