"""A configuration from a file or in hand, with settings laid over it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from daemon.errors import ConfigError
from daemon.settings.check import check_config
from daemon.settings.config import Config
from daemon.settings.file import load_config


def configured(config: Config | str | os.PathLike[str], overrides: Mapping[str, Any]) -> Config:
    """Return the configuration with the overrides, checked.

    They are keyed by dotted paths or nested, as those of `load_config`. Raises ConfigError.
    """
    if not isinstance(config, Config):
        return load_config(Path(config), overrides)
    if not overrides:
        return config
    values: dict[str, Any] = msgspec.to_builtins(config)
    for key, value in overrides.items():
        _lay_over(values, key.split("."), value)
    try:
        changed = msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"overrides: {error}") from error
    check_config(changed)
    return changed


def _lay_over(values: dict[str, Any], path: list[str], new: Any) -> None:
    name, *rest = path
    if rest:
        below = values.setdefault(name, {})
        if not isinstance(below, dict):
            raise ConfigError(f"overrides: expected a mapping above {rest[0]!r}, was {below!r}")
        _lay_over(below, rest, new)
    elif isinstance(new, Mapping) and isinstance(values.get(name), dict):
        for key, value in new.items():
            _lay_over(values[name], [key], value)
    else:
        values[name] = new
