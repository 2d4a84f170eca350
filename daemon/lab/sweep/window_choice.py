"""What a study over a training's sessions chose, and what that did in the test after it."""

from __future__ import annotations

import datetime as dt

import msgspec


class WindowChoice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One window of a walk-forward in which each training has a study of its own."""

    train: tuple[dt.date, dt.date]
    """Its first and last session."""
    test: tuple[dt.date, dt.date]
    candidates: tuple[str, ...]
    """The variants that it chose among, in the order of the sweep: none of a later study."""
    chosen: str | None
    """The variant; None where none traded enough in the training, and nothing is traded then."""
    score_in_training: float | None
    score_in_test: float | None
    rank_in_test: int | None
    """Among the candidates, 1 for the best."""
    net_in_test_paise: int
