"""Recorded sessions whose export is pinned by its hash."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from daemon.cli.run import run
from daemon.report.summary import RunSummary
from daemon.settings.file import load_config
from tests.kit.cli import ROOT, exported, only_run, signals_as_before

HASHES: Final = ROOT / "tests/golden/hashes.json"
SAMPLE: Final = "configs/sample.yaml"
RECORDINGS: Final = {
    "banknifty-options-2023-12": "banknifty-options-1min-2023-12",
    "kite-nifty-2025-10-08": "kite-ltp-nifty-2025-10-08",
    "upstox-banknifty-2025-12-15": "upstox-full-banknifty-2025-12-15",
}
"""Example configuration -> its directory of recordings."""


class Replayed(NamedTuple):
    """A run and the directory that it left."""

    directory: Path
    out: Path
    summary: RunSummary

    @property
    def sha256(self) -> str:
        """Of what `journal export` writes."""
        return hashlib.sha256(exported(self.directory)).hexdigest()


def replay(
    config: str,
    out: Path,
    overrides: Mapping[str, Any] | None = None,
    *,
    use_uvloop: bool = True,
) -> Replayed:
    """Run a configuration of the repository in this process, from its root."""
    found = data_directory()
    changed = {"out": str(out), "log.level": "ERROR", **(overrides or {})}
    loaded = load_config(ROOT / config, changed)
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        with signals_as_before():
            outcome = run(loaded, data_dir=found, use_uvloop=use_uvloop)
    finally:
        os.chdir(before)
    assert outcome.feed_lost is None
    return Replayed(only_run(out), out, outcome.summary)


def data_directory() -> Path | None:
    """Where the real recordings are: FNO_DATA, or shared/data beside the repository."""
    named = os.environ.get("FNO_DATA")
    candidate = Path(named) if named else ROOT.parent / "shared/data"
    return candidate if candidate.is_dir() else None


def missing(example: str) -> str:
    """Why an example cannot be replayed here, empty if it can."""
    found = data_directory()
    if found is None:
        return "the real recordings are not here; FNO_DATA may name their directory"
    if not (found / RECORDINGS[example]).is_dir():
        return f"{found} has no {RECORDINGS[example]}"
    return ""


def example(name: str) -> str:
    """The configuration of an example."""
    return f"configs/examples/{name}.yaml"


def pinned() -> dict[str, str]:
    """The hashes that are checked in."""
    kept: dict[str, str] = json.loads(HASHES.read_text()) if HASHES.exists() else {}
    return kept
