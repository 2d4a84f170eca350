"""What a person may ask of a running daemon: checked here, decided by the engine, recorded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container
from typing import Any

import anyio
from loguru import logger

from daemon.control.requests import RequestDropped, RequestQueue
from daemon.control.socket import Reply, Request
from daemon.domain.inputs import Command, ConfigChange
from daemon.domain.ledger import Ledger
from daemon.errors import ConfigError, DaemonError
from daemon.settings.config import Config
from daemon.settings.reload import change_text, changes, encode_change

Note = Callable[[str, dict[str, Any]], None]
_NO_TARGET = ("kill_switch", "reload", "risk_active", "risk_reducing", "risk_halted")


class Commands:
    """Turn requests into inputs, meaningless ones excepted.

    `read_again` reads the configuration as at the start. `note` writes an operational event,
    `set_level` changes what is logged. `on_disk` waits until an input and what it changed are in
    the journal: what was accepted outlives a kill.
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
        self._one_reload = anyio.Lock()

    async def obey(self, request: Request) -> Reply:
        """Handle a request in its turn; return in a line whether it was accepted."""
        match request.command:
            case "pause" | "resume" | "speed" as pace:
                return Reply(False, f"{pace}: a live market has no pace; nothing was changed")
        problem = self._problem(request)
        if problem:
            return Reply(False, problem)
        if request.command == "reload":
            return await self.reload()
        name, target = request.command, request.target
        try:
            number = await self._requests.ask(
                lambda ts: Command(ts=ts, command=name, target=target)
            )
            await self._on_disk(number)
        except RequestDropped as error:
            return Reply(False, f"{name}: {error}")
        self._note("command", {"command": name, "target": target, "input_no": number})
        logger.bind(command=name, target=target, input_no=number).warning("a person's command")
        said = f"{name} {target}".strip()
        return Reply(True, f"{said}: accepted as input {number}; what it did is in the journal")

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
            number = await self._requests.ask(lambda ts: ConfigChange(ts=ts, config=text))
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
