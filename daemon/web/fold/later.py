"""Rows that are made when they are first shown: of a long journal most never are."""

from __future__ import annotations

from collections.abc import Callable

from daemon.web.fold.rows import Row


class Later:
    """One row, made once."""

    __slots__ = ("_make", "_row")

    def __init__(self, make: Callable[[], Row]) -> None:
        self._make: Callable[[], Row] | None = make
        self._row: Row = {}

    def row(self) -> Row:
        """Return the row."""
        if self._make is not None:
            self._row, self._make = self._make(), None
        return self._row
