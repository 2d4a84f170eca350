"""A journal of a simulated run, for those who ask: on request, or for as long as a story takes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from daemon import VERSION
from daemon.journal.explain import explain
from daemon.journal.store import JournalMeta, JournalStore
from daemon.runtime.simulate import RUN_ID, Simulated
from daemon.settings.check import fingerprint


def write_journal(simulated: Simulated, directory: Path) -> Path:
    """Write the events as a journal into a directory without one; return it.

    Raises UsageError if there is a journal, JournalIOError if it cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    meta = JournalMeta(
        run_id=RUN_ID, account=simulated.config.account, program_version=VERSION,
        config_fingerprint=fingerprint(simulated.config),
    )  # fmt: skip
    with JournalStore.create(directory, meta) as store:
        events = simulated.events
        store.append(events, input_no=max((event.input_no for event in events), default=0))
    return directory


def explained(simulated: Simulated, order_id: str) -> str:
    """Return a story out of a journal that is removed again. Raises UsageError."""
    with tempfile.TemporaryDirectory() as place:
        directory = write_journal(simulated, Path(place) / RUN_ID)
        with JournalStore.open_whole(directory) as store:
            return explain(store, order_id)
