"""The tables of the page: all variants, those that failed, the best under every fill profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from daemon.lab.numbers.neighbours import Around, same
from daemon.lab.page.columns import Column, cell, column_of, columns_of
from daemon.lab.page.judged import BEST, DONE, Judged
from daemon.lab.page.model import SweptRun
from daemon.lab.page.param_names import params_text, short_names
from daemon.report.markup import html_text
from daemon.report.tables import ROWS_FIRST, heading
from daemon.report.text import ABSENT, count

MOST_ROWS: Final = 2_000
"""Variants in the table, the best of all; a file of more is too slow to open."""


def variants_card(judged: Judged) -> str:
    """Return all numbers of all variants that are done, the best first."""
    if not judged.variants:
        return ""
    names = _names(judged)
    keys = list(names)
    columns = columns_of(_present(judged.variants))
    ranked = column_of(judged.select).label
    heads = [
        heading("#", "n"),
        *(heading(html_text(names[key])) for key in keys),
        heading("Within", ""),
        *(heading(html_text(column.label), "n") for column in columns),
        heading(f"Neighbours, median {html_text(ranked)}", "n"),
        heading(f"Neighbours, worst {html_text(ranked)}", "n"),
        heading("Key"),
    ]
    rows = "".join(
        _variant(judged, at, keys, columns) for at in range(min(MOST_ROWS, len(judged.variants)))
    )
    left = len(judged.variants) - MOST_ROWS
    more = f"; {count(left)} more are in runs.parquet" if left > 0 else ""
    where = f", within means {html_text(judged.sweep.where)}" if judged.sweep.where else ""
    return (
        '<section class="card long"><h2>All variants</h2>'
        f'<p class="quiet">{count(len(judged.variants))} done, the best by {html_text(ranked)} '
        f'first{where}{more}</p><div id="filters" hidden></div><p class="quiet" id="shown"></p>'
        '<div class="scroll" tabindex="0"><table class="sortable" id="variants" '
        f'data-params="{len(keys)}"><thead><tr>{"".join(heads)}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def failed_card(judged: Judged) -> str:
    """Return the variants that did not come to an end, each with its cause."""
    names = _names(judged)
    lost = [run for run in judged.sweep.runs if run.status != DONE]
    if not lost:
        return '<section class="card"><h3>Failed</h3><p class="quiet">None.</p></section>'
    rows = "".join(
        f"<tr><td>{html_text(params_text(run.params, names))}</td><td>{html_text(run.status)}</td>"
        f'<td class="cause">{html_text(run.cause) or ABSENT}</td>'
        f'<td class="cause">{html_text(run.reproduce)}</td></tr>'
        for run in lost[:MOST_ROWS]
    )
    return (
        f'<section class="card long" id="failed"><h2>{count(len(lost))} failed or not run</h2>'
        '<p class="quiet">They are tried once more at the next start of the sweep</p>'
        '<div class="scroll" tabindex="0"><table><thead><tr><th scope="col">Variant</th>'
        '<th scope="col">Status</th><th scope="col">Cause</th><th scope="col">Run it alone</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def profiles_card(judged: Judged) -> str:
    """Return what the best variants come to under each fill profile; "" where none was run."""
    by_key: dict[str, dict[str, SweptRun]] = {}
    for run in judged.sweep.runs:
        if run.profile:
            by_key.setdefault(run.key, {})[run.profile] = run
    profiles = list(dict.fromkeys(run.profile for run in judged.sweep.runs if run.profile))
    if not profiles:
        return ""
    names = _names(judged)
    best = [run for run in judged.variants if run.key in by_key][:BEST]
    rows = "".join(_of_profiles(run, by_key[run.key], profiles, names) for run in best)
    head = "".join(
        heading(f"{html_text(profile)}, {label}", "n")
        for profile in profiles
        for label in ("net", "trades")
    )
    return (
        '<section class="card long" id="profiles"><h2>The best under every fill profile</h2>'
        '<p class="quiet">A result that only a kind profile shows is not to be had</p>'
        '<div class="scroll" tabindex="0"><table class="sortable"><thead><tr>'
        f"{heading('Variant')}{heading('As configured', 'n')}{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _names(judged: Judged) -> dict[str, str]:
    keys = dict.fromkeys(key for run in judged.sweep.runs for key in run.params)
    return short_names(list(keys))


def _present(runs: Sequence[SweptRun]) -> list[str]:
    """Return the numbers that any variant has."""
    return list(
        dict.fromkeys(
            name for run in runs for name, value in run.numbers.items() if value is not None
        )
    )


def _variant(judged: Judged, at: int, keys: Sequence[str], columns: Sequence[Column]) -> str:
    run = judged.variants[at]
    tags = "".join(
        f' <span class="tag">{text}</span>'
        for text, place in (("best", judged.best), ("steadiest", judged.best_by_neighbours))
        if place == at
    )
    cells = [
        f'<td class="n" data-v="{at + 1}">{at + 1}</td>',
        *(_param(run, key) for key in keys),
        f"<td>{'yes' if judged.holds[at] else 'no'}{tags}</td>",
        *(cell(column, run.numbers.get(column.name)) for column in columns),
        *_ring(judged, judged.around[at]),
        f'<td title="{html_text(run.reproduce)}">{html_text(run.key)}</td>',
    ]
    later = ' class="later"' if at >= ROWS_FIRST else ""
    return f"<tr{later}>{''.join(cells)}</tr>"


def _param(run: SweptRun, key: str) -> str:
    value = run.params.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f'<td class="n" data-v="{value}">{html_text(same(value))}</td>'
    return f"<td>{ABSENT if value is None else html_text(same(value))}</td>"


def _ring(judged: Judged, ring: Around | None) -> list[str]:
    column = column_of(judged.select)
    numbers = (None, None) if ring is None else (ring.median, ring.worst)
    return [cell(column, number) for number in numbers]


def _of_profiles(
    run: SweptRun, found: Mapping[str, SweptRun], profiles: Sequence[str], names: dict[str, str]
) -> str:
    net, trades = column_of("net_rupees"), column_of("trades")
    cells = []
    for profile in profiles:
        other = found.get(profile)
        if other is not None and other.status != DONE:
            cells.append(f'<td class="cause" colspan="2">{html_text(other.cause)}</td>')
            continue
        numbers: Mapping[str, object] = {} if other is None else other.numbers
        cells += [cell(net, _known(numbers, "net_rupees")), cell(trades, _known(numbers, "trades"))]
    own = cell(net, run.numbers.get("net_rupees"))
    return f"<tr><td>{html_text(params_text(run.params, names))}</td>{own}{''.join(cells)}</tr>"


def _known(numbers: Mapping[str, object], name: str) -> float | None:
    value = numbers.get(name)
    return float(value) if isinstance(value, int | float) else None
