"""Random plans over random chains: an index, a future, options that move with them.

One timestamp has at most one row of an instrument, so that the order of its rows cannot matter.
A few days in a hundred have a gap, a silence, a quiet strike, a kill switch or a manual exit.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from dataclasses import replace
from typing import Any

from tests.oracle.plan_kit import DAY, NEXT_WEEKLY, WEEKLY, chain, session
from tests.oracle.plan_scenario import SECOND, Contract, Input, Plan, Scenario, Setup, moment

FRI = dt.date(2026, 11, 27)
OPENS, OVER = "09:15:00", "09:21:30"
CLOCKS = ("09:15:20", "09:15:40", "09:16:00", "09:16:30")


class PlanGenerator:
    """Random plans."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def plan(self, number: int) -> Plan:
        pick = self.rng.choice
        condor = self.chance(0.25)
        names = ["a", "b", "c", "d"][: 4 if condor else pick((1, 2, 2, 3))]
        legs = [self.leg(name, place, condor) for place, name in enumerate(names)]
        found: dict[str, Any] = {
            "id": f"plan{number}",
            "underlying": "NIFTY",
            "reference": pick(("spot", "spot", "future", "synthetic")),
            "multiplier": pick((1, 1, 2)),
            "entry": {
                "at": pick(CLOCKS),
                "hedges_first": self.chance(0.7),
                "within_s": pick((5, 30)),
                "if_incomplete": pick(("unwind", "keep")),
            },
            "exit": {"at": pick(("09:20:00", "09:22:00", "09:30:00"))},
            "square_off": pick(("partial", "partial", "complete")),
            "legs": legs,
        }
        if self.chance(0.3):
            found["entry"]["until"] = pick(("09:18:00", "09:19:00"))
        if self.chance(0.3):
            found["no_reentry_after"] = pick(("09:17:30", "09:19:00"))
        if found["square_off"] == "partial" and self.chance(0.4):
            found["move_to_cost"] = {"of": pick(("opposite", "all", names[:2]))}
        first = [each["id"] for each in legs if each.get("momentum") or each.get("breakout")]
        if len(first) > 1 and self.chance(0.6):
            found["one_of"] = first
        if self.chance(0.35):
            found["overall"] = self.overall()
            keep_ranges(legs, found["overall"])
        self.lazy(found)
        if self.chance(0.2):
            self.positional(found)
        return found

    def positional(self, plan: dict[str, Any]) -> None:
        """Held over a night, or rolled before the first expiry."""
        plan |= {"product": "NRML", "square_off": "partial", "reference": "spot"}
        plan.pop("overall", None)
        for leg in plan["legs"]:
            leg.pop("target", None)
            if "percent" in (leg.get("stop") or {}):
                leg["stop"] = {"percent": 60}
        plan["exit"] = self.rng.choice(({"sessions": 1, "at": "09:20:00"}, {"dte": 0, "at": OVER}))
        if self.chance(0.7):
            plan["roll"] = {"dte": self.rng.choice((0, 1)), "at": "09:18:00", "to": "next_weekly"}
            plan["roll"]["max"] = self.rng.choice((1, 12))

    def leg(self, name: str, place: int, condor: bool) -> dict[str, Any]:
        pick = self.rng.choice
        kind = ("CE", "PE")[place % 2] if not self.chance(0.08) else "FUT"
        side = pick(("sell", "sell", "buy")) if not condor else ("sell", "buy")[place // 2]
        found: dict[str, Any] = {
            "id": name,
            "side": side,
            "type": kind,
            "expiry": pick(("weekly", "weekly", "next_weekly")) if kind != "FUT" else "monthly",
            "strike": self.strike(),
            "lots": pick((1, 1, 2)),
        }
        if condor and place > 1 and kind != "FUT":
            found["strike"] = pick(("OTM2", "OTM3", {"leg": "ab"[place % 2], "points": 150}))
        if self.chance(0.75):
            found["stop"] = self.level(pick((5, 10, 25)))
        if self.chance(0.4):
            found["target"] = self.level(pick((8, 20)))
        if "stop" in found and self.chance(0.4):
            found["trail"] = self.trail()
        if not condor:
            self.trigger(found)
            if name == "b" and self.chance(0.08):
                found |= {"type": "CE", "strike": {"leg": "a", "points": self.rng.choice((0, 120))}}
                found["expiry"] = "weekly"
                found.pop("momentum", None)
                found.pop("breakout", None)
        for key in ("stop", "target"):
            if key in found and self.chance(0.6):
                found[f"reentry_on_{key}"] = self.reentry(found)
        return found

    def strike(self) -> Any:
        number = self.rng.choice((60, 100, 140))
        return self.rng.choice(
            (
                "ATM", "ATM", "ATM", "OTM1", "OTM2", "ITM1", {"atm": 3},
                {"atm_percent": self.rng.choice((0.5, -0.5))}, {"premium_closest": number},
                {"premium_at_least": number}, {"premium_at_most": number},
                {"premium_between": [number - 20, number + 15]}, {"straddle_width": 0.5},
                {"straddle_percent": 40}, {"premium_closest": number, "only": "otm"},
                {"delta_closest": 0.3}, {"delta_between": [0.2, 0.5]}, 24_000,
                self.rng.choice(("OTM9", {"atm_percent": 2}, 24_010, {"premium_at_least": 900})),
            )
        )  # fmt: skip

    def level(self, percent: float) -> dict[str, Any]:
        return self.rng.choice(
            (
                {"percent": percent},
                {"percent": percent},
                {"points": percent},
                {"underlying_points": percent * 2},
                {"underlying_percent": percent / 100},
            )
        )

    def trail(self) -> dict[str, Any]:
        every = self.rng.choice((2, 5))
        found: dict[str, Any] = {"every": {"points": every}, "by": {"points": every / 2}}
        if self.chance(0.3):
            found |= {"after": {"points": 5}, "lock": {"points": 2}}
        return found

    def trigger(self, leg: dict[str, Any]) -> None:
        of = self.rng.choice(("premium", "premium", "underlying"))
        if self.chance(0.2):
            way = self.rng.choice(("up", "down"))
            far = self.rng.choice(({"points": 4}, {"percent": 3 if of == "premium" else 0.02}))
            leg["momentum"] = {way: far, "of": of}
        elif self.chance(0.15):
            side = "high" if leg["side"] == "buy" else "low"
            leg["breakout"] = {"from": "09:15:10", "to": "09:16:10", "side": side, "of": of}
            if of == "underlying":
                leg["breakout"]["strike_at"] = self.rng.choice(("start", "breakout"))
            if self.chance(0.4):
                leg["stop"] = {"range": "opposite"}
                leg.pop("trail", None)

    def reentry(self, leg: dict[str, Any]) -> dict[str, Any]:
        most = self.rng.choice((1, 2, 3))
        ranged = "range" in (leg.get("stop") or {})
        how = "cost" if ranged else self.rng.choice(("asap", "cost", "momentum", "lazy"))
        if not ranged and how != "lazy" and self.chance(0.3):
            how += "_reverse"
        found: dict[str, Any] = {"as": how, "most": most}
        if how.startswith("momentum"):
            found["momentum"] = {self.rng.choice(("up", "down")): {"points": 3}}
        if how.startswith("cost"):
            found["cost_of"] = self.rng.choice(("first", "last"))
        if how == "lazy":
            found["leg"] = "z"
        return found

    def lazy(self, plan: dict[str, Any]) -> None:
        """The lazy leg that others name, if one does."""
        for leg in plan["legs"]:
            for key in ("reentry_on_stop", "reentry_on_target"):
                if (leg.get(key) or {}).get("leg") == "z" and "lazy_legs" not in plan:
                    found = {"id": "z", "side": "sell", "type": "CE", "expiry": "weekly"}
                    lazy = found | {"strike": self.strike(), "stop": {"percent": 5}, "lots": 1}
                    if self.chance(0.5):
                        lazy["momentum"] = {"down": {"points": 3}}
                    plan["lazy_legs"] = [lazy]

    def overall(self) -> dict[str, Any]:
        pick = self.rng.choice
        found: dict[str, Any] = {}
        stop = pick(({"rupees": 600}, {"rupees": 2000}, {"points": 10}, {"premium_percent": 5}))
        found["stop"] = stop
        if self.chance(0.4):
            found["target"] = pick(({"rupees": 800}, {"points": 15}))
        if self.chance(0.4):
            found["trail"] = {"every": 200, "by": pick((100, 200))}
        if self.chance(0.4):
            found["lock"] = {"at": 500, "keep": 200}
            if self.chance(0.6):
                found["lock"] |= {"every": 100, "by": 70}
        for key in ("stop", "target"):
            if key in found and self.chance(0.4):
                how = pick(("asap", "asap_reverse", "momentum", "momentum_reverse"))
                found[f"reentry_on_{key}"] = {"as": how, "most": pick((1, 2))}
        return found


def keep_ranges(legs: list[dict[str, Any]], overall: dict[str, Any]) -> None:
    """Let a new round not turn the sides of ranges that are stops, nor leave their contracts."""
    own = [each for each in legs if "range" in (each.get("stop") or {})]
    ranged = [each.get("breakout", {}).get("of") for each in own]
    for key in ("reentry_on_stop", "reentry_on_target"):
        if key in overall and ranged:
            how = overall[key]["as"].removesuffix("_reverse")
            overall[key]["as"] = "momentum" if "premium" in ranged else how


class Prices:
    """A walk of an index; options are worth what is in them and what is hoped."""

    def __init__(self, rng: random.Random, contracts: list[Contract]) -> None:
        self.rng = rng
        self.contracts = contracts
        self.spot = rng.choice((23_880, 23_975, 24_000, 24_025, 24_040)) * 100
        self.wild = rng.choice((2, 5, 12))
        self.quiet = {each.symbol for each in contracts if rng.random() < 0.03}

    def step(self) -> None:
        self.spot += round(self.rng.gauss(0, self.wild * 100) / 5) * 5

    def ltp(self, contract: Contract) -> int:
        if contract.kind == "INDEX":
            return self.spot
        if contract.kind == "FUT":
            return self.spot + 3000 + self.rng.choice((-1, 0, 1)) * 100
        sign = 1 if contract.kind == "CE" else -1
        gap = sign * (self.spot - contract.strike_paise)
        width = 12_000 if contract.expiry == WEEKLY else 22_000
        hoped = (gap + math.hypot(gap, width)) / 2
        noise = self.rng.choice((-40, -10, 0, 0, 10, 40))
        return max(5, round((hoped + noise) / 5) * 5)

    def rows(self) -> list[tuple[str, int]]:
        """What ticks in a timestamp, in any order."""
        share = self.rng.choice((0.1, 0.5, 0.9))
        found = [
            (each.symbol, self.ltp(each))
            for each in self.contracts
            if each.symbol not in self.quiet and self.rng.random() < share
        ]
        self.rng.shuffle(found)
        return found


def inputs_of(rng: random.Random, contracts: list[Contract], day: dt.date) -> list[Input]:
    """Return seven minutes of a day, a timestamp every second or few."""
    prices = Prices(rng, contracts)
    ts = moment(day, rng.choice((OPENS, OPENS, OPENS, "09:15:15")))
    ends = moment(day, "09:22:10")
    found: list[Input] = []
    kill = ts + rng.randrange(100, 400) * SECOND if rng.random() < 0.05 else None
    while ts < ends:
        prices.step()
        whats = [
            Input(ts, 0, "tick", symbol=symbol, ltp_paise=ltp) for symbol, ltp in prices.rows()
        ]
        if rng.random() < 0.05 or not whats:
            whats.append(Input(ts, 0, "clock"))
        if rng.random() < 0.003:
            whats.append(Input(ts, 0, "gap"))
        if kill is not None and ts >= kill:
            whats, kill = [Input(ts, 0, "kill"), *whats], None
        found += whats
        ts += rng.choice((1, 1, 2, 3)) * SECOND + rng.choice((0, 0, SECOND // 4))
        if rng.random() < 0.01:
            ts += rng.choice((6, 20, 70)) * SECOND
    return found


def random_scenario(seed: int) -> Scenario:
    """Return the scenario of a seed."""
    rng = random.Random(f"plans {seed}")
    contracts = chain(range(23_700, 24_350, 50), (WEEKLY, NEXT_WEEKLY, dt.date(2026, 12, 29)))
    live = [
        each for each in contracts if each.expiry != dt.date(2026, 12, 29) or each.kind == "FUT"
    ]
    makes = PlanGenerator(rng)
    plans = [makes.plan(number) for number in range(rng.choice((1, 1, 2)))]
    off = rng.choice(("15:20", "15:20", "09:21:00"))
    days = [DAY, WEEKLY] if any(plan.get("product") == "NRML" for plan in plans) else [DAY]
    inputs = [each for day in days for each in inputs_of(rng, live, day)]
    inputs.append(Input(inputs[-1].ts, 0, "end"))
    setup = Setup(
        plans=plans,
        contracts=contracts,
        sessions=[session(day, off) for day in days],
        quote_max_age_s=rng.choice((60, 20)),
    )
    return Scenario(setup, numbered(inputs))


def numbered(inputs: list[Input]) -> tuple[Input, ...]:
    return tuple(replace(each, input_no=number) for number, each in enumerate(inputs, 1))


def reversed_rows(scenario: Scenario) -> Scenario:
    """Return the same inputs, the ticks of each timestamp the other way round."""
    found: list[Input] = []
    same: list[Input] = []
    for item in (*scenario.inputs, None):
        if item is not None and item.what == "tick" and (not same or same[0].ts == item.ts):
            same.append(item)
            continue
        found += reversed(same)
        same = []
        if item is not None and item.what == "tick":
            same.append(item)
        elif item is not None:
            found.append(item)
    return Scenario(scenario.setup, numbered(found))
