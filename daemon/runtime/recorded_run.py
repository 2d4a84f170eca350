"""A recording of a live run, replayed as a run of its own."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from daemon.domain.events import TradingEvent
from daemon.errors import FeedError, UsageError
from daemon.journal.past import events_since
from daemon.journal.schema import Operation
from daemon.journal.store import JournalStore
from daemon.runtime.build import Parts
from daemon.runtime.configured_rules import load_rules
from daemon.runtime.machine import machine_of
from daemon.runtime.prepared_run import PreparedRun, open_run
from daemon.settings.config import Config
from feeds.recording.feed import RecordedFeed
from feeds.recording.format import COMPACTED, LogHeader
from feeds.recording.opened import open_recording

REPLAYED: Final = "replayed"
"""The operation of a run of its own that says which recording it takes."""


def open_recorded(recording: Path, out: Path, *, speed: str = "max") -> PreparedRun:
    """Open a run of exactly what a live run took, with its configuration, in its own directory.

    Its journal is that of the live run, event for event. A recording that begins in the middle of
    an account's life needs the account's journal next to it. Raises FeedError, ConfigError,
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
    parts = Parts(config, rules, feed, machine)
    prepared = open_run(parts, out, speed=speed)
    replayed = Operation(ts=0, kind=REPLAYED, detail={"recording": str(recording.resolve())})
    prepared = prepared._replace(operations=[replayed])
    if before:
        prepared.store.append(before, input_no=header.first_input_no)
    return prepared


def recording_of(run: Path) -> Path | None:
    """Return the recording that a run replays, compacted or not; None for any other run.

    Raises JournalCorrupt, JournalIOError, UsageError.
    """
    with JournalStore.open(run) as store:
        first = next(store.operations(), None)
    if first is None or first.kind != REPLAYED:
        return None
    path = Path(str(first.detail["recording"]))
    compacted = path.with_suffix(COMPACTED)
    return compacted if compacted.exists() and not path.exists() else path


def journal_beside(recording: Path) -> Path:
    """Return where the journal is that the recording belongs to."""
    return recording.resolve().parent.parent


def _events_before(recording: Path, header: LogHeader) -> list[TradingEvent]:
    """Return the account's events that the recording begins after."""
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
        events = list(islice(events_since(store, 0), header.base_seq))
    if [each.seq for each in events] != list(range(1, header.base_seq + 1)):
        raise UsageError(
            f"{recording}: begins after event {header.base_seq}, of which some are in "
            "archives that are not here"
        )
    return events
