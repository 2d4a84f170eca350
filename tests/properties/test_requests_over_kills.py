"""Orders that programs ask for are neither lost nor doubled, wherever the daemon is killed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, Final

import pytest

from daemon.control.requests import Admitted
from daemon.domain.dates import SECOND_NS
from daemon.domain.events import ExchangeOrderMoved, decode_event
from daemon.domain.inputs import Command, Input
from daemon.domain.instrument import Instrument
from daemon.domain.order_requests import (
    CancelOrder,
    ConvertPosition,
    ExitPosition,
    ModifyOrder,
    OrderRequest,
    PlaceOrder,
)
from daemon.journal.recovery import check_fold
from daemon.journal.store import JournalStore
from daemon.settings.config import ExecutionConfig, LatencyConfig, RiskConfig
from feeds.recording.reader import InputLog
from tests.kit.drive import inputs_of, make_engine
from tests.kit.market import CLOSE, DATE, OPEN
from tests.kit.restarts import Process
from tests.kit.scenario import Row, Scenario
from tests.kit.tiers import seeds

pytestmark = pytest.mark.random

SYMBOL: Final = "NIFTY26NOVFUT"
LOT: Final = 25
STEPS: Final = 150


def scenario(rng: random.Random) -> Scenario:
    """A contract whose price wanders, a tick each second."""
    price, rows = 10_000, []
    for second in range(STEPS):
        price += 5 * rng.choice((-4, -1, 0, 1, 4))
        rows.append(Row(OPEN + second * SECOND_NS, 0, price, bid=price - 5, ask=price + 5))
    future = Instrument(
        instrument_token=1, tradingsymbol=SYMBOL, segment="NFO-FUT", exchange="NFO", lot_size=LOT
    )
    late = LatencyConfig(
        enter_ms=rng.choice((0, 700)),
        modify_ms=rng.choice((0, 700)),
        cancel_ms=rng.choice((0, 1500)),
    )
    return Scenario(
        instruments=(future,),
        execution=ExecutionConfig(
            fill_mode=rng.choice(("bid_ask", "depth")), slippage_bps=0, charges=False, latency=late
        ),
        risk=RiskConfig(max_open_positions=rng.choice((None, 4))),
        sessions={(DATE, "NFO-FUT"): (OPEN, CLOSE)},
        inputs=tuple(rows),
    )


def request(rng: random.Random, known: list[str]) -> OrderRequest:
    """Anything a program may ask, also what makes no sense."""
    product: Any = rng.choice(("MIS", "NRML"))
    kind = rng.randrange(10)
    if kind < 5 or not known:
        legs = rng.choice((0, 0, 0, 2, 3))
        return PlaceOrder(
            tradingsymbol=SYMBOL, exchange="NFO", side=rng.choice(("BUY", "SELL")),
            quantity=LOT * rng.choice((1, 2, 6)), product=product,
            order_type=rng.choice(("MARKET", "LIMIT")),
            price_paise=9_800 + 5 * rng.randrange(80), market_protection=-1, iceberg_legs=legs,
        )  # fmt: skip
    if kind == 5:
        other: Any = "MIS" if product == "NRML" else "NRML"
        return ConvertPosition(
            tradingsymbol=SYMBOL, side=rng.choice(("BUY", "SELL")), quantity=LOT,
            old_product=product, new_product=other,
        )  # fmt: skip
    if kind == 6:
        return ExitPosition(tradingsymbol=SYMBOL, product=product)
    if kind == 7:
        return CancelOrder(order_id=rng.choice(known))
    return ModifyOrder(order_id=rng.choice(known), price_paise=9_800 + 5 * rng.randrange(80))


class Client:
    """Asks with an id, and asks again after a kill until it has an answer."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.answers: dict[str, Admitted] = {}
        self.asked: dict[str, OrderRequest] = {}

    @property
    def unanswered(self) -> list[str]:
        return [client_id for client_id in self.asked if client_id not in self.answers]

    def new(self) -> str:
        """Think of a request; return its id."""
        known = [each for found in self.answers.values() if found.result
                 for each in found.result.order_ids]  # fmt: skip
        client_id = f"request-{len(self.asked)}"
        self.asked[client_id] = request(self._rng, known)
        return client_id

    def ask(self, process: Process, client_id: str) -> None:
        """Ask as the socket does: what is known by its id is not handled again."""
        at = process.engine.at
        if process.machine.client_ids.find(client_id, at.date) is None:
            process.take(
                Command(ts=at.now, command="order", order=self.asked[client_id],
                        client_id=client_id)
            )  # fmt: skip

    def answered(self, process: Process) -> None:
        """Take the answers: everything is on disk."""
        for client_id in self.unanswered:
            found = process.machine.client_ids.find(client_id, process.engine.at.date)
            if found is not None:
                self.answers[client_id] = found


def recorded(process: Process) -> list[Input]:
    return [entry.item for path in process.account.recordings()
            for entry in InputLog(path).entries()]  # fmt: skip


@pytest.mark.parametrize("seed", seeds(15))
def test_requests_are_done_once_and_answered_alike_over_any_kill(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    market = scenario(rng)
    client, process = Client(rng), Process(market, tmp_path, rng)
    for row in inputs_of(market, 1):
        process.take(row)
        if rng.random() < 0.4:
            client.ask(process, client.new())
        if rng.random() < 0.3:
            process.commit()
            client.answered(process)
        if rng.random() < 0.08:
            process.crash()
            process = Process(market, tmp_path, rng)
            if not process.taken:  # nothing had come to the disk
                process.take(row)
            for client_id in client.unanswered:
                client.ask(process, client_id)
    process.commit()
    client.answered(process)
    assert not client.unanswered
    for client_id, answer in client.answers.items():
        assert process.machine.client_ids.find(client_id, process.engine.at.date) == answer
    check_fold(process.account.store, process.engine.ledger)
    inputs = recorded(process)
    process.stop()
    judge(inputs, client, market, tmp_path)


def judge(inputs: list[Input], client: Client, market: Scenario, out: Path) -> None:
    """Hold what was recorded and journaled against the answers."""
    commands = [each.client_id for each in inputs if isinstance(each, Command)]
    assert sorted(commands) == sorted(client.asked)
    with JournalStore.open(out / "accounts" / "test") as store:
        store.verify()
        events = [decode_event(line) for line in store.event_lines()]
    again = make_engine(market)
    assert [event for each in inputs for event in again.handle(each)] == events
    sent = [
        event.exchange_id
        for event in events
        if isinstance(event, ExchangeOrderMoved) and event.kind == "accepted"
    ]
    assert len(set(sent)) == len(sent)
    for client_id, answer in client.answers.items():
        assert answer.result is not None
        if isinstance(client.asked[client_id], PlaceOrder) and not answer.result.refusal:
            assert set(answer.result.order_ids) <= set(sent)
