"""The shared state of one live start: configuration, rules, account and the time of it."""

from __future__ import annotations

from loguru import logger

from daemon.domain.dates import ist_date
from daemon.process.clock import MachineClocks, check_start
from daemon.rules import Rulebook
from daemon.runtime.account import Account
from daemon.settings.config import Config


class LiveStart:
    """One start of a live run. `now` is UTC ns, `today` the Indian date of it."""

    def __init__(
        self, config: Config, rules: Rulebook, account: Account, now: int, clocks: MachineClocks
    ) -> None:
        self.config = config
        self.rules = rules
        self.account = account
        self.clocks = clocks
        self.now = now
        self.today = ist_date(now)

    @property
    def is_on_machine_time(self) -> bool:
        """True if the time of inputs is that of this machine; a served recording has its own."""
        return self.config.feed.kite.clock == "wall"

    def check_clock(self, last_ts: int, of: str) -> None:
        """Refuse to start before the account's last time, that of `of`. Raises ClockError."""
        if self.is_on_machine_time:
            check_start(last_ts, of, self.clocks)
            self.now = max(self.now, self.clocks.wall_ns())

    def note(self, kind: str, **detail: int | float | str | bool | None) -> None:
        """Remember an operational event of this start for the journal."""
        self.account.note(self.now, kind, **detail)

    def warn(self, kind: str, what: str, problem: str) -> None:
        """Remember a problem that the start can live with, and say so in the log."""
        self.note(kind, problem=problem)
        logger.warning("{}: {}", what, problem)
