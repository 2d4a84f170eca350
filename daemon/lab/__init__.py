"""The lab: simulated runs for notebooks, and numbers about them (docs/LAB.md)."""

from daemon.lab.comparison import Comparison, compare
from daemon.lab.result import Result
from daemon.lab.simulate import simulate

__all__ = ["Comparison", "Result", "compare", "simulate"]
