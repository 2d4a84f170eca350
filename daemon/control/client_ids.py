"""The requests of a session day by the id that their sender gave: asked twice, done once."""

from __future__ import annotations

import datetime as dt

from daemon.control.requests import Admitted
from daemon.domain.inputs import Command, Input


class ClientIds:
    """Folds inputs: those that carry a client's id, of the engine's present date.

    A start that runs the day's recorded inputs again shows them here again, so an id is known after
    a restart too.
    """

    def __init__(self) -> None:
        self._date: dt.date | None = None
        self._taken: dict[str, Admitted] = {}

    def saw(self, item: Input, taken: Admitted, date: dt.date | None) -> None:
        """Note an input that was handled on a date of the engine."""
        if not isinstance(item, Command) or not item.client_id:
            return
        if date != self._date:
            self._date, self._taken = date, {}
        self._taken.setdefault(item.client_id, taken)

    def find(self, client_id: str, date: dt.date | None) -> Admitted | None:
        """Return what became of the first request with an id on this date, None without one."""
        return self._taken.get(client_id) if client_id and date == self._date else None
