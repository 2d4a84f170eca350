"""ExecutionEngineV2: the plain market-fill engine without managed exits (design D13)."""

from __future__ import annotations

from daemon.domain.intent import ExitOverrides, OrderIntent
from daemon.execution.session_end import SessionEnd
from daemon.risk.gates import Refusal


class ExecutionEngineV2(SessionEnd):
    """Opens and closes at the market; refuses an intent that asks for managed exits."""

    name = "v2"

    def time_stop_due(self, number: int, due: int) -> None:
        """Do nothing: no position of this engine has a time stop."""

    def check_managed(self, intent: OrderIntent) -> Refusal | None:
        """Levels, time stops and exit settings need the v3 engine (semantics.md section 9)."""
        asked: dict[str, int | str] = {}
        if intent.sl_price is not None:
            asked["sl_price"] = repr(intent.sl_price)
        if intent.tp_price is not None:
            asked["tp_price"] = repr(intent.tp_price)
        if intent.time_stop_bars:
            asked["time_stop_bars"] = intent.time_stop_bars
        if wanted := _switched_on(intent.exits):
            asked["exits"] = wanted
        return Refusal("exits_not_managed", asked) if asked else None


def _switched_on(exits: ExitOverrides | None) -> str:
    """Return the exit settings that ask for something; one that is off asks for nothing."""
    if exits is None:
        return ""
    return ", ".join(name for name in exits.__struct_fields__ if getattr(exits, name))
