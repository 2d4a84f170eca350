"""Settings and fields of break-even and the late trail, until `daemon.domain` has them.

Delete this module then: its four functions are the classes of `daemon`, and `LANDED` is true.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec

from daemon.domain.events import StopMoved
from daemon.domain.intent import ExitOverrides
from daemon.domain.order import ExitRules
from daemon.settings.config import ExecutionConfig

LANDED: Final = hasattr(ExitOverrides, "enable_break_even") and hasattr(StopMoved, "reason")
"""Whether the engine knows the settings; the random scenarios have them only then."""
DEFAULTS: Final[dict[str, object]] = {
    "enable_break_even": False,
    "break_even_at_r": 1.0,
    "break_even_with_charges": False,
    "trail_after_r": 0.0,
}
S = TypeVar("S", bound=msgspec.Struct)


class _Rules(ExitRules, frozen=True, kw_only=True, gc=False):
    enable_break_even: bool = False
    break_even_at_r: float = 1.0
    break_even_with_charges: bool = False
    trail_after_r: float = 0.0


class _Execution(ExecutionConfig, frozen=True, kw_only=True):
    enable_break_even: bool = False
    break_even_at_r: float = 1.0
    break_even_with_charges: bool = False
    trail_after_r: float = 0.0


class _Overrides(ExitOverrides, frozen=True, kw_only=True):
    enable_break_even: bool | None = None
    break_even_at_r: float | None = None
    break_even_with_charges: bool | None = None
    trail_after_r: float | None = None


class _StopMoved(StopMoved, frozen=True, kw_only=True, gc=False):
    reason: str = "trailing_stop"


def exit_rules(**fields: Any) -> ExitRules:
    return _made(ExitRules, _Rules, fields, DEFAULTS)


def execution(**fields: Any) -> ExecutionConfig:
    return _made(ExecutionConfig, _Execution, fields, DEFAULTS)


def overrides(**fields: Any) -> ExitOverrides:
    return _made(ExitOverrides, _Overrides, fields, dict.fromkeys(DEFAULTS))


def stop_moved(**fields: Any) -> StopMoved:
    return _made(StopMoved, _StopMoved, fields, {"reason": "trailing_stop"})


def _made(real: type[S], more: type[S], fields: dict[str, Any], defaults: dict[str, Any]) -> S:
    """Return the class of today where it can say all of it, else the one with more fields."""
    if LANDED:
        return real(**fields)
    asked = {k: v for k, v in fields.items() if k not in defaults or v != defaults[k]}
    return (more if asked.keys() & defaults.keys() else real)(**asked)
