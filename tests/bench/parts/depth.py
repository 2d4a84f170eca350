"""A recording with five levels beside the same rows without them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.bench.bench import Bench
from tests.bench.table import Row


def rows(bench: Bench) -> Iterator[Row]:
    """A recording with five levels beside the same rows without them."""
    from tests.bench.depth_cases import write_depth

    plain, full = (
        str(write_depth(bench.place / f"depth{kept}.parquet", depth=kept)) for kept in (False, True)
    )
    without, kept = (
        bench.case("depth_cases.depth_read", plain, 0),
        bench.case("depth_cases.depth_read", full, 1),
    )
    left_out = bench.case("depth_cases.depth_read", full, 0)
    cost = {name: 1e9 / found.rate() for name, found in (("without", without), ("with", kept))}
    section = "A recording replayed without strategies, one core"
    yield Row(section, "without depth", cost["without"], "ns a row")
    yield Row(
        section, "with five levels", cost["with"], "ns a row", "",
        f"{Path(full).stat().st_size / Path(plain).stat().st_size:.1f} times the bytes",
    )  # fmt: skip
    yield Row(section, "the same, levels left out", 1e9 / left_out.rate(), "ns a row")
    yield Row(section, "time, with over without", cost["with"] / cost["without"], "ratio", "<= 2.5")
    yield Row(section, "memory, likewise", kept.peak() / without.peak(), "ratio", "<= 1.5")
