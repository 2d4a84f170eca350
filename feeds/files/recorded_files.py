"""Find, open and chunk recorded files, and word the errors about them."""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, Literal, cast

from daemon.errors import FeedError
from daemon.files.text_lines import LINE_MAX, LongLine
from daemon.settings.config import ReplayFile

DATA_VARIABLE: Final = "FNO_DATA"
CHUNK_BYTES: Final = 1 << 19
Format = Literal["parquet", "jsonl", "csv", "inputs"]

_ENDINGS: Final[dict[str, Format]] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".inputs": "inputs",
}

_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
"""The byte order marks that UTF-16 text begins with."""


class TruncatedFile(Exception):
    """The file ends or fails to decompress partway; whole lines before that were given."""


def file_error(path: Path, problem: str, todo: str, *, row: int | None = None) -> FeedError:
    """Return the error for a file that cannot be used; `row` counts data rows from 1."""
    where = f"{path}: row {row}" if row is not None else str(path)
    return FeedError(f"{where}: {problem}; {todo}")


def find_data(text: str, data_dir: Path | None = None) -> Path:
    """Return the path with a leading `${FNO_DATA}` replaced.

    Raises FeedError if the variable is needed and not set, or if there is no such file.
    """
    path = placed(text, data_dir)
    problem = no_file(path)
    if problem:
        raise file_error(path, problem, "check its path")
    return path


def placed(text: str, data_dir: Path | None = None) -> Path:
    """Return the path with a leading `${FNO_DATA}` or `~` replaced, whether it is there or not.

    Raises FeedError if the variable is needed and not set.
    """
    marker = "${" + DATA_VARIABLE + "}"
    if text.startswith(marker):
        root = str(data_dir) if data_dir is not None else os.environ.get(DATA_VARIABLE, "")
        if not root:
            raise FeedError(
                f"{text}: expected {DATA_VARIABLE} to name the directory of the recordings, it is"
                f" not set; set {DATA_VARIABLE} and run again"
            )
        text = root + text[len(marker) :]
    return Path(os.path.expanduser(text))  # an unknown user's `~` stays, and is not found


def no_file(path: Path) -> str:
    """Return why `path` is not a readable file, empty if it is one."""
    try:
        mode = path.stat().st_mode
    except PermissionError:
        return "is in a directory that this user may not read"
    except (OSError, ValueError):  # ValueError: a NUL byte in the path
        return "no such file"
    return "" if stat.S_ISREG(mode) else "is not a file"


def format_of(path: Path, config: ReplayFile) -> Format:
    """Return the format as configured, else by the file's ending. Raises FeedError if unclear."""
    if config.format != "auto":
        return config.format
    name = path.name.lower().removesuffix(".gz")
    for ending, known in _ENDINGS.items():
        if name.endswith(ending):
            return known
    raise file_error(
        path,
        f"expected one of the endings {', '.join(_ENDINGS)} (text also .gz)",
        "set `format` to parquet, jsonl, csv or inputs",
    )


def has_known_ending(path: Path) -> bool:
    """Return whether a file's name ends as one of the formats does."""
    return path.name.lower().removesuffix(".gz").endswith(tuple(_ENDINGS))


def lacks_line_end(path: Path) -> bool:
    """Return whether a .csv ends without a line end, so that its last row may be cut.

    A row of JSON that is cut cannot be read, and a packed file or Parquet says so itself.
    """
    if not path.name.lower().endswith(".csv") or no_file(path) or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def first_line(path: Path) -> str:
    """Return a text file's first line without its line end. Raises FeedError without one."""
    try:
        with _open(path) as file:
            line = file.readline(LINE_MAX + 2)
    except (EOFError, OSError, zlib.error) as error:
        raise file_error(
            path, f"cannot be read ({error})", "get a whole copy of the file"
        ) from error
    if len(line) > LINE_MAX and not line.endswith(b"\n"):
        raise _long_line(path, 1)
    if line.startswith(_UTF_16):
        raise file_error(path, "is UTF-16 text, as spreadsheets write it", "save it as UTF-8")
    text = line.decode("utf-8-sig", errors="replace").rstrip("\r\n")
    if not text.strip():
        raise file_error(path, "the file is empty or starts with an empty line", "check the file")
    return text


def line_chunks(path: Path, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield the file in pieces of about `size` bytes that end at a line end.

    Raises TruncatedFile after the last whole line if the rest cannot be read, and FeedError for a
    line of more than LINE_MAX bytes. Memory stays within LINE_MAX plus twice `size`.
    """
    tail = b""
    given = 0
    with _open(path) as file:
        while True:
            data, damage = _read(file, size)
            first = data.find(b"\n")
            if len(tail) + (len(data) if first < 0 else first) > LINE_MAX:
                raise _long_line(path, _lines_before(path, given) + 1)
            tail += data
            end = tail.rfind(b"\n") + 1
            if end:
                yield tail[:end]
                tail = tail[end:]
                given += end
            if damage is not None:
                raise TruncatedFile(str(damage)) from damage
            if not data:
                break
    if tail:
        yield tail


def _long_line(path: Path, number: int) -> FeedError:
    return file_error(path, f"line {number} is {LongLine(number)}", "mend or remove that line")


def _lines_before(path: Path, end: int) -> int:
    """Count the lines before an offset; done only for an error, since reading counts no lines."""
    count = 0
    with _open(path) as file:
        while end > 0 and (data := file.read(min(end, CHUNK_BYTES))):
            count += data.count(b"\n")
            end -= len(data)
    return count


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as probe:
        zipped = probe.read(2) == b"\x1f\x8b"
    return cast("BinaryIO", gzip.open(path, "rb") if zipped else path.open("rb"))


def _read(file: BinaryIO, size: int) -> tuple[bytes, Exception | None]:
    """Return up to about `size` bytes, and the error that stopped reading, if any."""
    parts: list[bytes] = []
    have = 0
    while have < size:
        try:
            part: bytes = file.read1(size - have)  # type: ignore[attr-defined]
        except (EOFError, OSError, zlib.error) as error:
            return b"".join(parts), error
        if not part:
            break
        parts.append(part)
        have += len(part)
    return b"".join(parts), None
