"""Figures of the long tests, merged into `artifacts/assurance.json`, one entry for each test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from daemon.files.replace import replace_file

ASSURANCE: Final = Path("artifacts/assurance.json")


def merge_figures(test: str, figures: Mapping[str, Any]) -> None:
    """Put one test's figures beside those of the others."""
    known: dict[str, Any] = json.loads(ASSURANCE.read_text()) if ASSURANCE.exists() else {}
    known[test] = dict(figures)
    replace_file(ASSURANCE, json.dumps(known, indent=1, sort_keys=True).encode() + b"\n")
