"""When a snapshot's turn comes, and which rows are of another bar."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from daemon.domain.dates import MINUTE_NS, SECOND_NS
from daemon.journal.snapshot_task import SnapshotTask
from daemon.market.off_bar_rows import _by_boundary, _row_by_row
from tests.kit.market import OPEN


@pytest.mark.parametrize(("every", "due_at"), [(10, 110), (1, 101)])
def test_the_next_turn_counts_from_the_newest_snapshot(
    tmp_path: Path, every: int, due_at: int
) -> None:
    (tmp_path / "snapshot-000000000100").touch()
    task = SnapshotTask(tmp_path, every)
    assert not task.is_due(due_at - 1)
    assert task.is_due(due_at)
    assert not task.is_due(due_at + every - 1)
    assert task.is_due(due_at + every)


def test_without_an_interval_no_turn_comes(tmp_path: Path) -> None:
    assert not SnapshotTask(tmp_path, 0).is_due(10**6)


@pytest.mark.parametrize("grace_ns", [0, SECOND_NS])
def test_rows_of_another_bar_are_found_by_boundary_as_row_by_row(grace_ns: int) -> None:
    seconds = np.arange(0, 400, 7, dtype=np.int64)
    ts = OPEN + seconds * SECOND_NS
    back = np.where(seconds % 5 == 0, 61, 0) * SECOND_NS
    bar_ts = np.maximum(ts - back, OPEN)
    opens = np.full(len(ts), OPEN)
    found = _by_boundary(bar_ts, ts, OPEN, MINUTE_NS, grace_ns)
    assert found.tolist() == _row_by_row(bar_ts, ts, opens, MINUTE_NS, grace_ns).tolist()
    assert 0 < len(found) < len(ts)
