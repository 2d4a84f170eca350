"""Lines of a journal that were archived while another process followed it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from daemon.domain.events import encode_event
from daemon.errors import JournalIOError
from daemon.journal.archive_file import read_archive
from daemon.journal.past import archive_path
from daemon.journal.schema import chain, genesis
from daemon.journal.store import JournalStore
from daemon.web.sources.facts import Line


def archived_lines(directory: Path, after: int) -> Iterator[Line]:
    """Yield the archived lines of this journal after line `after`.

    Those of a journal that this one continues are not among them. Raises JournalCorrupt, and
    JournalIOError where an archive that holds some is not in its place.
    """
    with JournalStore.open(directory) as store:
        link = genesis(store.meta, "events")
        for archive in store.archives():
            path, end = archive_path(directory, archive), bytes.fromhex(archive.hash)
            if path.suffix == ".gz" and archive.last_seq > after:
                if not path.exists():
                    raise JournalIOError(
                        f"{path}: is not in its place; it holds events up to {archive.last_seq}"
                    )
                before = link
                for event in read_archive(path, store.meta, before=before, end=end):
                    body = encode_event(event)
                    link = chain(link, body)
                    if event.seq > after:
                        yield Line(event.seq, body, link)
            link = end
