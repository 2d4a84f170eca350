"""Random scenarios for the exchange: what books, feeds and users do, and do wrong."""

from __future__ import annotations

import random
from typing import Any

from tests.oracle.exchange_scenario import (
    EXECUTION,
    MS,
    SECOND,
    Cancel,
    Clock,
    Close,
    Contract,
    Gap,
    Input,
    Levels,
    Modify,
    New,
    Scenario,
    Setup,
    Side,
    Tick,
    Validity,
)

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


class Stream:
    """The moving book of one contract."""

    def __init__(self, rng: random.Random, contract: Contract, start: int) -> None:
        self.rng = rng
        self.contract = contract
        self.ltp = start
        self.volume = 0 if rng.random() < 0.5 else rng.randint(1, 50) * contract.lot
        self.depth = rng.random() < 0.85
        self.volumes = rng.random() < 0.9
        self.ltqs = rng.random() < 0.8
        self.last: tuple[Levels, Levels] | None = None
        self.trades = rng.random() < 0.93
        self.odd = rng.random() < 0.3
        """Whether volume grows by parts of a lot too."""

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def size(self) -> int:
        lots = self.rng.choice((1, 1, 1, 2, 2, 3, 5, 10, 40))
        odd = self.rng.randint(1, self.contract.lot) if self.chance(0.03) else 0
        return lots * self.contract.lot + odd

    def side(self, first: int, sign: int) -> Levels:
        """One side of the book, from its best."""
        count = self.rng.choice((5, 5, 5, 5, 5, 3, 1, 0)) if self.chance(0.5) else 5
        found = []
        price = first
        for _ in range(count):
            if price < self.contract.step_paise:
                break
            found.append((price, self.size()))
            price += sign * self.contract.step_paise * self.rng.choice((1, 1, 1, 2, 4))
        return tuple(found)

    def nudged(self, side: Levels) -> Levels:
        """The same prices with one size changed."""
        if not side:
            return side
        at = self.rng.randrange(len(side))
        return tuple(
            (price, self.size() if place == at else size)
            for place, (price, size) in enumerate(side)
        )

    def book(self) -> tuple[Levels, Levels]:
        step = self.contract.step_paise
        if self.last is not None and self.chance(0.45):
            bids, asks = self.last
            return (self.nudged(bids), asks) if self.chance(0.5) else (bids, self.nudged(asks))
        if self.last is not None and self.chance(0.1):
            return self.last
        bid = self.ltp - step * self.rng.choice((0, 0, 1, 1, 2, -1))
        ask = max(bid, step) + step * self.rng.choice((1, 1, 1, 2, 3))
        if self.chance(0.1):
            ask += self.ltp // 4 // step * step + 10 * step
        if self.chance(0.03):
            ask = bid - step * self.rng.choice((0, 1))
        return self.side(max(bid, step), -1), self.side(max(ask, step), 1)

    def move(self) -> None:
        step = self.contract.step_paise
        away = self.rng.choice((0, 0, 0, 1, -1, 1, -1, 2, -2, 5, -5))
        if self.chance(0.03):
            away = self.rng.choice((40, -40, 15, -15))
        self.ltp = max(step, self.ltp + step * away)

    def tick(self) -> Tick:
        """The next row."""
        self.move()
        if self.trades and self.chance(0.7):
            self.volume += self.rng.choice((1, 1, 1, 2, 2, 3, 8)) * self.contract.lot
            if self.odd:
                self.volume += self.rng.randint(1, self.contract.lot)
        volume = self.volume if self.volumes and not self.chance(0.04) else None
        if volume is not None and self.chance(0.05):
            volume = max(0, volume - self.rng.randint(1, 5) * self.contract.lot)
        ltq = self.size() if self.ltqs and not self.chance(0.1) else None
        believed = not self.chance(0.04)
        fields: dict[str, Any] = {"ltq": ltq, "volume": volume, "believed": believed}
        if self.depth:
            bids, asks = self.book()
            if self.chance(0.04):
                step = self.contract.step_paise
                bids, asks = self.side(self.ltp + step, -1), self.side(self.ltp, 1)
            self.last = (bids, asks)
            return Tick(symbol=self.contract.symbol, ltp=self.ltp, bids=bids, asks=asks, **fields)
        if self.chance(0.6):
            step = self.contract.step_paise
            fields["bid"] = max(step, self.ltp - step) if not self.chance(0.05) else None
            fields["ask"] = self.ltp + step if not self.chance(0.05) else None
        return Tick(symbol=self.contract.symbol, ltp=self.ltp, **fields)


