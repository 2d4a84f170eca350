"""`make structure`: print the figures of a checkout, with an earlier one in a column before."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.kit.source import ROOT
from tests.structure.measure import figures


def table(columns: dict[str, dict[str, str]]) -> str:
    """Return a Markdown table with one column of figures for each checkout."""
    names = list(next(iter(columns.values())))
    lines = [f"| what | {' | '.join(columns)} |", "| --- |" + " --- |" * len(columns)]
    lines += [f"| {name} | {' | '.join(of[name] for of in columns.values())} |" for name in names]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.structure", description=__doc__)
    parser.add_argument("--tree", type=Path, default=ROOT, help="the checkout to measure")
    parser.add_argument("--before", type=Path, help="an earlier checkout, shown before it")
    chosen = parser.parse_args()
    columns = {} if chosen.before is None else {"before": figures(chosen.before.resolve())}
    print(table(columns | {"now": figures(chosen.tree.resolve())}))


if __name__ == "__main__":
    main()
