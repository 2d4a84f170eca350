"""The passed minutes of a session at which margins are computed, while there is something to."""

from __future__ import annotations

import datetime as dt

from daemon.domain.dates import MINUTE_NS
from daemon.market.agenda import Agenda, Phase
from daemon.market.moment import Moment
from daemon.market.schedule import Schedule


class MarginMinutes:
    """Puts the next full minute of the day's sessions on the agenda, at most once."""

    def __init__(self, agenda: Agenda, at: Moment, schedule: Schedule) -> None:
        self._agenda = agenda
        self._at = at
        self._schedule = schedule
        self._opens = self._closes = 0
        self._is_asked: bool = False

    def start_day(self, date: dt.date, *, is_needed: bool) -> None:
        """Turn to a date: its minutes are those of its sessions."""
        day = self._schedule.day(date)
        self._opens = min(day.distinct_opens, default=0)
        self._closes = int(day.closes.max(initial=0))
        self.passed(is_needed=is_needed)

    def passed(self, *, is_needed: bool) -> None:
        """Note that a minute has passed; go on with the next one where that is needed."""
        self._is_asked = False
        if is_needed:
            self.ask()

    def ask(self) -> None:
        """Ask for the next full minute of the sessions; asking again changes nothing."""
        if self._is_asked:
            return
        now = max(self._at.due_ts or self._at.now, self._opens)
        minute = (now // MINUTE_NS + 1) * MINUTE_NS
        if minute <= self._closes:
            self._is_asked = True
            self._agenda.add(minute, Phase.MARGIN, 0, None)
