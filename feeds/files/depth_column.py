"""Find the best bid and ask in Kite's `depth`, in whatever form a file stores it."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import pyarrow as pa

from feeds.files.columns import CONVERSION_ERRORS, Column, array_of

SIDES: Final = {"bid": "buy", "ask": "sell"}
_UNREADABLE: Final = float("inf")
"""Stands for a depth that is not understood; it is not a price, and is counted as unreadable."""


def best_sides(depth: Column | list[Any]) -> dict[str, Column]:
    """Return the best bid and ask (rupees) of each row, null where a level is empty.

    `depth` holds objects (JSON), structs (Parquet) or text as `json.dumps` or `str` writes it. A
    level whose quantity is given and not above 0 is empty.
    """
    rows = depth if isinstance(depth, list) else _objects(depth)
    read = [_parsed(row) if type(row) is str else row for row in rows]
    return {ours: array_of([_best(row, theirs) for row in read]) for ours, theirs in SIDES.items()}


def _objects(depth: Column) -> list[Any]:
    """Return a column's values; for structs only the best levels, a tenth of the data."""
    if not pa.types.is_struct(depth.type):
        return list(depth.to_pylist())
    import pyarrow.compute

    pc: Any = pyarrow.compute
    try:
        sides = {
            name: pc.list_slice(pc.struct_field(depth, name), 0, 1).to_pylist()
            for name in SIDES.values()
        }
    except CONVERSION_ERRORS:
        return list(depth.to_pylist())
    return [{"buy": buy, "sell": sell} for buy, sell in zip(*sides.values(), strict=True)]


def _parsed(text: str) -> object:
    if not text.strip():
        return None
    try:
        return msgspec.json.decode(text.replace("'", '"'))
    except (msgspec.DecodeError, RecursionError):
        return text


def _best(depth: Any, side: str) -> object:
    if depth is None:
        return None
    if type(depth) is not dict:
        return _UNREADABLE
    levels = depth.get(side)
    if not levels:
        return None
    best = levels[0] if type(levels) is list else levels
    if best is None:
        return None
    if type(best) is not dict:
        return _UNREADABLE
    quantity = best.get("quantity")
    if quantity is not None and not _is_above_zero(quantity):
        return None
    return best.get("price") or None


def _is_above_zero(quantity: object) -> bool:
    try:
        return float(quantity) > 0  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return False
