"""Hints for names that are nearly right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, choices: Iterable[str], prefix: str = "") -> str:
    """Return a hint with near matches, each with `prefix`, empty if there are none."""
    near = get_close_matches(word, sorted(set(choices)), n=3, cutoff=0.7)
    names = " or ".join(prefix + name for name in near)
    return f"; did you mean {names}?" if near else ""
