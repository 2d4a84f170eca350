"""Random requests: what users, trades and their exits send to the exchange, and send wrong."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

from tests.oracle.exchange_scenario import Cancel, Modify, New, Side, Validity
from tests.oracle.exchange_stream import Stream

STOPS = ("SL", "SL-M")
PROTECTIONS = (-1, 0, 1, 3.5, 30, 60)


class Requests:
    """Everybody who sends orders in one scenario."""

    def __init__(self, rng: random.Random, streams: list[Stream]) -> None:
        self.rng = rng
        self.streams = streams
        self.sent: list[New] = []
        self.groups: dict[str, tuple[str, Side, int]] = {}
        self.joined: list[New] = []
        """Orders that joined a queue and were not made smaller yet."""
        self.busy = rng.choice((0.15, 0.3, 0.5))

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def after_input(self) -> tuple[New | Modify | Cancel, ...]:
        """What is sent after one input."""
        if self.chance(0.004):
            return tuple(self.burst())
        if self.sent and self.chance(0.006):
            return tuple(self.pester())
        if self.joined and self.chance(0.15):
            new = self.joined.pop(0)
            return (Modify(label=new.label, quantity=new.quantity // 2),)
        if not self.chance(self.busy):
            return ()
        found = [self.request() for _ in range(self.rng.choice((1, 1, 1, 2, 3)))]
        if self.chance(0.04):
            found += self.halved()
        if self.chance(0.08):
            found += self.on_a_level()
        return tuple(found)

    def large(self) -> tuple[New, ...]:
        """An order that may need slices, just before the close."""
        new = self.new()
        self.sent[-1] = dataclasses.replace(new, quantity=max(1, new.quantity) * 5)
        return (self.sent[-1],)

    def halved(self) -> list[New | Modify | Cancel]:
        """A limit for all of the best level and a lot more, cut to what it takes there."""
        stream = self.rng.choice(self.streams)
        if stream.last is None or not stream.last[1]:
            return []
        price, size = stream.last[1][0]
        lot = stream.contract.lot
        first = size // lot * lot
        new = self.limit(stream, first + lot, price)
        if self.sliced(new):
            return [new]
        return [new, Modify(label=new.label, quantity=max(first, lot))]

    def on_a_level(self) -> list[New | Modify | Cancel]:
        """Limits that join a queue, later made smaller, or one at the fifth level for more."""
        stream = self.rng.choice(self.streams)
        if stream.last is None or not (stream.last[0] and stream.last[1]):
            return []
        lot = stream.contract.lot
        if self.chance(0.7):
            two = [self.limit(stream, 2 * lot, stream.last[0][0][0]) for _ in range(2)]
            self.joined += two
            return [*two]
        there = sum(size for _, size in stream.last[1])
        return [self.limit(stream, (there // lot + 1) * lot, stream.last[1][-1][0])]

    def limit(self, stream: Stream, quantity: int, price: int) -> New:
        return self.remember(
            New(
                label=self.label(),
                symbol=stream.contract.symbol,
                side="BUY",
                order_type="LIMIT",
                quantity=quantity,
                price=price,
            )
        )

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
        if self.sent and draw < 0.28:
            return self.modification()
        if self.sent and draw < 0.38:
            new = self.rng.choice(self.sent[-3:])
            return Cancel(
                label=self.order_of(new), reason=self.rng.choice(("cancelled", "exit_began"))
            )
        if draw < 0.63:
            return self.exit()
        return self.spoilt(self.new(is_api=self.chance(0.3)))

    # -------------------------------------------------------------- new orders

    def sliced(self, new: New) -> bool:
        contract = next(s.contract for s in self.streams if s.contract.symbol == new.symbol)
        return contract.freeze is not None and new.quantity > contract.freeze

    def order_of(self, new: New) -> str:
        """The label of an order, or of a slice of it."""
        return f"{new.label}/{self.rng.randint(1, 3)}" if self.sliced(new) else new.label

    def price_near(self, stream: Stream, sign: int) -> int:
        """A limit: around the market, on a level, at times beyond all, far, or off the step."""
        step = stream.contract.step_paise
        if stream.last is not None and self.chance(0.2):
            levels = stream.last[0] + stream.last[1]
            return self.rng.choice(levels)[0] if levels else stream.ltp
        away = self.rng.choice((0, 0, 0, -1, -1, -2, -3, -5, 1, 2, 3, 12, 30))
        price = stream.ltp + sign * step * away
        if self.chance(0.04):
            price = stream.ltp * self.rng.choice((3, 2)) if sign > 0 else stream.ltp // 3
            price = price // step * step
        if self.chance(0.02):
            price += 1
        return max(step, price)

    def trigger_near(self, stream: Stream, sign: int) -> int:
        step = stream.contract.step_paise
        return max(step, stream.ltp + sign * step * self.rng.choice((1, 1, 2, 3, 5, 0, -1)))

    def quantity(self, stream: Stream) -> int:
        lots = self.rng.choice((1, 1, 1, 2, 2, 3, 4, 5, 8, 12, 30))
        if self.chance(0.02):
            lots = 60
        return int(lots * stream.contract.lot)

    def kind_fields(self, stream: Stream, sign: int) -> dict[str, Any]:
        kinds = ("MARKET", "MARKET", "LIMIT", "LIMIT", "LIMIT", "SL", "SL", "SL-M")
        kind = self.rng.choice(kinds)
        if kind == "SL-M" and stream.contract.kind == "option" and self.chance(0.8):
            kind = "SL"
        found: dict[str, Any] = {"order_type": kind}
        step = stream.contract.step_paise
        if kind == "LIMIT":
            found["price"] = self.price_near(stream, sign)
        if kind in STOPS:
            found["trigger"] = self.trigger_near(stream, sign)
        if kind == "SL":
            beyond = self.rng.choice((0, 0, 1, 1, 2, 2, 20, 20, -1, -1, 3000))
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
        if validity == "IOC" and fields["order_type"] in STOPS and self.chance(0.8):
            validity = "DAY"
        if is_api and self.chance(0.5):
            fields["market_protection"] = self.rng.choice(PROTECTIONS)
        return self.remember(
            New(
                label=self.label(),
                symbol=stream.contract.symbol,
                side="BUY" if sign > 0 else "SELL",
                quantity=self.quantity(stream),
                validity=validity,
                ttl_minutes=self.rng.choice((1, 1, 2)) if validity == "TTL" else None,
                product=self.rng.choice(("MIS", "NRML", "CNC")),
                is_api=is_api,
                **fields,
            )
        )

    def spoilt(self, new: New) -> New:
        """The order, or now and then one with something missing."""
        if not self.chance(0.04):
            return new
        wrong: dict[str, Any] = self.rng.choice(
            ({"price": None}, {"trigger": None}, {"price": 1}, {"ttl_minutes": None},
             {"quantity": new.quantity + 1}, {"quantity": 0}, {"trigger": 2})
        )  # fmt: skip
        self.sent[-1] = dataclasses.replace(new, **wrong)
        return self.sent[-1]

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

    # ----------------------------------------------------------- modifications

    def modification(self) -> New | Modify | Cancel:
        """Mostly of a recent order; of an order in slices one of them is meant."""
        recent = self.sent[-8:]
        picked = self.rng.choices([*recent, recent[-1], recent[-1], recent[-1]], k=4)
        lasting = (new for new in picked if new.order_type == "LIMIT" and new.validity != "IOC")
        new = next(lasting, picked[0]) if self.chance(0.7) else picked[0]
        stream = next(each for each in self.streams if each.contract.symbol == new.symbol)
        sign = 1 if new.side == "BUY" else -1
        draws = (self.of_quantity, self.of_price, self.of_price, self.of_kind, self.of_validity)
        change = self.rng.choice(draws)(new, stream, sign)
        if self.chance(0.1):
            change |= self.rng.choice(draws)(new, stream, sign)
        return Modify(label=self.order_of(new), **change)

    def of_quantity(self, new: New, stream: Stream, sign: int) -> dict[str, Any]:
        lots = self.rng.choice((0, 1, 1, 2, 2, 3, 8))
        lot = stream.contract.lot
        if new.quantity > lot and self.chance(0.5):
            return {"quantity": new.quantity - lot}
        choices = (lots * lot, lots * lot, new.quantity, new.quantity + lot, lots * lot + 1)
        return {"quantity": self.rng.choice(choices)}

    def of_price(self, new: New, stream: Stream, sign: int) -> dict[str, Any]:
        """The level that the kind has; at times one that it has not."""
        found: dict[str, Any] = {}
        if (new.order_type in STOPS) != self.chance(0.1) and self.chance(0.7):
            found["trigger"] = self.trigger_near(stream, sign)
        if not found or self.chance(0.3):
            found["price"] = self.price_near(stream, sign)
        return found

    def of_kind(self, new: New, stream: Stream, sign: int) -> dict[str, Any]:
        """Another kind, mostly with the levels that it needs."""
        fields = self.kind_fields(stream, sign)
        return {"order_type": fields["order_type"]} if self.chance(0.3) else fields

    def of_validity(self, new: New, stream: Stream, sign: int) -> dict[str, Any]:
        if self.chance(0.15):
            return {"ttl_minutes": self.rng.choice((1, 2))}
        validity: Validity = self.rng.choice(("DAY", "IOC", "TTL", "TTL"))
        minutes = self.rng.choice((1, 2, None)) if validity == "TTL" else None
        return {"validity": validity, "ttl_minutes": minutes}
