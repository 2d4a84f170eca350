"""`run_fno_paper sweep show KEY`: a variant's numbers, and whether it comes to them again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from daemon.lab.sweep.again import Again, Kept, find_variant, run_again
from daemon.lab.sweep.file import load_sweep
from daemon.lab.sweep.jobs import JobMaker
from daemon.lab.sweep.numbers import NUMBERS
from daemon.lab.sweep.store import read_about

if TYPE_CHECKING:
    from daemon.lab.sweep.executor import Executor


def shown_again(
    key: str, out: Path, name: str, executor_of: Callable[[], Executor], data: Path | None
) -> Iterator[str]:
    """Yield the lines about a variant as they are known; the runs are the last.

    Raises UsageError, ConfigError, FeedError, JournalIOError, ClusterError, and NotDeterministic
    where it comes to other events.
    """
    kept = find_variant(out, key, name)
    loaded = load_sweep(Path(read_about(kept.directory).file))
    maker = JobMaker(loaded, data)
    yield from _numbers(kept)
    place = None if data is None else str(data.absolute())
    with closing(executor_of()) as executor:
        for again in run_again(kept, loaded, maker, executor, place):
            yield _verdict(again)


def _numbers(kept: Kept) -> Iterator[str]:
    for row in kept.rows:
        when = f"{row['first']} to {row['last']}" if row["first"] else "no session"
        ended = f"{row['status']} {row['cause']}".strip()
        yield f"{kept.variant} of {kept.directory.name}, {when}: {ended}"
        width = max(map(len, NUMBERS))
        yield from (f"  {name:<{width}}  {_number(row[name])}" for name in NUMBERS)
        yield f"  events_hash  {row['events_hash'] or '-'}"
        yield f"  reproduce: {row['reproduce']}"


def _number(value: int | float | bool | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4f}".rstrip("0").rstrip(".")


def _verdict(again: Again) -> str:
    now, day = again.now, f"{again.job.day}: " if again.job.day else ""
    if now.status != "done":
        return f"{day}run again: failed: {now.cause}"
    if again.before is not None:
        same = f"run again: the same events ({now.events_hash})"
        return f"{day}{same}, on {again.before.machine} then and {now.machine} now"
    changed = "settings, data, strategies or program were changed since"
    why = "its outcome is not kept" if again.is_same_job else changed
    net = _number(now.numbers.get("net_rupees"))
    return f"{day}run again: {now.events_hash}, net_rupees {net}; nothing to compare with: {why}"
