"""Signals are named, held before and after they are watched, and never kill in between."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import anyio
import pytest

from daemon.process.held_signals import Held, hold_signals, ignore_held_signals
from daemon.process.signals import watch_signals

ALL = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    before = {each: signal.getsignal(each) for each in ALL}
    for each in ALL:  # a test that runs the program in this process may have held them
        signal.signal(each, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


async def until(named: list[str], count: int) -> None:
    with anyio.fail_after(30):
        while len(named) < count:
            await anyio.lowlevel.checkpoint()


async def test_hup_reloads_where_that_is_wanted_and_stops_elsewhere() -> None:
    named: list[str] = []

    async def reload() -> None:
        named.append("reload")

    for wanted, expected in ((reload, "reload"), (None, "SIGHUP")):
        named.clear()
        async with anyio.create_task_group() as tasks:
            await tasks.start(watch_signals, named.append, wanted)
            signal.raise_signal(signal.SIGHUP)
            signal.raise_signal(signal.SIGTERM)
            await until(named, 2)
            tasks.cancel_scope.cancel()
        assert sorted(named) == sorted([expected, "SIGTERM"])


async def test_a_slow_reload_keeps_no_stop_waiting() -> None:
    named: list[str] = []
    async with anyio.create_task_group() as tasks:
        await tasks.start(watch_signals, named.append, anyio.sleep_forever)
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGINT)
        await until(named, 1)
        tasks.cancel_scope.cancel()
    assert named == ["SIGINT"]


async def test_what_came_before_the_watch_is_told_and_what_comes_after_does_nothing() -> None:
    held = hold_signals()
    signal.raise_signal(signal.SIGTERM)
    assert hold_signals() is held
    named: list[str] = []
    async with anyio.create_task_group() as tasks:
        await tasks.start(watch_signals, named.append)
        await until(named, 1)
        tasks.cancel_scope.cancel()
    assert named == ["SIGTERM"]
    assert all(signal.getsignal(each) is held for each in ALL)
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)
    assert held.take() == [signal.SIGTERM, signal.SIGINT]
    assert held.take() == []


async def test_an_idle_loop_is_woken_by_a_signal() -> None:
    named: list[str] = []
    woken = anyio.Event()

    def stop(name: str) -> None:
        named.append(name)
        woken.set()

    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGTERM))
    async with anyio.create_task_group() as tasks:
        await tasks.start(watch_signals, stop)
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        with anyio.fail_after(30):
            await woken.wait()
        tasks.cancel_scope.cancel()
    assert named == ["SIGTERM"]


def test_at_the_end_of_the_process_what_is_held_is_ignored_and_nothing_else() -> None:
    before = signal.getsignal(signal.SIGTERM)
    ignore_held_signals()
    assert signal.getsignal(signal.SIGTERM) is before
    hold_signals()
    ignore_held_signals()
    assert [signal.getsignal(each) for each in ALL] == [signal.SIG_IGN] * 3


def test_a_hangup_that_the_starter_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    hold_signals()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    assert isinstance(signal.getsignal(signal.SIGTERM), Held)
