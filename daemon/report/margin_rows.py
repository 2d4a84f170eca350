"""What positions blocked and what daily marks paid, as rows of a name and a figure."""

from __future__ import annotations

from daemon.domain.money import group_indian
from daemon.domain.statistics import MarginStatus
from daemon.report.markup import html_text
from daemon.report.summary import RunSummary
from daemon.report.text import signed, typographic


def margin_rows(summary: RunSummary) -> list[list[str]]:
    """Return the figures that are there: margin if any was blocked, daily marks if any were made.

    Rupees; margins are whole ones.
    """
    margin, share = summary.facts.margin, summary.return_on_peak_margin
    rows: list[list[str]] = []
    if margin is not None and share is not None:
        rows += _of_margin(margin)
        rows.append(["return on peak margin", f"{share:+.2%}"])
    if summary.has_marks:
        rows.append(["daily marks of futures, so far", signed(summary.m2m_paise)])
        rows.append(["of these, positions still open", signed(summary.m2m_open_paise)])
    return rows


def margin_card(summary: RunSummary) -> str:
    """Return the figures as a card of the page; empty without any of them."""
    rows = margin_rows(summary)
    if not rows:
        return ""
    shown = "".join(
        f"<div><dt>{html_text(name.capitalize())}</dt><dd>{html_text(typographic(text))}</dd></div>"
        for name, text in rows
    )
    return (
        '<section class="card" id="margin"><h2>Margin and daily marks</h2>'
        '<p class="quiet">Approximate margins, from prices and dated rates. Daily marks move '
        "cash only: their result is counted when the position is closed</p>"
        f'<dl class="facts">{shown}</dl></section>'
    )


def _of_margin(margin: MarginStatus) -> list[list[str]]:
    rows = [
        ["peak margin (approximate)", group_indian(margin.peak_rupees)],
        ["margin used at the end", group_indian(margin.used_rupees)],
        ["hedge benefit at the end", group_indian(margin.hedge_benefit_rupees)],
    ]
    if margin.free_paise is not None:
        rows.append(["free at the end", signed(margin.free_paise)])
    return rows
