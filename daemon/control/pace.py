"""`pace.json`: how fast a paced run goes now, for other processes that show it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import msgspec

from daemon.errors import UsageError
from daemon.files.replace import replace_file

PACE_FILE: Final = "pace.json"


class PaceStatus(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The pace of a run: `speed` is a factor of real time as text, or `max`."""

    version: Literal[1] = 1
    speed: str
    is_paused: bool


def write_pace(directory: Path, status: PaceStatus) -> None:
    """Put the pace next to the run's journal, in one step. Raises OSError."""
    replace_file(directory / PACE_FILE, msgspec.json.encode(status) + b"\n")


def read_pace(directory: Path) -> PaceStatus | None:
    """Return the pace of a run, None if it has none or has ended. Raises UsageError.

    That of a run that was killed stays: ask `control.sock` or the quotes map whether it lives.
    """
    path = directory / PACE_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=PaceStatus)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise UsageError(f"{path}: is not what this version writes ({error})") from error
