"""Pack whole replay runs that are finished and old: one file per run instead of a directory."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tarfile
from pathlib import Path
from typing import IO, Final

import msgspec

from daemon.errors import AlreadyRunning, JournalCorrupt, JournalIOError
from daemon.files.replace import replacing, sync_to_disk
from daemon.journal.lock import LOCK, DirectoryLock
from daemon.journal.store import JournalStore

PACKED: Final = "archive"
"""The directory of packed runs, next to the runs."""
_REMOVING: Final = ".removing"
_PAGE_FILE: Final = "web.json"
"""The token of a run's page: it is not packed, as others may read the file."""
_NOT_COMPARED: Final = frozenset({LOCK, _PAGE_FILE})
"""Files that are not compared."""
_LEVEL: Final = 4
_BLOCK: Final = 1 << 20


class PackReport(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs were packed, and why the others were not (run -> reason)."""

    packed: list[Path]
    left: dict[str, str]


def archive_runs(runs: Path, *, before_ts: int) -> PackReport:
    """Pack each finished run under `runs` that was created before `before_ts` (UTC ns).

    A run is finished if its last operation is a stop and no process holds its lock. It is removed
    only after its file was synced and read back. Raises JournalIOError.
    """
    packed: list[Path] = []
    left: dict[str, str] = {}
    try:
        _remove_leftovers(runs / PACKED)
        for directory in sorted(each for each in runs.iterdir() if JournalStore.exists(each)):
            try:
                path = _pack_if_over(directory, before_ts)
            except (AlreadyRunning, JournalCorrupt) as error:
                left[directory.name] = str(error)
                continue
            if isinstance(path, Path):
                packed.append(path)
            else:
                left[directory.name] = path
    except OSError as error:
        raise JournalIOError(f"{runs}: cannot be packed ({error.strerror})") from error
    return PackReport(packed=packed, left=left)


def _pack_if_over(directory: Path, before_ts: int) -> Path | str:
    lock = DirectoryLock(directory)
    try:
        with JournalStore.open(directory) as store:
            if store.meta.created_ts >= before_ts:
                return "not old enough"
            operations = list(store.operations())
            if not operations or operations[-1].kind != "stop":
                return "not finished"
            store.verify()
        return _pack(directory)
    finally:
        lock.release()


def _pack(directory: Path) -> Path:
    """Write, sync and read back, and only then remove the directory. Raises OSError."""
    folder = directory.parent / PACKED
    folder.mkdir(exist_ok=True)
    sync_to_disk(folder.parent)
    path = folder / f"{directory.name}.tar.gz"
    with (
        replacing(path) as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=_LEVEL, mtime=0, filename="") as out,
        tarfile.open(fileobj=out, mode="w") as tar,
    ):
        tar.add(directory, arcname=directory.name, filter=_without_secrets)
    if _packed_digests(path, directory.name) != _digests(directory):
        raise JournalCorrupt(f"{path}: is not what {directory} holds; the run was left as it is")
    # Its name goes in one step, then its files: a kill never leaves half a run.
    going = folder / f"{directory.name}{_REMOVING}"
    directory.rename(going)
    sync_to_disk(directory.parent)
    shutil.rmtree(going)
    return path


def _without_secrets(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if Path(member.name).name == _PAGE_FILE else member


def _remove_leftovers(folder: Path) -> None:
    """Remove what a kill left: runs that are already packed, unfinished files."""
    if not folder.is_dir():
        return
    for going in folder.glob(f"*{_REMOVING}"):
        shutil.rmtree(going)
    for unfinished in folder.glob("*.new"):
        unfinished.unlink()


def _digests(directory: Path) -> dict[str, bytes]:
    found = {}
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path.name not in _NOT_COMPARED:
            with path.open("rb") as file:
                found[str(path.relative_to(directory))] = _digest(file)
    return found


def _packed_digests(path: Path, name: str) -> dict[str, bytes]:
    found = {}
    with tarfile.open(path, mode="r:gz") as tar:
        for member in tar:
            file = tar.extractfile(member)
            inside = member.name.removeprefix(f"{name}/")
            if file is not None and Path(inside).name not in _NOT_COMPARED:
                with file:
                    found[inside] = _digest(file)
    return found


def _digest(file: IO[bytes]) -> bytes:
    sums = hashlib.blake2b()
    while block := file.read(_BLOCK):
        sums.update(block)
    return sums.digest()
