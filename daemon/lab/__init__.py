"""The lab: simulated runs for notebooks, and numbers about them (docs/LAB.md)."""

from daemon.lab.result import Result
from daemon.lab.simulate import simulate

__all__ = ["Result", "simulate"]
