"""Short names of swept keys: the shortest endings that tell them apart."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.lab.numbers.neighbours import Params, same


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """Return the shortest ending of each dotted key that no other key has."""
    return {key: _shortest(key, [other for other in keys if other != key]) for key in keys}


def params_text(params: Params, names: dict[str, str]) -> str:
    """Return what a variant was run with, in one line."""
    told = (
        f"{names.get(key, key)} {same(value)}" for key, value in params.items() if value is not None
    )
    return ", ".join(told) or "as configured"


def _shortest(key: str, others: Sequence[str]) -> str:
    parts = key.split(".")
    for size in range(1, len(parts)):
        ending = ".".join(parts[-size:])
        if not any(other == ending or other.endswith(f".{ending}") for other in others):
            return ending
    return key
