"""Which cases make which rows of the table."""

from __future__ import annotations

import importlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.cores import on_cores
from tests.bench.peers.beside import beside_peers
from tests.bench.table import Row, of_others
from tests.bench.w1_data import write_w1

POSITIONS = (1, 10, 100, 1_000, 10_000, 100_000)
INSTRUMENTS = (1, 10, 100, 1_000)
LONG_TICKS = 50_000_000
SMALL_TICKS = 1_000_000
JOURNAL_EVENTS = 100_000
LONG_EVENTS = 1_000_000
QUOTE_BLOCKS = (1, 2, 5, 10, 100, 1_000)
SAMPLE = "configs/sample.yaml"


class Runs(NamedTuple):
    """All runs of one case, each in a process of its own."""

    results: list[dict[str, Any]]
    walls: list[float]
    """Seconds of the whole process, interpreter and imports included."""

    def median(self, name: str = "seconds", per: str = "") -> float:
        """The median of a figure, or of its quotient with another."""
        return statistics.median(float(r[name]) / (r[per] if per else 1) for r in self.results)

    def rate(self) -> float:
        """Median ticks per second."""
        return 1 / self.median("seconds", "ticks")

    def peak(self) -> float:
        """The highest peak, MB."""
        return max(float(each["peak_mb"]) for each in self.results)

    def slowest(self) -> str:
        """The slowest run's rate, for the reader's sense of the noise."""
        return f"slowest {min(r['ticks'] / r['seconds'] for r in self.results):,.0f}"


class Bench:
    """Runs cases. `runs` is how often each; `place` is where files may be made."""

    def __init__(self, place: Path, runs: int, ticks: int, *, peers: str = "") -> None:
        self.place = place
        self.runs = runs
        self.ticks = ticks
        self.peers = peers
        """The interpreter that has the other programs; empty where they are not installed."""
        self._files: dict[tuple[int, int], str] = {}
        self._native: dict[int, str] = {}

    def case(self, *arguments: object, runs: int = 0, cores: int = 1) -> Runs:
        """Run one case several times, on one processor unless it is said otherwise."""
        command = [sys.executable, "-m", "tests.bench.cases", *map(str, arguments)]
        results, walls = [], []
        for _ in range(runs or self.runs):
            start = time.perf_counter()
            done = subprocess.run(
                command, check=False, capture_output=True, text=True, preexec_fn=on_cores(cores)
            )
            walls.append(time.perf_counter() - start)
            if done.returncode:
                raise SystemExit(f"{' '.join(map(str, arguments))}:\n{done.stderr}")
            results.append(json.loads(done.stdout.splitlines()[-1]))
        return Runs(results, walls)

    def file(self, ticks: int, instruments: int = 10) -> str:
        """A file of W1's ticks; long ones are made in pieces of 2,000,000."""
        key = ticks, instruments
        if key not in self._files:
            pieces = ticks // 2_000_000 if ticks > 20_000_000 else 1
            path = self.place / f"{ticks}x{instruments}.parquet"
            self._files[key] = str(write_w1(path, ticks, instruments=instruments, pieces=pieces))
        return self._files[key]

    def native(self, ticks: int) -> str:
        """The same ticks in the native format."""
        if ticks not in self._native:
            from tests.bench.w1_cases import write_native

            path = self.place / f"{ticks}.native.parquet"
            self._native[ticks] = str(write_native(Path(self.file(ticks)), path))
        return self._native[ticks]


