"""What a combined level says: the parts that go in steps."""

from __future__ import annotations

import msgspec


class Steps(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """For every `every` that the best result gains, a level rises by `by`; paise."""

    every: int
    by: int


class Lock(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """Once the best result is at least `at`, `keep` is the floor, and rises in steps from there.

    Paise. Without steps (`every` 0) the floor stays.
    """

    at: int
    keep: int
    every: int = 0
    by: int = 0
