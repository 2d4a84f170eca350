"""`run_fno_paper convert`: recordings as one native file, or in a lake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from daemon.report.text import count
from daemon.runtime.build import add_to_lake, convert_recording
from daemon.settings.config import Config
from feeds.lake.remote import is_remote, put


def converted(
    config: Config, to: Path | None, lake: str, *, data_dir: Path | None
) -> Iterator[str]:
    """Write the file, or else into the lake; yield lines about it. Raises FeedError."""
    if to is not None:
        done = convert_recording(config, to, data_dir=data_dir)
        yield (
            f"{done.path}: {count(done.rows)} rows, {done.instruments} instruments, "
            f"{count(done.bytes)} bytes"
        )
        yield from _data(done.quality)
    if is_remote(lake):
        with TemporaryDirectory() as place:
            lines = list(_added(config, Path(place), lake, data_dir))
            put(Path(place), lake)
        yield from lines
    elif lake:
        yield from _added(config, Path(lake), lake, data_dir)


def _added(config: Config, directory: Path, lake: str, data_dir: Path | None) -> Iterator[str]:
    """Write into a lake on this machine; yield lines about it, by the name of `lake`."""
    added = add_to_lake(config, directory, data_dir=data_dir)
    for day in added.days:
        yield f"{day.date}: {count(day.rows)} rows in {_counted(day.parts, 'part')}"
    days = _counted(len(added.days), "day")
    yield f"{lake}: {count(added.rows)} rows, {days} written"
    yield from _data(added.quality)


def _counted(number: int, noun: str) -> str:
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def _data(quality: Mapping[str, int]) -> Iterator[str]:
    """Yield what is odd in the data, no line if nothing is."""
    odd = [f"{name} {count(value)}" for name, value in quality.items() if value]
    if odd:
        yield f"data: {', '.join(odd)}"
