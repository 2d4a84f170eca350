"""Plan faults of a served link, to test how a client copes with them."""

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

    `drop` ends the link in the middle of the next frame; `half-open` keeps it open and sends
    nothing more; `garbage` and `text` are meaningless messages; `cut` shortens the last packet of
    the next frame; `delay` holds back the packets of the recording's next three seconds and sends
    them after newer ones; `duplicate` sends the next frame twice; `refuse` answers every later
    handshake with 403.
    """

    kind: Kind
    at: int


@dataclass(frozen=True)
class FaultPlan:
    """Faults in the order in which they are due; one seed always makes the same garbage."""

    faults: tuple[Fault, ...] = ()
    seed: int = 1

    @classmethod
    def parse(cls, texts: Iterable[str], *, seed: int = 1) -> FaultPlan:
        """Parse faults written as `KIND@N`, or `403` alone. Raises UsageError."""
        found = sorted(map(_fault, texts), key=lambda fault: fault.at)
        return cls(tuple(found), seed)


@dataclass
class PendingFaults:
    """The faults of one run that have not happened yet."""

    plan: FaultPlan
    refuse_at: float = math.inf
    """Number of packets sent after which every handshake is refused."""
    _waiting: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        refusals = [fault.at for fault in self.plan.faults if fault.kind == "refuse"]
        self.refuse_at = min(refusals, default=math.inf)
        self._waiting = [fault for fault in self.plan.faults if fault.kind != "refuse"]
        self._random = random.Random(self.plan.seed)  # noqa: S311 - repeatable, not secret

    @property
    def next_at(self) -> float:
        """Return when the next fault is due, in packets sent; infinity if none is left."""
        return self._waiting[0].at if self._waiting else math.inf

    def pop(self) -> Fault:
        """Remove and return the next fault."""
        return self._waiting.pop(0)

    def garbage(self) -> bytes:
        """Return bytes that no decoder may take for a frame: they claim more packets than they
        hold.
        """
        size = self._random.randint(*_GARBAGE_BYTES)
        return bytes([self._random.randint(1, 255)]) + self._random.randbytes(size - 1)

    def garbage_text(self) -> str:
        """Return a text message that is not JSON."""
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
