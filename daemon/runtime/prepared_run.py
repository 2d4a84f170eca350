"""A run that is ready to start: its parts, the journal it writes, and where everything lies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from daemon import VERSION
from daemon.journal.store import JournalMeta, JournalStore, Operation
from daemon.process.clock import Clock
from daemon.runtime.account import Account
from daemon.runtime.broker_margins import AskMargin
from daemon.runtime.build import Parts
from daemon.runtime.feed_kinds import kind_of
from daemon.runtime.run_files import CONFIG_FILE, new_run_directory, write_raw_json
from daemon.settings.check import fingerprint, render_config
from daemon.settings.inputs import kept_config
from feeds.recording.recorder import InputRecorder


class PreparedRun(NamedTuple):
    """A run that `App` can start. That of a recording has no recorder: its inputs are on disk."""

    parts: Parts
    directory: Path
    store: JournalStore
    clock: Clock
    recorder: InputRecorder | None = None
    operations: Sequence[Operation] = ()
    """Operations before the first input, for the journal."""
    account: Account | None = None
    """The account, whose journal has the engine's state too; None in the run of a recording."""
    ask_margin: AskMargin | None = None
    """Asks the broker what is blocked, where margins are its own."""
    speed: str = "max"
    """Of the run of a recording: `max`, or a factor of real time."""

    @property
    def is_paced(self) -> bool:
        """Return whether a recording or a made-up market runs at a multiple of real time."""
        return self.account is None and self.speed != "max"

    def finish_day(self) -> Path | None:
        """Compact the day's recording, after `close`, when its last session is over.

        Raises FeedError or JournalIOError; the recording is whole all the same.
        """
        if self.account is None or self.recorder is None:
            return None
        return self.account.finish_log(self.recorder.path, self.parts.machine)

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


def open_run(parts: Parts, out: Path, *, speed: str = "") -> PreparedRun:
    """Open a run of its own, in a directory of its own. Raises JournalIOError.

    `speed` is that of its feed where the configuration does not say it.
    """
    config = parts.config
    directory = new_run_directory(out, parts.feed.name, fingerprint(config))
    write_raw_json(directory / CONFIG_FILE, render_config(kept_config(config)))
    clock = Clock()
    meta = JournalMeta(
        run_id=directory.name,
        account=config.account,
        config_fingerprint=fingerprint(config),
        program_version=VERSION,
        created_ts=clock.now_ns(),
    )
    store = JournalStore.create(directory, meta)
    speed = speed or kind_of(config.feed).speed(config.feed)
    return PreparedRun(parts, directory, store, clock, speed=speed)
