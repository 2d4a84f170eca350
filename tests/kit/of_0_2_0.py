"""The files that version 0.2.0 made, and its account unpacked; tests/data_0_2_0/README.md."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any, Final

DATA: Final = Path(__file__).parents[1] / "data_0_2_0"


def kept(name: str) -> Any:
    """A JSON file of 0.2.0."""
    return json.loads((DATA / name).read_text())


def unpack_account(place: Path) -> Path:
    """Put the account's output directory at `place`; returns the directory of the account."""
    with tarfile.open(DATA / "account.tar.xz") as tar:
        for member in tar:
            member.name = str(Path(member.name).relative_to("place"))
            tar.extract(member, place, filter="data")
    directory = place / "accounts/live"
    (directory / "lock").touch()
    return directory
