"""`run_fno_paper init DIR`: a desk of one's own, with a configuration and a strategy that run."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from daemon.errors import UsageError
from daemon.rules.loader import SHIPPED_RULES

_CONFIGS: Final = SHIPPED_RULES.parent
_CONFIG: Final = "paper.yaml"
_FILES: Final = (
    _CONFIGS / "starter" / _CONFIG,
    _CONFIGS / "starter" / "breakout.py",
    _CONFIGS / "sample_depth.parquet",
)
_PROGRAM: Final = "run_fno_paper"


def write_desk(directory: Path) -> list[Path]:
    """Write the files of a new desk and return them. Raises UsageError and writes nothing over."""
    paths = [directory / source.name for source in _FILES]
    for path in paths:
        if os.path.lexists(path):
            raise UsageError(f"{path}: is there already; nothing was written, name another DIR")
    made: list[Path] = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for source, path in zip(_FILES, paths, strict=True):
            with path.open("xb") as file:
                made.append(path)
                file.write(source.read_bytes())
    except OSError as error:
        for path in made:
            path.unlink(missing_ok=True)
        place = error.filename or directory
        raise UsageError(f"{place}: cannot be written: {error.strerror}") from error
    return paths


def next_commands(directory: Path) -> Iterator[str]:
    """Yield what to type next, from the directory that `init` was called in."""
    program = shlex.quote(_program())
    if directory.resolve() != Path.cwd():
        yield f"cd {shlex.quote(str(directory))}"
    yield f"{program} check {_CONFIG}"
    yield f"{program} --config {_CONFIG}"
    yield f"{program} report"


def _program() -> str:
    """Return how the program is called from any directory: its name if that is on the PATH."""
    called = Path(sys.argv[0])
    on_path = shutil.which(_PROGRAM)
    if on_path is not None and (called.name != _PROGRAM or os.path.samefile(on_path, called)):
        return _PROGRAM
    return str(called.absolute())
