"""The address of the seven embedding functions for other programs (daemon/embedding).

Nothing in this project imports it: it stands above `daemon.embedding`, not in the core.
"""

from __future__ import annotations

from daemon.embedding.embedded_engine import (
    AlwaysOpen,
    EmbeddedEngineV3,
    create_execution_engine_v3,
    event_view,
    get_v3_metrics,
    get_v3_positions,
    on_candle_close,
    should_use_v3,
    update_positions_from_tick,
)
from daemon.embedding.signal_adapter import convert_to_order_intent

__all__ = [
    "AlwaysOpen", "EmbeddedEngineV3", "convert_to_order_intent", "create_execution_engine_v3",
    "event_view", "get_v3_metrics", "get_v3_positions", "on_candle_close", "should_use_v3",
    "update_positions_from_tick",
]  # fmt: skip
