"""The command line of a run as settings: what it lays over the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, Final

from daemon.errors import UsageError

CUTS: Final = frozenset({"feed.replay.start", "feed.replay.end"})
"""Settings that only a recording has a use for."""


def overrides_of(
    feed: str,
    replay: list[str] | None,
    speed: str,
    since: str,
    until: str,
    account: str,
    out: str,
) -> dict[str, Any]:
    """Return what the command line lays over the configuration."""
    values: dict[str, Any] = {
        "feed.kind": feed,
        "feed.replay.speed": speed,
        "feed.synthetic.speed": speed,
        "feed.replay.start": since,
        "feed.replay.end": until,
        "account": account,
        "out": out,
    }
    chosen = {path: value for path, value in values.items() if value}
    if replay:
        chosen["feed.kind"] = "replay"
        chosen["feed.replay.files"] = [{"path": path} for path in replay]
        chosen |= {"feed.replay.lake": "", "feed.replay.from": "", "feed.replay.to": ""}
        chosen["feed.replay.underlyings"] = []
    return chosen


def settings_of(settings: Sequence[str]) -> dict[str, Any]:
    """Return what `--set KEY=VALUE` lays over the configuration; values are YAML.

    Raises UsageError for one without a key, ConfigError for what is no YAML.
    """
    from daemon.files.yaml_tree import parse_tree, plain

    found: dict[str, Any] = {}
    for text in settings:
        key, is_given, value = text.partition("=")
        if not key.strip() or not is_given:
            raise UsageError(f"--set {text}: expected KEY=VALUE, such as execution.slippage_bps=5")
        found[key.strip()] = plain(parse_tree(value.encode(), f"--set {key}"))
    return found


def spread_replay(arguments: Sequence[str]) -> list[str]:
    """Return `--replay A B` as the parser wants it: the option before every file.

    Raises UsageError for one without a file.
    """
    spread: list[str] = []
    in_files = False
    for each, after in zip_longest(arguments, arguments[1:], fillvalue="-"):
        if each.startswith("-"):
            in_files = each == "--replay"
            if in_files and after.startswith("-"):
                raise UsageError("--replay: expected at least one file after it")
        elif in_files and spread[-1] != "--replay":
            spread.append("--replay")
        spread.append(each)
    return spread
