"""Open an instruments dump, and say in one line why it cannot be read."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from daemon.errors import ConfigError
from daemon.files.text_lines import LongLine


@contextmanager
def open_dump(path: Path, where: str, *, line_remedy: str, file_remedy: str) -> Iterator[IO[str]]:
    """Open a CSV file, gzipped or not, for a context that reads it.

    Raises ConfigError for a file that is missing, cut, not UTF-8, not CSV, or has an overlong
    line; it begins with `where` and ends with one of the remedies.
    """
    try:
        with _open_text(path) as file:
            yield file
    except LongLine as error:
        raise ConfigError(
            f"{where}: {path}: line {error.line} is {error}; {line_remedy}"
        ) from error
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{where}: {path}: cannot be read ({error}); {file_remedy}") from error


def _open_text(path: Path) -> IO[str]:
    if path.name.endswith(".gz"):
        return cast("IO[str]", gzip.open(path, "rt", encoding="utf-8-sig", newline=""))
    return path.open(encoding="utf-8-sig", newline="")
