"""What every source of market data looks like to the daemon."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from typing import Protocol

from daemon.domain.inputs import Input
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from feeds.stream.guard import Note


class Feed(Protocol):
    """Pushes inputs into the engine: replay, synthetic and live differ only in this."""

    @property
    def name(self) -> str:
        """What the feed is called in reports."""

    @property
    def universe(self) -> Universe:
        """The instruments that the `instrument` column of its blocks refers to."""

    def inputs(self) -> AsyncIterator[Input]:
        """The inputs in order, once. Raises FeedError where the data cannot be read."""

    def quality(self) -> dict[str, int]:
        """Counters of what was odd in the data so far."""

    async def run(self) -> None:
        """What has to run beside `inputs`; a recording needs nothing.

        Raises DaemonError for a fault that no reconnecting can mend.
        """

    def state(self) -> str | None:
        """The connection's own state; None where only the inputs tell."""

    def take_notes(self) -> list[Note]:
        """What happened to the feed since the last call, for the journal's operations."""


class Playback(Feed, Protocol):
    """A feed whose inputs are there already: a recording, or a market that is made up."""

    def unpaced(self) -> Generator[Input, None, None]:
        """Yield the inputs as `inputs` does, without waiting for anything."""


class Unattended:
    """The parts of a feed that a recording or a made-up market has no use for."""

    async def run(self) -> None:
        """Nothing runs beside the inputs."""

    def state(self) -> str | None:
        """Only the inputs tell."""
        return None

    def take_notes(self) -> list[Note]:
        """Nothing happens to it."""
        return []


class Source(Protocol):
    """One recorded file as blocks of ticks."""

    @property
    def counts(self) -> dict[str, int]:
        """What the reader itself dropped or mended, by name."""

    def named(self) -> Sequence[Instrument]:
        """The instruments that the file names. Raises FeedError if it cannot be read."""

    def blocks(self, universe: Universe) -> Iterator[Ticks]:
        """The file's rows in file order. Raises FeedError at the first unreadable row."""
