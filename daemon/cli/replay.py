"""`run_fno_paper replay RECORDING`: a live run once more, and whether it says the same."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from daemon import VERSION
from daemon.cli.run import Outcome, run_prepared
from daemon.errors import UsageError
from daemon.journal.past import events_since
from daemon.journal.store import JournalStore
from daemon.runtime.recorded_run import journal_beside, open_recorded
from daemon.runtime.rerun import other_version
from feeds.files.recorded_files import no_file
from feeds.recording.opened import open_recording


class Verdict(NamedTuple):
    """A line about two journals, and whether one has an event that the other has otherwise."""

    text: str
    differs: bool = False


class Replayed(NamedTuple):
    """The outcome, a line about the live run's journal, and whether that one differs."""

    outcome: Outcome
    verdict: str
    differs: bool


def replay(recording: Path, out: Path, *, speed: str = "max") -> Replayed:
    """Replay a recording of a live run. Raises DaemonError."""
    if recording.is_dir():
        raise UsageError(f"{recording}: is a directory; name one of the recordings in it")
    if problem := no_file(recording):
        text = problem.replace("file", "recording")
        raise UsageError(f"{recording}: {text}; they are in accounts/NAME/recordings")
    live = journal_beside(recording)
    if JournalStore.exists(live):  # before anything is shown that will be held against it
        JournalStore.open_whole(live).close()
    prepared = open_recorded(recording, out, speed=speed)
    outcome = run_prepared(prepared, out)
    recorded_by = open_recording(recording).header.program_version
    return Replayed(outcome, *compare(prepared.directory, live, recorded_by=recorded_by))


def compare(ours: Path, theirs: Path, *, recorded_by: str = VERSION) -> Verdict:
    """Hold a replay's journal against the live one, as far as the replay goes.

    `recorded_by` is the version of the program that made the recording.
    """
    if not JournalStore.exists(theirs):
        return Verdict("no journal of the live run is next to the recording to compare with")
    with JournalStore.open(ours) as replayed, JournalStore.open(theirs) as live:
        last = replayed.last_seq
        pairs = zip_longest(replayed.events(), events_since(live, 0))
        for seq, (our, their) in enumerate(pairs, start=1):
            if seq > last and their is not None:
                text = f"equal to the live journal in all its {last} events; the live run went on"
                return Verdict(text)
            if our != their:
                text = f"DIFFERS from the live journal at event {seq}{other_version(recorded_by)}"
                return Verdict(text, differs=True)
    return Verdict(f"equal to the live journal, event for event ({last} events)")
