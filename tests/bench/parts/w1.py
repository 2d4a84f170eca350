"""W1 itself, and what no reader of the file could beat."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from tests.bench.bench import Bench
from tests.bench.table import Row


def rows(bench: Bench) -> Iterator[Row]:
    """W1 itself, and what no reader of the file could beat."""
    section = f"W1, {bench.ticks:,} ticks of ten instruments"
    file = bench.file(bench.ticks)
    scan = bench.case("floors.threshold_scan", file).rate()
    read = bench.case("floors.parquet_read", file).rate()
    engine = bench.case("w1_cases.w1_engine", file)
    by_rows = bench.case("w1_cases.w1_rows", file)
    whole = bench.case("w1_cases.w1_app", file)
    both = bench.case("w1_cases.w1_app", file, cores=2)
    native = bench.case("w1_cases.w1_native", bench.native(bench.ticks))
    process = bench.ticks / statistics.median(whole.walls)
    yield Row(section, "floor: one comparison a price, numpy", scan, "ticks/s")
    yield Row(section, "floor: Parquet read, 7 columns, one thread", read, "ticks/s")
    yield Row(
        section, "engine only", engine.rate(), "ticks/s", ">= 30,000,000",
        f"{engine.rate() / scan:.3f} of the scan; {engine.slowest()}",
    )  # fmt: skip
    yield Row(
        section, "engine only, row path", by_rows.rate(), "ticks/s", ">= 1,000,000",
        f"{by_rows.rate() / engine.rate():.2f} of the columns; {by_rows.slowest()}",
    )  # fmt: skip
    yield Row(
        section, "whole process", whole.rate(), "ticks/s", ">= 7,000,000",
        f"{whole.rate() / read:.2f} of the read; {whole.slowest()}",
    )  # fmt: skip
    yield Row(
        section, "whole process, two cores", both.rate(), "ticks/s", "",
        f"{both.rate() / whole.rate():.2f} of one core; {both.slowest()}",
    )  # fmt: skip
    yield Row(
        section, "whole process, the native format", native.rate(), "ticks/s", "",
        f"{native.rate() / whole.rate():.2f} of W1's file; {native.slowest()}",
    )  # fmt: skip
    yield Row(
        section, "whole process, interpreter and imports too", process, "ticks/s", "",
        f"{process / whole.rate():.2f} of the row without",
    )  # fmt: skip
    yield Row(section, "whole process, peak memory", whole.peak(), "MB", "<= 300")
