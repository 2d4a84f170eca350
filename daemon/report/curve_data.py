"""The curves of money over time, thinned and in few bytes, for the page's script.

A curve is a flat list: seconds and paise of the first point, then the differences of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from daemon.domain.dates import SECOND_NS
from daemon.report.model import Point
from daemon.report.numbers import drawdown_curve
from daemon.report.thin import thin

CURVE_POINTS: Final = 1_200


def curves_of(booked: Sequence[Point], equity: Sequence[Point]) -> dict[str, list[int]]:
    """Return `net` (open positions at market, if known), `closed` and `drawdown`, packed."""
    curves = {"net": equity, "closed": booked, "drawdown": drawdown_curve(equity or booked)}
    return {name: packed(thin(points, CURVE_POINTS)) for name, points in curves.items()}


def packed(points: Sequence[Point]) -> list[int]:
    """Return points as differences, s and paise; of one second the last point stays."""
    by_second = {ts // SECOND_NS: paise for ts, paise in points}
    flat: list[int] = []
    last_second = last_paise = 0
    for second, paise in by_second.items():
        flat += (second - last_second, paise - last_paise)
        last_second, last_paise = second, paise
    return flat
