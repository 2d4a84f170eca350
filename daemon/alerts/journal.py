"""The journal's side of the outbox: what was committed since becomes messages, each once."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Final

from loguru import logger

from daemon.alerts.facts import FactMessages
from daemon.alerts.message import Message
from daemon.alerts.outbox import Outbox, Place
from daemon.domain.events import TradingEvent
from daemon.domain.ledger import Ledger
from daemon.journal.history import history_of
from daemon.journal.recovery import recover
from daemon.journal.schema import Operation
from daemon.journal.store import JournalStore
from daemon.web.fold.unread import Unread
from daemon.web.sources.facts import PAGE_ROWS, Facts, News, NotInJournal

PAGES_AT_ONCE: Final = 20


class JournalMessages:
    """Follows one journal from the outbox's place on. `step` at every look."""

    def __init__(self, directory: Path, outbox: Outbox) -> None:
        self._directory = directory
        self._outbox = outbox
        self._facts = Facts(directory)
        self._fold = _MessageFold(FactMessages(Ledger()), Place("", 0, 0))
        self._unread = Unread(self._facts, seq=0, op_seq=0)

    def step(self, now: int) -> bool:
        """Commit what is new at `now` (UTC ns); return whether more can be read at once.

        Raises JournalCorrupt, JournalIOError.
        """
        try:
            news = self._facts.look()
            if news is News.ANOTHER:
                self._begin(now)
            if not self._facts.is_open:
                return False
            is_level = self._unread.fold_into(self._fold, PAGES_AT_ONCE)
        except NotInJournal:
            self._facts.close()  # archived meanwhile: the next look begins at the place again
            return True
        self._commit(now)
        return not is_level

    def close(self) -> None:
        """Close the journal."""
        self._facts.close()

    def _commit(self, now: int, *more: Message) -> None:
        fold = self._fold
        place = Place(self._facts.journal_id, fold.seq, fold.op_seq)
        messages = [*more, *fold.take_messages()]
        if messages or place != self._outbox.place():
            self._outbox.put(messages, now=now, place=place)

    # the beginning

    def _begin(self, now: int) -> None:
        """Go to the outbox's place in this journal, which may be another one by now."""
        facts, place = self._facts, self._outbox.place()
        here = Place(facts.journal_id, facts.last_seq, facts.last_op_seq)
        more: list[Message] = []
        if place is None:
            logger.info("alerts begin at event {}, the journal's end", here.seq)
            start = here
        elif self._is_before(place):
            start = place._replace(op_seq=self._op_seq_of(place))
            if place.seq < facts.base_seq:
                start = self._take_archived(start, now)
        elif place.journal == facts.journal_id:
            back = f"the journal goes back to event {here.seq} (was {place.seq}): it was restored"
            more.append(_note(f"{back}; alerts continue from here", here.seq))
            start = here
        else:
            text = "the account has another journal; alerts begin with its first event"
            more.append(_note(text, 0))
            start = Place(facts.journal_id, facts.base_seq, facts.first_op_seq)
        self._fold_on(start)
        self._commit(now, *more)

    def _is_before(self, place: Place) -> bool:
        """Return whether the journal has what follows the place, itself or in its archives."""
        previous = self._facts.meta.previous
        if place.journal == self._facts.journal_id:
            return place.seq <= self._facts.last_seq
        return bool(previous) and place.seq <= self._facts.base_seq

    def _op_seq_of(self, place: Place) -> int:
        facts = self._facts
        if place.journal != facts.journal_id:
            return facts.first_op_seq
        return min(max(place.op_seq, facts.first_op_seq), facts.last_op_seq)

    def _take_archived(self, place: Place, now: int) -> Place:
        """Tell what was archived before it was told, a page at a time; return the base's place."""
        base = self._facts.base_seq
        with JournalStore.open(self._directory) as store:
            ledger, events, is_whole = history_of(store)
            if not is_whole:
                gone = _note(
                    f"events {place.seq + 1} to {base} were archived before they were told, and "
                    f"their file is not in {self._directory / 'archive'}", base,
                )  # fmt: skip
                return self._put_past([gone], base, place, now)
            told = FactMessages(ledger)
            while page := list(islice(events, PAGE_ROWS)):
                past = [event for event in page if event.seq <= place.seq]
                told.of_events(past)  # known, and needed for what follows
                fresh = [event for event in page if place.seq < event.seq <= base]
                if fresh:
                    place = self._put_past(told.of_events(fresh), fresh[-1].seq, place, now)
                if page[-1].seq >= base:
                    break
        return place

    def _put_past(self, messages: list[Message], seq: int, place: Place, now: int) -> Place:
        reached = Place(self._facts.journal_id, seq, place.op_seq)
        self._outbox.put(messages, now=now, place=reached)
        return reached

    def _fold_on(self, start: Place) -> None:
        with JournalStore.open(self._directory) as store:
            ledger = recover(store, start.seq) if start.seq else Ledger()
            lives = {
                position.order_id: [
                    event for event in store.events_of(position.order_id) if event.seq <= start.seq
                ]
                for position in ledger.open_positions()
                if position.exit_fills
            }
        self._fold = _MessageFold(FactMessages(ledger, lives), start)
        self._unread = Unread(self._facts, seq=start.seq, op_seq=start.op_seq)


class _MessageFold:
    """Turn events and operations into messages, in their one order."""

    def __init__(self, told: FactMessages, start: Place) -> None:
        self.seq = start.seq
        self.op_seq = start.op_seq
        self._told = told
        self._messages: list[Message] = []

    def take(self, event: TradingEvent) -> None:
        """Fold one more event."""
        self._messages += self._told.of_events([event])
        self.seq = event.seq

    def take_operation(self, number: int, operation: Operation) -> None:
        """Fold one more operation."""
        self._messages += self._told.of_operation(operation)
        self.op_seq = number

    def take_messages(self) -> list[Message]:
        """Return the messages since the last call."""
        messages, self._messages = self._messages, []
        return messages


def _note(text: str, seq: int) -> Message:
    return Message(kind="restart", text=text, seq=seq)
