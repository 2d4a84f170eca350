"""Which variants of a grid are one step apart: a good one among good ones is worth more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple

Value = float | int | str | bool | None
Params = Mapping[str, Value]
Place = tuple[int | None, ...]
"""The number of a variant's value on each axis, None on an axis that it does not set."""


class Axis(NamedTuple):
    """A swept key with its values in their order."""

    key: str
    values: tuple[Value, ...]

    def place(self, params: Params) -> int | None:
        """Return the number of a variant's value on this axis, None if it is not on it."""
        if self.key not in params:
            return None
        wanted = same(params[self.key])
        return next((at for at, value in enumerate(self.values) if same(value) == wanted), None)


class Around(NamedTuple):
    """A number of a variant and of those one step away from it on one axis."""

    median: float
    worst: float
    others: int
    """How many are one step away and have the number."""


def places(variants: Sequence[Params], axes: Sequence[Axis]) -> list[Place | None]:
    """Return where each variant lies on the axes; on those that it does not set it has no place.

    None for one with a value that is on no axis, or with no place at all.
    """
    keys = {axis.key for axis in axes}
    found: list[Place | None] = []
    for params in variants:
        own = {key for key, value in params.items() if value is not None}
        place = tuple(axis.place(params) if axis.key in own else None for axis in axes)
        known = sum(at is not None for at in place)
        found.append(place if own and known == len(own & keys) == len(own) else None)
    return found


def neighbours(variants: Sequence[Params], axes: Sequence[Axis]) -> list[list[int]]:
    """Return for each variant the numbers of those one step away on one axis, in their order."""
    found = places(variants, axes)
    numbers = {place: at for at, place in enumerate(found) if place is not None}
    return [[] if place is None else sorted(_near(place, numbers)) for place in found]


def around(number: float | None, near: Sequence[float | None]) -> Around | None:
    """Return median and worst (lowest) of a number and its neighbours'.

    None without a number, or without a neighbour that has one.
    """
    known = [each for each in near if each is not None]
    if number is None or not known:
        return None
    return Around(median([number, *known]), min(number, *known), len(known))


def same(value: Value) -> str:
    """Return a value as a text that is equal for equal values, however they were kept."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _near(place: Place, numbers: Mapping[Place, int]) -> list[int]:
    steps: Iterator[Place] = (
        (*place[:axis], at + step, *place[axis + 1 :])
        for axis, at in enumerate(place)
        if at is not None
        for step in (-1, 1)
    )
    return [numbers[step] for step in steps if step in numbers]
