"""What can change while the daemon runs: strategies on and off, risk limits, the log's level.

All or nothing: one difference that needs a restart, and nothing of the new file is taken.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any, Final, NamedTuple

import msgspec

from daemon.settings.check import render_config
from daemon.settings.config import Config, LiveChange, RiskConfig

_ABSENT: Final = object()
_TEXT_MAX: Final = 60
_encoder: Final = msgspec.json.Encoder(order="deterministic")


class Reload(NamedTuple):
    """What a new configuration comes to; `change` counts only where `refused` is empty."""

    change: LiveChange
    refused: list[str]
    """One line each: dotted path, what it was, what it is now, why not."""

    @property
    def is_empty(self) -> bool:
        """Return whether nothing differs."""
        return not self.refused and self.change == LiveChange()


def changes(old: Config, new: Config, *, loaded: Container[str]) -> Reload:
    """Return what differs in `new`; `loaded` are the strategies that this process can switch."""
    was, now = _plain(old), _plain(new)
    refused = [
        f"{path}: was {_value_text(before)}, is now {_value_text(after)}; that takes a restart"
        for path, before, after in _differences("", was, now)
        if not _is_live(path)
    ]
    switched = {}
    for before_, after_ in zip(old.strategies.items, new.strategies.items, strict=False):
        if before_.id != after_.id or before_.enabled == after_.enabled:
            continue
        switched[after_.id] = after_.enabled
        if after_.id not in loaded:
            refused.append(
                f"strategy {after_.id!r} was not loaded at the start, as it was not enabled then; "
                "a restart adds it"
            )
    change = LiveChange(
        risk=None if old.risk == new.risk else new.risk,
        strategies=switched,
        log_level=None if old.log.level == new.log.level else new.log.level,
    )
    return Reload(change, refused)


def back_to(config: Config, *, risk: RiskConfig, off: Container[str]) -> LiveChange | None:
    """Return what brings an engine back to what the file says.

    `risk` and `off` (strategies that a change switched off) are the engine's. None: it is there.
    """
    items = config.strategies.items
    change = LiveChange(
        risk=None if risk == config.risk else config.risk,
        strategies={item.id: True for item in items if item.enabled and item.id in off},
    )
    return None if change == LiveChange() else change


def encode_change(change: LiveChange) -> str:
    """Return the change as the JSON of an input; equal changes, equal text."""
    return _encoder.encode(change).decode()


def change_text(change: LiveChange) -> str:
    """Return the change in a line of plain words."""
    said = [f"strategy {name} {'on' if on else 'off'}" for name, on in change.strategies.items()]
    if change.risk is not None:
        said += [f"risk.{name} {_value_text(value)}" for name, value in _fields(change.risk)]
    if change.log_level is not None:
        said.append(f"log.level {change.log_level}")
    return ", ".join(said) or "nothing"


def _fields(risk: RiskConfig) -> Iterator[tuple[str, Any]]:
    yield from msgspec.to_builtins(risk).items()


def _plain(config: Config) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.json.decode(render_config(config))
    return values


def _differences(path: str, was: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield every leaf that differs, as (dotted path, before, after), in the order of the keys."""
    if isinstance(was, dict) and isinstance(now, dict):
        for name in [*was, *(name for name in now if name not in was)]:
            below = f"{path}.{name}" if path else name
            yield from _differences(below, was.get(name, _ABSENT), now.get(name, _ABSENT))
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for at, (before, after) in enumerate(zip(was, now, strict=True)):
            yield from _differences(f"{path}[{at}]", before, after)
    elif was != now:
        yield path, was, now


def _is_live(path: str) -> bool:
    is_switch = path.startswith("strategies.list[") and path.endswith("].enabled")
    return path.startswith("risk.") or path == "log.level" or is_switch


def _value_text(value: Any) -> str:
    if value is _ABSENT:
        return "absent"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _TEXT_MAX else f"{text[:_TEXT_MAX]}..."
