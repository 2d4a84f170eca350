"""How a run ends: by its feed, by a fault of the feed, by a fault of the program, by request."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
import pytest_asyncio
from loguru import logger

from daemon import main as command_line
from daemon.control.requests import Admitted
from daemon.domain.inputs import Command, Input
from daemon.domain.order_requests import PlaceOrder
from daemon.errors import ConfigError, FeedError, JournalIOError, UsageError
from daemon.journal.store import JournalStore, Operation
from daemon.journal.writer import Batch
from daemon.process.logs import start_logging
from daemon.process.signals import watch_signals
from daemon.runtime.app import App
from daemon.runtime.build import build
from daemon.runtime.prepared_run import open_run
from daemon.runtime.run_files import find_run, new_run_directory, newest_runs, write_json
from daemon.settings.file import load_config
from tests.kit.cli import invoke, only_run, operations_of, tick_rows, write_config, write_ticks


class CutFeed:
    """A feed that raises after some inputs of a sound one."""

    def __init__(self, inner: object, after: int, error: Exception) -> None:
        self._inner, self._after, self._error = inner, after, error
        self.closed = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def inputs(self) -> AsyncIterator[Input]:
        try:
            number = 0
            async for each in self._inner.inputs():  # type: ignore[attr-defined]
                if number == self._after:
                    raise self._error
                number += 1
                yield each
        finally:
            self.closed = True


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logger.remove()
    yield
    logger.remove()


@pytest_asyncio.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    """A run of a hundred ticks in blocks of ten."""
    async with a_run(tmp_path) as made:
        yield made


@asynccontextmanager
async def a_run(tmp_path: Path, cut: tuple[int, Exception] | None = None) -> AsyncIterator[App]:
    """The same, with a feed that raises after some inputs if `cut` says so."""
    ticks = write_ticks(tmp_path / "ticks.csv", tick_rows(100))
    config = load_config(
        write_config(tmp_path / "c.yaml", ticks),
        {"out": str(tmp_path), "feed.replay.block_rows": 10},
    )
    parts = build(config)
    if cut is not None:
        parts = parts._replace(feed=CutFeed(parts.feed, *cut))  # type: ignore[arg-type]
    made = App(open_run(parts, tmp_path), out=tmp_path)
    yield made
    made.store.close()
    await made.recorder.close()


def operations(app: App) -> list[Operation]:
    with JournalStore.open(app.directory) as store:
        store.verify()
        return list(store.operations())


async def test_a_run_to_the_end_of_its_feed_says_so(app: App) -> None:
    await app.run()
    assert app.feed_lost is None
    assert operations(app)[-1].detail["reason"] == "end_of_feed"
    assert app.engine.intake.rows == 100


PLACED = PlaceOrder(tradingsymbol="X", side="BUY", quantity=25, product="NRML", order_type="MARKET")


@pytest.mark.parametrize(
    ("make", "noted"),
    [
        (lambda ts: Command(ts=ts, command="kill_switch"), ("kill_switch", "")),
        (lambda ts: Command(ts=ts, command="order", order=PLACED), ("place", "X")),
    ],
)
async def test_what_is_asked_is_noted_in_the_commit_of_its_input_and_in_no_other(
    make: Callable[[int], Command],
    noted: tuple[str, str],
    app: App,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken, batches, put = list[Admitted](), list[Batch](), app.recorder.put

    async def ask() -> None:
        taken.append(await app.requests.ask(make))

    async def put_and_keep(batch: Batch) -> None:
        batches.append(batch)
        await put(batch)

    monkeypatch.setattr(app.recorder, "put", put_and_keep)
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            await app.run()
    [[operation, batch]] = [
        (operation, batch) for batch in batches for operation in batch.operations
        if operation.kind == "command"
    ]  # fmt: skip
    number = taken[0].input_no
    assert operation.detail == {"command": noted[0], "target": noted[1], "input_no": number}
    assert batch.input_no == number
    assert sum(each.input_no == number for each in batches) == 1
    assert operation in operations(app)


async def test_a_lost_feed_ends_in_order_with_its_error_in_the_journal(tmp_path: Path) -> None:
    async with a_run(tmp_path, (3, FeedError("the file is cut"))) as app:
        await app.run()
    feed = app.feed
    assert str(app.feed_lost) == "the file is cut"
    last = operations(app)[-1]
    assert (last.kind, last.detail["reason"]) == ("stop", "feed_lost")
    assert last.detail["error"] == "the file is cut"
    assert app.engine.intake.rows == 30
    assert isinstance(feed, CutFeed)
    assert feed.closed


async def test_a_fault_of_the_program_is_journaled_and_raised(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound, calls = app.engine.handle, []

    def broken(item: Input) -> object:
        calls.append(item)
        if len(calls) == 4:
            raise ZeroDivisionError("made up")
        return sound(item)

    monkeypatch.setattr(app.engine, "handle", broken)
    with pytest.raises(ExceptionGroup) as raised:
        await app.run()
    assert raised.group_contains(ZeroDivisionError, match="made up")
    last = operations(app)[-1]
    assert last.detail["reason"] == "fault"
    assert last.detail["error"] == "ZeroDivisionError: made up"
    with JournalStore.open(app.directory) as store:
        assert store.last_input_no == 30  # the input that was not finished is not in the cursor


async def test_stop_ends_after_the_input_that_was_taken(tmp_path: Path) -> None:
    async def stop_soon(app: App) -> None:
        while app.engine.intake.rows == 0:
            await anyio.lowlevel.checkpoint()
        app.stop("asked")
        app.stop("asked again")

    async with a_run(tmp_path, (1000, FeedError("never"))) as app:
        await app.run(stop_soon)
    assert operations(app)[-1].detail["reason"] == "asked"
    assert 0 < app.engine.intake.rows <= 100
    assert isinstance(app.feed, CutFeed)
    assert app.feed.closed


async def test_a_journal_that_cannot_write_ends_the_run_at_once(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise JournalIOError("no space left")

    monkeypatch.setattr(app.store, "append", full)
    with pytest.raises(BaseExceptionGroup) as raised:
        await app.run()
    fault = command_line.first_fault(raised.value)
    assert isinstance(fault, JournalIOError)
    assert operations(app) == []


def test_a_fault_of_the_program_is_70_with_its_traceback_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("made up")

    monkeypatch.setattr("daemon.cli.check.build", broken)
    ticks = write_ticks(tmp_path / "ticks.csv", tick_rows(10))
    done = invoke("check", write_config(tmp_path / "c.yaml", ticks))
    assert done.code == 70
    assert "ZeroDivisionError: made up" in done.err
    assert done.err.endswith("run_fno_paper: a fault of this program, see above; "
                             "what was journaled is kept\n")  # fmt: skip


def test_only_a_group_of_the_worlds_faults_is_one() -> None:
    world, program = FeedError("a"), ValueError("b")
    assert command_line.first_fault(ExceptionGroup("", [world])) is world
    assert command_line.first_fault(ExceptionGroup("", [ExceptionGroup("", [world])])) is world
    assert command_line.first_fault(ExceptionGroup("", [world, program])) is None
    assert command_line.first_fault(program) is None


async def test_each_signal_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[str] = []
    async with anyio.create_task_group() as tasks:
        await tasks.start(watch_signals, named.append)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.raise_signal(number)
            with anyio.fail_after(30):
                while number.name not in named:
                    await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert named == ["SIGTERM", "SIGINT", "SIGHUP"]


def test_runs_are_counted_up_and_found(tmp_path: Path) -> None:
    names = [new_run_directory(tmp_path, "replay", "abcdef0123").name for _ in range(3)]
    assert names == [f"replay-abcdef01-{number:03d}" for number in (1, 2, 3)]
    assert find_run(names[0], tmp_path) == tmp_path / "runs" / names[0]
    assert find_run(str(tmp_path / "runs" / names[1]), tmp_path).name == names[1]
    assert newest_runs(tmp_path) == []  # none of them has a journal
    with pytest.raises(UsageError, match="no run under"):
        find_run("", tmp_path)
    with pytest.raises(UsageError, match=r"'nope' not found; the newest under .*: none yet"):
        find_run("nope", tmp_path)


def test_a_kept_file_that_cannot_be_written_is_a_journal_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalIOError, match="cannot be written"):
        write_json(tmp_path / "file" / "x.json", {})


def test_log_lines_follow_stderr_and_go_to_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ticks = write_ticks(tmp_path / "ticks.csv", tick_rows(10))
    more = f"log:\n  file: {tmp_path / 'logs' / 'run.log'}\n  format: json\n"
    config = load_config(write_config(tmp_path / "c.yaml", ticks, more=more))
    start_logging(config.log, quiet=True)
    logger.info("only in the file")
    logger.warning("in both")
    assert "in both" in (shown := capsys.readouterr().err)
    assert "only in the file" not in shown
    kept = (tmp_path / "logs" / "run.log").read_text().splitlines()
    assert len(kept) == 2
    with pytest.raises(ConfigError, match=r"log\.file: .* cannot be written"):
        start_logging(load_config(config_with_log(tmp_path, ticks, tmp_path)).log)


def config_with_log(tmp_path: Path, ticks: Path, log: Path) -> Path:
    return write_config(tmp_path / "d.yaml", ticks, more=f"log:\n  file: {log}\n")


def test_a_quiet_run_journals_its_start_and_its_stop_only(tmp_path: Path) -> None:
    ticks = write_ticks(tmp_path / "ticks.csv", tick_rows(10))
    done = invoke("--config", write_config(tmp_path / "c.yaml", ticks), "--out", tmp_path / "out")
    assert done.code == 0
    assert [each.kind for each in operations_of(only_run(tmp_path / "out"))] == ["start", "stop"]
