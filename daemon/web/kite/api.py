"""What the addresses of the paper API share: the account, the way to the daemon, threads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeVar

from daemon.broker.account_books import AccountBooks
from daemon.domain.order_requests import OrderRequest
from daemon.domain.order_results import OrderResult
from daemon.process.clock import MACHINE_CLOCKS
from daemon.web.kite.account import Account, Behind
from daemon.web.kite.login import Login
from daemon.web.serving.pieces import Cut
from daemon.web.serving.threads import Threads
from daemon.web.sources.pending_changes import PendingChanges
from daemon.web.sources.watched import Watched

Ask = Callable[[OrderRequest], Awaitable[OrderResult]]
"""Hand a request to the daemon. Raises KiteError or DaemonError where it was not taken."""
T = TypeVar("T")


class KiteApi:
    """One account's API. Nothing here runs in the daemon's process."""

    def __init__(
        self,
        watched: Watched,
        login: Login,
        ask: Ask,
        changes: PendingChanges,
        cut: Cut = lambda _: None,
    ) -> None:
        """`cut` drops a connection whose client does not take its answer."""
        self.login: Final = login
        self.account: Final = Account(watched)
        self.ask: Final = ask
        self.changes: Final = changes
        """What `ask` has sent and the exchange has not answered."""
        self.cut: Final = cut
        self.threads: Final = Threads()

    @property
    def user_id(self) -> str:
        """Return the account's name."""
        return self.account.watched.name

    async def read(self, answer: Callable[[AccountBooks], T]) -> T:
        """Return what `answer` makes of the account's books, on a thread, with what is new read.

        It may use the account, its market and its marks. Raises KiteError, JournalCorrupt.
        """
        now = MACHINE_CLOCKS.wall_ns()
        while True:
            with suppress(Behind):
                return await self.threads.with_fold(lambda: self.account.read(answer, now))
