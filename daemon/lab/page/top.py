"""The upper part of the page: what was swept, what came of it, how far to trust that."""

from __future__ import annotations

from daemon.lab.numbers.bootstrap import FEW_DAYS as FEW_FOR_INTERVAL
from daemon.lab.numbers.ratios import FEW_DAYS
from daemon.lab.page.columns import column_of, shown
from daemon.lab.page.judged import DONE, Judged
from daemon.lab.page.model import SweptRun
from daemon.lab.page.param_names import params_text, short_names
from daemon.report.markup import html_text
from daemon.report.tables import money_class, money_text
from daemon.report.text import ABSENT, count


def header(judged: Judged) -> str:
    """Return the top of the page: what was swept over which days."""
    sweep = judged.sweep
    done = len(judged.variants)
    lost = sum(run.status != DONE for run in sweep.runs)
    days = f"{judged.dates[0]} to {judged.dates[-1]}" if judged.dates else ""
    capital = sweep.capital_rupees
    shown_facts = {
        "Days": f"{count(len(judged.dates))}, {days}" if days else "",
        "Variants": f"{count(done)} done, {count(lost)} failed or not run",
        "Tries of this file": count(sweep.variants),
        "Tries overall": count(sweep.tries),
        "Capital": "" if capital is None else money_text(round(capital * 100)).lstrip("+"),
        "Split": sweep.split,
        **sweep.about,
    }
    rows = "".join(
        f"<div><dt>{html_text(name)}</dt><dd>{html_text(text)}</dd></div>"
        for name, text in shown_facts.items()
        if text
    )
    return (
        '<header><p class="brand">Sweep report</p>'
        f'<h1>{html_text(sweep.name)}</h1><dl class="facts">{rows}</dl></header>'
    )


def tiles(judged: Judged) -> str:
    """Return the numbers of the best variant."""
    if judged.best is None:
        return (
            '<section class="card empty"><h2>No variant to choose</h2>'
            f"<p>{html_text(_why_none(judged))}</p></section>"
        )
    run = judged.variants[judged.best]
    net = _amount(run, "net_rupees")
    named = params_text(run.params, _names(judged))
    hero = (
        f'<div class="tile hero"><h2>Net P&amp;L of the best by '
        f'{html_text(column_of(judged.select).label)}</h2><b class="{money_class(net or 0)}">'
        f"{ABSENT if net is None else money_text(net)}</b><small>{html_text(named)}</small></div>"
    )
    ring = judged.around[judged.best]
    ranked = column_of(judged.select)
    near = ABSENT if ring is None else shown(ranked, ring.median)
    walked = judged.out_of_sample
    outside = ABSENT if walked is None else shown(column_of("sharpe"), walked.sharpe)
    deflated = judged.deflated
    return "".join(
        [
            '<section class="tiles" aria-label="The best variant">',
            hero,
            _tile(ranked.label, _shown(run, judged.select), f"sessions: {_shown(run, 'days')}"),
            _tile("Neighbours", near, f"median {ranked.label} one step around"),
            _tile("Deflated Sharpe", ABSENT if deflated is None else f"{deflated:.1%}",
                  "sure to be better than luck"),
            _tile("Max drawdown", _shown(run, "max_drawdown_rupees"), "of every minute"),
            _tile("Trades", _shown(run, "trades"), f"{_shown(run, 'win_rate')} won"),
            _tile("Out of sample", outside, "Sharpe of the walk-forward"),
            "</section>",
        ]
    )  # fmt: skip


def trust_box(judged: Judged) -> str:
    """Return what speaks for and against the best variant, before any picture."""
    doubts = _doubts(judged)
    told = [*doubts, *_plain(judged)]
    if not told:
        return ""
    lines = "".join(f"<li>{html_text(line)}</li>" for line in told)
    state = "doubt" if doubts else "plain"
    return (
        f'<section class="card fill-quality {state}"><div class="says">'
        f"<h2>How far to trust the best one</h2><ul>{lines}</ul></div></section>"
    )


