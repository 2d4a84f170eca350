"""Random plans that decode; whether `check` likes them is another question."""

from __future__ import annotations

import random
from typing import Any, Final

import msgspec
from msgspec import inspect

from daemon.plans.terms.plan import Plan

_PLAN: Final = inspect.type_info(Plan)


def random_plan(rng: random.Random) -> Plan:
    """Return a plan drawn from the declared types themselves, so that a new key is drawn too."""
    return msgspec.convert(_value(_PLAN, rng), Plan)


def _value(kind: inspect.Type, rng: random.Random) -> Any:
    if isinstance(kind, inspect.StructType):
        return {
            field.encode_name: _value(field.type, rng)
            for field in kind.fields
            if field.required or rng.random() < 0.4
        }
    if isinstance(kind, inspect.UnionType):
        return _value(rng.choice(kind.types), rng)
    if isinstance(kind, inspect.LiteralType):
        return rng.choice(list(kind.values))
    if isinstance(kind, inspect.VarTupleType):
        return [_value(kind.item_type, rng) for _ in range(rng.randint(kind.min_length or 0, 3))]
    return _scalar(kind, rng)


def _scalar(kind: inspect.Type, rng: random.Random) -> Any:
    if isinstance(kind, inspect.IntType):
        return rng.randint(int(kind.ge or 0), int(min(kind.le or 100, 100)))
    if isinstance(kind, inspect.FloatType):
        most = min(kind.lt or kind.le or 3_000, 3_000)
        return rng.randrange(1, int(most * 20)) / 20
    if isinstance(kind, inspect.StrType):
        return _text(kind.pattern, rng)
    if isinstance(kind, inspect.DictType):
        return rng.choice([{"premium_closest": 125.5, "only": "otm"}, {"atm": 2}])
    if isinstance(kind, inspect.DateType):
        return f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    if isinstance(kind, inspect.BoolType):
        return rng.random() < 0.5
    assert isinstance(kind, inspect.NoneType), kind
    return None


def _text(pattern: str | None, rng: random.Random) -> str:
    if pattern is None:
        return rng.choice(["NIFTY", "ATM", "OTM2", "null", "1e3"])
    if ":" in pattern:
        return f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
    return "".join(rng.choice("ab.-_9") for _ in range(rng.randint(1, 4)))
