"""Accounts of one output directory: their files, their backups, what they keep."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import stat
from pathlib import Path
from unittest import mock

import anyio
import anyio.to_thread
import msgspec
import pytest

from daemon.domain.dates import SECOND_NS, parse_ts
from daemon.errors import (
    AlreadyRunning,
    ExitCode,
    JournalCorrupt,
    JournalIOError,
    UsageError,
)
from daemon.journal.head import HeadFile, read_head
from daemon.journal.store import JournalStore
from daemon.metrics.histogram import HistogramRow
from daemon.runtime.app import App
from daemon.runtime.backup import back_up
from daemon.runtime.live import open_live
from daemon.settings.file import load_config
from tests.kit.cli import invoke, metrics_of
from tests.kit.live import (
    ACCOUNT,
    Market,
    QuickClocks,
    entries,
    free_port,
    market,
    proven,
    run,
    script_of,
    server_of,
    shifted,
    took_all,
    trade_all,
    trading,
    until,
    write_live_config,
)

ROWS = 900


@pytest.fixture(scope="module")
def of() -> Market:
    return market(ROWS)


def modes(directory: Path) -> dict[str, str]:
    """What is open to others below a directory, by its name."""
    found = {}
    for each in (directory, *directory.rglob("*")):
        with contextlib.suppress(FileNotFoundError):  # a daemon replaces its files meanwhile
            mode = each.lstat().st_mode
            if mode & 0o077:
                found[str(each.relative_to(directory.parent))] = oct(stat.S_IMODE(mode))
    return found


def numbers(path: Path) -> dict[str, object]:
    found: dict[str, object] = msgspec.json.decode(path.read_bytes())
    return found


def test_nothing_of_an_account_is_open_to_others_while_it_trades_and_after(
    of: Market, tmp_path: Path
) -> None:
    port = free_port()
    config = write_live_config(tmp_path, of, script_of(of, 3), port=port)
    log = tmp_path / "accounts" / ACCOUNT / "logs" / "run.log"
    config.write_text(config.read_text() + f"\nlog: {{file: {log}}}\n")

    async def day() -> None:
        async with server_of(of, port) as server, trading(config) as app:
            await server.finished()
            await until(took_all(app, server))
            await until(lambda: (app.directory / "control.sock").exists() or not app.commands)
            assert modes(app.directory) == {}

    before = os.umask(0)
    try:
        run(day)
        done = invoke("report", ACCOUNT, "--out", tmp_path)
        assert done.code == 0, done.err
    finally:
        os.umask(before)
    directory = tmp_path / "accounts" / ACCOUNT
    assert {"report.html", "metrics.json", "recordings"} <= {e.name for e in directory.iterdir()}
    assert modes(directory) == {}


def test_two_accounts_of_one_directory_have_their_own_numbers(of: Market, tmp_path: Path) -> None:
    port, other = free_port(), free_port()
    config = load_config(write_live_config(tmp_path, of, script_of(of, 3), port=port))
    second = load_config(
        write_live_config(tmp_path, of, script_of(of, 4), port=other, name="second"),
        {"account": "second"},
    )
    one, two = (tmp_path / "accounts" / each / "metrics.json" for each in (ACCOUNT, "second"))

    async def both() -> None:
        async with server_of(of, port) as server, trading(config) as first:
            await until(lambda: metrics_of(tmp_path).get("account") == ACCOUNT)
            async with server_of(of, other) as server_2, trading(second) as later:
                await until(lambda: metrics_of(tmp_path).get("account") == "second")
                await server.finished()
                await server_2.finished()
                await until(took_all(first, server))
                await until(took_all(later, server_2))
                with pytest.raises(AlreadyRunning):
                    open_live(config)

    run(both)
    assert metrics_of(tmp_path)["account"] == "second"
    assert [numbers(each)["account"] for each in (one, two)] == [ACCOUNT, "second"]
    for each in (one, two):
        timings = msgspec.convert(numbers(each)["timings"], dict[str, HistogramRow])
        assert timings.keys() == {"loop_lag", "journal_fsync"}  # the market's time is not ours
        assert sum(timings["journal_fsync"].counts) > 0
    assert [numbers(each)["ticks"] for each in (one, two)] == [ROWS, ROWS]
    assert proven(tmp_path).directory == one.parent


# backups


def restored(backup: Path, place: Path) -> Path:
    """Put a backup where an account of another output directory is."""
    directory = place / "accounts" / ACCOUNT
    directory.parent.mkdir(parents=True)
    shutil.copytree(backup, directory, copy_function=shutil.copy2)
    return directory


def test_a_backup_made_while_it_trades_is_restored_and_goes_on(of: Market, tmp_path: Path) -> None:
    port = free_port()
    script = script_of(of, 3, every_s=2)
    config = write_live_config(tmp_path, of, script, port=port)
    halves = of.halves
    backups = [tmp_path / "backups" / str(number) for number in range(4)]

    async def trade_and_back_up() -> None:
        server = server_of(of, port, blocks=[halves[0]], speed="60")
        async with server, trading(config) as app:
            for at, to in enumerate(backups, 1):
                await until(lambda at=at: app.engine.intake.rows > 100 * at)  # type: ignore[misc]
                await anyio.to_thread.run_sync(back_up, app.directory, to)

    run(trade_and_back_up)
    live = proven(tmp_path)
    for number, backup in enumerate(backups):
        place = tmp_path / f"elsewhere-{number}"
        assert modes(backup) == {}
        directory = restored(backup, place)
        verified = invoke("journal", "verify", "--run", directory)
        assert verified.code == 0, verified.err
        with JournalStore.open(directory) as store:
            kept = list(store.events())
        assert kept == live.events[: len(kept)]

    place = tmp_path / "elsewhere-3"
    again = write_live_config(place, of, script, port=port)

    async def go_on() -> App:
        async with server_of(of, port, blocks=[halves[1]]) as server:
            return await trade_all(again, server)

    app = run(go_on)
    outcome = proven(place, app)
    assert not outcome.kinds("not_run_again")
    assert len(outcome.kinds("recovered")) == 1
    assert len(outcome.events) > len(live.events) // 2


def test_a_backup_starts_anew_where_a_recording_was_begun_meanwhile(
    of: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    config = write_live_config(tmp_path, of, script_of(of, 3), port=port)

    async def day() -> App:
        async with server_of(of, port) as server:
            return await trade_all(config, server)

    directory = run(day).directory
    extra = directory / "recordings" / "2026-11-18-9.inputs"
    copies = []

    def copy_database(source: Path, building: Path) -> object:
        copies.append(building)
        if len(copies) < 3:
            extra.with_name(f"2026-11-18-{len(copies) + 1}.inputs").write_bytes(b"")
        return original(source, building)

    original = back_up.__globals__["_copy_database"]
    monkeypatch.setitem(back_up.__globals__, "_copy_database", copy_database)
    assert back_up(directory, tmp_path / "to").recordings == 3
    assert len(copies) == 3

    def always(source: Path, building: Path) -> object:
        extra.unlink() if extra.exists() else extra.write_bytes(b"")
        return original(source, building)

    monkeypatch.setitem(back_up.__globals__, "_copy_database", always)
    with pytest.raises(JournalIOError, match="changed each time while they were copied"):
        back_up(directory, tmp_path / "never")
    assert sorted(each.name for each in tmp_path.iterdir() if "never" in each.name) == []


def test_a_backup_refuses_what_it_would_overwrite_or_swallow(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no journal"):
        back_up(tmp_path, tmp_path / "to")
    done = invoke("--config", "configs/sample.yaml", "--out", tmp_path)
    assert done.code == 0, done.err
    [run_directory] = (tmp_path / "runs").iterdir()
    with pytest.raises(UsageError, match="is inside of what is backed up"):
        back_up(run_directory, run_directory / "to")
    with pytest.raises(UsageError, match="is there already"):
        back_up(run_directory, tmp_path / "runs")
    made = invoke("journal", "backup", run_directory.name, tmp_path / "b", "--out", tmp_path)
    assert made.code == ExitCode.STOPPED, made.err
    assert re.search(r"a backup that verifies, \d+ events, 0 recording\(s\)", made.out)
    assert {each.name for each in (tmp_path / "b").iterdir()} == {
        "journal.db", "head", "config.json", "summary.json", "series.json",
    }  # fmt: skip


def test_a_journal_that_is_damaged_is_not_backed_up_and_is_named_itself(tmp_path: Path) -> None:
    assert invoke("--config", "configs/sample.yaml", "--out", tmp_path).code == 0
    [run_directory] = (tmp_path / "runs").iterdir()
    with contextlib.closing(sqlite3.connect(run_directory / "journal.db")) as changed:
        changed.execute("UPDATE events SET body = body || ' ' WHERE seq = 3")
        changed.commit()
    done = invoke("journal", "backup", run_directory, tmp_path / "b")
    assert done.code == ExitCode.JOURNAL_CORRUPT
    assert done.complaint.startswith(f"{run_directory / 'journal.db'}: ")
    assert done.complaint.endswith("(no backup was made)")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["analytics", "runs"]


def test_a_journal_behind_its_head_is_not_backed_up(tmp_path: Path) -> None:
    assert invoke("--config", "configs/sample.yaml", "--out", tmp_path).code == 0
    [run_directory] = (tmp_path / "runs").iterdir()
    tail = read_head(run_directory / "head")
    head = HeadFile(run_directory / "head")
    head.write(msgspec.structs.replace(tail, seq=tail.seq + 1))
    head.close()
    with pytest.raises(JournalCorrupt, match=r"ends at event \d+, before its head file"):
        back_up(run_directory, tmp_path / "b")


# what is kept


def test_recordings_of_days_that_are_not_kept_go_at_a_start(of: Market, tmp_path: Path) -> None:
    port = free_port()
    config = write_live_config(tmp_path, of, entries(of, 0), port=port, clock="wall")
    config.write_text(config.read_text() + "\nrecording: {keep_days: 3}\n")
    first = int(of.block.ts[0])

    async def day(date: str) -> App:
        begins = parse_ts(f"{date}T09:20:00")
        later = shifted(of.block.rows(0, 60), begins - first)
        with mock.patch("daemon.runtime.live.MACHINE_CLOCKS", QuickClocks(begins - SECOND_NS)):
            async with server_of(of, port, blocks=[later]) as server:
                return await trade_all(config, server)

    dates = [f"2026-11-{each}" for each in ("11", "12", "13", "16", "17", "18")]
    for date in dates:
        app = run(day, date)
    kept = sorted(each.name for each in (app.directory / "recordings").iterdir())
    assert kept == [
        "2026-11-13-1.parquet", "2026-11-16-1.parquet", "2026-11-17-1.parquet",
        "2026-11-18-1.inputs",
    ]  # fmt: skip
    with JournalStore.open(app.directory) as store:
        operations = [each for each in store.operations() if each.kind == "recordings_removed"]
    assert [each.detail["newest"] for each in operations] == [
        "2026-11-11-1.parquet", "2026-11-12-1.parquet",
    ]  # fmt: skip
    assert all(each.detail["files"] == 1 for each in operations)
