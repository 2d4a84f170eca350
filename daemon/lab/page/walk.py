"""The walk-forward as a card: what each training chose, and what came of it in the test after."""

from __future__ import annotations

from daemon.lab.numbers.walk_forward import OutOfSample
from daemon.lab.page.columns import cell, column_of
from daemon.lab.page.judged import Judged
from daemon.lab.page.param_names import params_text, short_names
from daemon.report.markup import html_text
from daemon.report.tables import money_text
from daemon.report.text import ABSENT, count, typographic


def walk_card(judged: Judged) -> str:
    """Return the windows and what they come to; "" where none was asked for."""
    walked, how = judged.out_of_sample, judged.sweep.walk_forward
    if how is None:
        return ""
    if walked is None:
        why = html_text(judged.walk_error or "No variant is done.")
        return (
            '<section class="card" id="walk"><h2>Walk forward</h2>'
            f'<p class="quiet">{why}</p></section>'
        )
    kind = "anchored" if how.anchored else "rolling"
    rows = "".join(_window(judged, walked, at) for at in range(len(walked.windows)))
    heads = ("Train", "Test", "Chosen", "Score in training", "Score in test", "Rank in test",
             "Net of the test")  # fmt: skip
    kinds = ("", "", "", "n", "n", "n", "n")
    head = "".join(
        f'<th class="{kind_}" scope="col">{name}</th>'
        for name, kind_ in zip(heads, kinds, strict=True)
    )
    told = (
        f"{count(how.train)} sessions of training, {count(how.test)} of test, {kind}, chosen by "
        f"{how.select} among those with {count(how.min_trades)} trades. Cuts of one run each: "
        "nothing was run again."
    )
    return (
        f'<section class="card long" id="walk"><h2>Walk forward</h2><p class="quiet">'
        f"{html_text(told)}</p>{_facts(judged, walked)}"
        f'<div class="scroll" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _facts(judged: Judged, walked: OutOfSample) -> str:
    interval, dropped = walked.interval, walked.dropped
    told = {
        "Net of all tests": money_text(sum(walked.changes_paise)),
        "Sharpe of all tests": ABSENT
        if walked.sharpe is None
        else typographic(f"{walked.sharpe:.2f}"),
        "In 95% of draws": ABSENT
        if interval is None
        else f"{money_text(round(interval.low))} to {money_text(round(interval.high))}",
        "Efficiency": ABSENT
        if walked.efficiency is None
        else typographic(f"{walked.efficiency:.0%}"),
    }
    if dropped is not None:
        told["Dropped"] = f"{judged.dates[dropped[0]]} to {judged.dates[dropped[1] - 1]}, too short"
    rows = "".join(
        f"<div><dt>{html_text(name)}</dt><dd>{html_text(text)}</dd></div>"
        for name, text in told.items()
    )
    return f'<dl class="facts">{rows}</dl>'


def _window(judged: Judged, walked: OutOfSample, at: int) -> str:
    window = walked.windows[at]
    size = window.test[1] - window.test[0]
    before = sum(each.test[1] - each.test[0] for each in walked.windows[:at])
    net = sum(walked.changes_paise[before : before + size])
    names = short_names(list(dict.fromkeys(key for run in judged.sweep.runs for key in run.params)))
    chosen = "nothing: too few trades"
    if window.chosen is not None:
        chosen = params_text(judged.variants[window.chosen].params, names)
    rank = ABSENT if window.rank_in_test is None else count(window.rank_in_test)
    score = column_of("sharpe")
    return (
        f"<tr><td>{_span(judged, window.train)}</td><td>{_span(judged, window.test)}</td>"
        f"<td>{html_text(chosen)}</td>{cell(score, _score(judged, window.train_score))}"
        f'{cell(score, _score(judged, window.test_score))}<td class="n">{rank} of '
        f"{count(window.candidates)}</td>{cell(column_of('net_rupees'), net / 100)}</tr>"
    )


def _score(judged: Judged, score: float | None) -> float | None:
    """Return a score in rupees where it is money."""
    how = judged.sweep.walk_forward
    return score / 100 if score is not None and how is not None and how.select == "net" else score


def _span(judged: Judged, span: tuple[int, int]) -> str:
    return f"{judged.dates[span[0]]} to {judged.dates[span[1] - 1]}"
