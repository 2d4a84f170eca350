"""Make `shapes.json` from Kite's published mock responses: names and types, never a value.

`python -m tests.kite_api.make_shapes DIRECTORY`
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Final

from tests.kite_api.shapes import OPTIONAL, SHAPES, parts_of

IN_SCOPE: Final = (
    "autoslice_response", "basket_margins", "convert_position", "full_profile",
    "generate_session", "gtt_delete_order", "gtt_get_order", "gtt_get_orders", "gtt_modify_order",
    "gtt_place_order", "historical_minute", "historical_oi", "instruments_all",
    "instruments_nse", "ltp", "margin_commodity", "margins", "margins_equity", "ohlc",
    "order_cancel", "order_info", "order_margins", "order_modify", "order_response",
    "order_trades", "orders", "positions", "postback", "profile", "quote", "session_logout",
    "ticker_full", "ticker_ltp", "ticker_quote", "trades", "virtual_contract_note",
)  # fmt: skip
_BY_NAME: Final = ("ltp", "ohlc", "quote")
"""Mocks whose data has a row for each instrument, under its name."""


def shape_of(data: Any) -> dict[str, str]:
    """Return path -> kinds; those of a field that some rows lack end in `?`."""
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    seen: Counter[str] = Counter()
    objects: Counter[str] = Counter()
    for path, kind in parts_of(data):
        kinds[path].add(kind)
        seen[path] += 1
        objects[path] += kind == "object"
    return {
        path: "|".join(sorted(found)) + ("" if is_always(path, seen, objects) else OPTIONAL)
        for path, found in sorted(kinds.items())
    }


def is_always(path: str, seen: Counter[str], objects: Counter[str]) -> bool:
    """Return whether a field is in every object that could have it; rows may be none."""
    parent, _, name = path.rpartition(".")
    return not name or path.endswith("[]") or seen[path] == objects[parent]


def data_of(path: Path) -> Any:
    """Return what a mock has in its envelope, or as a whole; of CSV the names of its columns."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8") as file:
            return dict.fromkeys(next(csv.reader(file)), "")
    whole = json.loads(path.read_text(encoding="utf-8"))
    is_wrapped = isinstance(whole, dict) and whole.keys() == {"status", "data"}
    data = whole["data"] if is_wrapped else whole
    return list(data.values()) if path.stem in _BY_NAME else data


def main(directory: Path) -> None:
    """Write the table."""
    files = {
        path.stem: path for path in sorted(directory.iterdir()) if path.suffix in (".json", ".csv")
    }
    shapes = {name: shape_of(data_of(files[name])) for name in IN_SCOPE}
    SHAPES.write_text(json.dumps(shapes, indent=0, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
