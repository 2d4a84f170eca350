"""The lines of a journal from any event on, through its archives."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from daemon.web.sources.archived_lines import archived_lines
from daemon.web.sources.facts import PAGE_ROWS, Facts, Line, News, NotInJournal


class JournalLines:
    """Follows one journal. `look` before each read."""

    def __init__(self, directory: Path, *, is_finished: bool) -> None:
        """`is_finished` is the caller's word that the journal is never written again."""
        self._directory = directory
        self._facts: Final = Facts(directory, is_finished=is_finished)
        self._archived: Iterator[Line] = iter(())
        self._archived_at = -1
        """The last line that came from an archive; the next one of `_archived` follows it."""

    def look(self) -> News:
        """Find out whether there is more, or another journal. Raises JournalCorrupt."""
        return self._facts.look()

    def close(self) -> None:
        """Close the journal."""
        self._facts.close()

    @property
    def is_open(self) -> bool:
        """True once a look has opened the journal; what follows here needs that."""
        return self._facts.is_open

    @property
    def fault(self) -> str:
        """Why the last look came to nothing, empty when it did not."""
        return self._facts.fault

    @property
    def journal_id(self) -> str:
        """The name of this journal among others."""
        return self._facts.journal_id

    @property
    def base_seq(self) -> int:
        """The event that the journal begins after: older ones are in archives."""
        return self._facts.base_seq

    @property
    def last_seq(self) -> int:
        """The last event as of the last look."""
        return self._facts.last_seq

    def after(self, seq: int) -> list[Line]:
        """Return the next lines after line `seq`, none at the end.

        Raises NotInJournal beyond the end, JournalIOError where an archive is not in its place.
        """
        try:
            if seq < self._facts.base_seq:
                return self._after_in_archives(seq) or self._facts.lines(self._facts.base_seq)
            return self._facts.lines(seq)
        except NotInJournal:
            if seq > self._facts.last_seq:
                raise
            self._facts.close()  # archived meanwhile: the next look finds the new base
            return []

    def line(self, seq: int) -> Line | None:
        """Return one line, None where the journal and its archives do not have it."""
        if seq > self._facts.last_seq:
            return None
        found = next(iter(self.after(seq - 1)), None)
        return found if found is not None and found.seq == seq else None

    def _after_in_archives(self, seq: int) -> list[Line]:
        if self._archived_at != seq:
            self._archived = archived_lines(self._directory, seq)
        page = list(islice(self._archived, PAGE_ROWS))
        self._archived_at = page[-1].seq if page else -1
        return page
