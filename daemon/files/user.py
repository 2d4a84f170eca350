"""Where a user's own files are: `run_fno_paper` in the user's configuration directory."""

from __future__ import annotations

import os
from pathlib import Path


def user_directory() -> Path | None:
    """Return the directory by the XDG base directory specification, None without a home."""
    base = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    if not base.is_absolute():  # the specification: ignore a relative one
        try:
            base = Path("~/.config").expanduser()
        except RuntimeError:
            return None
    return base / "run_fno_paper"
