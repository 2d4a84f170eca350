"""The map of a sweep: a number over two axes as a heat map, over one as a line.

Colours are classes and places are attributes: the page allows no style in its markup.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from daemon.lab.numbers.neighbours import Axis, places, same
from daemon.lab.page.columns import Column, column_of, shown
from daemon.lab.page.judged import Judged
from daemon.lab.page.param_names import short_names
from daemon.report.markup import html_text
from daemon.report.text import ABSENT

SHADES: Final = 4
"""Of gain and of loss each; the middle is 0."""
MOST_VALUES: Final = 60
_WIDTH, _HEIGHT, _AIR = 640, 240, 32


def map_card(judged: Judged) -> str:
    """Return the heat maps of the numbers that matter, a line for one axis, "" without an axis."""
    axes = [axis for axis in judged.sweep.axes if len(axis.values) > 1]
    if not axes or not judged.variants:
        return ""
    column = column_of(judged.select)
    names = short_names([axis.key for axis in judged.sweep.axes])
    if len(axes) == 1:
        return _card(f"{column.label} by {names[axes[0].key]}", "", _line(judged, axes[0], column))
    along, down = _longest(axes)
    others = [names[axis.key] for axis in axes if axis not in (along, down)]
    rest = f"Median over {', '.join(others)}. " if others else ""
    title = f"{column.label} by {names[down.key]} and {names[along.key]}"
    told = f"{rest}The best variant and the best by its neighbours are framed"
    return _card(title, told, _heat(judged, along, down, column, names))


def _card(title: str, told: str, inner: str) -> str:
    line = f'<p class="quiet">{html_text(told)}</p>' if told else ""
    return f'<section class="card" id="map"><h2>{html_text(title)}</h2>{line}{inner}</section>'


def _longest(axes: Sequence[Axis]) -> tuple[Axis, Axis]:
    """Return the two axes with the most values, the longer one along the page."""
    chosen = sorted(axes, key=lambda axis: -len(axis.values))[:2]
    return chosen[0], chosen[1]


def _cells(
    judged: Judged, along: Axis, down: Axis | None
) -> dict[tuple[int, int], tuple[list[float], set[int]]]:
    """Return the numbers in each cell, and which variants lie there."""
    found: dict[tuple[int, int], tuple[list[float], set[int]]] = {}
    at_places = places([run.params for run in judged.variants], judged.sweep.axes)
    order = list(judged.sweep.axes)
    for at, place in enumerate(at_places):
        number = judged.variants[at].numbers.get(judged.select)
        x = None if place is None else place[order.index(along)]
        y = None if place is None else place[order.index(down)] if down is not None else 0
        if x is None or y is None:
            continue
        numbers, runs = found.setdefault((x, y), ([], set()))
        runs.add(at)
        if isinstance(number, int | float):
            numbers.append(float(number))
    return found


def _heat(judged: Judged, along: Axis, down: Axis, column: Column, names: Mapping[str, str]) -> str:
    cells = _cells(judged, along, down)
    middles = {place: median(numbers) for place, (numbers, _) in cells.items() if numbers}
    most = max((abs(number) for number in middles.values()), default=0) or 1
    head = "".join(
        f'<th class="n" scope="col">{html_text(same(value))}</th>'
        for value in along.values[:MOST_VALUES]
    )
    rows = "".join(
        f'<tr><th class="n" scope="row">{html_text(same(value))}</th>'
        + "".join(
            _heat_cell(judged, column, middles.get((x, y)), cells.get((x, y)), most)
            for x in range(len(along.values[:MOST_VALUES]))
        )
        + "</tr>"
        for y, value in enumerate(down.values[:MOST_VALUES])
    )
    corner = f"{html_text(names[down.key])} \u2193 {html_text(names[along.key])} \u2192"
    return (
        f'<div class="scroll" tabindex="0"><table class="heat"><thead><tr><th scope="col">{corner}'
        f"</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _heat_cell(
    judged: Judged,
    column: Column,
    number: float | None,
    inside: tuple[list[float], set[int]] | None,
    most: float,
) -> str:
    if number is None:
        return f'<td class="n quiet">{ABSENT}</td>'
    runs = inside[1] if inside else set()
    tags = "".join(
        f" {name}"
        for name, at in (("best", judged.best), ("steady", judged.best_by_neighbours))
        if at in runs
    )
    return f'<td class="n {shade(number, most)}{tags}">{html_text(shown(column, number))}</td>'


def shade(number: float, most: float) -> str:
    """Return a class from m4 (as far below 0 as any is from it) over z to p4 (as far above)."""
    step = max(-SHADES, min(SHADES, round(SHADES * number / most)))
    return f"{'p' if step > 0 else 'm'}{abs(step)}" if step else "z"


def _label(place: str, text: str) -> str:
    """Return a number above its point."""
    x, y = place.split(",")
    return f'<text x="{x}" y="{float(y) - 9:.1f}" text-anchor="middle">{html_text(text)}</text>'


def _line(judged: Judged, axis: Axis, column: Column) -> str:
    cells = _cells(judged, axis, None)
    points = [(x, median(numbers)) for (x, _), (numbers, _) in sorted(cells.items()) if numbers]
    if not points:
        return '<p class="quiet">No variant has this number.</p>'
    low = min(0.0, *(number for _, number in points))
    high = max(0.0, *(number for _, number in points))
    size, steps = high - low or 1.0, max(1, len(axis.values) - 1)

    def put(x: int, number: float) -> str:
        left = _AIR + (_WIDTH - 2 * _AIR) * x / steps
        return f"{left:.1f},{_AIR + (_HEIGHT - 2 * _AIR) * (high - number) / size:.1f}"

    drawn = " ".join(put(x, number) for x, number in points)
    dots = "".join(
        '<circle cx="{}" cy="{}" r="4"/>'.format(*put(x, number).split(",")) for x, number in points
    )
    zero = put(0, 0.0).split(",")[1]
    labels = "".join(_label(put(x, number), shown(column, number)) for x, number in points)
    labels += "".join(
        f'<text x="{put(x, 0.0).split(",")[0]}" y="{_HEIGHT - 6}" text-anchor="middle">'
        f"{html_text(same(axis.values[x]))}</text>"
        for x, _ in points
    )
    rows = "".join(
        f"<tr><td>{html_text(same(axis.values[x]))}</td>"
        f'<td class="n">{html_text(shown(column, number))}</td></tr>'
        for x, number in points
    )
    label = html_text(f"{column.label} by {axis.key}; the table below has the numbers")
    return (
        f'<svg class="line" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        f'<line x1="0" x2="{_WIDTH}" y1="{zero}" y2="{zero}"/><polyline points="{drawn}"/>'
        f'{dots}{labels}</svg><div class="scroll" tabindex="0"><table><thead><tr><th scope="col">'
        f'{html_text(axis.key)}</th><th class="n" scope="col">{html_text(column.label)}</th></tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    )
