"""What a sweep came to, as the terminal shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from daemon.errors import ConfigError
from daemon.lab.page.param_names import short_names
from daemon.lab.sweep.best import Ranked
from daemon.lab.sweep.run import Swept
from daemon.lab.sweep.variants import params_text
from daemon.lab.sweep.window_choice import WindowChoice
from daemon.report.text import count
from daemon.visible import visible

SHOWN: Final = 10
_CAUSES: Final = 5


def best_text(swept: Swept) -> str:
    """Return the table of the best variants."""
    rows = [["", "variant", "net", "sharpe", "trades", "drawdown", "parameters"]]
    short = short_names(swept.keys)
    rows += [_row(place, each, short) for place, each in enumerate(swept.best[:SHOWN], start=1)]
    if len(rows) == 1:
        return "BEST\n  none: no variant was run whole and satisfies `where`"
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return "\n".join(["BEST", *("  " + _line(row, widths) for row in rows)])


def windows_text(swept: Swept) -> str:
    """Return what each training chose and what that did in its test; "" without such windows."""
    if not swept.windows:
        return ""
    params = {job.variant: job.params for job, _ in swept.outcomes}
    short = short_names(swept.keys)
    lines = ["WINDOWS"]
    for window in swept.windows:
        spans = [f"{first} to {last}" for first, last in (window.train, window.test)]
        if window.chosen is None:
            lines.append(f"  train {spans[0]}: nothing, as no variant traded enough")
            continue
        chosen = {short.get(key, key): value for key, value in params[window.chosen].items()}
        lines.append(
            f"  train {spans[0]}: {window.chosen} {visible(params_text(chosen))}; test {spans[1]}: "
            f"net {window.net_in_test_paise / 100:,.2f}{_rank(window)}"
        )
    net = sum(window.net_in_test_paise for window in swept.windows)
    return "\n".join([*lines, f"  net of all tests: {net / 100:,.2f}"])


def _rank(window: WindowChoice) -> str:
    if window.rank_in_test is None:
        return ""
    return f", rank {count(window.rank_in_test)} of {count(len(window.candidates))}"


def closing_lines(swept: Swept) -> list[str]:
    """Return how many variants ended how, the causes of failures, and where the tables are."""
    states = Counter(done.status for _, done in swept.outcomes)
    said = [f"{count(states[name])} {name.replace('_', ' ')}" for name in sorted(states)]
    causes = Counter(done.cause for _, done in swept.outcomes if done.status == "failed")
    lines = [f"failed, {number}x: {cause}" for cause, number in causes.most_common(_CAUSES)]
    if len(causes) > _CAUSES:
        lines.append(f"and {len(causes) - _CAUSES} other causes, in runs.parquet")
    warnings = {done.warning: None for _, done in swept.outcomes if done.warning}
    lines += [f"warning: {text}" for text in [*warnings][:_CAUSES]]
    return [*lines, f"{swept.directory}: {', '.join(said)}"]


def refuse_if_none_ran(swept: Swept) -> None:
    """Refuse a sweep of which nothing could be run. Raises ConfigError with the first cause."""
    if swept.outcomes and all(done.status == "failed" for _, done in swept.outcomes):
        raise ConfigError(f"no variant could be run: {swept.outcomes[0][1].cause}")


def _row(place: int, each: Ranked, short: Mapping[str, str]) -> list[str]:
    numbers = each.numbers
    params = params_text({short.get(key, key): value for key, value in each.job.params.items()})
    return [
        str(place), each.job.variant, _number(numbers.get("net_rupees"), ",.2f"),
        _number(numbers.get("sharpe"), ".2f"), _number(numbers.get("trades"), ",d"),
        _number(numbers.get("max_drawdown_rupees"), ",.2f"), visible(params),
    ]  # fmt: skip


def _number(value: int | float | bool | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _line(row: list[str], widths: list[int]) -> str:
    cells = [
        cell.ljust(width) if column == 1 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=False))
    ]
    return "  ".join([*cells, row[-1]]).rstrip()