def w1(bench: Bench) -> Iterator[Row]:
    """W1 itself, and what no reader of the file could beat."""
    section = f"W1, {bench.ticks:,} ticks of ten instruments"
    file = bench.file(bench.ticks)
    scan = bench.case("threshold_scan", file).rate()
    read = bench.case("parquet_read", file).rate()
    engine = bench.case("w1_engine", file)
    rows = bench.case("w1_rows", file)
    whole = bench.case("w1_app", file)
    both = bench.case("w1_app", file, cores=2)
    native = bench.case("w1_native", bench.native(bench.ticks))
    process = bench.ticks / statistics.median(whole.walls)
    yield Row(section, "floor: one comparison a price, numpy", scan, "ticks/s")
    yield Row(section, "floor: Parquet read, 7 columns, one thread", read, "ticks/s")
    yield Row(
        section, "engine only", engine.rate(), "ticks/s", ">= 30,000,000",
        f"{engine.rate() / scan:.3f} of the scan; {engine.slowest()}",
    )  # fmt: skip
    yield Row(
        section, "engine only, row path", rows.rate(), "ticks/s", ">= 1,000,000",
        f"{rows.rate() / engine.rate():.2f} of the columns; {rows.slowest()}",
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


def lengths(bench: Bench) -> Iterator[Row]:
    """The whole process against the length of the file."""
    section = "Length of the file, whole process"
    first = 0.0
    for size in (SMALL_TICKS, 5_000_000, LONG_TICKS):
        runs = 3 if size == LONG_TICKS else 0
        found = bench.case("w1_app", bench.file(size), runs=runs)
        both = bench.case("w1_app", bench.file(size), runs=runs, cores=2)
        first = first or found.peak()
        goal = ">= 20,000,000" if size == LONG_TICKS else ""
        name = f"{size:,} ticks"
        yield Row(section, name, found.rate(), "ticks/s", goal)
        ratio = f"{both.rate() / found.rate():.2f} of one core"
        yield Row(section, f"{name}, two cores", both.rate(), "ticks/s", "", ratio)
        peak = max(found.peak(), both.peak())
        ratio = f"{peak / first:.2f} of the shortest"
        yield Row(section, f"{name}, peak memory", peak, "MB", "<= 300", ratio)
    read = bench.case("parquet_read", bench.file(LONG_TICKS), runs=3).rate()
    yield Row(section, f"floor: Parquet read, {LONG_TICKS:,} ticks", read, "ticks/s")


def positions(bench: Bench) -> Iterator[Row]:
    """The engine against open positions whose levels are far away, by columns and by rows."""
    for case, title, goal in (
        ("positions", "Open positions, engine only", ">= 0.9 of 10"),
        ("positions_rows", "Open positions, row path", ">= 0.8 of 10"),
    ):
        rates = {n: bench.case(case, bench.file(SMALL_TICKS), n).rate() for n in POSITIONS}
        for count, rate in rates.items():
            yield Row(
                title, f"{count:,}", rate, "ticks/s", goal if count > 10 else "",
                f"{rate / rates[10]:.2f} of 10",
            )  # fmt: skip


def waiting(bench: Bench) -> Iterator[Row]:
    """The engine while an entry on every ticking instrument waits for its latency."""
    for case, title in (("waiting", "engine only"), ("waiting_rows", "row path")):
        without, rate = _in_turns(bench, case, bench.file(bench.ticks), (0, 10))
        yield Row(
            f"Entries waiting for their latency, {title}", "10", rate, "ticks/s", ">= 0.9 of none",
            f"{rate / without:.2f} of none",
        )  # fmt: skip


def _in_turns(
    bench: Bench, case: str, file: str, counts: tuple[int, ...], seconds: str = "seconds"
) -> list[float]:
    """The best rate of each count: a quotient of rates from different minutes says little."""
    turns = [
        [1 / bench.case(case, file, count, runs=1).median(seconds, "ticks") for count in counts]
        for _ in range(bench.runs)
    ]
    return [max(rates) for rates in zip(*turns, strict=True)]


def gtts(bench: Bench) -> Iterator[Row]:
    """The engine while GTTs wait whose levels are far away, block by block next to one without."""
    for case, title in (("gtts", "engine only"), ("gtts_rows", "row path")):
        found = bench.case(case, bench.file(SMALL_TICKS), 10_000)
        cost = found.median("without", "seconds")
        yield Row(
            f"GTTs far away, {title}", "10,000", found.rate(), "ticks/s", ">= 0.95 of none",
            f"{cost:.2f} of none",
        )  # fmt: skip


def instruments(bench: Bench) -> Iterator[Row]:
    """W1 trades ten of N instruments (one, where there is but one)."""
    for case, title in (("w1_engine", "engine only"), ("w1_app", "whole process")):
        rates = {}
        for count in INSTRUMENTS:
            file = bench.file(SMALL_TICKS, count)
            rates[count] = bench.case(case, file, count).rate()
        for count, rate in rates.items():
            yield Row(
                f"Instruments, {title}, {SMALL_TICKS:,} ticks", f"{count:,}", rate, "ticks/s", "",
                f"{rate / rates[10]:.2f} of 10",
            )  # fmt: skip


def strategies(bench: Bench) -> Iterator[Row]:
    """Strategies that want every tick, and what a bracket costs."""
    file = bench.file(SMALL_TICKS)
    every = bench.case("tick_strategy", file, 10).rate()
    one = bench.case("tick_strategy", file, 1).rate()
    section = "Strategies"
    yield Row(section, "on_tick of all ten instruments", every, "ticks/s", ">= 1,500,000")
    yield Row(
        section, "on_tick of one of ten", one, "ticks/s", "", f"{one / every:.1f} times all ten"
    )
    alone = bench.case("bracket", 1000).median("seconds", "brackets") * 1e6
    kept = bench.case("bracket_journaled", 1000).median("seconds", "brackets") * 1e6
    yield Row(section, "bracket: intent to close", alone, "us")
    yield Row(
        section, "bracket: intent to journaled close", kept, "us", "<= 100",
        f"{kept / alone:.2f} times without",
    )  # fmt: skip


def journal(bench: Bench) -> Iterator[Row]:
    """The journal on disk."""
    section = f"Journal, {JOURNAL_EVENTS:,} events"
    written = bench.case("journal", JOURNAL_EVENTS)
    recovered = bench.case("recovery", JOURNAL_EVENTS)
    yield Row(section, "appended, 1,000 a commit", written.median("events", "seconds"), "events/s")
    yield Row(section, "size of an event", written.median("bytes", "events"), "bytes")
    yield Row(
        section, "recovery: lock, verify, fold", recovered.median(), "s", "<= 2",
        f"verify {recovered.median('verify_s') / recovered.median():.2f} of it",
    )  # fmt: skip
    section = f"Journal, {LONG_EVENTS:,} events"
    snapshot = bench.case("recovery", LONG_EVENTS, LONG_EVENTS - 20_000, runs=3)
    whole = bench.case("recovery", LONG_EVENTS, runs=3)
    yield Row(
        section, "recovery from a snapshot 20,000 events back", snapshot.median(), "s", "<= 3",
        f"{snapshot.median() / whole.median():.2f} of it without one",
    )  # fmt: skip
    yield Row(section, "recovery without a snapshot", whole.median(), "s")


def web(bench: Bench) -> Iterator[Row]:
    """What other processes read: the map of quotes, and the journal by pages."""
    section = "quotes.map, with depth"
    for size in QUOTE_BLOCKS:
        found = bench.case("quotes_map", size)
        cost = found.median("seconds", "rows") * 1e6
        yield Row(section, f"a row, blocks of {size:,}", cost, "us", "<= 2")
    section = f"Facts, {LONG_EVENTS:,} events"
    paged = bench.case("facts", LONG_EVENTS, runs=3)
    for name, title in (("median_s", "median"), ("p99_s", "p99"), ("slowest_s", "slowest")):
        yield Row(
            section, f"a page of 500, {title}", paged.median(name) * 1e3, "ms",
            "<= 50" if title == "slowest" else "",
        )  # fmt: skip
    yield Row(section, "open and look", paged.median("look_s") * 1e3, "ms")


def depth(bench: Bench) -> Iterator[Row]:
    """A recording with five levels beside the same rows without them."""
    from tests.bench.depth_cases import write_depth

    plain, full = (
        str(write_depth(bench.place / f"depth{kept}.parquet", depth=kept)) for kept in (False, True)
    )
    without, kept = bench.case("depth_read", plain, 0), bench.case("depth_read", full, 1)
    left_out = bench.case("depth_read", full, 0)
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


def exchange(bench: Bench) -> Iterator[Row]:
    """Orders at the exchange: far ones, ten at the touch of one instrument, an order's life."""
    from tests.bench.depth_cases import write_depth

    file = str(write_depth(bench.place / "depthTrue.parquet", depth=True))
    section = "Orders at the exchange"
    for name in ("seconds", "engine_s"):
        title = "a replay with five levels" if name == "seconds" else "of it the engine"
        none, far = _in_turns(bench, "far_orders", file, (0, 1), name)
        yield Row(
            section, f"{title}, a far order", far, "ticks/s", ">= 0.9 of none",
            f"{far / none:.2f} of none",
        )  # fmt: skip
    quiet = bench.case("touch_queue", 10)
    yield Row(section, "ten in a queue at the touch", quiet.rate(), "ticks/s", ">= 500,000")
    filled = bench.case("touch_market", file, 10)
    yield Row(
        section, "ten at the touch, sent again when filled", filled.rate(), "ticks/s", "",
        f"{filled.results[0]['orders']:,} orders in {filled.results[0]['ticks']:,} rows",
    )  # fmt: skip
    alone = bench.case("exchange_life", 1000).median("seconds", "lives") * 1e6
    yield Row(section, "a LIMIT in two parts, exchange only", alone, "us", "<= 150")
    trade = bench.case("order_life", 1000)
    yield Row(
        section, "a trade in two parts, journaled", trade.median("seconds", "lives") * 1e6, "us",
        "", f"of it {trade.median('rows_s', 'lives') * 1e6:.0f} for its three rows",
    )  # fmt: skip


def margin(bench: Bench) -> Iterator[Row]:
    """The margin of a portfolio with entries that work: one gate, or one passed minute."""
    for positions in (1, 100):
        cost = bench.case("margin", positions).median() * 1e3
        goal = "<= 5" if positions == 100 else ""
        yield Row("Margin by scenarios", f"{positions} positions", cost, "ms", goal)


def levels(bench: Bench) -> Iterator[Row]:
    """Many watches over 28 contracts each against one, by levels that no tick reaches."""
    section = "Combined levels over 28 contracts"
    for case, title in (("combined", "by columns"), ("combined_rows", "row path")):
        turns = [
            [bench.case(case, count, 0, runs=1) for count in (1, 200)] for _ in range(bench.runs)
        ]
        one, many = (max(run.rate() for run in runs) for runs in zip(*turns, strict=True))
        peaks = [max(run.peak() for run in runs) for runs in zip(*turns, strict=True)]
        yield Row(
            section, f"200 watches, {title}", many, "ticks/s", ">= 0.9 of one",
            f"{many / one:.2f} of one",
        )  # fmt: skip
        yield Row(section, f"200 watches, {title}, memory", peaks[1] - peaks[0], "MB", "< 50")
    near = bench.case("combined", 200, 1)
    yield Row(section, "200 watches whose intervals are left", near.rate(), "ticks/s")


def plans(bench: Bench) -> Iterator[Row]:
    """Many plans with rounds of 28 legs each against one, by levels that no tick reaches."""
    section = "Plans with 28 legs each"
    for case, title, goal in (
        ("plans", "by columns", ">= 0.9 of one"),
        ("plans_rows", "row path", ">= 0.8 of one"),
    ):
        turns = [[bench.case(case, count, runs=1) for count in (1, 200)] for _ in range(bench.runs)]
        one, many = (max(run.rate() for run in runs) for runs in zip(*turns, strict=True))
        peaks = [max(run.peak() for run in runs) for runs in zip(*turns, strict=True)]
        yield Row(
            section, f"200 plans, {title}", many, "ticks/s", goal,
            f"{many / one:.2f} of one",
        )  # fmt: skip
        yield Row(section, f"200 plans, {title}, memory", peaks[1] - peaks[0], "MB", "< 50")


def starting(bench: Bench) -> Iterator[Row]:
    """From nothing to something."""
    first = bench.case("first_tick", SAMPLE)
    check = bench.case("check_command", SAMPLE)
    yield Row("Start", "cold start to the first tick", first.median(), "s", "<= 0.7")
    yield Row("Start", f"check {SAMPLE}", check.median(), "s")


def live(bench: Bench) -> Iterator[Row]:
    """Whatever `tests/bench/kite_*.py` has that gives rows."""
    for path in sorted(Path(__file__).parent.glob("kite_*.py")):
        module = importlib.import_module(f"tests.bench.{path.stem}")
        found = getattr(module, "rows", None) or getattr(module, path.stem, None)
        if found is not None:
            yield from of_others(path.stem.replace("_", " ").capitalize(), found())


def peers(bench: Bench) -> Iterator[Row]:
    """W1 beside other programs, where they are installed (`make bench-peers`)."""
    if bench.peers:
        yield from beside_peers(bench)


SECTIONS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "w1": w1, "peers": peers, "lengths": lengths, "positions": positions,
    "waiting": waiting, "gtts": gtts,
    "instruments": instruments, "strategies": strategies, "journal": journal, "start": starting,
    "web": web, "depth": depth, "exchange": exchange, "margin": margin,
    "levels": levels, "plans": plans,
    "live": live,
}  # fmt: skip
