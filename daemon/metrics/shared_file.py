"""One metrics file for whichever daemon started last, where several trade into one directory.

Each daemon has a file of its own. The shared one is where dashboards have always looked.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from loguru import logger

from daemon.files.replace import replace_file


class SharedMetricsFile:
    """The file at `path`, written until another daemon claims it.

    A marker next to it holds the claim: text is compared, no one waits and nothing can be left
    locked. `own` is named to whoever looks for the numbers of a daemon that lost it.
    """

    def __init__(self, path: Path, *, own: Path) -> None:
        self.path: Final = path
        self.own: Final = own
        self._marker = path.with_name(f".{path.name}.owner")
        self._writer = f".{own.parent.name}"
        self._claim = f"{own.absolute()} {os.getpid()}\n"
        self._has_claimed = False
        self._is_lost = False

    def put(self, data: bytes) -> None:
        """Write `data`, the first time as its owner whoever had it. Raises OSError."""
        owner = self._owner()
        if self._has_claimed and owner not in ("", self._claim):
            self._tell_lost(owner)
            return
        if owner != self._claim:
            replace_file(self._marker, self._claim.encode(), self._writer)
            self._has_claimed, self._is_lost = True, False
        replace_file(self.path, data, self._writer)

    def _owner(self) -> str:
        try:
            return self._marker.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def _tell_lost(self, owner: str) -> None:
        if self._is_lost:
            return
        self._is_lost = True
        logger.bind(path=str(self.path), own=str(self.own), by=owner.strip()).warning(
            "a daemon that started later writes the shared metrics file now; these numbers go on "
            "in the account's own"
        )
