"""A run that is ready to start: its parts, the journal it writes, and where everything lies."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from daemon import VERSION
from daemon.domain.events import TradingEvent
from daemon.errors import FeedError, UsageError
from daemon.journal.store import JournalMeta, JournalStore, Operation
from daemon.process.clock import Clock
from daemon.runtime.account import Account, machine_of
from daemon.runtime.build import Parts
from daemon.runtime.configured_rules import load_rules
from daemon.runtime.run_files import CONFIG_FILE, new_run_directory, write_raw_json
from daemon.runtime.series import PriceSampler
from daemon.settings.check import fingerprint, render_config
from daemon.settings.config import Config
from daemon.settings.inputs import kept_config
from feeds.recording.compact import open_recording
from feeds.recording.feed import RecordedFeed
from feeds.recording.format import LogHeader
from feeds.recording.recorder import InputRecorder


class Session(NamedTuple):
    """What `App` runs. A recording's run has no recorder: its inputs are on disk already."""

    parts: Parts
    directory: Path
    store: JournalStore
    clock: Clock
    sampler: PriceSampler
    recorder: InputRecorder | None = None
    operations: Sequence[Operation] = ()
    """What happened before the first input, for the journal."""
    account: Account | None = None
    """Whose journal has the engine's state too; a recording's run has none to go on with."""

    def finish_day(self) -> Path | None:
        """After `close`, when the day's last session is over: compact its recording.

        Raises FeedError or JournalIOError; the recording is whole all the same.
        """
        if self.account is None or self.recorder is None:
            return None
        return self.account.finish_log(self.recorder.path, self.parts.engine, self.sampler)

    def close(self, *, checkpoint: bool = True) -> None:
        """Close the recording and the journal, and free the lock; harmless twice.

        Where the disk failed or hangs, nothing is flushed or synced any more: that could hang too.
        Without `checkpoint` the journal's files stay as they are, damaged.
        """
        recorder = self.recorder
        works = not self.store.has_stopped and not (recorder is not None and recorder.has_stopped)
        try:
            if recorder is not None:
                recorder.close(flush=works)
        finally:
            self.store.close(checkpoint=works and checkpoint)


def open_recorded(recording: Path, out: Path, *, speed: str = "max") -> Session:
    """A run of exactly what a live run took, as it was configured, in a directory of its own.

    Its journal is that of the live run, event for event. A recording that begins in the middle
    of an account's life needs the account's journal beside it. Raises FeedError, ConfigError,
    UsageError or JournalIOError.
    """
    log = open_recording(recording)
    header = log.header
    try:
        config = msgspec.json.decode(header.config, type=Config)
        rules = load_rules(config)
        machine = machine_of(header, rules)
    except msgspec.MsgspecError as error:
        raise FeedError(
            f"{recording}: its configuration is of another version ({error}); replay it with "
            f"version {header.program_version} of this program"
        ) from error
    feed = RecordedFeed(log, speed=speed)
    config = msgspec.structs.replace(config, out=str(out))
    before = _events_before(recording, header)
    parts = Parts(config, rules, feed, machine.strategies, machine.engine)
    session = open_run(parts, out, machine.sampler)
    if before:
        session.store.append(before, input_no=header.first_input_no)
    return session


def journal_beside(recording: Path) -> Path:
    """Where the journal is that the recording belongs to."""
    return recording.resolve().parent.parent


def _events_before(recording: Path, header: LogHeader) -> list[TradingEvent]:
    """The account's events that the recording begins after."""
    if not header.base_seq:
        return []
    directory = journal_beside(recording)
    if not JournalStore.exists(directory):
        raise UsageError(
            f"{recording}: begins after event {header.base_seq} of account {header.account!r}, and "
            "its journal is not there; put it into `recordings` of the account's directory"
        )
    with JournalStore.open(directory) as store:
        store.verify()
        events = list(islice(store.events(), header.base_seq))
    if [each.seq for each in events] != list(range(1, header.base_seq + 1)):
        raise UsageError(
            f"{recording}: begins after event {header.base_seq}, of which some are archived"
        )
    return events


def open_run(parts: Parts, out: Path, sampler: PriceSampler | None = None) -> Session:
    """Open a run of its own, in a directory of its own. Raises JournalIOError.

    `sampler` is one that knows what was before the first input.
    """
    config = parts.config
    directory = new_run_directory(out, parts.feed.name, fingerprint(config))
    write_raw_json(directory / CONFIG_FILE, render_config(kept_config(config)))
    clock = Clock()
    sampler = sampler or PriceSampler(parts.feed.universe)
    parts.engine.on_rows = sampler.observe
    meta = JournalMeta(
        run_id=directory.name,
        account=config.account,
        config_fingerprint=fingerprint(config),
        program_version=VERSION,
        created_ts=clock.now_ns(),
    )
    return Session(parts, directory, JournalStore.create(directory, meta), clock, sampler)
