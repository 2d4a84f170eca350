"""A process that dies and comes back: a scenario's inputs through recorder, engine and journal."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from daemon.clockwork.paper_engine import PaperEngine
from daemon.control.client_ids import ClientIds
from daemon.domain.inputs import Input
from daemon.domain.ledger import Ledger
from daemon.runtime.account import Account
from daemon.runtime.machine import Machine
from daemon.runtime.rerun import run_again
from daemon.runtime.series import PriceSampler
from daemon.settings.config import Config
from feeds.recording.format import LogHeader
from feeds.recording.reader import InputLog
from feeds.recording.recorder import InputRecorder
from tests.kit.drive import make_engine
from tests.kit.scenario import Scenario

NOW = 1_795_000_000_000_000_000


class Process:
    """One life of the daemon; `crash` ends it wherever it is.

    `new_engine` is a scenario, or what gives an engine that has taken nothing yet.

    What the real one does: an input is recorded, then decided, then its events are committed
    after the inputs were flushed. `rng` decides how far the disk is behind at each crash.
    """

    def __init__(
        self, new_engine: Scenario | Callable[[], PaperEngine], out: Path, rng: random.Random
    ) -> None:
        if isinstance(new_engine, Scenario):
            new_engine = partial(make_engine, new_engine)
        self._new_engine = new_engine
        self._rng = rng
        self.account = Account.open(out, "test", created_ts=NOW)
        self._pending: list[msgspec.Struct] = []
        found = self.account.recordings()
        if found:
            log = InputLog(found[-1])
            again = run_again(log, self._make, self.account.store, self.account.state)
            self.machine = again.machine
            self.taken = again.inputs
            self.recorder = InputRecorder.resume(log, again.end)
        else:
            self.machine = self._make(None)
            self.taken = 0
            carry = self.engine.engine.carry()
            self.recorder = self.account.begin_log(self.machine, Config(), Config(), carry, NOW)

    @property
    def engine(self) -> PaperEngine:
        """What decides."""
        return self.machine.engine

    def _make(self, header: LogHeader | None) -> Machine:
        engine = self._new_engine()
        if header is not None and header.ledger:
            assert msgspec.json.decode(header.ledger, type=Ledger) == engine.ledger
        return Machine(engine.strategies, engine, PriceSampler(engine.universe), ClientIds())  # type: ignore[arg-type]

    def take(self, item: Input) -> None:
        self.recorder.record(item)
        self._pending += self.engine.handle(item)
        self.machine.saw(item)
        self.taken += 1
        if self._rng.random() < 0.3:
            self.commit()

    def commit(self) -> None:
        self.recorder.flush()
        self.account.store.append(self._pending, input_no=self.engine.input_no)  # type: ignore[arg-type]
        self._pending = []

    def crash(self) -> None:
        """kill -9: what was flushed stays, perhaps with the beginning of the next record."""
        path = self.recorder.path
        size = path.stat().st_size
        if self._rng.random() < 0.5:
            self.recorder.flush()
            lost = self._rng.randrange(path.stat().st_size - size + 1)
            with path.open("r+b") as file:
                file.truncate(path.stat().st_size - lost)
        self.account.store.close()

    def stop(self) -> None:
        self.commit()
        self.recorder.close()
        self.account.close()


def ledger_bytes(engine: PaperEngine) -> bytes:
    return msgspec.json.encode(engine.ledger, order="deterministic")
