"""Keep what was measured, part by part, and compare a new run with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.table import Row

FORMAT = 2
LOSS = 0.1
"""A row that is worse by more than this part is a loss: runs of one commit differ by less."""


class Part(NamedTuple):
    """A part's rows, and the machine and the time they are of."""

    about: Mapping[str, Any]
    rows: list[Row]


class Compared(NamedTuple):
    """A row and the kept one."""

    before: Row
    now: Row
    change: float
    """Above 1: better by that factor."""
    is_loss: bool


def keep(path: Path, parts: Mapping[str, Part]) -> None:
    """Write the parts as JSON; parts of the file that were not measured now stay as they are."""
    path.parent.mkdir(exist_ok=True)
    kept = {**load(path), **parts}
    content = {
        name: {"about": part.about, "rows": [row._asdict() for row in part.rows]}
        for name, part in kept.items()
    }
    path.write_text(json.dumps({"format": FORMAT, "parts": content}, indent=1) + "\n")


def load(path: Path) -> dict[str, Part]:
    """Return what is kept, nothing where the file is missing or of an earlier format."""
    content = json.loads(path.read_text()) if path.exists() else {}
    if content.get("format") != FORMAT:
        return {}
    return {
        name: Part(part["about"], [Row(**row) for row in part["rows"]])
        for name, part in content["parts"].items()
    }


def compared(before: Part, now: Part) -> Iterator[Compared]:
    """Yield the rows that both have, floors left out: they are not ours.

    A figure with a floor is compared as its share of it: the machine's speed drops out. Others are
    corrected by the two runs' `yardstick_s`.
    """
    known = {(row.section, row.name): row for row in before.rows}
    speed = now.about["yardstick_s"] / before.about["yardstick_s"]
    for row in now.rows:
        was = known.get((row.section, row.name))
        if was is None or row.is_floor() or not was.value or not row.value:
            continue
        change = row.value / was.value
        if row.floor and was.floor:
            change *= was.floor / row.floor
        elif row.unit.endswith("/s"):
            change *= speed
        elif row.unit.split()[0] in ("s", "ms", "us", "ns"):
            change /= speed
        better = change if row.more_is_better() else 1 / change
        yield Compared(was, row, better, better < 1 - LOSS)


def render_compared(found: Iterable[Compared]) -> str:
    """Return a line for each row: before, now, the change; losses are marked."""
    return "\n".join(
        f"  {f'{each.now.section}: {each.now.name}':80} {each.before.value:>14,.4g}"
        f" {each.now.value:>14,.4g} {each.now.unit:10} {each.change:6.2f}"
        f"{'  LOSS' if each.is_loss else ''}"
        for each in found
    )
