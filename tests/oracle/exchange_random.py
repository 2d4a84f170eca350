"""Random scenarios for the exchange: contracts, settings, feeds, and users at them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from tests.oracle.exchange_requests import Requests
from tests.oracle.exchange_scenario import (
    EXECUTION,
    MS,
    SECOND,
    Clock,
    Close,
    Contract,
    Gap,
    Input,
    Scenario,
    Setup,
    Tick,
)
from tests.oracle.exchange_stream import Stream

OPENS = 1_800_000_000 * SECOND
REASONS = (
    "price_step",
    "price_band",
    "far_limit",
    "untraded_contract",
    "market_range",
    "slm_on_options",
    "no_protection",
    "order_rate",
)
MODES = ("depth",) * 9 + ("ltp", "mid", "bid_ask")


class Generator:
    """One random scenario."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"exchange {seed}")
        self.ts = OPENS - (2 * SECOND if self.chance(0.05) else 0)
        self.closes = OPENS + self.rng.choice((60, 180, 600)) * SECOND
        self.streams = [self.stream(number) for number in range(self.rng.choice((1, 1, 2, 3)))]
        self.execution = self.make_execution()
        self.users = Requests(self.rng, self.streams)

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def stream(self, number: int) -> Stream:
        kind = self.rng.choice(("option", "option", "option", "future", "share"))
        lot = 1 if kind == "share" else self.rng.choice((25, 65, 75))
        step = self.rng.choice((5, 5, 5, 10)) if kind != "option" else 5
        start = self.rng.choice((40, 800, 2_000, 9_980, 10_000, 10_050, 25_000, 60_000))
        start = start // step * step
        early = 20 * SECOND if self.chance(0.15) else 0
        contract = Contract(
            symbol=f"SYM{number}",
            lot=lot,
            step_paise=step,
            kind=kind,  # type: ignore[arg-type]
            opens=OPENS,
            closes=self.closes - early,
            freeze=self.rng.choice((None, None, None, lot * 4, lot * 5 + 3)),
            band=(max(step, start // 2 // step * step), start * 2) if self.chance(0.3) else None,
        )
        return Stream(self.rng, contract, start)

    def make_execution(self) -> dict[str, Any]:
        pick = self.rng.choice
        slow = self.chance(0.5)
        mode = pick(MODES)

        def latency() -> int:
            return pick((0, 50, 150, 400)) if slow else 0

        switched = {reason: "off" for reason in REASONS if self.chance(0.12)}
        if mode != "depth":  # there they are off unless they are switched on
            switched = {reason: "on" for reason in REASONS if self.chance(0.2)}
        switched["lpp"] = pick(("on", "off", "off"))
        return EXECUTION | {
            "fill_mode": mode,
            "latency": {"enter_ms": latency(), "modify_ms": latency(), "cancel_ms": latency()},
            "market_rest": pick(("rest", "rest", "cancel")),
            "escalate": pick(("market", "market", "never")),
            "escalate_after_ms": pick((1000, 3000)),
            "resting": pick(("queue", "queue", "queue", "cross", "touch")),
            "queue_evidence": pick(("last_qty", "volume")),
            "autoslice": self.chance(0.8 if mode == "depth" else 0.3),
            "slippage_bps": pick((0, 0, 0, 5)) if mode == "depth" else pick((0, 5, 5, 50)),
            "slippage_ticks": pick((0, 0, 0, 1, 2)),
            "stale_after_s": pick((5, 15)),
            "reject_after_s": pick((2, 5, 30)),
            "refusals": switched,
        }

    # ------------------------------------------------------------------ inputs

    def scenario(self) -> Scenario:
        inputs: list[Input] = []
        for what in self.whats():
            left = self.closes - self.ts
            requests = self.users.large() if 0 < left < SECOND else self.users.after_input()
            inputs.append(Input(ts=self.ts, input_no=len(inputs) + 1, what=what, requests=requests))
        setup = Setup(
            instruments=tuple(stream.contract for stream in self.streams), execution=self.execution
        )
        return Scenario(setup=setup, inputs=tuple(inputs))

    def whats(self) -> Iterator[Tick | Clock | Gap | Close]:
        """What comes in, at `ts`; at the end, mostly, the closes and a little after them."""
        for _ in range(self.rng.choice((30, 60, 120))):
            self.ts += self.rng.choice((1, 20, 100, 100, 250, 500, 1000, 1000, 2500)) * MS
            if self.chance(0.015):
                self.ts += self.rng.choice((6, 16, 40)) * SECOND
            if self.ts >= self.closes:
                break
            yield self.what()
        if self.ts < self.closes - SECOND and self.chance(0.3):
            self.ts = self.closes - self.rng.choice((100, 200, 500)) * MS
            yield self.what()
        if self.chance(0.7):
            self.ts = max(self.ts, self.closes)
            for stream in self.streams:
                yield Close(stream.contract.symbol)
            self.ts += self.rng.choice((0, 200, 1000)) * MS
            yield Clock()

    def what(self) -> Tick | Clock | Gap:
        draw = self.rng.random()
        live = [each for each in self.streams if OPENS <= self.ts < each.contract.closes]
        if draw < 0.1 or not live:
            return Clock()
        if draw < 0.115:
            return Gap()
        return self.rng.choice(live).tick()


def random_scenario(seed: int) -> Scenario:
    """Return the scenario of a seed."""
    return Generator(seed).scenario()
