"""What a crash test did, as one row of the table that `make crash` prints."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import Any, Final

MAX_SHOWN: Final = 20


@dataclass
class Figure:
    """Cases of one kind; `detail` are counts by name, `worst` the slowest of what has a bound."""

    id: str
    what: str
    cases: int = 0
    failures: list[str] = field(default_factory=list)
    detail: dict[str, int] = field(default_factory=dict)
    seeds: list[int] = field(default_factory=list)
    worst_s: float = 0.0
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    skipped: str = ""

    def case(self, name: str, wrong: list[str], ending: str = "") -> None:
        """Count a case; `name` says how to find it again."""
        self.cases += 1
        if ending:
            self.detail[ending] = self.detail.get(ending, 0) + 1
        self.fault(name, wrong)

    def fault(self, name: str, wrong: list[str]) -> None:
        """What was wrong, said at once."""
        for each in wrong:
            self.failures.append(f"{name}: {each}")
            if len(self.failures) <= MAX_SHOWN:
                print(f"FAILED {self.id} {self.failures[-1]}", file=sys.stderr, flush=True)

    def add(self, other: Figure) -> None:
        """Take what another worker found of the same kind."""
        self.cases += other.cases
        self.failures += other.failures
        for name, count in other.detail.items():
            self.detail[name] = self.detail.get(name, 0) + count
        self.seeds += other.seeds
        self.worst_s = max(self.worst_s, other.worst_s)
        self.seconds += other.seconds
        self.skipped = self.skipped or other.skipped

    def entry(self) -> dict[str, Any]:
        """What is kept of it."""
        return {
            "what": self.what, "cases": self.cases, "failures": len(self.failures),
            "endings": self.detail, "seeds": sorted(set(self.seeds)),
            "slowest_s": round(self.worst_s, 3), "seconds": round(self.seconds, 1),
            "skipped": self.skipped, "failed": self.failures[:MAX_SHOWN],
        }  # fmt: skip

    def done(self) -> Figure:
        """Stop the watch."""
        self.seconds = time.monotonic() - self.began
        return self

    def row(self) -> str:
        """One line of the table."""
        detail = ", ".join(f"{name}: {count}" for name, count in sorted(self.detail.items()))
        worst = f"; slowest {self.worst_s:.2f} s" if self.worst_s else ""
        skipped = f"skipped: {self.skipped} " if self.skipped else ""
        state = f"{skipped}{detail}{worst}"
        return (
            f"{self.id:<4} {self.what:<52} {self.cases:>6} {len(self.failures):>8} "
            f"{self.seconds:>8.1f}  {state}"
        )


def head() -> str:
    """The line above the rows."""
    return f"{'id':<4} {'what':<52} {'cases':>6} {'failures':>8} {'seconds':>8}"
