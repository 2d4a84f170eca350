"""GTTs from the text: a list of conditions that every tick reads from its beginning.

Written from the exchange's contract, its part on GTTs, and SEMANTICS ("GTTs"); it imports nothing
of the program. Prices in paise, times in ns. Where the text is silent this reading decides:

- a request has one fault at most, so the order of the checks is not compared;
- a GTT is compared with ticks after the request that placed or modified it;
- whether anything may be asked at all (kill switch, HALTED) comes before what is asked;
- a price under one step is no price of the contract: `price_step`;
- a lot has changed for a GTT whose legs are no whole lots any more;
- other terms are for the same contract, else `bad_gtt`;
- a contract is over with the close of its expiry date, and at every start after it;
- a GTT of a share ends with the close of the 365th day after the date of its placing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
INDIA = 330 * MINUTE
YEAR_DAYS = 365


@dataclass(frozen=True)
class Contract:
    """One contract; `expires` is the time of its last close, 0 for a share or an index."""

    symbol: str
    kind: str
    lot: int
    step: int
    expires: int = 0


@dataclass(frozen=True)
class Leg:
    trigger: int
    side: str
    quantity: int
    price: int
    product: str


@dataclass(frozen=True)
class Terms:
    symbol: str
    legs: tuple[Leg, ...]
    last: int


@dataclass(frozen=True)
class Tick:
    ts: int
    symbol: str
    ltp: int


@dataclass(frozen=True)
class Wait:
    ts: int


@dataclass(frozen=True)
class Say:
    ts: int
    word: str


@dataclass(frozen=True)
class Place:
    terms: Terms


@dataclass(frozen=True)
class Change:
    number: int
    terms: Terms


@dataclass(frozen=True)
class Delete:
    number: int


@dataclass(frozen=True)
class Restart:
    """A new process that knows the journal alone; some lots may have changed over the night."""

    ts: int
    lots: Mapping[str, int]


Step = Tick | Wait | Say | Place | Change | Delete | Restart
Line = tuple[object, ...]


@dataclass
class Gtt:
    """One condition."""

    number: int
    terms: Terms
    placed: int
    last: int
    status: str = "active"
    fired: list[int] = field(default_factory=list)
    """The legs that were sent; never more than one."""


class Broker:
    """One account's GTTs."""

    def __init__(self, contracts: Sequence[Contract], sessions: Sequence[tuple[int, int]]) -> None:
        self.contracts = {each.symbol: each for each in contracts}
        self.lots = {each.symbol: each.lot for each in contracts}
        self.sessions = sessions
        self.now = 0
        self.shown: dict[str, int] = {}
        """Last prices that this process has seen."""
        self.gtts: list[Gtt] = []
        self.killed = self.halted = False
        self.lines: list[Line] = []

    # ------------------------------------------------------------------ inputs

    def run(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step, Place):
                self.place(step.terms)
            elif isinstance(step, Change):
                self.change(step)
            elif isinstance(step, Delete):
                self.delete(step.number)
            elif isinstance(step, Restart):
                self.restart(step)
            else:
                self.pass_time(step.ts)
                if isinstance(step, Tick):
                    self.tick(step)
                elif isinstance(step, Say):
                    self.say(step.word)

    def pass_time(self, ts: int) -> None:
        self.now = ts
        for gtt in self.alive():
            contract = self.contracts[gtt.terms.symbol]
            if contract.expires and contract.expires <= ts:
                self.end(gtt, "cancelled", "expiry")
            elif not contract.expires and self.is_over(day_of(gtt.placed) + YEAR_DAYS):
                self.end(gtt, "expired", "too_old")
            elif any(leg.quantity % self.lots[contract.symbol] for leg in gtt.terms.legs):
                self.end(gtt, "cancelled", "lot_size")

    def is_over(self, day: int) -> bool:
        """The day is over, or its session is."""
        closes = [closes for _, closes in self.sessions if day_of(closes) == day]
        return day_of(self.now) > day or any(self.now >= each for each in closes)

    def tick(self, tick: Tick) -> None:
        """A price in its session is compared with every condition of the contract."""
        if not any(opens <= tick.ts < closes for opens, closes in self.sessions):
            return
        self.shown[tick.symbol] = tick.ltp
        for gtt in self.gtts:
            if gtt.status == "active" and gtt.terms.symbol == tick.symbol:
                leg = leg_of(gtt, tick.ltp)
                if leg:
                    self.fire(gtt, leg, tick.ltp)

    def fire(self, gtt: Gtt, leg: int, ltp: int) -> None:
        gtt.status = "triggered"
        gtt.fired.append(leg)
        assert len(gtt.fired) == 1
        sent = gtt.terms.legs[leg - 1]
        self.say_of(gtt.number, "triggered", "", leg, ltp)
        self.lines.append(
            (
                self.now,
                "order",
                gtt.terms.symbol,
                sent.side,
                sent.quantity,
                sent.price,
                sent.product,
            )
        )

    def say(self, word: str) -> None:
        if word != "kill_switch":
            self.halted = word == "risk_halted"
        if word == "risk_active":
            return
        self.killed = self.killed or word == "kill_switch"
        for gtt in self.gtts:
            if gtt.status == "active":
                self.end(gtt, "disabled", "kill_switch" if word == "kill_switch" else "halted")

    def restart(self, step: Restart) -> None:
        """What was seen is forgotten."""
        self.now = step.ts
        self.shown = {}
        self.killed = False
        self.lots |= step.lots

    # ---------------------------------------------------------------- requests

    def place(self, terms: Terms) -> None:
        why = self.closed() or self.refusal(terms)
        if why:
            self.say_of(0, "refused", why)
            return
        gtt = Gtt(
            number=1 + len(self.gtts),
            terms=terms,
            placed=self.now,
            last=self.last(terms),
        )
        self.gtts.append(gtt)
        self.say_of(gtt.number, "created")

    def change(self, asked: Change) -> None:
        """Other terms: it is compared afresh, and a disabled one works again."""
        gtt, why = self.find(asked.number), self.closed()
        if why:
            self.say_of(0 if gtt is None else gtt.number, "refused", why)
            return
        if gtt is None:
            self.say_of(asked.number, "refused", "not_active")
            return
        if asked.terms.symbol != gtt.terms.symbol:
            why = "bad_gtt"
        why = why or self.refusal(asked.terms)
        if why:
            self.say_of(asked.number, "refused", why)
            return
        gtt.terms, gtt.last, gtt.status = asked.terms, self.last(asked.terms), "active"
        self.say_of(gtt.number, "modified")

    def delete(self, number: int) -> None:
        gtt = self.find(number)
        if gtt is None:
            self.say_of(number, "refused", "not_active")
        else:
            self.end(gtt, "deleted", "user")

    def closed(self) -> str:
        """Return why nothing new is taken at all, or nothing."""
        return "kill_switch" if self.killed else "halted" if self.halted else ""

    def refusal(self, terms: Terms) -> str:
        """Return why a request is refused, or nothing."""
        contract = self.contracts.get(terms.symbol)
        if contract is None:
            return "unknown_symbol"
        if contract.kind == "INDEX":
            return "not_tradable"
        if contract.expires and day_of(contract.expires) < day_of(self.now):
            return "expired"
        if len(terms.legs) not in (1, 2):
            return "bad_gtt"
        for leg in terms.legs:
            if leg.quantity % self.lots[contract.symbol]:
                return "lot_size"
            for price in (leg.trigger, leg.price):
                if price < contract.step or price % contract.step:
                    return "price_step"
            if contract.expires and leg.product != "NRML":
                return "bad_product"
        triggers = [leg.trigger for leg in terms.legs]
        if self.last(terms) in triggers:
            return "trigger_already_met"
        if len(triggers) == 2 and not triggers[0] < self.last(terms) < triggers[1]:
            return "bad_level"
        return ""

    # ------------------------------------------------------------------ lookups

    def last(self, terms: Terms) -> int:
        """The price that was shown, else the request's own."""
        return self.shown.get(terms.symbol, terms.last)

    def alive(self) -> list[Gtt]:
        return [each for each in self.gtts if each.status in ("active", "disabled")]

    def find(self, number: int) -> Gtt | None:
        """The GTT of a number if something can still happen to it."""
        found = [each for each in self.alive() if each.number == number]
        return found[0] if found else None

    def end(self, gtt: Gtt, status: str, reason: str) -> None:
        gtt.status = status
        self.say_of(gtt.number, status, reason)

    def say_of(self, number: int, kind: str, reason: str = "", leg: int = 0, ltp: int = 0) -> None:
        self.lines.append((self.now, number, kind, reason, leg, ltp))


def leg_of(gtt: Gtt, ltp: int) -> int:
    """The number of the leg that a price fires, 0 for none."""
    legs = gtt.terms.legs
    if len(legs) == 2:
        return 1 if ltp <= legs[0].trigger else 2 if ltp >= legs[1].trigger else 0
    trigger = legs[0].trigger
    met = ltp <= trigger if trigger < gtt.last else ltp >= trigger
    return int(met)


def day_of(ts: int) -> int:
    """The Indian day of a time."""
    return (ts + INDIA) // DAY
