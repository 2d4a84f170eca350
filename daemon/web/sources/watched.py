"""The account or run that a page shows: where its files are, and what it was started with."""

from __future__ import annotations

from pathlib import Path

import msgspec

from daemon.domain.instrument import Instrument
from daemon.errors import FeedError
from daemon.files.text_lines import read_stored
from daemon.runtime.recordings import recordings_of
from daemon.runtime.run_files import ACCOUNTS, CONFIG_FILE, SUMMARY_FILE
from daemon.settings.config import Config
from feeds.recording.opened import open_recording


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration of the newest start, None where it is not known, and its instruments."""

    config: Config | None = None
    instruments: tuple[Instrument, ...] = ()
    started_ns: int = 0
    """When it started, UTC ns; 0 where that is not known."""


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """One directory with a journal: an account's, which lasts from day to day, or a run's."""

    directory: Path
    out: Path
    given: Config | None = None
    """The configuration that the command line named."""

    @property
    def is_account(self) -> bool:
        """Return whether it is an account and not a single run."""
        return self.directory.parent.name == ACCOUNTS

    @property
    def name(self) -> str:
        """Return the account's name or the run's id."""
        return self.directory.name

    def has_summary(self) -> bool:
        """Return whether a run was written to its end."""
        return not self.is_account and (self.directory / SUMMARY_FILE).exists()

    def setup(self) -> Setup:
        """Return what the newest start was made with, as far as the files tell."""
        return self._of_an_account() if self.is_account else self._of_a_run()

    def _of_a_run(self) -> Setup:
        path = self.directory / CONFIG_FILE
        try:
            config = msgspec.json.decode(read_stored(path), type=Config)
            return Setup(config=config, started_ns=path.stat().st_mtime_ns)
        except (OSError, ValueError):  # of another version, or not written yet
            return Setup(config=self.given)

    def _of_an_account(self) -> Setup:
        """Return what the newest recording begins with: an account keeps no other copy."""
        for path in newest_recording(self.directory):
            try:
                header = open_recording(path).header
                config = msgspec.json.decode(header.config, type=Config)
            except (FeedError, ValueError):  # damaged, or of another version
                continue
            return Setup(
                config=config,
                instruments=tuple(header.instruments),
                started_ns=header.created_ts,
            )
        return Setup(config=self.given)


def newest_recording(directory: Path) -> list[Path]:
    """Return the newest recording of an account, or none."""
    return recordings_of(directory)[-1:]
