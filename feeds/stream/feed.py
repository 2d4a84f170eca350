"""The interface of every source of market data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from typing import Protocol

from daemon.domain.inputs import Input
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from feeds.stream.guard import Note
from feeds.stream.pacing import Pace


class Feed(Protocol):
    """A source of engine inputs; replay, synthetic and live feeds differ only here."""

    @property
    def name(self) -> str:
        """Return the feed's name for reports."""

    @property
    def universe(self) -> Universe:
        """Return the instruments that the `instrument` column of its blocks refers to."""

    @property
    def has_depth(self) -> bool:
        """Return whether its rows show five levels of bids and asks."""

    def inputs(self) -> AsyncIterator[Input]:
        """Yield the inputs in order, once. Raises FeedError where the data cannot be read."""

    def quality(self) -> dict[str, int]:
        """Return counts of anomalies in the data so far."""

    async def run(self) -> None:
        """Run what `inputs` needs alongside it; a recording needs nothing.

        Raises DaemonError for a fault that reconnecting cannot mend.
        """

    def wake(self) -> None:
        """Give the next input as soon as it can be given: somebody waits between two."""

    def state(self) -> str | None:
        """Return the connection's state, None for a feed without a connection."""

    def take_notes(self) -> list[Note]:
        """Return the feed's events since the last call, for the journal's operations."""


class Playback(Feed, Protocol):
    """A feed whose inputs are there already: a recording, or a market that is made up."""

    def unpaced(self) -> Generator[Input, None, None]:
        """Yield the inputs as `inputs` does, without waiting for anything."""


class OfflineFeed:
    """The connection's part of a feed for recordings and synthetic markets, which have none."""

    has_depth = False
    """Whether its rows show five levels of bids and asks."""
    pace: Pace | None = None
    """How fast its inputs come; None where that is not for anybody to say."""

    async def run(self) -> None:
        """Do nothing: only `inputs` has work to do."""

    def wake(self) -> None:
        """Do nothing: its inputs come when they come, and it takes no requests."""

    def state(self) -> str | None:
        """Return None: there is no connection."""
        return None

    def take_notes(self) -> list[Note]:
        """Return no notes."""
        return []


class Source(Protocol):
    """One recorded file, read as blocks of ticks."""

    @property
    def counts(self) -> dict[str, int]:
        """Return how much the reader dropped or mended, by name."""

    def named(self) -> Sequence[Instrument]:
        """Return the instruments that the file names. Raises FeedError if it cannot be read."""

    def blocks(self, universe: Universe) -> Iterator[Ticks]:
        """Yield the file's rows in file order. Raises FeedError at the first unreadable row."""
