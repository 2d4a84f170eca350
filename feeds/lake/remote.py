"""A lake in an object store (`s3://BUCKET/PREFIX`): its days copied here, and whole days put there.

A part is copied once: `_day.json` names its bytes by hash, so what is here already is known to be
right, and the workers of a sweep read the disk. Stores have no rename: a day counts there when its
`_day.json` is there, which is put last.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from daemon.errors import FeedError
from daemon.files.replace import replacing
from daemon.settings.feeds import ReplayConfig
from feeds.files.recorded_files import placed
from feeds.lake.days import Span
from feeds.lake.layout import (
    DAY_FILE,
    TICKS,
    PartFacts,
    dates_in,
    day_directory,
    part_path,
    read_day,
)
from feeds.lake.writer import sha256_of

_SCHEMES: Final = ("s3://", "gs://", "hdfs://")
_CHUNK: Final = 1 << 22


def is_remote(lake: str) -> bool:
    """Return whether a lake is named by the address of a store."""
    return lake.startswith(_SCHEMES)


def lake_root(config: ReplayConfig, data_dir: Path | None = None) -> Path:
    """Return the directory of a configuration's lake; one in a store is copied here first.

    Raises FeedError where the store cannot be read, or what came is not what was written there.
    """
    if not is_remote(config.lake):
        return placed(config.lake, data_dir)
    return copied(config.lake, Span.of(config), config.underlyings, _cache(config.lake))


def copied(lake: str, span: Span, underlyings: Sequence[str], here: Path) -> Path:
    """Return `here`, with the wanted days of a lake as they are in the store. Raises FeedError."""
    with _told(lake):
        store, root = _opened(lake)
        dates = [date for date in _dates(store, root) if span.first <= date <= span.last]
        (here / TICKS).mkdir(parents=True, exist_ok=True)
        for date in dates_in(here):
            if span.first <= date <= span.last and date not in dates:
                shutil.rmtree(day_directory(here, date))
        for date in dates:
            _copy_day(store, _day(root, date), day_directory(here, date), underlyings)
    return here


def put(here: Path, lake: str) -> None:
    """Put all days of the lake `here` into a store. Raises FeedError where it has one of them."""
    with _told(lake):
        store, root = _opened(lake)
        there = set(_dates(store, root))
        for date in dates_in(here):
            if date in there:
                raise FeedError(
                    f"{lake}: has {date} already; days of a store are put there whole: remove that "
                    "one, or leave it out"
                )
        for date in dates_in(here):
            directory, target = day_directory(here, date), _day(root, date)
            for part in read_day(directory).parts:
                path = part_path(directory, part)
                _upload(store, path, f"{target}/{path.relative_to(directory).as_posix()}")
            _upload(store, directory / DAY_FILE, f"{target}/{DAY_FILE}")


def _copy_day(store: Any, there: str, here: Path, underlyings: Sequence[str]) -> None:
    """Copy a day's wanted parts, and what it says of them last."""
    here.mkdir(parents=True, exist_ok=True)
    with store.open_input_stream(f"{there}/{DAY_FILE}") as stream:
        told = stream.read()
    with replacing(here / DAY_FILE) as file:
        file.write(told)
    for part in read_day(here).parts:
        path = part_path(here, part)
        if (not underlyings or part.underlying in underlyings) and not _has(path, part):
            _download(store, f"{there}/{path.relative_to(here).as_posix()}", path, part)


def _has(path: Path, part: PartFacts) -> bool:
    return path.exists() and path.stat().st_size == part.bytes and sha256_of(path) == part.sha256


def _download(store: Any, there: str, path: Path, part: PartFacts) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    found = hashlib.sha256()
    with replacing(path) as file, store.open_input_stream(there) as stream:
        while chunk := stream.read(_CHUNK):
            found.update(chunk)
            file.write(chunk)
        if found.hexdigest() != part.sha256:
            raise FeedError(
                f"{there}: its bytes are not those that were written; put that day there again"
            )


def _upload(store: Any, path: Path, there: str) -> None:
    if store.type_name != "s3":  # which has no directories
        store.create_dir(there.rpartition("/")[0], recursive=True)
    with path.open("rb") as file, store.open_output_stream(there) as stream:
        while chunk := file.read(_CHUNK):
            stream.write(chunk)


def _opened(lake: str) -> tuple[Any, str]:
    """Return the store and the path in it."""
    from pyarrow.fs import FileSystem  # its clients of stores are loaded where one is named

    store, root = FileSystem.from_uri(lake)
    return store, root.rstrip("/")


def _dates(store: Any, root: str) -> list[dt.date]:
    """Return the dates that are whole in the store, in order."""
    from pyarrow.fs import FileSelector, FileType

    found = []
    for info in store.get_file_info(FileSelector(f"{root}/{TICKS}", allow_not_found=True)):
        key, _, text = info.base_name.partition("=")
        if key == "date":
            told = store.get_file_info(f"{info.path}/{DAY_FILE}")
            if told.type == FileType.File:
                found.append(dt.date.fromisoformat(text))
    return sorted(found)


def _day(root: str, date: dt.date) -> str:
    return f"{root}/{TICKS}/date={date.isoformat()}"


def _cache(lake: str) -> Path:
    """Return where a lake's days are kept on this machine."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    name = hashlib.blake2b(lake.encode(), digest_size=8).hexdigest()
    return Path(base) / "run_fno_paper" / "lakes" / name


@contextmanager
def _told(lake: str) -> Iterator[None]:
    """Turn an error of the store into a line."""
    try:
        yield
    except (OSError, ValueError, NotImplementedError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())
        raise FeedError(
            f"{lake}: cannot be used ({reason}); check the address, the region and the keys"
        ) from error
