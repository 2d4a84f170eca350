"""How long a start takes, seen from outside: nothing of the program is imported here."""

from __future__ import annotations

import gc
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from run_fno_paper import START_OBJECTS, main
from tests.bench.cores import children_s

_FIRST_TICK = "first tick at "
DEPENDENCIES = "anyio, loguru, msgspec, numpy, pyarrow.parquet, typer, uvloop, yaml"
"""What a replay cannot do without, whatever of ours is imported."""


def bare() -> dict[str, Any]:
    """The interpreter with its site packages, doing nothing."""
    return _timed("-c", "pass")


def dependencies() -> dict[str, Any]:
    """An import of the packages that a replay needs, and nothing of ours."""
    return _timed("-c", f"import {DEPENDENCIES}")


def command(*arguments: str) -> dict[str, Any]:
    """A command, from the start of its process to its end."""
    return _timed(str(Path(sys.executable).parent / "run_fno_paper"), *arguments)


def _timed(*arguments: str) -> dict[str, Any]:
    start, cpu = time.perf_counter(), children_s()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return {"seconds": time.perf_counter() - start, "cpu_s": children_s() - cpu}


def first_tick(config: str) -> dict[str, Any]:
    """A run of `config`, from the start of its process to the first tick in the engine."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "tests.bench.start_cases", config, out]
        start = time.time()
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    told = [each for each in done.stdout.splitlines() if each.startswith(_FIRST_TICK)]
    at, cpu = told[0].removeprefix(_FIRST_TICK).split()
    return {"seconds": float(at) - start, "cpu_s": float(cpu)}


def to_first_tick(config: str, out: str) -> None:
    """Run the program in this process and print the time of its first tick. Does not return."""
    gc.set_threshold(START_OBJECTS)  # as the program's start does
    from daemon.clockwork.paper_engine import PaperEngine
    from daemon.domain.ticks import Ticks

    handle = PaperEngine.handle

    def timed(engine: PaperEngine, item: Any) -> Any:
        if isinstance(item, Ticks):
            sys.stdout.write(f"{_FIRST_TICK}{time.time()} {time.process_time()}\n")
            PaperEngine.handle = handle  # type: ignore[method-assign]
        return handle(engine, item)

    PaperEngine.handle = timed  # type: ignore[method-assign,assignment]
    sys.argv = ["run_fno_paper", "--config", config, "--out", out]
    main()


if __name__ == "__main__":
    to_first_tick(*sys.argv[1:])
