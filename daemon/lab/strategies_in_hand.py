"""Strategies that are given as classes, as items of a configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from daemon.errors import ConfigError
from daemon.settings.config import StrategyConfig

Given = type[Any] | Mapping[str, Any]
"""A class, or the keys of an item of `strategies.list` with the class under `class`."""


def items_of(
    given: Sequence[Given], known: Sequence[StrategyConfig]
) -> tuple[list[StrategyConfig], dict[str, type[Any]]]:
    """Return an item for each strategy and the classes by id.

    A class takes the settings of the configured item of its name, if there is one. Raises
    ConfigError for what is no class, for keys that an item does not have, and for an id given
    twice.
    """
    items: list[StrategyConfig] = []
    classes: dict[str, type[Any]] = {}
    for entry in given:
        keys = dict(entry) if isinstance(entry, Mapping) else {"class": entry}
        cls = keys.pop("class", None)
        if not isinstance(cls, type):
            raise ConfigError(f"strategies: expected a class or {{'class': ...}}, was {entry!r}")
        item = _item(cls, keys, known)
        if item.id in classes:
            raise ConfigError(f"strategies: {item.id} is given twice; write an `id` for one")
        items.append(item)
        classes[item.id] = cls
    return items, classes


def _item(cls: type[Any], keys: dict[str, Any], known: Sequence[StrategyConfig]) -> StrategyConfig:
    usual = {"id": cls.__name__, "module": cls.__module__, "class": cls.__qualname__}
    for item in known:
        if item.class_ == cls.__name__ and "id" not in keys:
            usual = {**msgspec.to_builtins(item), "module": cls.__module__}
            break
    try:
        return msgspec.convert({**usual, **keys}, StrategyConfig)
    except msgspec.ValidationError as error:
        raise ConfigError(f"strategies: {cls.__name__}: {error}") from error
