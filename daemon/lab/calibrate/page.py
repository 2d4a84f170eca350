"""A calibration as one HTML page that needs nothing else, in the look of the report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from daemon.lab.calibrate.calibration import Calibration, GroupError, RuleError
from daemon.lab.calibrate.fill_rules import PROFILES
from daemon.lab.calibrate.words import (
    clock_lines,
    latencies,
    limits_line,
    omission_lines,
    rupees,
    signed_ticks,
    slippage_line,
    suggestion_lines,
    title,
    width_line,
)
from daemon.report.bars import bar
from daemon.report.document import document
from daemon.report.markup import html_text
from daemon.report.tables import heading
from daemon.report.text import MINUS, count

_DATA: Final = {"version": 1, "curves": {}, "charts": []}
"""The report's script sorts the tables; there is no chart."""
_RULES_HEADER: Final = (
    ("Fill rule", ""), ("Mean", "n"), ("Within, 95 %", "n"), ("Median", "n"), ("p90", "n"),
    ("bps", "n"), ("Rupees an order", "n"), ("Distance", "n"),
)  # fmt: skip
_NEGATIVE: Final = re.compile(r"(?<=[ (])-(?=\d)")
_FOOTER: Final = (
    "<footer>Paper error is side x (real \u2212 paper): above 0 the order paid more than paper "
    "says. A tick is the contract\u2019s price step. Rules are tried without slippage. Charges are "
    "not in the files and not in these numbers.</footer>"
)


def render_page(found: Calibration) -> str:
    """Return the page as text: the same outcome, the same text."""
    body = [
        _header(found), _tiles(found), _suggested(found), _rules(found), _by_latency(found),
        _groups(found),
        _list("What no such measurement can tell", found.unidentifiable),
        _list("Notes", found.notes), _list("Left out", omission_lines(found)), _FOOTER,
    ]  # fmt: skip
    return document("How wrong is paper?", "".join(body), _DATA)


def _header(found: Calibration) -> str:
    shown = {"Measured": title(found), "Files": ", ".join(found.files)}
    rows = "".join(
        f"<div><dt>{name}</dt><dd>{html_text(text)}</dd></div>" for name, text in shown.items()
    )
    return (
        '<header><p class="brand">Calibration</p><h1>How wrong is paper?</h1>'
        f'<dl class="facts">{rows}</dl></header>'
    )


def _tiles(found: Calibration) -> str:
    nearest = found.nearest
    ticks, width = nearest.figures.ticks, found.width
    name = nearest.profile + (f" +{nearest.latency_ms} ms" if nearest.latency_ms else "")
    paid, sure = found.slippage, f"within \u00b1{width.ticks:.2f} at 95 %"
    money = _typographic(rupees(nearest.figures.rupees.mean))
    tiles = [
        (f"Mean error, {name}", f"{_ticks(ticks.mean)} ticks", sure),
        ("Rupees an order", money, "mean, the same rule"),
        ("Bad tail", f"{_ticks(ticks.p90)} ticks", "one order in ten is worse"),
        (
            "Against the middle", "\u2013" if paid is None else f"{_ticks(paid.mean)} ticks",
            "mean slippage on arrival",
        ),
    ]  # fmt: skip
    shown = "".join(
        f'<div class="tile{"" if at else " hero"}"><h2>{html_text(head)}</h2>'
        f"<b>{html_text(value)}</b><small>{html_text(below)}</small></div>"
        for at, (head, value, below) in enumerate(tiles)
    )
    return f'<section class="tiles" aria-label="Key figures">{shown}</section>'


def _suggested(found: Calibration) -> str:
    doubt = " doubt" if found.suggestion.withheld or (found.clock and found.clock.doubts) else ""
    says = [*suggestion_lines(found), width_line(found)]
    facts = [f"Clock: {line}" for line in clock_lines(found.clock)]
    facts.append(f"Slippage: {slippage_line(found)}")
    if found.limits is not None:
        facts.append(limits_line(found.limits))
    return (
        f'<section class="card fill-quality{doubt}"><div class="says"><h2>Suggested</h2>'
        f"{_paragraphs(says)}</div><div><h2>Measured with</h2>{_paragraphs(facts)}</div></section>"
    )


def _paragraphs(lines: Iterable[str]) -> str:
    return "".join(f"<p>{html_text(_signs(line))}</p>" for line in lines)


def _rules(found: Calibration) -> str:
    latency_ms = found.nearest.latency_ms
    rows = [rule for rule in found.rules if rule.latency_ms == latency_ms]
    after = f" with {latency_ms} ms" if latency_ms else ""
    head = "".join(heading(name, kind) for name, kind in _RULES_HEADER)
    body = "".join(_rule_row(rule) for rule in rows)
    return _card(
        f"Paper error by fill rule{after}",
        "In ticks; the distance is the mean of its size, and what rules are compared by",
        f'<table class="sortable"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>',
    )


