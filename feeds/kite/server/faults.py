"""What a served link is made to suffer, so that a client's care can be tested."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from daemon.errors import UsageError

Kind = Literal[
    "drop", "half-open", "garbage", "text", "cut", "delay", "duplicate", "refuse"
]  # fmt: skip
KINDS: Final = get_args(Kind)
_GARBAGE_BYTES: Final = (16, 400)


@dataclass(frozen=True)
class Fault:
    """One fault, due once `at` whole packets were sent (over all connections).

    `drop` ends the link in the middle of the next frame; `half-open` keeps it open and says
    nothing more; `garbage` and `text` are messages that mean nothing; `cut` shortens the last
    packet of the next frame; `delay` holds the packets of the next three seconds of the recording
    back and sends them after the newer ones; `duplicate` sends the next frame twice; `refuse`
    answers every handshake from then on with 403.
    """

    kind: Kind
    at: int


@dataclass(frozen=True)
class FaultPlan:
    """Faults in the order in which they are due; the seed makes the same garbage each time."""

    faults: tuple[Fault, ...] = ()
    seed: int = 1

    @classmethod
    def parse(cls, texts: Iterable[str], *, seed: int = 1) -> FaultPlan:
        """From `KIND@N`, or `403` alone. Raises UsageError."""
        found = sorted(map(_fault, texts), key=lambda each: each.at)
        return cls(tuple(found), seed)


@dataclass
class PendingFaults:
    """The faults of one run that have not happened yet."""

    plan: FaultPlan
    refuse_at: float = math.inf
    """From this many packets on every handshake is refused."""
    _waiting: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        refusals = [each.at for each in self.plan.faults if each.kind == "refuse"]
        self.refuse_at = min(refusals, default=math.inf)
        self._waiting = [each for each in self.plan.faults if each.kind != "refuse"]
        self._random = random.Random(self.plan.seed)  # noqa: S311 - repeatable, not secret

    @property
    def next_at(self) -> float:
        """When the next one is due, in packets sent; infinity if none is left."""
        return self._waiting[0].at if self._waiting else math.inf

    def pop(self) -> Fault:
        """The next one, which is then no longer pending."""
        return self._waiting.pop(0)

    def garbage(self) -> bytes:
        """Bytes that no decoder may take for a frame: they promise more packets than they hold."""
        size = self._random.randint(*_GARBAGE_BYTES)
        return bytes([self._random.randint(1, 255)]) + self._random.randbytes(size - 1)

    def garbage_text(self) -> str:
        """A text message that is no JSON."""
        return "{" + "".join(map(chr, self._letters(40)))

    def _letters(self, count: int) -> Iterator[int]:
        return (self._random.randint(0x20, 0x7E) for _ in range(count))


def _fault(text: str) -> Fault:
    kind, _, at = text.partition("@")
    if text == "403":
        return Fault("refuse", 0)
    for known in KINDS:
        if kind == known and at.isascii() and at.isdigit() and len(at) <= 12:
            return Fault(known, int(at))
    raise UsageError(
        f"--fault: expected KIND@N with N the number of packets sent before it and KIND one of "
        f"{', '.join(KINDS)} (or 403 alone), was {text!r}"
    )
