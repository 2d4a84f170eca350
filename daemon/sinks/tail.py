"""Hand a journal's lines to a sink as they are committed."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final, Protocol

from daemon.errors import JournalIOError, UsageError
from daemon.sinks.lines import JournalLines
from daemon.visible import visible_json
from daemon.web.sources.facts import Line

LOOK_EVERY_S: Final = 0.1
AFTER_A_FAULT_S: Final = 1.0
CHECK_EVERY: Final = 10
"""Looks without news between two checks of the sink."""


class SinkAway(Exception):
    """The other side cannot be reached now; what it has is not known any more."""


class Sink(Protocol):
    """Where lines go."""

    def begin(self, lines: JournalLines, first: int | None) -> int:
        """Return the line after which to continue in this journal; `first` is what was asked for.

        Raises SinkAway, UsageError.
        """

    def put(self, page: Sequence[Line]) -> None:
        """Take the next lines, each once. Raises SinkAway, UsageError."""

    def check(self, last: int) -> None:
        """Make sure that line `last` is still there. Raises SinkAway."""


class Terminal:
    """Standard output: the bytes of `journal export`."""

    def begin(self, lines: JournalLines, first: int | None) -> int:
        """Return the line before the first."""
        return lines.base_seq if first is None else first - 1

    def put(self, page: Sequence[Line]) -> None:
        """Write the lines at once."""
        if sys.stdout.isatty():
            sys.stdout.write("".join(f"{visible_json(line.body.decode())}\n" for line in page))
            sys.stdout.flush()
            return
        sys.stdout.buffer.write(b"".join(line.body + b"\n" for line in page))
        sys.stdout.buffer.flush()

    def check(self, last: int) -> None:
        """Do nothing: what was written stays."""


class Tail:
    """Follows one journal until its end, if it is finished, or until a signal."""

    def __init__(
        self, directory: Path, sink: Sink, *, first: int | None, is_finished: bool
    ) -> None:
        """`first` is the event to begin with, None for what the sink needs next."""
        self._lines = JournalLines(directory, is_finished=is_finished)
        self._sink = sink
        self._first = first
        self._is_finished = is_finished
        self._journal = ""
        self._last = -1
        """The last line that the sink has, -1 while that is not known."""
        self._idle = 0
        self.problem = ""
        """What stands in the way now, empty where nothing does."""

    def step(self) -> bool:
        """Hand over a page of what is new; return whether there may be more at once.

        Raises UsageError, JournalCorrupt.
        """
        try:
            self._lines.look()
            if not self._lines.is_open:
                raise JournalIOError(self._lines.fault)
            if self._last < 0 or self._journal != self._lines.journal_id:
                self._begin()
            page = self._lines.after(self._last)
            if page:
                self._sink.put(page)
                self._last = page[-1].seq
                self._idle = 0
            else:
                self._idle += 1
                if self._idle % CHECK_EVERY == 0:
                    self._sink.check(self._last)
        except SinkAway as away:
            self._last, self.problem = -1, str(away)
            return False
        except JournalIOError as error:
            self.problem = str(error)
            return False
        self.problem = ""
        return bool(page)

    def _begin(self) -> None:
        lines = self._lines
        if self._journal and self._journal != lines.journal_id:
            self._first = None  # it was of the journal before
        if self._first is not None and not 0 < self._first <= lines.last_seq + 1:
            raise UsageError(f"--from {self._first}: the journal has events up to {lines.last_seq}")
        self._last = self._sink.begin(lines, self._first)
        self._journal = lines.journal_id

    @property
    def is_level(self) -> bool:
        """Return whether the sink has all that there is."""
        return self._lines.is_open and self._last >= self._lines.last_seq

    def run(self, stop: threading.Event, say: Say) -> None:
        """Follow until `stop` is set, or to the end of a finished run. Raises as `step` does."""
        said = ""
        while not stop.is_set():
            if self.step():
                continue
            if self.problem != said:
                said = self.problem
                say(f"{said or 'it works again'}")
            if self._is_finished and self.is_level and not self.problem:
                return
            stop.wait(AFTER_A_FAULT_S if self.problem else LOOK_EVERY_S)

    def close(self) -> None:
        """Close the journal."""
        self._lines.close()


class Say(Protocol):
    """Show a line to a person."""

    def __call__(self, text: str, /) -> None:
        """Show it."""


def stop_at_signals() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stop = threading.Event()

    def handle(_: int, __: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
    return stop
