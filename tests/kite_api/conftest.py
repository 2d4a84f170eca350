"""The desk that most tests of the paper API use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

from tests.kite_api.desk import Desk, desk_in


@pytest.fixture
def log_lines() -> Iterator[list[str]]:
    """What is logged meanwhile."""
    lines: list[str] = []
    sink = logger.add(lines.append, level="DEBUG")
    yield lines
    logger.remove(sink)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An account without rates for reading."""
    with desk_in(tmp_path) as desk:
        yield desk
