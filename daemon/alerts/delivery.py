"""One channel: what waits for it is sent in order, joined where it must wait, and never lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from loguru import logger

from daemon.alerts.channels import Channel
from daemon.alerts.message import CHANNEL, TITLES, URGENT, Message
from daemon.alerts.outbox import ChannelState, Outbox, Waiting
from daemon.alerts.quiet import Rate, quiet_until
from daemon.domain.dates import HOUR_NS, MINUTE_NS, SECOND_NS, iso_ist

FIRST_WAIT_NS: Final = 2 * SECOND_NS
LONGEST_WAIT_NS: Final = 5 * MINUTE_NS
GIVEN_UP_AFTER_NS: Final = 24 * HOUR_NS
"""A message that is this old while its channel fails is not sent any more."""
JOINED_MAX: Final = 40
"""Messages in one that is sent."""
TEXT_MAX: Final = 3_000
"""Characters of one that is sent: what the strictest services take."""
LOOK_AGAIN_NS: Final = MINUTE_NS
Send = Callable[[str, str], str]
"""Send a title and a text; return why that failed, empty where the service took it. It blocks."""


class Delivery:
    """Sends to one channel. One thread at a time may `step`."""

    def __init__(self, account: str, channel: Channel, outbox: Outbox, send: Send) -> None:
        self.name: Final = channel.name
        self._account = account
        self._channel = channel
        self._outbox = outbox
        self._send = send
        self._rate = Rate(channel.config.per_minute)

    def step(self, now: int) -> int:
        """Send what may be sent at `now` (UTC ns of the wall clock), one message at most.

        Return when to look again: `now` for at once. Raises JournalIOError, JournalCorrupt.
        """
        state = self._outbox.state(self.name)
        if state.not_before - LONGEST_WAIT_NS > now:  # the clock was set back
            state = state._replace(not_before=0)
        if now < state.not_before:
            return state.not_before
        waiting = self._outbox.waiting(self.name, JOINED_MAX)
        if not waiting:
            return now + LOOK_AGAIN_NS
        wanted = [each for each in waiting if self._channel.takes(each.message.kind)]
        if not wanted:
            self._outbox.save(self.name, _done(state, waiting[-1]))
            return now
        free_at = self._free_at(now)
        if free_at > now:
            return free_at
        return self._try(_fitting(wanted), waiting, state, now)

    def _free_at(self, now: int) -> int:
        """Return when the next may be sent: now if an urgent one waits, which may not pass it."""
        if self._outbox.has_any(self.name, filter(self._channel.takes, URGENT)):
            return now
        quiet = quiet_until(self._channel.config.quiet, now)
        return max(quiet, self._rate.free_at(now), now)

    def _try(
        self, batch: Sequence[Waiting], waiting: Sequence[Waiting], state: ChannelState, now: int
    ) -> int:
        problem = self._send(f"PAPER {self._account}", text_of([each.message for each in batch]))
        self._rate.saw(now)
        if not problem:
            if state.failing_since:
                logger.info("alerts: channel {} takes messages again", self.name)
            rest = [each for each in waiting if each.id > batch[-1].id]
            last = batch[-1] if rest else waiting[-1]
            self._outbox.save(self.name, _done(state, last))
            return now
        return self._failed(problem, state, now)

    def _failed(self, problem: str, state: ChannelState, now: int) -> int:
        if not state.failing_since:
            logger.warning("alerts: channel {} fails: {}; tried again", self.name, problem)
        since = min(state.failing_since or now, now)
        wait = min(2 * state.wait_ns or FIRST_WAIT_NS, LONGEST_WAIT_NS)
        failing = state._replace(failing_since=since, not_before=now + wait, wait_ns=wait)
        if now - since >= GIVEN_UP_AFTER_NS:
            failing = self._given_up(failing, now)
        self._outbox.save(self.name, failing)
        return failing.not_before

    def _given_up(self, state: ChannelState, now: int) -> ChannelState:
        """Pass over what is too old, and say so to every channel, this one included."""
        last, count = None, 0
        done = state
        while True:
            page = self._outbox.waiting(self.name, JOINED_MAX)
            old = [each for each in page if now - each.made_ns >= GIVEN_UP_AFTER_NS]
            if not old:
                break
            count += sum(self._channel.takes(each.message.kind) for each in old)
            last = old[-1]
            done = done._replace(done=last.id, seq=last.message.seq)
            self._outbox.save(self.name, done)
            if len(old) < len(page):
                break
        if last is None:
            return state
        since = iso_ist(state.failing_since)[:16].replace("T", " ")
        text = (
            f"channel {self.name} has taken no message since {since} IST: {count} older than a "
            f"day were given up, up to event {done.seq}; `journal show` has what happened"
        )
        logger.error("alerts: {}", text)
        self._outbox.put([Message(kind=CHANNEL, text=text, seq=done.seq)], now=now)
        return done


def _done(state: ChannelState, last: Waiting) -> ChannelState:
    """Return the state after a message was taken: nothing fails any more."""
    return ChannelState(done=last.id, seq=max(state.seq, last.message.seq))


def _fitting(wanted: Sequence[Waiting]) -> list[Waiting]:
    """Return as many from the first on as fit into one message, at least one."""
    batch: list[Waiting] = []
    length = 0
    for each in wanted:
        length += len(_line(each.message)) + 1
        if batch and length > TEXT_MAX:
            break
        batch.append(each)
    return batch


def text_of(messages: Sequence[Message]) -> str:
    """Return messages as the lines of one, urgent ones first."""
    ordered = sorted(messages, key=lambda message: not message.is_urgent)
    return "\n".join(map(_line, ordered))


def _line(message: Message) -> str:
    time = f"{iso_ist(message.ts)[11:19]} " if message.ts else ""
    line = f"{time}{TITLES[message.kind]}: {message.text}"
    return line if len(line) <= TEXT_MAX else f"{line[: TEXT_MAX - 1]}…"
