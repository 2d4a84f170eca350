"""Record each input: into a buffer as it comes, to disk before it is acted on."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Final

from daemon.domain.inputs import Input
from daemon.errors import JournalIOError
from daemon.files.private import PRIVATE_DIRECTORY
from daemon.files.replace import rename_durably
from feeds.recording.format import MAGIC, Kind, LogHeader, encode_header, encode_input, record
from feeds.recording.reader import InputLog

BUFFER_BYTES: Final = 16 << 20
"""With more than this waiting for the disk a flush is due, whatever the time."""


class InputRecorder:
    """Appends inputs to one log. `record` runs in the event loop, `flush` in the journal's thread.

    After a failed write it accepts no more: what the kernel could not write may be gone, and a
    second fsync would report it written. Raises JournalIOError.
    """

    def __init__(self, path: Path, file: int) -> None:
        self.path = path
        self.bytes_written = 0
        self._file = file
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._lock = threading.Lock()
        self._busy = threading.Lock()
        self._failure = ""

    @classmethod
    def begin(cls, path: Path, header: LogHeader) -> InputRecorder:
        """Start a new log with its header on disk. Raises JournalIOError if the file exists.

        The file gets its name once the header is whole, so a kill leaves no unreadable log.
        """
        building = path.with_name(path.name + ".new")
        try:
            path.parent.mkdir(PRIVATE_DIRECTORY, parents=True, exist_ok=True)
            if path.exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            file = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                _write_all(file, MAGIC + record(Kind.HEADER, encode_header(header)))
                os.fdatasync(file)
                rename_durably(building, path)
            except OSError:
                os.close(file)
                raise
        except OSError as error:
            raise _failed(path, error) from error
        return cls(path, file)

    @classmethod
    def resume(cls, log: InputLog, end: int) -> InputRecorder:
        """Continue after the last whole record, which ends at byte `end`; cut off a torn one."""
        try:
            file = os.open(log.path, os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.ftruncate(file, end)
                os.lseek(file, end, os.SEEK_SET)
                os.fsync(file)
            except OSError:
                os.close(file)
                raise
        except OSError as error:
            raise _failed(log.path, error) from error
        return cls(log.path, file)

    @property
    def needs_flush(self) -> bool:
        """Return whether too much is waiting to leave it for the next commit."""
        return self._waiting >= BUFFER_BYTES

    def record(self, item: Input) -> None:
        """Buffer an input until the next `flush`."""
        data = encode_input(item)
        with self._lock:
            self._pieces.append(data)
            self._waiting += len(data)

    def flush(self) -> None:
        """Write and sync all inputs taken before this call; do nothing if there are none."""
        with self._busy:
            self._flush()

    @property
    def has_stopped(self) -> bool:
        """Return whether a write failed, or hangs in another thread."""
        return bool(self._failure) or self._busy.locked()

    def _flush(self) -> None:
        with self._lock:
            pieces, self._pieces, self._waiting = self._pieces, [], 0
        if self._failure:
            raise JournalIOError(f"{self.path}: takes no more after: {self._failure}")
        if not pieces:
            return
        try:
            data = b"".join(pieces)
            _write_all(self._file, data)
            os.fdatasync(self._file)
            # No later start would find what is written to a file that was removed or moved.
            if not os.path.samestat(os.stat(self.path), os.fstat(self._file)):
                raise FileNotFoundError(errno.ENOENT, "another file is in its place")
            self.bytes_written += len(data)
        except OSError as error:
            self._failure = error.strerror or str(error)
            raise _failed(self.path, error) from error

    def close(self, *, flush: bool = True) -> None:
        """Flush what is left and close; harmless if called twice.

        If another thread hangs in a write, nothing is touched: the process is about to end.
        """
        if self._file < 0 or not self._busy.acquire(blocking=False):
            return
        try:
            if flush and not self._failure:
                self._flush()
        finally:
            os.close(self._file)
            self._file = -1
            self._busy.release()


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _failed(path: Path, error: OSError) -> JournalIOError:
    return JournalIOError(
        f"{path}: the inputs cannot be recorded ({error.strerror}); trading stops here"
    )
