"""The variants of a sweep: which values each gives the keys that vary, and what they come to."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from daemon.errors import ConfigError
from daemon.lab.sweep.draws import drawn
from daemon.lab.sweep.file import LoadedSweep
from daemon.settings.config import Config

_KEY_BYTES: Final = 6
Params = Mapping[str, Any]
"""Dotted key -> value."""


class Variant(NamedTuple):
    """One configuration of a sweep."""

    key: str
    """12 hex digits of its parameters: the same ones, the same key, in any sweep."""
    params: Params
    config: Config


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """A key that varies, with its values in order: as written, or sorted where they were drawn."""

    key: str
    values: list[Any]


def variants_of(loaded: LoadedSweep) -> list[Variant]:
    """Return the variants of grid, list and random, in this order, each once.

    Those of optuna follow by the results (`variant_of`). Raises ConfigError for one that the
    `check` command would refuse, naming its parameters.
    """
    found: dict[str, Variant] = {}
    for at, params in _all_params(loaded):
        key = variant_key(params)
        if key not in found:
            found[key] = variant_of(loaded, params, at)
    return list(found.values())


def variant_of(loaded: LoadedSweep, params: Params, at: tuple[str | int, ...]) -> Variant:
    """Return the variant with these parameters; `at` is where in the sweep file they are said.

    Raises ConfigError.
    """
    try:
        config = loaded.base.config(params)
    except ConfigError as error:
        raise loaded.error(at, f"{params_text(params)}: {error}") from error
    return Variant(variant_key(params), dict(params), config)


def variant_key(params: Params) -> str:
    """Return the key of parameters: their order does not count, 5 and 5.0 are one value."""
    plain = {key: _plain(value) for key, value in params.items()}
    text = msgspec.json.encode(plain, order="sorted")
    return hashlib.blake2b(text, digest_size=_KEY_BYTES).hexdigest()


def params_text(params: Params) -> str:
    """Return parameters in a line: `execution.slippage_bps=5, ...`."""
    said = (f"{key}={msgspec.json.encode(value).decode()}" for key, value in params.items())
    return ", ".join(said) or "as configured"


def axes_of(loaded: LoadedSweep, variants: Iterable[Variant]) -> list[Axis]:
    """Return the keys that vary, those of the grid first, then by name."""
    axes = {key: list(values) for key, values in loaded.sweep.grid.items()}
    others: dict[str, list[Any]] = {}
    for variant in variants:
        for key, value in variant.params.items():
            if value not in axes.get(key, ()) and value not in others.setdefault(key, []):
                others[key].append(value)
    for key, values in sorted(others.items()):
        if values:
            axes[key] = sorted([*axes.get(key, ()), *values], key=_order)
    return [Axis(key=key, values=values) for key, values in axes.items()]


def _all_params(loaded: LoadedSweep) -> Iterator[tuple[tuple[str | int, ...], Params]]:
    sweep = loaded.sweep
    if sweep.grid:
        for values in itertools.product(*sweep.grid.values()):
            yield ("grid",), dict(zip(sweep.grid, values, strict=True))
    yield from ((("list", number), params) for number, params in enumerate(sweep.singles))
    if sweep.random is not None:
        yield from ((("random",), params) for params in drawn(sweep.random))


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _order(value: Any) -> tuple[int, float, str]:
    is_number = isinstance(value, int | float)
    return (0, value, "") if is_number else (1, 0.0, msgspec.json.encode(value).decode())
