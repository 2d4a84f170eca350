"""Random days of an account with limits: the steps that both sides of a comparison take."""

from __future__ import annotations

import datetime as dt
import random

from daemon.domain.dates import MINUTE_NS, SECOND_NS, ist_ns
from tests.oracle.risk import Contract, Enter, Leave, Limits, Market, Say, Step, Tick, Wait

DATES = (dt.date(2026, 11, 18), dt.date(2026, 11, 19))
OPENS = [ist_ns(date, dt.time(9, 15)) for date in DATES]
CLOSES = [ist_ns(date, dt.time(15, 30)) for date in DATES]
CONTRACTS = (
    Contract("NIFTY26NOVFUT", "NIFTY", 65),
    Contract("NIFTY26NOV25000CE", "NIFTY", 65, 2_500_000),
    Contract("BANKNIFTY26NOV55000PE", "BANKNIFTY", 30, 5_500_000),
)
STARTS = (2_500_000, 20_000, 30_000)
STRATEGIES = ("one", "two")
WORDS = ("risk_active", "risk_active", "risk_reducing", "risk_halted")


class Generator:
    """One account over two days."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"risk {seed}")
        self.prices = dict(zip((each.symbol for each in CONTRACTS), STARTS, strict=True))
        self.latency = self.rng.choice((0, 0, 0, 1500)) * SECOND_NS // 1000
        self.now = 0
        self.steps: list[Step] = []
        for opens, closes in zip(OPENS, CLOSES, strict=True):
            self._day(opens, closes)

    def market(self) -> Market:
        """Return what both sides are given besides the steps."""
        return Market(CONTRACTS, self._limits(), self.latency, OPENS, CLOSES, charge)

    def _limits(self) -> Limits:
        pick = self.rng.choice
        loss = pick((None, 1_000_00, 5_000_00, 20_000_00))
        return Limits(
            daily_loss=loss,
            counts=pick(("realized", "net_open", "net_open")) if loss else "realized",
            on_loss=pick(("halt", "flatten", "flatten")) if loss else "halt",
            max_open=pick((None, None, 2, 4)),
            max_quantity=pick((None, None, 130)),
            lots_strategy=pick((None, None, 3, 6)),
            lots_underlying=pick((None, None, 4, 8)),
            notional=pick((None, None, 600_000_000, 1_500_000_000)) or None,
            cooldown=pick((0, 0, 20, 90)) * SECOND_NS,
            per_minute=pick((None, None, 2, 4)),
        )

    def _day(self, opens: int, closes: int) -> None:
        self.now = opens + self.rng.choice((0, 1, 30)) * SECOND_NS
        self._print_all()
        for _ in range(self.rng.choice((20, 50))):
            self.now += self.rng.choice((1, 1, 2, 5, 20, 61)) * SECOND_NS
            self._input()
            self._asks()
        if self.rng.random() < 0.4:  # what was asked near the close
            self.now = closes - 5 * MINUTE_NS
            self._input()
            self._asks()
        self.now = max(self.now, closes - 2 * MINUTE_NS)
        self._print_all()
        for after in (0, 61 * SECOND_NS):
            self.now = closes + after
            self.steps.append(Wait(self.now))

    def _print_all(self) -> None:
        for symbol in self.prices:
            self.now += 2 * SECOND_NS
            self._tick(symbol)

    def _tick(self, symbol: str) -> None:
        step = 10 if symbol.endswith("FUT") else 5
        size = self.prices[symbol] // 400 // step + 1
        self.prices[symbol] += step * self.rng.randint(-size, size)
        self.steps.append(Tick(self.now, symbol, self.prices[symbol]))

    def _input(self) -> None:
        draw = self.rng.random()
        if draw < 0.12:
            self.steps.append(Wait(self.now))
        elif draw < 0.22:
            self.steps.append(Say(self.now, self.rng.choice(WORDS)))
        elif draw < 0.225:
            self.steps.append(Say(self.now, "kill_switch"))
        else:
            self._tick(self.rng.choice(list(self.prices)))

    def _asks(self) -> None:
        for _ in range(self.rng.choice((0, 0, 1, 1, 2))):
            contract = self.rng.choice(CONTRACTS)
            strategy = self.rng.choice(STRATEGIES)
            if self.rng.random() < 0.3:
                self.steps.append(Leave(strategy, contract.symbol))
                continue
            quantity = contract.lot * self.rng.choice((1, 1, 2, 3)) + self.rng.choice(
                (0,) * 30 + (1,)
            )
            side = self.rng.choice((1, -1))
            limit = None
            if not self.latency and self.rng.random() < 0.4:
                step = 10 if contract.symbol.endswith("FUT") else 5
                away = self.rng.choice((-1, 0, 1, 3, 20))
                limit = self.prices[contract.symbol] - side * away * step
            self.steps.append(Enter(strategy, contract.symbol, side, quantity, limit))


def charge(value: int) -> int:
    """Return what an order of a value costs, paise."""
    return 2_000 + value // 10_000
