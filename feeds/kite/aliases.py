"""`NIFTY:FUT:current` and `NIFTY:INDEX`: names that stay while tradingsymbols change."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from daemon.config import Config, StrategyConfig
from daemon.errors import ConfigError
from feeds.table import near

_ALIAS: Final = re.compile(r"[^:\s]+:(INDEX|FUT:[a-z]+)\Z")
"""No tradingsymbol has a colon, and no time of day has a letter."""


def resolve_alias(text: str, aliases: Mapping[str, str]) -> str:
    """The day's tradingsymbol of an alias; any other text as it is.

    Raises ConfigError for an alias of something that `universe.underlyings` does not name.
    """
    if not _ALIAS.match(text):
        return text
    found = aliases.get(text)
    if found is None:
        known = ", ".join(sorted(aliases)) or "none"
        raise ConfigError(
            f"{text!r} is not what universe.underlyings names{near(text, list(aliases))};"
            f" name it there, or write one of: {known}"
        )
    return found


def resolve_strategies(config: Config, aliases: Mapping[str, str]) -> Config:
    """The configuration with the day's tradingsymbols in its strategies' symbols and params.

    Raises ConfigError for an alias that means nothing.
    """
    strategies = config.strategies
    items = [
        _resolved(number, each, aliases) if each.enabled else each
        for number, each in enumerate(strategies.items)
    ]
    return replace(config, strategies=replace(strategies, items=items))


def _resolved(number: int, config: StrategyConfig, aliases: Mapping[str, str]) -> StrategyConfig:
    try:
        return replace(
            config,
            symbols=[resolve_alias(each, aliases) for each in config.symbols],
            params={name: _value(each, aliases) for name, each in config.params.items()},
        )
    except ConfigError as error:
        raise ConfigError(f"strategies.list[{number}] ({config.id}): {error}") from error


def _value(value: Any, aliases: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return resolve_alias(value, aliases)
    if isinstance(value, list):
        return [_value(each, aliases) for each in value]
    if isinstance(value, dict):
        return {name: _value(each, aliases) for name, each in value.items()}
    return value
