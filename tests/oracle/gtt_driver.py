"""The program's side of the differential of GTTs: the real engine, and its events as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from daemon.clockwork.paper_engine import PaperEngine
from daemon.domain.events import (
    ExchangeOrderMoved,
    GttMoved,
    TradingEvent,
    decode_event,
    encode_event,
)
from daemon.domain.gtt import GttLeg, GttTerms
from daemon.domain.inputs import Clock, Command
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ledger import Ledger
from daemon.domain.ticks import Ticks
from daemon.settings.config import ExecutionConfig
from tests.kit.drive import FixedRules, Span
from tests.oracle.gtt import (
    Change,
    Contract,
    Delete,
    Leg,
    Line,
    Place,
    Restart,
    Say,
    Step,
    Terms,
    Tick,
)
from tests.oracle.gtt_random import CONTRACTS, DATES, SESSIONS, day_text


class Rules(FixedRules):
    """The sessions of the days, for every segment."""

    def __init__(self) -> None:
        super().__init__({})

    def session(self, date: Any, instrument: Instrument, /) -> Span | None:
        return Span(*SESSIONS[DATES.index(date)]) if date in DATES else None


class Program:
    """A process after another, each with the journal alone."""

    def __init__(self) -> None:
        self.events: list[TradingEvent] = []
        self.lots: dict[str, int] = {}
        self._start()

    def _start(self) -> None:
        ledger = Ledger()
        for event in self.events:
            ledger.apply(decode_event(encode_event(event)))
        self.engine = PaperEngine(
            ExecutionConfig(fill_mode="depth", charges=False),
            universe=Universe(instruments(self.lots)),
            rules=Rules(),
            ledger=ledger,
        )

    def run(self, steps: Sequence[Step]) -> list[TradingEvent]:
        """Take the steps; return all events."""
        for step in steps:
            if isinstance(step, Restart):
                self.lots |= step.lots
                self._start()
            elif isinstance(step, Place | Change | Delete):
                self._ask(step)
            else:
                self.events += self.engine.handle(self._input(step))
        return self.events

    def _ask(self, step: Place | Change | Delete) -> None:
        gtts = self.engine.engine.account.gtts
        if isinstance(step, Place):
            gtts.place(terms_of(step.terms))
        elif isinstance(step, Change):
            gtts.modify(step.number, terms_of(step.terms))
        else:
            gtts.delete(step.number)
        self.events += self.engine.engine.lifecycle.take_events()

    def _input(self, step: Any) -> Ticks | Clock | Command:
        if isinstance(step, Say):
            return Command(ts=step.ts, command=step.word)  # type: ignore[arg-type]
        if not isinstance(step, Tick):
            return Clock(step.ts)
        index = self.engine.universe.index_of(step.symbol)
        assert index is not None
        book = [(65, step.ltp - 10 * n, 1) for n in range(1, 6)]
        book += [(65, step.ltp + 10 * n, 1) for n in range(1, 6)]
        return Ticks(
            ts=np.array([step.ts], dtype=np.int64),
            instrument=np.array([index], dtype=np.int32),
            ltp=np.array([step.ltp], dtype=np.int64),
            bid=np.array([step.ltp - 10], dtype=np.int64),
            ask=np.array([step.ltp + 10], dtype=np.int64),
            volume=np.array([1_000], dtype=np.int64),
            depth=np.array([book], dtype=np.int64),
        )


def instruments(lots: Mapping[str, int]) -> list[Instrument]:
    """Return the contracts as the program has them."""
    return [_instrument(n, each, lots) for n, each in enumerate(CONTRACTS, 1)]


def _instrument(number: int, contract: Contract, lots: Mapping[str, int]) -> Instrument:
    kind: Any = contract.kind
    is_contract = bool(contract.expires)
    return Instrument(
        instrument_token=number, tradingsymbol=contract.symbol, name="NIFTY",
        instrument_type=kind, lot_size=lots.get(contract.symbol, contract.lot),
        tick_paise=contract.step, strike_paise=2_500_000 if kind in ("CE", "PE") else 0,
        expiry=day_text(contract.expires) if is_contract else "",
        segment={"FUT": "NFO-FUT", "EQ": "NSE", "INDEX": "INDICES"}.get(kind, "NFO-OPT"),
        exchange="NFO" if is_contract else "NSE",
    )  # fmt: skip


def terms_of(terms: Terms) -> GttTerms:
    """Return terms as the program has them."""
    return GttTerms(
        tradingsymbol=terms.symbol,
        triggers=tuple(leg.trigger for leg in terms.legs),
        legs=tuple(_leg(leg) for leg in terms.legs),
        last_paise=terms.last,
    )


def _leg(leg: Leg) -> GttLeg:
    fields: dict[str, Any] = {"side": leg.side, "product": leg.product}
    return GttLeg(quantity=leg.quantity, price_paise=leg.price, **fields)


def told(events: Sequence[TradingEvent]) -> list[Line]:
    """Return the lines of GTTs, and after each that fired its order."""
    lines: list[Line] = []
    sent = ""
    for event in events:
        if sent:
            assert isinstance(event, ExchangeOrderMoved), "no order after a GTT that fired"
            assert (event.exchange_id, event.kind) == (sent, "accepted")
            lines.append(
                (
                    event.ts, "order", event.tradingsymbol, event.side, event.quantity,
                    event.limit_paise, event.product,
                )
            )  # fmt: skip
            sent = ""
        elif isinstance(event, ExchangeOrderMoved) and event.tag == "gtt":
            assert event.kind != "accepted", "an order that no GTT sent"
        if isinstance(event, GttMoved):
            number = event.gtt_id or (event.numbers or {}).get("gtt_id", 0)
            line = (number, event.kind, event.reason, event.leg, event.ltp_paise)
            lines.append((event.ts, *line))
            sent = event.exchange_id if event.kind == "triggered" else ""
    return lines
