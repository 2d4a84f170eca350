"""A run that is ready to start: its parts, the journal it writes, and where everything lies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from daemon import VERSION
from daemon.account import Account
from daemon.build import Parts
from daemon.clock import Clock
from daemon.config_check import fingerprint, render_config
from daemon.journal.store import JournalMeta, JournalStore, Operation
from daemon.run_files import CONFIG_FILE, new_run_directory, write_raw_json
from daemon.series import PriceSampler
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

    def finish_day(self) -> Path | None:
        """After `close`, when the day's last session is over: compact its recording.

        Raises FeedError or JournalIOError; the recording is whole all the same.
        """
        if self.account is None or self.recorder is None:
            return None
        return self.account.finish_log(self.recorder.path, self.parts.engine)

    def close(self) -> None:
        """Close the recording and the journal, and free the lock."""
        try:
            if self.recorder is not None:
                self.recorder.close()
        finally:
            self.store.close()


def open_run(parts: Parts, out: Path) -> Session:
    """A run of its own, in a directory of its own. Raises JournalIOError."""
    config = parts.config
    directory = new_run_directory(out, parts.feed.name, fingerprint(config))
    write_raw_json(directory / CONFIG_FILE, render_config(config))
    clock = Clock()
    sampler = PriceSampler(parts.feed.universe)
    parts.engine.on_rows = sampler.observe
    meta = JournalMeta(
        run_id=directory.name,
        account=config.account,
        config_fingerprint=fingerprint(config),
        program_version=VERSION,
        created_ts=clock.now_ns(),
    )
    return Session(parts, directory, JournalStore.create(directory, meta), clock, sampler)
