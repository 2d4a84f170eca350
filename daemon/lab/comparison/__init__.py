"""Two runs held against each other: their trades in pairs, and the first event that differs."""

from daemon.lab.comparison.compare import Comparison, compare

__all__ = ["Comparison", "compare"]