def _doubts(judged: Judged) -> list[str]:
    """Return a sentence for each reason to doubt."""
    if judged.best is None:
        return []
    run, found = judged.variants[judged.best], []
    if len(run.days) < FEW_DAYS:
        found.append(f"Too few days: {len(run.days)}, and under {FEW_DAYS} the ratios say little.")
    if judged.deflated is not None and judged.deflated < 0.95:
        found.append(
            f"It is the best of {count(max(judged.sweep.tries, len(judged.variants)))} tries: "
            f"{judged.deflated:.1%} is how sure it is to be better than the best of as many "
            "without skill. Under 95% is usually taken as luck."
        )
    interval = judged.intervals.get(judged.best)
    if interval is not None and interval.low <= 0:
        found.append(
            f"With its days drawn again its sum is from {money_text(round(interval.low * 100))} to "
            f"{money_text(round(interval.high * 100))} in 95% of draws, and at or below 0 in "
            f"{interval.share_at_or_below_0:.1%}."
        )
    found += _doubtful_fills(run)
    steady = judged.best_by_neighbours
    if steady is not None and steady != judged.best:
        named = params_text(judged.variants[steady].params, _names(judged))
        found.append(f"It is not the best by its neighbours, which is {named}.")
    walked = judged.out_of_sample
    if walked is not None and walked.efficiency is not None and walked.efficiency <= 0:
        found.append(
            "What was chosen in the trainings of the walk-forward lost money in the tests."
        )
    return found


def _doubtful_fills(run: SweptRun) -> list[str]:
    """Return the share of gross that rests on fills a real order might not have got."""
    names = ("doubtful_gross_rupees", "gross_rupees", "doubtful_net_rupees", "net_rupees")
    known = [paise for name in names if (paise := _amount(run, name)) is not None]
    if not run.numbers.get("doubtful_trades") or len(known) < len(names):
        return []
    part, gross, part_net, net = known
    share = f"{part / gross:.0%} of its gross" if gross else "Some gross"
    return [
        f"{share} ({money_text(part)} of {money_text(gross)}) is of trades with stale or "
        f"optimistic fills; without them net is {money_text(net - part_net)}."
    ]


def _plain(judged: Judged) -> list[str]:
    """Return what is to be known and is no doubt."""
    found = []
    if judged.best is not None:
        interval = judged.intervals.get(judged.best)
        days = len(judged.variants[judged.best].days)
        if interval is not None and interval.low > 0:
            low, high = (
                money_text(round(interval.low * 100)),
                money_text(round(interval.high * 100)),
            )
            found.append(
                f"With its days drawn again its sum is from {low} to {high} in 95% of draws."
            )
        elif days < FEW_FOR_INTERVAL:
            found.append(f"Under {FEW_FOR_INTERVAL} days there is no bootstrap interval.")
        if judged.deflated is None:
            found.append(
                "There is no deflated Sharpe ratio: it takes two variants whose ratios differ."
            )
    if judged.sweep.sweeps_capital:
        found.append(
            "capital_rupees is swept: amounts are of different accounts, so that nothing is "
            "chosen by net."
        )
    return found


def _why_none(judged: Judged) -> str:
    if not judged.variants:
        return "No variant ran to its end; the list of those that failed says why."
    if not any(judged.holds):
        return f"No variant fulfils {judged.sweep.where}."
    return f"No variant has the number {judged.select}."


def _names(judged: Judged) -> dict[str, str]:
    return short_names(list(dict.fromkeys(key for run in judged.sweep.runs for key in run.params)))


def _shown(run: SweptRun, name: str) -> str:
    return shown(column_of(name), run.numbers.get(name))


def _amount(run: SweptRun, name: str) -> int | None:
    value = run.numbers.get(name)
    return round(value * 100) if isinstance(value, int | float) else None


def _tile(name: str, value: str, note: str) -> str:
    return (
        f'<div class="tile"><h2>{html_text(name)}</h2><b>{html_text(value)}</b>'
        f"<small>{html_text(note)}</small></div>"
    )
