"""Orders at the exchange: far ones, ten at the touch of one instrument, an order's life."""

from __future__ import annotations

from collections.abc import Iterator

from tests.bench.bench import Bench
from tests.bench.table import Row


def rows(bench: Bench) -> Iterator[Row]:
    """Orders at the exchange: far ones, ten at the touch of one instrument, an order's life."""
    from tests.bench.depth_cases import write_depth

    file = str(write_depth(bench.place / "depthTrue.parquet", depth=True))
    section = "Orders at the exchange"
    for name in ("seconds", "engine_s"):
        title = "a replay with five levels" if name == "seconds" else "of it the engine"
        none, far = bench.in_turns("exchange_cases.far_orders", file, (0, 1), name)
        yield Row(
            section, f"{title}, a far order", far, "ticks/s", ">= 0.9 of none",
            f"{far / none:.2f} of none",
        )  # fmt: skip
    quiet = bench.case("exchange_cases.touch_queue", 10)
    yield Row(section, "ten in a queue at the touch", quiet.rate(), "ticks/s", ">= 500,000")
    filled = bench.case("exchange_cases.touch_market", file, 10)
    yield Row(
        section, "ten at the touch, sent again when filled", filled.rate(), "ticks/s", "",
        f"{filled.results[0]['orders']:,} orders in {filled.results[0]['ticks']:,} rows",
    )  # fmt: skip
    alone = bench.case("exchange_cases.exchange_life", 1000).median("seconds", "lives") * 1e6
    yield Row(section, "a LIMIT in two parts, exchange only", alone, "us", "<= 150")
    trade = bench.case("exchange_cases.order_life", 1000)
    yield Row(
        section, "a trade in two parts, journaled", trade.median("seconds", "lives") * 1e6, "us",
        "", f"of it {trade.median('rows_s', 'lives') * 1e6:.0f} for its three rows",
    )  # fmt: skip
