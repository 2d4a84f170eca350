"""Rows by instrument, whatever the number of instruments."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.domain.grouping import group


@pytest.mark.parametrize("rows", [1, 50, 20_000])
@pytest.mark.parametrize("count", [1, 10, 256, 257, 70_000])
def test_each_instruments_rows_stand_together_in_their_order(count: int, rows: int) -> None:
    instrument = np.random.default_rng(count + rows).integers(0, count, rows).astype(np.int32)
    order, edges = group(instrument, count)
    assert len(edges) == count + 1
    assert (edges[0], edges[-1]) == (0, rows)
    for number in {0, count - 1, *instrument[:20].tolist()}:
        own = order[edges[number] : edges[number + 1]]
        assert own.tolist() == np.flatnonzero(instrument == number).tolist()
