"""Rolls of positional rounds, P47 and P48, read aloud.

Where the text is silent this reading decides:

- A leg whose new contract is not choosable yet keeps its old one until it is, or is `roll_lost`.
- A long of a plan with sold legs rolls while a short of the round is open or rolls with it.
- One roll of a round is one pass over its legs, however many; `max` counts passes.
"""

from __future__ import annotations

import datetime as dt

from tests.oracle.plan_choose import Never, NotYet
from tests.oracle.plan_entries import within
from tests.oracle.plan_rounds import Rounds
from tests.oracle.plan_scenario import Contract, date_of, moment
from tests.oracle.plan_states import Attempt, Round, Wait


class Rolls(Rounds):
    """Rounds that may roll."""

    def dte(self, round_: Round, day: dt.date) -> int | None:
        """P48: sessions to the nearest expiry of the round's legs."""
        last = {each.leg: each.contract.expiry for each in round_.attempts if each.filled}
        dates = [each for each in last.values() if each is not None and each >= day]
        if not last:
            legs = round_.plan["legs"]
            name = round_.plan["underlying"]
            meant = [self.market.expiry(name, leg["expiry"], leg["type"], day) for leg in legs]
            dates = [each for each in meant if each is not None]
        return self.sessions_between(day, min(dates)) if dates else None

    def sessions_between(self, day: dt.date, expiry: dt.date) -> int:
        """Sessions after `day` up to `expiry`; past the known calendar every weekday is one."""
        known = [each.date for each in self.setup.sessions]
        count = 0
        while day < expiry:
            day += dt.timedelta(days=1)
            count += day in known if day <= max(known) else day.weekday() < 5
        return count

    def roll(self, round_: Round) -> None:
        """Choose, close shorts first, enter longs first."""
        spec = round_.plan["roll"]
        mine = [each for each in round_.attempts if each.state == "OPEN"]
        if not mine:
            return
        if round_.rolls >= spec.get("max", 12):
            self.demand_all(mine, "roll_max")
            return
        round_.rolls += 1
        deadline = moment(date_of(self.now), spec["at"]) + within(round_.plan)
        for attempt in mine:
            round_.expiries[attempt.leg] = spec["to"]
            wait = Wait(attempt.leg, "roll", attempt.side, "roll", deadline)
            wait.rolled = attempt
            round_.waits.append(wait)
        self.roll_waits(round_)

    def roll_waits(self, round_: Round) -> None:
        """Choose for the legs that roll; close what can be; enter what is closed."""
        waits = [each for each in self.by_leg(round_) if each.goal == "roll"]
        found: dict[str, int] = {}
        closing: list[Attempt] = []
        lost: list[Attempt] = []
        for wait in waits:
            attempt = wait.rolled
            assert attempt is not None
            if attempt.state == "OVER" and attempt.reason != "roll":
                round_.waits.remove(wait)
            elif attempt.state == "OPEN" and wait.contract is None:
                self.roll_choice(round_, wait, found, closing, lost)
        if self.naked(round_, closing, lost):
            longs = [each for each in closing if each.long]
            closing = [each for each in closing if not each.long]
            lost += longs
        round_.waits = [each for each in round_.waits if each.rolled not in lost]
        self.demand_all(closing, "roll")
        self.demand_all(lost, "roll_lost")
        self.roll_entries(round_)

    def roll_choice(
        self,
        round_: Round,
        wait: Wait,
        found: dict[str, int],
        closing: list[Attempt],
        lost: list[Attempt],
    ) -> None:
        assert wait.rolled is not None
        try:
            wait.contract = self.choose(round_, wait.leg, found)
        except NotYet:
            return
        except Never:
            lost.append(wait.rolled)
        else:
            found[wait.leg] = wait.contract.strike_paise
            closing.append(wait.rolled)

    def naked(self, round_: Round, closing: list[Attempt], lost: list[Attempt]) -> bool:
        """True where longs of a plan with sold legs have no short to go with."""
        if not any(leg["side"] == "sell" for leg in round_.plan["legs"]):
            return False
        shorts = [each for each in round_.alive if not each.long and each not in lost]
        rolled = [each for each in round_.waits if each.goal == "roll" and each.side == "sell"]
        return not shorts and not rolled and bool(closing)

    def roll_entries(self, round_: Round) -> None:
        ready: list[tuple[Wait, Contract]] = []
        for wait in self.by_leg(round_):
            if wait.goal == "roll" and wait.contract and wait.rolled and wait.rolled.exit_ts >= 0:
                ready.append((wait, wait.contract))  # noqa: PERF401
        for wait, contract in sorted(ready, key=lambda each: each[0].side != "buy"):
            round_.waits.remove(wait)
            self.send(round_, wait.leg, contract, wait.side, "roll")

    def lose_rolls(self, round_: Round, deadline: int) -> None:
        """What could not be chosen in time is closed, all of one time at once (P45a)."""
        late = [
            each
            for each in round_.waits
            if each.goal == "roll" and each.contract is None and each.deadline == deadline
        ]
        round_.waits = [each for each in round_.waits if each not in late]
        self.demand_all([each.rolled for each in late if each.rolled is not None], "roll_lost")

    def choices(self, round_: Round) -> None:
        if round_.state == "OPEN" and any(each.goal == "roll" for each in round_.waits):
            self.roll_waits(round_)
        super().choices(round_)
