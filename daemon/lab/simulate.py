"""`simulate`: a run in memory, from a script or a notebook."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from daemon.lab.configured import configured
from daemon.lab.result import Result
from daemon.lab.strategies_in_hand import Given, items_of
from daemon.runtime.simulate import run
from daemon.settings.config import Config


def simulate(
    config: Config | str | os.PathLike[str],
    strategies: Sequence[Given] | None = None,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    **overrides: Any,
) -> Result:
    """Run a configuration with a recorded or synthetic feed as fast as it goes.

    `strategies` are run instead of the configured ones: classes, or mappings with a `class` and the
    keys of an item of `strategies.list`. `overrides` are laid over the configuration, nested
    (`execution={"slippage_bps": 5}`) or by dotted paths. Nothing is written and no event loop is
    needed, so it works in a notebook and in threads. Raises ConfigError or FeedError.
    """
    loaded = configured(config, overrides)
    classes: dict[str, type[Any]] = {}
    if strategies is not None:
        items, classes = items_of(strategies, loaded.strategies.items)
        loaded = replace(loaded, strategies=replace(loaded.strategies, items=items))
    directory = None if data_dir is None else Path(data_dir)
    return Result(run(loaded, data_dir=directory, classes=classes))
