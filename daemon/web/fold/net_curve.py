"""Net P&L after each exit: two numbers each, so that a journal of years has room."""

from __future__ import annotations

from array import array

from daemon.report.model import Point


class NetCurve:
    """Points that are only added."""

    def __init__(self) -> None:
        self._ts = array("q")
        self._paise = array("q")

    def add(self, ts: int, paise: int) -> None:
        """Add the net P&L (paise) after what happened at `ts` (UTC ns)."""
        self._ts.append(ts)
        self._paise.append(paise)

    def points(self) -> list[Point]:
        """Return all points, oldest first."""
        return list(zip(self._ts, self._paise, strict=True))
