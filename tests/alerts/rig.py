"""A service that takes messages or not, and an outbox with a clock of the test's own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from daemon.alerts.channels import Address, Channel
from daemon.alerts.delivery import Delivery
from daemon.alerts.message import Message
from daemon.alerts.outbox import Outbox
from daemon.domain.dates import ist_ns
from daemon.settings.alerts import ChannelConfig

NOON: Final = ist_ns(dt.date(2026, 11, 18), dt.time(12, 0))
NIGHT: Final = ist_ns(dt.date(2026, 11, 18), dt.time(23, 0))


class Service:
    """Takes texts while it is up."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.tries: list[int] = []
        self.is_up = True
        self.now = 0

    def send(self, title: str, text: str) -> str:
        assert title.startswith("PAPER ")
        self.tries.append(self.now)
        if not self.is_up:
            return "it is down"
        self.taken.append(text)
        return ""

    @property
    def lines(self) -> list[str]:
        """Every line that was taken, in order."""
        return [line for text in self.taken for line in text.split("\n")]


def channel(name: str = "phone", **fields: Any) -> Channel:
    return Channel(ChannelConfig(name=name, **fields), Address("json://127.0.0.1/"))


@contextmanager
def outbox_at(directory: Path, *names: str) -> Iterator[Outbox]:
    directory.mkdir(parents=True, exist_ok=True)
    outbox = Outbox(directory)
    try:
        outbox.keep_channels(names or ("phone",))
        yield outbox
    finally:
        outbox.close()


def note(text: str, kind: str = "fill", seq: int = 0) -> Message:
    return Message(kind=kind, text=text, seq=seq)


def run(delivery: Delivery, service: Service, now: int, until: int) -> int:
    """Step whenever the delivery asks for it, from `now` to `until`; return the time reached."""
    while now <= until:
        service.now = now
        now = max(delivery.step(now), now)
        if now == service.now:
            continue
    return now


def texts(lines: list[str]) -> list[str]:
    """Lines without how they begin."""
    return [line.partition(": ")[2] for line in lines]
