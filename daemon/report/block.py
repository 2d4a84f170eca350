"""A titled table of cells, before anyone decides how it looks on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A title over a table; `right` says which columns hold numbers."""

    title: str
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    right: frozenset[int] = frozenset()
    below: Sequence[str] = ()
    """A second line under each row, where the row alone would be too wide."""
    note: str = ""
    warning: bool = False
    wraps: bool = False
    """Whether rows are sentences that may go on on the next line."""
    narrow: Block | None = None
    """The same for a terminal on which this is too wide."""
