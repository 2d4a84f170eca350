"""The metrics file: at most ten writes a second, never a missed change, never half a file."""

from __future__ import annotations

import asyncio
import errno
import os
import selectors
import threading
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from loguru import logger

from daemon.files.replace import replace_file
from daemon.metrics.writer import MetricsWriter


class JumpingSelector(selectors.DefaultSelector):
    """Instead of sleeping, time jumps to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        return ready


def run_simulated(main: Callable[[], Awaitable[None]]) -> None:
    """Run on an event loop whose clock costs no time."""
    selector = JumpingSelector()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now  # type: ignore[method-assign]
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(_awaited(main))


async def _awaited(main: Callable[[], Awaitable[None]]) -> None:
    await main()


class Bench:
    """A writer whose saves are remembered with their times; `value` is what is shown."""

    def __init__(self, interval_s: float = 1.0, save_s: float = 0.0) -> None:
        self.value = 0
        self.saved: list[tuple[float, int]] = []
        self.save_s = save_s
        self.start_s = anyio.current_time()
        self.writer = MetricsWriter(
            Path("unused.json"),
            lambda: {"value": self.value},
            interval_s=interval_s,
            save=self.save,
        )

    async def save(self, data: bytes) -> None:
        await anyio.sleep(self.save_s)
        at_s = round(anyio.current_time() - self.start_s - self.save_s, 3)
        self.saved.append((at_s, msgspec.json.decode(data)["value"]))

    async def change(self, value: int) -> None:
        self.value = value
        self.writer.position_changed()

    async def during(self, script: Callable[[], Awaitable[None]]) -> list[tuple[float, int]]:
        async with anyio.create_task_group() as tasks:
            await tasks.start(self.writer.run)
            await script()
            tasks.cancel_scope.cancel()
        return self.saved


def test_it_writes_at_start_at_the_interval_and_at_the_end() -> None:
    async def main() -> None:
        saved = await (bench := Bench()).during(lambda: anyio.sleep(2.5))
        assert saved == [(0, 0), (1, 0), (2, 0), (2.5, 0)]
        assert bench.writer.writes == 4

    run_simulated(main)


def test_a_change_is_written_at_once() -> None:
    async def main() -> None:
        bench = Bench(interval_s=60)

        async def script() -> None:
            await anyio.sleep(0.5)
            await bench.change(7)
            await anyio.sleep(1)

        assert (0.5, 7) in await bench.during(script)

    run_simulated(main)


def test_a_burst_is_written_ten_times_a_second_and_ends_with_the_last_change() -> None:
    async def main() -> None:
        bench = Bench(interval_s=60)

        async def script() -> None:
            await anyio.sleep(5)
            for value in range(1, 1001):
                await bench.change(value)
                await anyio.sleep(0.001)
            await anyio.sleep(5)

        saved = await bench.during(script)
        burst = [(at_s, value) for at_s, value in saved if 5 <= at_s < 10]
        assert 10 <= len(burst) <= 11
        gaps = [after - before for (before, _), (after, _) in pairwise(burst)]
        assert min(gaps) >= 0.0999
        assert burst[0] == (5.0, 1)
        assert burst[-1][1] == 1000

    run_simulated(main)


def test_a_change_during_a_slow_write_is_not_lost() -> None:
    async def main() -> None:
        bench = Bench(interval_s=60, save_s=0.3)

        async def script() -> None:
            await bench.change(1)
            await anyio.sleep(0.2)  # the write of 1 is under way
            await bench.change(2)
            await anyio.sleep(3)

        saved = await bench.during(script)
        assert [value for _, value in saved] == [0, 1, 2, 2]

    run_simulated(main)


def test_a_full_disk_is_logged_once_per_cause_and_counted() -> None:
    async def main() -> None:
        fails = [errno.ENOSPC, errno.ENOSPC, errno.EROFS, 0, errno.ENOSPC]

        async def save(data: bytes) -> None:
            if fails and (code := fails.pop(0)):
                raise OSError(code, os.strerror(code))

        writer = MetricsWriter(Path("unused.json"), dict, interval_s=1, save=save)
        async with anyio.create_task_group() as tasks:
            await tasks.start(writer.run)
            await anyio.sleep(6.5)
            tasks.cancel_scope.cancel()
        assert writer.failures == {os.strerror(errno.ENOSPC): 3, os.strerror(errno.EROFS): 1}
        assert writer.writes == 4

    said: list[str] = []
    sink = logger.add(said.append, format="{extra[cause]}")
    run_simulated(main)
    logger.remove(sink)
    assert len(said) == 2


async def test_a_missing_directory_is_made_and_no_temporary_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "analytics" / "runtime_metrics.json"
    await MetricsWriter(path, lambda: {"a": 1}, interval_s=1).write_now()
    assert msgspec.json.decode(path.read_bytes()) == {"a": 1}
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_failed_replacement_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):
        replace_file(tmp_path / "taken", b"{}")
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]


def test_a_reader_that_hammers_the_file_always_parses_it(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    replace_file(path, msgspec.json.encode({"seq": 0, "filler": ["x" * 100] * 2000}))
    done, seen = threading.Event(), []

    def read() -> None:
        while not done.is_set():
            seen.append(msgspec.json.decode(path.read_bytes())["seq"])
        seen.append(-1)  # reached only if every read parsed

    reader = threading.Thread(target=read)
    reader.start()
    seq = 0
    while seq < 400 or (len(seen) <= 10 and reader.is_alive()):
        seq += 1
        replace_file(path, msgspec.json.encode({"seq": seq, "filler": ["x" * 100] * (seq % 2000)}))
    done.set()
    reader.join()
    assert seen.pop() == -1
    assert len(seen) > 10
    assert seen == sorted(seen)
