"""Circles and floors of a graph of imports."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

Arrows = Iterable[tuple[str, str]]


def circles(arrows: Arrows) -> list[frozenset[str]]:
    """Return every largest set of nodes that all reach each other, by name of the first."""
    reached = _reached(arrows)
    found = {
        frozenset({node} | {other for other in others if node in reached[other]})
        for node, others in reached.items()
    }
    return sorted((circle for circle in found if len(circle) > 1), key=min)


def floors(arrows: Arrows) -> int:
    """Return how many nodes the longest way down has; a circle lies on one floor."""
    arrows = list(arrows)
    home = {node: min(circle) for circle in circles(arrows) for node in circle}
    below: dict[str, set[str]] = {}
    for start, end in arrows:
        at, to = home.get(start, start), home.get(end, end)
        below.setdefault(at, set())
        below.setdefault(to, set())
        if at != to:
            below[at].add(to)

    @cache
    def height(node: str) -> int:
        return 1 + max(map(height, below[node]), default=0)

    return max(map(height, below), default=0)


def _reached(arrows: Arrows) -> dict[str, set[str]]:
    """Return every node that can be reached from each, itself only through a circle."""
    following: dict[str, set[str]] = {}
    for start, end in arrows:
        following.setdefault(start, set()).add(end)
        following.setdefault(end, set())
    reached = {}
    for node in following:
        seen: set[str] = set()
        waiting = list(following[node])
        while waiting:
            if (other := waiting.pop()) not in seen:
                seen.add(other)
                waiting += following[other]
        reached[node] = seen
    return reached
