"""What the service manager hears, and when its watchdog is fed."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.process.notify import Notifier
from daemon.process.pulse import Pulse


class Manager:
    """The other end of the notification socket."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + name[1:] if name.startswith("@") else name)
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        found = []
        while True:
            try:
                found.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return found

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    name = f"@fno-{uuid.uuid4().hex}" if request.param == "abstract" else str(tmp_path / "s")
    made = Manager(name)
    yield made
    made.close()


def notifier(manager: Manager, **more: str) -> Notifier:
    return Notifier({"NOTIFY_SOCKET": manager.name, **more})


def test_states_arrive_in_one_message_of_lines(manager: Manager) -> None:
    teller = notifier(manager)
    assert teller.is_heard
    teller.send(READY=1, STATUS="live, 3 open")
    teller.send(STATUS="a\nFDSTORE=1")
    assert manager.heard() == ["READY=1\nSTATUS=live, 3 open", r"STATUS=a\nFDSTORE=1"]
    teller.close()
    teller.send(STOPPING=1)
    assert manager.heard() == []


def test_without_a_manager_nothing_happens() -> None:
    for environment in ({}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}):
        teller = Notifier(environment)
        teller.send(READY=1)
        assert not teller.is_heard
        assert (teller.lost, teller.watchdog_s) == (0, 0)


def test_a_manager_that_is_gone_or_reads_nothing_is_counted_and_never_waited_for(
    manager: Manager,
) -> None:
    teller = notifier(manager)
    for _ in range(10_000):
        teller.send(STATUS="x" * 1000)
        if teller.lost:
            break
    assert teller.lost == 1
    manager.close()
    teller.send(READY=1)
    assert teller.lost == 2
    teller.close()


@pytest.mark.parametrize(
    ("variables", "seconds"),
    [
        ({}, 0),
        ({"WATCHDOG_USEC": "30000000"}, 30),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, 0),
        ({"WATCHDOG_USEC": "soon"}, 0),
        ({"WATCHDOG_USEC": "-5"}, 0),
    ],
)
def test_the_watchdog_is_read_from_the_environment(
    variables: dict[str, str], seconds: float
) -> None:
    assert Notifier(variables).watchdog_s == seconds


# the pulse


class Fact(NamedTuple):
    input_no: int


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def beating(tmp_path: Path) -> Iterator[tuple[Manager, Pulse, Time]]:
    manager = Manager(str(tmp_path / "n"))
    clock = Time()
    teller = notifier(manager, WATCHDOG_USEC="8000000")
    yield manager, Pulse(teller, lambda: "live", after=10, monotonic=clock), clock
    teller.close()
    manager.close()


def test_only_an_input_that_came_back_feeds_the_watchdog(
    beating: tuple[Manager, Pulse, Time],
) -> None:
    manager, pulse, clock = beating
    pulse.saw(10)
    assert manager.heard() == []
    pulse.saw(11)
    assert manager.heard() == ["WATCHDOG=1\nSTATUS=live"]
    clock.now = 3600
    pulse.saw(11)
    assert manager.heard() == []


def test_it_is_told_a_few_times_in_a_period_however_fast_the_journal_is(
    beating: tuple[Manager, Pulse, Time],
) -> None:
    manager, pulse, clock = beating
    for number in range(1000):
        clock.now = number / 100
        pulse.saw(11 + number)
    assert len(manager.heard()) == 5


async def test_the_pulse_follows_the_facts_to_their_end(
    beating: tuple[Manager, Pulse, Time],
) -> None:
    manager, pulse, _ = beating

    async def facts() -> AsyncIterator[Fact]:
        yield Fact(9)
        yield Fact(12)

    await pulse.follow(facts())
    assert len(manager.heard()) == 1


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(-1, 3)), max_size=50))
def test_each_beat_has_progress_behind_it_and_beats_keep_their_distance(
    steps: list[tuple[float, int]],
) -> None:
    beats: list[tuple[float, int]] = []
    clock = Time()

    class Ear(Notifier):
        def send(self, **states: object) -> None:
            assert states["WATCHDOG"] == 1
            beats.append((clock.now, number))

    number = 0
    pulse = Pulse(Ear({"WATCHDOG_USEC": "8000000"}), lambda: "", after=0, monotonic=clock)
    for wait, more in steps:
        clock.now += wait
        number = max(0, number + more)
        pulse.saw(number)
    numbers = [each for _, each in beats]
    assert numbers == sorted(set(numbers))
    assert all(later[0] - sooner[0] >= 2 for sooner, later in pairwise(beats))
