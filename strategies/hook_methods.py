"""The methods of a strategy that are called besides `on_candle` and `on_tick`.

They are newer than many strategies, so a method of such a name that takes something else is the
strategy's own affair: it is not called, and `check` says so.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, Final

HOOKS: Final[dict[str, tuple[str, ...]]] = {
    "on_start": ("view",), "schedule": ("timer",), "on_order": ("update", "view"),
    "on_open": ("trade", "view"), "on_close": ("trade", "view"), "save": (), "load": ("state",),
}  # fmt: skip
"""What each of them takes."""


class HookMethods:
    """The hooks of one strategy, None for those it has not."""

    def __init__(self, strategy: Any) -> None:
        self.on_start = _found(strategy, "on_start")
        self.schedule = _found(strategy, "schedule")
        self.on_order = _found(strategy, "on_order")
        self.on_open = _found(strategy, "on_open")
        self.on_close = _found(strategy, "on_close")
        self.save = _found(strategy, "save")
        self.load = _found(strategy, "load")
        self.not_called = tuple(_not_called(strategy))
        """A line for each method that has the name of a hook and takes something else."""

    @property
    def hears(self) -> bool:
        """Return whether the strategy hears updates."""
        return any((self.on_order, self.on_open, self.on_close))


def _not_called(strategy: Any) -> Iterator[str]:
    for name, takes in HOOKS.items():
        if callable(getattr(strategy, name, None)) and _found(strategy, name) is None:
            expected = ", ".join(("self", *takes))
            yield f"{name} is not called: expected {name}({expected})"


def _found(strategy: Any, name: str) -> Callable[..., Any] | None:
    method = getattr(strategy, name, None)
    if not callable(method) or inspect.iscoroutinefunction(method):
        return None
    try:
        inspect.signature(method).bind(*HOOKS[name])
    except (TypeError, ValueError):
        return None
    found: Callable[..., Any] = method
    return found
