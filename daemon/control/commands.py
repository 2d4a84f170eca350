"""What a person may ask of a running daemon: checked here, decided by the engine, recorded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container
from typing import Any, Final, NamedTuple

import anyio
from loguru import logger

from daemon.control.request_messages import Answer, Asked, Outcome
from daemon.control.requests import Admitted, RequestDropped, RequestQueue
from daemon.control.socket import Reply, Request
from daemon.domain.external_signal import ExternalSignal
from daemon.domain.inputs import Command, ConfigChange
from daemon.domain.intent import OrderIntent
from daemon.domain.ledger import Ledger
from daemon.domain.order_requests import OrderRequest, subject_of, verb_of
from daemon.domain.order_results import RefusedRequest
from daemon.errors import ConfigError, DaemonError
from daemon.settings.config import Config
from daemon.settings.reload import change_text, changes, encode_change

ON_DISK_WITHIN_S: Final = 6.0
"""Seconds until an input that was asked for must be on disk, its wait for a turn included."""

Note = Callable[[str, dict[str, Any]], None]
Words = Callable[[RefusedRequest], str]
"""Say in a line why the engine refused a request."""
Complete = Callable[[ExternalSignal], tuple[OrderIntent, ...]]
_NO_TARGET = ("kill_switch", "reload", "risk_active", "risk_reducing", "risk_halted")


class Given(NamedTuple):
    """What became of a request: in a word, in a line, and as an input if it is one."""

    outcome: Outcome
    text: str
    taken: Admitted | None = None


class _Wish(NamedTuple):
    """A request as an input: its name and target for people, and how it is made at a time."""

    name: str
    target: str
    make: Callable[[int], Command]

    @property
    def text(self) -> str:
        """Return the name and the target."""
        return f"{self.name} {self.target}".strip()


def _reason_of(refusal: RefusedRequest) -> str:
    return refusal.reason


def _not_taken(_: ExternalSignal) -> tuple[OrderIntent, ...]:
    raise ValueError("this run takes no signals from outside")


class Commands:
    """Turn requests into inputs, meaningless ones excepted.

    `read_again` reads the configuration as at the start. `note` writes an operational event,
    `set_level` changes what is logged. `on_disk` waits until an input and what it changed are in
    the journal: what was accepted outlives a kill. `known` returns what became of the request of
    today with a client's id. `words` says why the engine refused one. `complete` makes what the
    engine takes of intents from outside, or raises ValueError or TypeError.
    """

    def __init__(
        self,
        requests: RequestQueue,
        *,
        config: Config,
        read_again: Callable[[], Config],
        ledger: Callable[[], Ledger],
        strategies: Container[str],
        note: Note,
        set_level: Callable[[Config], None],
        on_disk: Callable[[int], Awaitable[None]],
        known: Callable[[str], Admitted | None] = lambda _: None,
        words: Words = _reason_of,
        complete: Complete = _not_taken,
    ) -> None:
        self.config = config
        """The configuration as it is in force."""
        self._requests = requests
        self._read_again = read_again
        self._ledger = ledger
        self._strategies = strategies
        self._note = note
        self._set_level = set_level
        self._on_disk = on_disk
        self._known = known
        self._words = words
        self._complete = complete
        self._asking: dict[str, anyio.Event] = {}
        """Requests with a client's id that wait for their turn or the disk."""
        self._one_reload = anyio.Lock()

    async def obey(self, request: Request) -> Reply:
        """Handle a person's request in its turn; return in a line whether it was accepted."""
        given = await self.give(request)
        return Reply(given.outcome is Outcome.DONE, given.text)

    async def answer(self, asked: Asked) -> Answer:
        """Handle a program's request in its turn, and answer by its id."""
        if asked.order is not None:
            given = await self.give_order(asked.order, client_id=asked.client_id)
        elif asked.signal is not None:
            given = await self.give_signal(asked.signal, client_id=asked.client_id)
        else:
            assert asked.command is not None
            given = await self.give(asked.command, client_id=asked.client_id)
        taken = given.taken or Admitted(0, 0)
        return Answer(
            id=asked.id, outcome=given.outcome, text=given.text, input_no=taken.input_no,
            seq=taken.seq, result=taken.result,
        )  # fmt: skip

    async def give(self, request: Request, *, client_id: str = "") -> Given:
        """Handle a request in its turn, once for a `client_id`; return what became of it."""
        name, target = request.command, request.target
        match name:
            case "pause" | "resume" | "speed":
                text = f"{name}: a live market has no pace; nothing was changed"
                return Given(Outcome.REFUSED, text)
        wish = _Wish(
            name, target,
            lambda ts: Command(ts=ts, command=name, target=target, client_id=client_id),  # type: ignore[arg-type]
        )  # fmt: skip
        before = await self._first_of(client_id)
        if before is not None:
            return self._done(wish, before)
        if problem := self._problem(request):
            return Given(Outcome.REFUSED, problem)
        if name == "reload":
            reply = await self.reload()
            return Given(Outcome.DONE if reply.accepted else Outcome.REFUSED, reply.text)
        given = await self._once(wish, client_id)
        if given.outcome is Outcome.DONE and given.taken is not None:
            number = given.taken.input_no
            logger.bind(command=name, target=target, input_no=number).warning("a person's command")
        return given

    async def give_order(self, order: OrderRequest, *, client_id: str = "") -> Given:
        """Handle what is asked of an order, a position or a GTT, once for a `client_id`."""
        wish = _Wish(
            verb_of(order),
            subject_of(order),
            lambda ts: Command(ts=ts, command="order", order=order, client_id=client_id),
        )
        before = await self._first_of(client_id)
        return self._done(wish, before) if before else await self._once(wish, client_id)

    async def give_signal(self, signal: ExternalSignal, *, client_id: str = "") -> Given:
        """Hand intents from outside to their strategy, once for a `client_id`."""
        name = signal.strategy
        intents: tuple[OrderIntent, ...] = ()
        wish = _Wish(
            "signal", name,
            lambda ts: Command(
                ts=ts, command="signal", target=name, intents=intents, client_id=client_id
            ),
        )  # fmt: skip
        before = await self._first_of(client_id)
        if before is not None:
            return self._done(wish, before)
        if name not in self._strategies:
            return Given(Outcome.REFUSED, f"signal: no strategy {name!r} was loaded")
        try:
            intents = self._complete(signal)
        except (TypeError, ValueError) as error:
            return Given(Outcome.REFUSED, f"signal {name}: {error}")
        return await self._once(wish, client_id)

    async def _once(self, wish: _Wish, client_id: str) -> Given:
        """Ask, and let others with the same id wait for what becomes of it."""
        if not client_id:
            return await self._ask(wish)
        done = self._asking[client_id] = anyio.Event()
        try:
            return await self._ask(wish)
        finally:
            del self._asking[client_id]
            done.set()

    async def _first_of(self, client_id: str) -> Admitted | None:
        """Return what became of the first request with an id, once that is known."""
        if (first := self._asking.get(client_id)) is not None:
            await first.wait()
        return self._known(client_id)

    async def _ask(self, wish: _Wish) -> Given:
        """Wait for the turn of a request, then for the disk."""
        name = wish.name
        taken: Admitted | None = None
        with anyio.move_on_after(ON_DISK_WITHIN_S):
            try:
                taken = await self._requests.ask(wish.make)
                await self._on_disk(taken.input_no)
            except RequestDropped as error:
                return Given(Outcome.WITHDRAWN, f"{name}: {error}")
            return self._done(wish, taken)
        known_as = "taken" if taken is None else f"taken as input {taken.input_no}"
        text = f"{name}: {known_as}, not on disk yet: look at the orders before you ask again"
        return Given(Outcome.UNKNOWN, text, taken)

    def _done(self, wish: _Wish, taken: Admitted) -> Given:
        """Return what became of a request that is on disk."""
        if taken.result is not None and (refusal := taken.result.refusal) is not None:
            return Given(Outcome.REFUSED, self._words(refusal), taken)
        text = f"{wish.text}: accepted as input {taken.input_no}; what it did is in the journal"
        return Given(Outcome.DONE, text, taken)

    async def reload(self) -> Reply:
        """Read the configuration again and take what can change live: all of it or nothing."""
        async with self._one_reload:
            reply = await self._reload()
        log = logger.info if reply.accepted else logger.error
        log("reload: {}", reply.text)
        return reply

    async def _reload(self) -> Reply:
        try:
            new = self._read_again()
        except DaemonError as error:
            return Reply(False, f"{error}; nothing was changed")
        found = changes(self.config, new, loaded=self._strategies)
        if found.refused:
            return Reply(False, f"{'; '.join(found.refused)}; nothing was changed")
        if found.is_empty:
            return Reply(True, "the configuration is as before")
        text = encode_change(found.change)
        try:
            number = (
                await self._requests.ask(lambda ts: ConfigChange(ts=ts, config=text))
            ).input_no
            await self._on_disk(number)
        except RequestDropped as error:
            return Reply(False, str(error))
        self.config = new
        changed = change_text(found.change)
        self._note("config_change", {"changed": changed, "input_no": number})
        said = f"{changed}; accepted as input {number}"
        if found.change.log_level is not None:
            try:
                self._set_level(new)
            except ConfigError as error:  # the file cannot be opened again; trading continues
                said += f"; {error}"
        return Reply(True, said)

    def _problem(self, request: Request) -> str:
        target = request.target
        if request.command in _NO_TARGET:
            return f"{request.command} has no target, was {target!r}" if target else ""
        if request.command == "manual_exit":
            ledger = self._ledger()
            order = ledger.orders.get(target)
            if ledger.is_open(target) or (order is not None and order.state == "SUBMITTED"):
                return ""
            return f"manual_exit: no open position and no waiting entry {target!r}"
        if target not in self._strategies:
            return f"{request.command}: no strategy {target!r} was loaded"
        return ""