def _rule_row(rule: RuleError) -> str:
    ticks = rule.figures.ticks
    cells = [
        _number(_ticks(ticks.mean), ticks.mean),
        _number(f"{_ticks(rule.low_ticks)} to {_ticks(rule.high_ticks)}", rule.low_ticks),
        _number(_ticks(ticks.median), ticks.median),
        _number(_ticks(ticks.p90), ticks.p90),
        _number(_typographic(f"{rule.figures.bps.mean:+.1f}"), rule.figures.bps.mean),
        _number(_typographic(rupees(rule.figures.rupees.mean)), rule.figures.rupees.mean),
        _number(f"{rule.distance_ticks:.2f}", rule.distance_ticks),
    ]
    return f"<tr><td>{html_text(rule.profile)}</td>{''.join(cells)}</tr>"


def _by_latency(found: Calibration) -> str:
    if not found.has_latency:
        return ""
    tried = latencies(found)
    head = heading("Fill rule") + "".join(heading(f"{latency} ms", "n") for latency in tried)
    body = ""
    for profile in PROFILES:
        own = {rule.latency_ms: rule for rule in found.rules if rule.profile == profile}
        cells = (own[latency].distance_ticks for latency in tried)
        row = "".join(_number(f"{cell:.2f}", cell) for cell in cells)
        body += f"<tr><td>{profile}</td>{row}</tr>"
    return _card(
        "Distance by latency",
        "Mean size of the error in ticks; the smallest is nearest to what was paid",
        f'<table class="sortable"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>',
    )


def _groups(found: Calibration) -> str:
    name = found.nearest.profile
    cards = [
        _group_card(by, groups, name) for by, groups in found.groups.items() if len(groups) > 1
    ]
    alike = [f"{by}: {groups[0].name}" for by, groups in found.groups.items() if len(groups) == 1]
    shown = f'<div class="pair-of-cards">{"".join(cards)}</div>' if cards else ""
    return shown + _list("The same for all orders", alike)


def _group_card(by: str, groups: Sequence[GroupError], nearest: str) -> str:
    heads = [
        ("Group", ""),
        ("Orders", "n"),
        *((profile, "n") for profile in PROFILES),
        ("p90", "n"),
    ]
    head = "".join(heading(name, kind) for name, kind in heads)
    largest = max(abs(group.mean_ticks[nearest]) for group in groups) or 1
    body = "".join(_group_row(group, nearest, largest) for group in groups)
    return (
        f'<section class="card"><h3>By {html_text(by)}</h3><div class="scroll" tabindex="0">'
        f'<table class="groups sortable"><thead><tr>{head}<th class="barhead" scope="col">'
        f'<span class="hide">{nearest} as a bar</span></th></tr></thead>'
        f"<tbody>{body}</tbody></table></div></section>"
    )


def _group_row(group: GroupError, nearest: str, largest: float) -> str:
    means = "".join(
        _number(_ticks(group.mean_ticks[profile]), group.mean_ticks[profile])
        for profile in PROFILES
    )
    mean, p90 = group.mean_ticks[nearest], group.figures.ticks.p90
    width = max(0.8, 50 * abs(mean) / largest) if mean else 0
    kind = "loss" if mean > 0 else "gain"
    left = 50.0 if mean >= 0 else 50 - width
    return (
        f"<tr><td>{html_text(group.name)}</td>{_number(count(group.orders), group.orders)}{means}"
        f'{_number(_ticks(p90), p90)}<td class="bar">{bar(kind, left, width)}</td></tr>'
    )


def _list(head: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return f'<section class="card"><h2>{head}</h2>{_paragraphs(lines)}</section>'


def _card(head: str, quiet: str, inner: str) -> str:
    return (
        f'<section class="card"><h2>{head}</h2><p class="quiet">{quiet}</p>'
        f'<div class="scroll" tabindex="0">{inner}</div></section>'
    )


def _number(text: str, value: float) -> str:
    return f'<td class="n" data-v="{value:.6f}">{html_text(text)}</td>'


def _ticks(value: float) -> str:
    return _typographic(signed_ticks(value))


def _typographic(text: str) -> str:
    return text.replace("-", MINUS)


def _signs(line: str) -> str:
    """Return a sentence with the page's signs."""
    line = line.replace("+-", "\u00b1").replace(">= ", "\u2265 ")
    return _NEGATIVE.sub(MINUS, line)
