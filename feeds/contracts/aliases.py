"""Resolve `NIFTY:FUT:current` and `NIFTY:INDEX`: names that stay while tradingsymbols change."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from msgspec.structs import replace

from daemon.errors import ConfigError
from daemon.settings.config import Config, StrategyConfig
from feeds.files.table import suggest

_ALIAS: Final = re.compile(r"[^:\s]+:(INDEX|FUT:[a-z]+)\Z")
"""Cannot be mistaken: no tradingsymbol has a colon, and no time of day has a letter."""
_UNNAMED: Final = "is not what universe.underlyings names"
_NAME_IT: Final = "name it there, or write one of"


def aliases_in(config: Config) -> list[str]:
    """Return the aliases that enabled strategies name, each once, in order of appearance."""
    found: dict[str, None] = {}
    for strategy in config.strategies.items:
        if strategy.enabled:
            found |= dict.fromkeys(
                filter(_ALIAS.match, _texts([strategy.symbols, strategy.params]))
            )
    return list(found)


def resolve_alias(
    text: str, aliases: Mapping[str, str], unknown: str = _UNNAMED, todo: str = _NAME_IT
) -> str:
    """Return the day's tradingsymbol for an alias; any other text unchanged.

    Raises ConfigError for an unknown alias; `unknown` and `todo` word what is wrong and what to do.
    """
    if not _ALIAS.match(text):
        return text
    found = aliases.get(text)
    if found is None:
        known = ", ".join(sorted(aliases)) or "none"
        raise ConfigError(f"{text!r} {unknown}{suggest(text, list(aliases))}; {todo}: {known}")
    return found


def resolve_strategies(
    config: Config, aliases: Mapping[str, str], unknown: str = _UNNAMED, todo: str = _NAME_IT
) -> Config:
    """Return the configuration with the day's tradingsymbols in its strategies.

    Raises ConfigError for an unknown alias.
    """

    def resolve(text: str) -> str:
        return resolve_alias(text, aliases, unknown, todo)

    strategies = config.strategies
    items = [
        _resolved(number, strategy, resolve) if strategy.enabled else strategy
        for number, strategy in enumerate(strategies.items)
    ]
    return replace(config, strategies=replace(strategies, items=items))


def _resolved(number: int, config: StrategyConfig, resolve: Callable[[str], str]) -> StrategyConfig:
    try:
        return replace(
            config,
            symbols=[resolve(symbol) for symbol in config.symbols],
            params={name: _value(param, resolve) for name, param in config.params.items()},
        )
    except ConfigError as error:
        raise ConfigError(f"strategies.list[{number}] ({config.id}): {error}") from error


def _value(value: Any, resolve: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return resolve(value)
    if isinstance(value, list):
        return [_value(item, resolve) for item in value]
    if isinstance(value, dict):
        return {name: _value(item, resolve) for name, item in value.items()}
    return value


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a value, except keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))
