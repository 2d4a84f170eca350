"""A variant in a pass of ours beside one run of another program, in processor time.

vectorbt is not here: its signals have no exit a number of bars after an entry, which W1 has.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from tests.bench.bars_data import MINUTES, write_bars
from tests.bench.peers.beside import of_peer
from tests.bench.table import Row

if TYPE_CHECKING:
    from tests.bench.bench import Bench

SESSIONS: Final = 120
TICK_VARIANTS: Final = 100
BAR_VARIANTS: Final = 5


def lab_beside_peers(bench: Bench) -> Iterator[Row]:
    """Ticks beside nautilus_trader's engine, candles beside backtesting.py; in turns, medians."""
    bars = str(write_bars(bench.place / "bars.parquet", SESSIONS))
    count = SESSIONS * MINUTES
    yield from _beside(
        bench, f"A variant of W1, {bench.ticks:,} ticks", "nautilus_trader", "nautilus_w1",
        bench.file(bench.ticks), bench.ticks,
        ours=("lab_cases.one_pass", bench.native(bench.ticks), TICK_VARIANTS),
        goal="ours >= 120 times as fast",
    )  # fmt: skip
    yield from _beside(
        bench, f"A variant of W1's rules on {count:,} candles", "backtesting.py",
        "backtesting_bars", bars, count, ours=("lab_cases.bars_pass", bars, BAR_VARIANTS),
    )  # fmt: skip


def _beside(
    bench: Bench, section: str, peer: str, module: str, path: str, rows: int, *,
    ours: tuple[str, str, int], goal: str = "",
) -> Iterator[Row]:  # fmt: skip
    case, file, variants = ours
    run_peer = of_peer(bench.peers, module, path)
    turns = [
        (bench.case(case, file, variants, runs=1).median("seconds", "variants"),
         rows / run_peer().engine)
        for _ in range(bench.runs)
    ]  # fmt: skip
    each, theirs = (statistics.median(column) for column in zip(*turns, strict=True))
    yield Row(section, f"ours, in a pass of {variants}", each * 1e3, "ms", goal)
    note = f"ours is {theirs / each:.2g} times as fast"
    yield Row(section, f"{peer}, engine only, one run", theirs * 1e3, "ms", "", note)
