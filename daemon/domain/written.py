"""Defaults that are written into events although the encoder leaves defaults out."""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T")


def written(default: T) -> T:
    """Return a field with this default that is always encoded, because a factory makes it."""
    field: T = msgspec.field(default_factory=lambda: default)
    return field
