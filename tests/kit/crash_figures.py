"""What a crash test did, as one row of the table that `make crash` prints."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import Final

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
        """Count a case; what was wrong is said at once, with how to find it again."""
        self.cases += 1
        if ending:
            self.detail[ending] = self.detail.get(ending, 0) + 1
        for each in wrong:
            self.failures.append(f"{name}: {each}")
            if len(self.failures) <= MAX_SHOWN:
                print(f"FAILED {self.id} {self.failures[-1]}", file=sys.stderr, flush=True)

    def done(self) -> Figure:
        """Stop the watch."""
        self.seconds = time.monotonic() - self.began
        return self

    def row(self) -> str:
        """One line of the table."""
        detail = ", ".join(f"{name}: {count}" for name, count in sorted(self.detail.items()))
        worst = f"; slowest {self.worst_s:.2f} s" if self.worst_s else ""
        state = f"skipped: {self.skipped}" if self.skipped else f"{detail}{worst}"
        return (
            f"{self.id:<4} {self.what:<52} {self.cases:>6} {len(self.failures):>8} "
            f"{self.seconds:>8.1f}  {state}"
        )


def head() -> str:
    """The line above the rows."""
    return f"{'id':<4} {'what':<52} {'cases':>6} {'failures':>8} {'seconds':>8}"
