"""`run_fno_paper rules`: how far the dated tables reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from daemon.domain.dates import ist_date
from daemon.process.clock import MACHINE_CLOCKS
from daemon.report.text import count
from daemon.rules.loader import SHIPPED_RULES
from daemon.rules.local import LOCAL_RULES
from daemon.rules.reach import Reach, calendar_warnings, reaches
from daemon.runtime.configured_rules import load_rules
from daemon.settings.config import Config, RulesConfig
from daemon.settings.file import load_config
from daemon.settings.inputs import own_rules

_HEAD: Final = ("table", "from", "to", "last row", "rows", "unverified", "yours")
_NUMBERS: Final = (4, 5, 6)
_OPEN: Final = "until changed"


def rules_text(path: Path | None) -> str:
    """Return the tables of a configuration's rules, or of a run without any, line by line.

    Raises ConfigError.
    """
    config = _without_file() if path is None else load_config(path)
    rules = load_rules(config)
    today = ist_date(MACHINE_CLOCKS.wall_ns())
    lines = [
        f"rules: {config.rules.directory or SHIPPED_RULES}",
        f"yours: {config.rules.local or f'no {LOCAL_RULES}'}",
        *_table([_HEAD, *map(_cells, reaches(rules))]),
        *(f"warning: {text}" for text in calendar_warnings(rules, today, today)),
    ]
    return "\n".join(lines)


def _without_file() -> Config:
    return Config(rules=RulesConfig(local=own_rules(".")))


def _cells(reach: Reach) -> tuple[str, ...]:
    until = _OPEN if reach.until is None else str(reach.until)
    return (
        reach.table, str(reach.since), until, str(reach.newest), count(reach.rows),
        count(reach.unverified), count(reach.local),
    )  # fmt: skip


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.rjust(width) if at in _NUMBERS else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()