class Generator:
    """One random scenario."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(f"exchange {seed}")
        self.ts = OPENS
        self.closes = OPENS + self.rng.choice((60, 180, 600)) * SECOND
        self.streams = [self.stream(number) for number in range(self.rng.choice((1, 1, 2, 3)))]
        self.closed: set[str] = set()
        self.sent: list[New] = []
        self.groups: dict[str, tuple[str, Side, int]] = {}
        self.execution = self.make_execution()
        self.busy = self.rng.choice((0.15, 0.3, 0.5))

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def stream(self, number: int) -> Stream:
        kind = self.rng.choice(("option", "option", "option", "future", "share"))
        lot = 1 if kind == "share" else self.rng.choice((25, 65, 75))
        step = self.rng.choice((5, 5, 5, 10)) if kind != "option" else 5
        start = self.rng.choice((40, 800, 2_000, 9_980, 10_000, 10_050, 25_000, 60_000))
        start = start // step * step
        contract = Contract(
            symbol=f"SYM{number}",
            lot=lot,
            step_paise=step,
            kind=kind,  # type: ignore[arg-type]
            opens=OPENS,
            closes=self.closes,
            freeze=self.rng.choice((None, None, None, lot * 4, lot * 5 + 3)),
            band=(max(step, start // 2 // step * step), start * 2) if self.chance(0.3) else None,
        )
        return Stream(self.rng, contract, start)

    def make_execution(self) -> dict[str, Any]:
        pick = self.rng.choice
        slow = self.chance(0.5)

        def latency() -> int:
            return pick((0, 50, 150, 400)) if slow else 0

        refusals = {reason: "off" for reason in REASONS if self.chance(0.12)}
        refusals["lpp"] = pick(("on", "off", "off"))
        return EXECUTION | {
            "latency": {"enter_ms": latency(), "modify_ms": latency(), "cancel_ms": latency()},
            "market_rest": pick(("rest", "rest", "cancel")),
            "escalate": pick(("market", "market", "never")),
            "escalate_after_ms": pick((1000, 3000)),
            "resting": pick(("queue", "queue", "queue", "cross", "touch")),
            "queue_evidence": pick(("last_qty", "volume")),
            "autoslice": self.chance(0.8),
            "slippage_bps": pick((0, 0, 0, 5)),
            "slippage_ticks": pick((0, 0, 0, 1, 2)),
            "stale_after_s": pick((5, 15)),
            "reject_after_s": pick((2, 5, 30)),
            "refusals": refusals,
        }

    # ------------------------------------------------------------------ inputs

    def scenario(self) -> Scenario:
        inputs: list[Input] = []
        for _ in range(self.rng.choice((30, 60, 120))):
            self.ts += self.rng.choice((1, 20, 100, 100, 250, 500, 1000, 1000, 2500)) * MS
            if self.chance(0.015):
                self.ts += self.rng.choice((6, 16, 40)) * SECOND
            if self.ts >= self.closes:
                break
            what: Tick | Clock | Gap = self.input()
            inputs.append(self.input_of(what, len(inputs) + 1, self.requests()))
        if self.chance(0.7):
            self.ts = max(self.ts, self.closes)
            for stream in self.streams:
                close = Close(stream.contract.symbol)
                inputs.append(self.input_of(close, len(inputs) + 1, ()))
        setup = Setup(
            instruments=tuple(stream.contract for stream in self.streams), execution=self.execution
        )
        return Scenario(setup=setup, inputs=tuple(inputs))

    def input_of(
        self, what: Tick | Clock | Gap | Close, number: int, requests: tuple[Any, ...]
    ) -> Input:
        return Input(ts=self.ts, input_no=number, what=what, requests=requests)

    def input(self) -> Tick | Clock | Gap:
        draw = self.rng.random()
        if draw < 0.1:
            return Clock()
        if draw < 0.115:
            return Gap()
        return self.rng.choice(self.streams).tick()

    # ---------------------------------------------------------------- requests

    def requests(self) -> tuple[New | Modify | Cancel, ...]:
        if self.chance(0.004):
            return tuple(self.burst())
        if self.sent and self.chance(0.006):
            return tuple(self.pester())
        if not self.chance(self.busy):
            return ()
        found = [self.request() for _ in range(self.rng.choice((1, 1, 1, 2, 3)))]
        if self.chance(0.04):
            found += self.halved()
        return tuple(found)

    def halved(self) -> list[New | Modify | Cancel]:
        """A limit for all of the best level and a lot more, cut to what it takes there."""
        stream = self.rng.choice(self.streams)
        if stream.last is None or not stream.last[1]:
            return []
        price, size = stream.last[1][0]
        lot = stream.contract.lot
        first = size // lot * lot
        new = New(
            label=self.label(),
            symbol=stream.contract.symbol,
            side="BUY",
            order_type="LIMIT",
            quantity=first + lot,
            price=price,
        )
        self.remember(new)
        if self.sliced(new):
            return [new]
        return [new, Modify(label=new.label, quantity=max(first, lot))]

    def burst(self) -> list[New]:
        """More than ten API orders in a second."""
        return [self.new(is_api=True) for _ in range(13)]

    def pester(self) -> list[Modify]:
        """More than 25 modifications of one order."""
        alone = [new for new in self.sent if not self.sliced(new)]
        if not alone:
            return []
        order = alone[-1]
        return [Modify(label=order.label, quantity=order.quantity) for _ in range(27)]

    def request(self) -> New | Modify | Cancel:
        draw = self.rng.random()
        if self.sent and draw < 0.25:
            return self.modification()
        if self.sent and draw < 0.37:
            new = self.rng.choice(self.sent[-3:])
            part = self.rng.randint(1, 3)
            label = f"{new.label}/{part}" if self.sliced(new) else new.label
            return Cancel(label=label, reason=self.rng.choice(("cancelled", "exit_began")))
        if draw < 0.62:
            return self.exit()
        return self.new(is_api=self.chance(0.3))

    def sliced(self, new: New) -> bool:
        contract = next(s.contract for s in self.streams if s.contract.symbol == new.symbol)
        return contract.freeze is not None and new.quantity > contract.freeze

    def price_near(self, stream: Stream, sign: int) -> int:
        """A limit: mostly around the market, at times beyond all levels, far, or off the step."""
        step = stream.contract.step_paise
        away = self.rng.choice((0, 0, 0, -1, -1, -2, -3, -5, 1, 2, 3, 12, 30))
        price = stream.ltp + sign * step * away
        if self.chance(0.04):
            price = stream.ltp * self.rng.choice((3, 2)) if sign > 0 else stream.ltp // 3
            price = price // step * step
        if self.chance(0.02):
            price += 1
        return max(step, price)

    def quantity(self, stream: Stream) -> int:
        lots = self.rng.choice((1, 1, 1, 2, 2, 3, 4, 5, 8, 12, 30))
        if self.chance(0.02):
            lots = 60
        return int(lots * stream.contract.lot)

    def kind_fields(self, stream: Stream, sign: int, *, stops: bool = True) -> dict[str, Any]:
        kinds = ("MARKET", "MARKET", "LIMIT", "LIMIT", "LIMIT", *(("SL", "SL", "SL-M") * stops))
        kind = self.rng.choice(kinds)
        if kind == "SL-M" and stream.contract.kind == "option" and self.chance(0.8):
            kind = "SL"
        found: dict[str, Any] = {"order_type": kind}
        step = stream.contract.step_paise
        if kind == "LIMIT":
            found["price"] = self.price_near(stream, sign)
        if kind in ("SL", "SL-M"):
            trigger = stream.ltp + sign * step * self.rng.choice((1, 1, 2, 3, 5, 0, -1))
            found["trigger"] = max(step, trigger)
        if kind == "SL":
            beyond = self.rng.choice((0, 1, 2, 20, -1))
            found["price"] = max(step, found["trigger"] + sign * step * beyond)
        return found

    def label(self) -> str:
        return f"O{len(self.sent) + 1}"

    def remember(self, new: New) -> New:
        self.sent.append(new)
        return new

    def new(self, *, is_api: bool = False) -> New:
        stream = self.rng.choice(self.streams)
        sign = self.rng.choice((1, -1))
        fields = self.kind_fields(stream, sign)
        validity: Validity = self.rng.choice(("DAY", "DAY", "DAY", "IOC", "TTL"))
        if validity == "IOC" and fields["order_type"] in ("SL", "SL-M") and self.chance(0.8):
            validity = "DAY"
        if is_api and self.chance(0.5):
            fields["market_protection"] = self.rng.choice((-1, 0, 1, 3.5, 30, 60))
        return self.remember(
            New(
                label=self.label(),
                symbol=stream.contract.symbol,
                side="BUY" if sign > 0 else "SELL",
                quantity=self.quantity(stream),
                validity=validity,
                ttl_minutes=self.rng.choice((1, 1, 2)) if validity == "TTL" else None,
                is_api=is_api,
                **fields,
            )
        )

    def exit(self) -> New:
        """An order of a group: its stop, its target, or a market exit."""
        if self.groups and self.chance(0.75):
            name = self.rng.choice(list(self.groups)[-2:])
        else:
            stream = self.rng.choice(self.streams)
            name = f"T{len(self.groups) + 1}"
            side: Side = self.rng.choice(("BUY", "SELL"))
            self.groups[name] = (stream.contract.symbol, side, self.quantity(stream))
        symbol, side, units = self.groups[name]
        stream = next(each for each in self.streams if each.contract.symbol == symbol)
        lot = stream.contract.lot
        part = units if self.chance(0.7) else self.rng.randint(1, units // lot) * lot
        return self.remember(
            New(
                label=self.label(),
                symbol=symbol,
                side=side,
                quantity=part,
                group=name,
                open_units=units,
                is_exit=True,
                **self.kind_fields(stream, 1 if side == "BUY" else -1),
            )
        )

    def modification(self) -> New | Modify | Cancel:
        """Mostly of a recent order that is not sliced."""
        alone = [new for new in self.sent[-8:] if not self.sliced(new)]
        if not alone:
            return Cancel(label=self.sent[-1].label)
        new = self.rng.choice([*alone, alone[-1], alone[-1], alone[-1]])
        stream = next(each for each in self.streams if each.contract.symbol == new.symbol)
        sign = 1 if new.side == "BUY" else -1
        lot, step = stream.contract.lot, stream.contract.step_paise
        draw = self.rng.random()
        if draw < 0.3:
            lots = self.rng.choice((1, 1, 2, 2, 3, 0))
            return Modify(label=new.label, quantity=lots * lot)
        if draw < 0.4:
            return Modify(label=new.label, quantity=new.quantity)
        if draw < 0.5 and new.order_type in ("SL", "SL-M"):
            trigger = stream.ltp + sign * step * self.rng.choice((1, 2, 4, 0))
            return Modify(label=new.label, trigger=max(step, trigger))
        if draw < 0.6 and new.order_type in ("LIMIT", "SL"):
            return Modify(label=new.label, order_type="MARKET")
        if draw < 0.65 and new.order_type in ("MARKET", "SL"):
            price = self.price_near(stream, sign)
            return Modify(label=new.label, order_type="LIMIT", price=price)
        if draw < 0.7:
            return Modify(label=new.label, validity="IOC")
        if new.order_type in ("LIMIT", "SL"):
            return Modify(label=new.label, price=self.price_near(stream, sign))
        return Modify(label=new.label, quantity=new.quantity + lot)


def random_scenario(seed: int) -> Scenario:
    """Return the scenario of a seed."""
    return Generator(seed).scenario()
