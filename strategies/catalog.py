"""Build a strategy from its configuration, with errors that a trader understands."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, get_type_hints

import msgspec

import strategies
from daemon.domain.dates import parse_timeframe
from daemon.domain.instrument import Universe
from daemon.domain.intent import ExitOverrides, check_exits
from daemon.errors import ConfigError
from daemon.settings.config import StrategyConfig
from strategies.intents import merge_exits
from strategies.near_names import did_you_mean
from strategies.search import AmbiguousModule, import_strategy


class LoadedStrategy(msgspec.Struct, frozen=True):
    """A strategy that was built, and the symbols it trades."""

    config: StrategyConfig
    strategy: Any
    symbols: tuple[str, ...]


def load(
    config: StrategyConfig,
    universe: Universe,
    path: Sequence[str] = (),
    given: type[Any] | None = None,
) -> LoadedStrategy:
    """Build one strategy; its module may also be in the directories of `path`.

    A class that is `given` is not looked for. Raises ConfigError naming the strategy's id and what
    was expected.
    """
    try:
        for timeframe in (config.timeframe, *config.timeframes):
            parse_timeframe(timeframe)
        check_exits(config.exits)
    except (TypeError, ValueError) as error:
        _refuse(config, str(error), error)
    symbols = _symbols(config, universe)
    cls = _class(config, path) if given is None else _checked(config, given)
    return LoadedStrategy(_with_default_exits(config, cls), _build(config, cls), symbols)


def _with_default_exits(config: StrategyConfig, cls: type[Any]) -> StrategyConfig:
    """Return the configuration with the class's exit settings where it sets none itself."""
    declared = getattr(cls, "default_exits", None)
    if declared is None:
        return config
    try:
        check_exits(declared)
    except ValueError as error:
        _refuse(config, f"{cls.__name__}.default_exits: {error}", error)
    return msgspec.structs.replace(
        config, exits=merge_exits(config.exits, declared) or ExitOverrides()
    )


def _refuse(config: StrategyConfig, message: str, cause: BaseException | None = None) -> NoReturn:
    raise ConfigError(f"strategy {config.id!r}: {message}") from cause


def _symbols(config: StrategyConfig, universe: Universe) -> tuple[str, ...]:
    for symbol in config.symbols:
        if universe.index_of(symbol) is None:
            hint = did_you_mean(symbol, universe.symbols)
            _refuse(config, f"symbols: {symbol!r} is not in the universe{hint}")
    return tuple(dict.fromkeys(config.symbols)) or universe.symbols


def _class(config: StrategyConfig, path: Sequence[str]) -> type[Any]:
    module = _module(config, path)
    found = getattr(module, config.class_, None)
    if found is None:
        classes = [n for n, c in inspect.getmembers(module, inspect.isclass) if _is_strategy(c)]
        hint = did_you_mean(config.class_, classes)
        _refuse(config, f"class: {config.class_!r} is not in {config.module}{hint}")
    return _checked(config, found)


def _checked(config: StrategyConfig, found: Any) -> type[Any]:
    if not inspect.isclass(found) or not _is_strategy(found):
        expected = "expected a class with on_candle(self, candle, view)"
        _refuse(config, f"class: {expected}, was {config.class_!r}")
    return found


def _module(config: StrategyConfig, path: Sequence[str]) -> Any:
    try:
        return import_strategy(config.module, path)
    except AmbiguousModule as error:
        _refuse(config, f"module: {error}", error)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{config.module}.".startswith(f"{error.name}."):
            _refuse(config, f"module: {config.module} needs {error.name!r}", error)
        shipped = [module.name for module in pkgutil.iter_modules(strategies.__path__)]
        hint = did_you_mean(config.module.rpartition(".")[2], shipped, "strategies.")
        where = f"{config.module!r} installed, next to the configuration or under strategies.path"
        _refuse(config, f"module: no module named {where}{hint}", error)
    except Exception as error:  # noqa: BLE001  (the module is the user's)
        reason = f"{type(error).__name__}: {error}"
        _refuse(config, f"module: {config.module!r} cannot be imported: {reason}", error)


def _is_strategy(cls: type[Any]) -> bool:
    """Return whether a class decides on candles, or knows its intents beforehand."""
    if callable(getattr(cls, "timed_intents", None)):
        return True
    return _takes(getattr(cls, "on_candle", None)) and (
        not hasattr(cls, "on_tick") or _takes(cls.on_tick)
    )


def _takes(method: Any) -> bool:
    if not callable(method) or inspect.iscoroutinefunction(method):
        return False
    try:
        inspect.signature(method).bind("self", "candle", "view")
    except TypeError:
        return False
    return True


def _build(config: StrategyConfig, cls: Callable[..., Any]) -> Any:
    params = _params(config, cls)
    try:
        return cls(**params)
    except ConfigError as error:
        _refuse(config, str(error), error)
    except ValueError as error:
        _refuse(config, f"params: {error}", error)
    except Exception as error:  # noqa: BLE001 - a boundary: the constructor is the user's code
        _refuse(config, f"its __init__ raised {type(error).__name__}: {error}", error)


def _params(config: StrategyConfig, cls: Any) -> dict[str, Any]:
    """Return the parameters, checked against the annotations of `__init__`."""
    accepted = inspect.signature(cls).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in accepted.values()):
        return dict(config.params)
    for name in config.params:
        if name not in accepted:
            names = ", ".join(accepted) or "none"
            hint = did_you_mean(name, accepted)
            _refuse(config, f"params.{name}: unknown, expected one of: {names}{hint}")
    for name, parameter in accepted.items():
        if parameter.default is parameter.empty and name not in config.params:
            _refuse(config, f"params.{name}: missing")
    hints = get_type_hints(cls.__init__, include_extras=True)
    return {n: _param(config, n, value, hints.get(n, Any)) for n, value in config.params.items()}


def _param(config: StrategyConfig, name: str, value: Any, type_: Any) -> Any:
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        _refuse(config, f"params.{name}: {error}, was {value!r}", error)
