"""One row for each figure, and how all of them are printed."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from daemon import VERSION


class Row(NamedTuple):
    """A figure. `ratio` compares it with another of the same run and says with which."""

    section: str
    name: str
    value: float
    unit: str
    goal: str = ""
    ratio: str = ""
    floor: float = 0.0
    """What bounds the figure: taken in the same run, in the same unit; 0 where there is none."""

    def more_is_better(self) -> bool:
        """Whether a higher figure is a better one: by the goal, else by the unit."""
        if self.goal[:1] in "<>" and self.goal:
            return self.goal[0] == ">"
        return self.unit.endswith("/s") or self.unit.startswith("times")

    def is_floor(self) -> bool:
        """Whether it is no figure of ours but what bounds one."""
        return self.name.startswith("floor:")

    def notes(self) -> str:
        """What is said after the figure and its goal."""
        if not self.floor:
            return self.ratio
        share = self.value / self.floor
        text = f"{share:.2f} of the floor" if self.more_is_better() else f"floor {self.floor:,.4g}"
        return f"{text}; {self.ratio}" if self.ratio else text


def machine() -> dict[str, Any]:
    """What a figure means nothing without."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [each for each in info.read_text().splitlines() if each.startswith("model name")]
        model = lines[0].split(":", 1)[1].strip() if lines else model
    return {
        "version": VERSION,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
        "processor": model,
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "load": round(os.getloadavg()[0], 2),
    }


def render(rows: Iterable[Row]) -> str:
    """The table as text, a heading for each section."""
    lines, section = [], ""
    for row in rows:
        if row.section != section:
            section = row.section
            lines += ["", section]
        figure = f"{row.value:,.0f}" if abs(row.value) >= 1000 else f"{row.value:,.4g}"
        line = f"  {row.name:46} {figure:>14} {row.unit:12} {row.goal:>16}  {row.notes()}"
        lines.append(line.rstrip())
    return "\n".join(lines[1:])


def of_others(section: str, found: Iterable[Any]) -> list[Row]:
    """Rows of a module with `rows()`: ours as they are, dicts by name and number."""
    rows: list[Row] = []
    for each in found:
        if isinstance(each, Row):
            rows.append(each)
            continue
        fields = dict(each) if isinstance(each, dict) else each._asdict()
        if {"name", "value"} <= fields.keys():
            known = {name: fields[name] for name in Row._fields if name in fields}
            rows.append(Row(**{"section": section, "unit": "", **known}))
            continue
        (label, first), *figures = fields.items()
        what = f"{label.replace('_', ' ')} {first}"
        for name, value in figures:
            if isinstance(value, int | float):
                text, unit = name.replace("_", " "), ""
                if name.endswith("_ticks_per_s"):
                    text, unit = name.removesuffix("_ticks_per_s"), "ticks/s"
                rows.append(Row(section, f"{what}: {text}", float(value), unit))
    return rows
