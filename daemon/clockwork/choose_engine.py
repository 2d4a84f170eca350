"""Which execution engine runs: the configured one, or v2 as the loud fallback."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Unpack

from daemon.execution.context import CalendarBars
from daemon.execution.engine import EngineParts, ExecutionEngineV3, execution_engine_v2
from daemon.settings.config import ExecutionConfig


class Chosen(NamedTuple):
    """An engine, and why it is not the configured one (empty if it is)."""

    engine: ExecutionEngineV3
    fallback_reason: str = ""


def choose_engine(
    config: ExecutionConfig,
    build_v3: Callable[..., ExecutionEngineV3],
    **parts: Unpack[EngineParts],
) -> Chosen:
    """Build v3 or v2 as configured; v2 too if v3 cannot be built and `fallback` allows it.

    Otherwise raises what building v3 raised.
    """
    if config.engine == "v2":
        return Chosen(execution_engine_v2(config, **parts))
    bars = CalendarBars(parts["schedule"], parts["universe"], config.candle_grace_ns)
    try:
        return Chosen(build_v3(config, bars=bars, **parts))
    except Exception as error:  # the one named boundary of the fallback
        # Fall back only while nothing is held that needs v3 to manage it.
        ledger = parts.get("ledger")
        if config.fallback == "none" or (ledger is not None and ledger.positions):
            raise
        reason = f"{type(error).__name__}: {error}"
        return Chosen(execution_engine_v2(config, **parts), reason)
