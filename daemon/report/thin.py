"""Thin a curve so that a page stays small, and nothing that mattered is lost."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.report.model import Point


def thin(points: Sequence[Point], limit: int) -> list[Point]:
    """Return at most about `limit` points, among them the first, the last, every high and low."""
    if len(points) <= limit:
        return list(points)
    size = -(-len(points) * 2 // limit)
    kept: list[Point] = [points[0]]
    for at in range(0, len(points), size):
        bucket = points[at : at + size]
        pair = {min(bucket, key=_paise), max(bucket, key=_paise)}
        kept.extend(sorted(pair - {kept[-1]}))
    if kept[-1] != points[-1]:
        kept.append(points[-1])
    return kept


def _paise(point: Point) -> int:
    return point[1]
