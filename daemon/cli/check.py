"""`run_fno_paper check FILE`: what would run, and what a user would regret, without running it.

Each warning is one function; a new one is a new function and one line in `WARNINGS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from daemon.build import Parts, build
from daemon.config_file import load_config


class Checked(NamedTuple):
    """The verdict on a configuration in one line, and warnings that do not stop a run."""

    verdict: str
    warnings: list[str]


def check_file(path: Path, *, data_dir: Path | None = None) -> Checked:
    """Check keys, values, rules, strategies and files. Raises ConfigError or FeedError."""
    config = load_config(path)
    if config.feed.kind == "kite":
        text = f"{path}: keys and values are right; the kite feed itself is not checked"
        return Checked(text, [])
    parts = build(config, data_dir=data_dir)
    names = ", ".join(each.id for each in config.strategies.items if each.enabled) or "none"
    verdict = (
        f"{path}: valid. Feed {parts.feed.name} with {len(parts.feed.universe)} instruments, "
        f"engine {parts.engine.engine.name}, strategies: {names}"
    )
    return Checked(verdict, [text for warn in WARNINGS for text in warn(parts)])


WARNINGS: Final[tuple[Callable[[Parts], Iterator[str]], ...]] = ()
