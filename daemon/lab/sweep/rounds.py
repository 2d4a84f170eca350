"""Which variants are run next: all at once, or in rounds by the results of those before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from daemon.lab.sweep.file import LoadedSweep
from daemon.lab.sweep.tasks import Job, JobDone
from daemon.lab.sweep.variants import Variant, variants_of
from daemon.lab.sweep.window_choice import WindowChoice

Outcomes = Sequence[tuple[Job, JobDone]]
"""What was run so far, in the order of the variants, without trades."""


class Rounds(Protocol):
    """Proposes variants. The same outcomes in the same order, the same proposals."""

    def next_round(self, outcomes: Outcomes) -> list[Variant]:
        """Return the variants that are run next, none when all were proposed. Raises ConfigError.

        `outcomes` has every variant of the rounds before, failed ones too.
        """
        ...

    def windows(self, outcomes: Outcomes) -> list[WindowChoice]:
        """Return what each window of a walk-forward chose, where each has a study of its own."""
        ...


class Written:
    """The variants of grid, list and random: one round."""

    def __init__(self, loaded: LoadedSweep) -> None:
        """Read them. Raises ConfigError."""
        self._variants = variants_of(loaded)

    def next_round(self, outcomes: Outcomes) -> list[Variant]:
        """Return all of them, then none."""
        variants, self._variants = self._variants, []
        return variants

    def windows(self, outcomes: Outcomes) -> list[WindowChoice]:
        """Return none: nothing was proposed by results."""
        return []
