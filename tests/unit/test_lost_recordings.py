"""What a person switched off stays off, and what was done is not done again, whatever is lost.

The recordings of a live account are removed, cut and flipped; the journal is left.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.domain.events import OrderMoved
from daemon.domain.inputs import Input
from daemon.domain.ticks import Ticks
from feeds.recording.reader import InputLog
from tests.kit.account_life import (
    Told,
    account_of,
    command,
    live,
    opened,
    ticks,
    told,
    write_account,
)

CRASH = 114
"""At its first tick an entry is due that fills on it."""
Harm = Callable[[Path, random.Random], None]


def recording(place: Path) -> Path:
    (path,) = (account_of(place) / "recordings").iterdir()
    return path


def removed(place: Path, draw: random.Random) -> None:
    shutil.rmtree(account_of(place) / "recordings")


def cut(place: Path, draw: random.Random) -> None:
    path = recording(place)
    data = path.read_bytes()
    path.write_bytes(data[: draw.randrange(len(data))])


def cut_before_an_input(place: Path, draw: random.Random) -> None:
    """Nothing of it looks damaged: whole records are missing at the end."""
    path = recording(place)
    ends = [each.end for each in InputLog(path).entries()]
    path.write_bytes(path.read_bytes()[: draw.choice(ends[:-1])])


def cut_before_the_command(place: Path, draw: random.Random) -> None:
    """All ticks up to the command are there, and nothing says that more is missing."""
    path, end = recording(place), 0
    for each in InputLog(path).entries():
        if not isinstance(each.item, Ticks):
            break
        end = each.end
    path.write_bytes(path.read_bytes()[:end])


def flipped(place: Path, draw: random.Random) -> None:
    path = recording(place)
    data = bytearray(path.read_bytes())
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    path.write_bytes(bytes(data))


HARMS = [
    (removed, 1), (cut, 2), (cut_before_an_input, 1), (cut_before_the_command, 1), (flipped, 2),
]  # fmt: skip
CASES = [
    pytest.param(harm, seed, id=f"{harm.__name__}-{seed}") for harm, n in HARMS for seed in range(n)
]


@pytest.fixture(scope="module")
def crashes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """What kills at row 100 left, by the command at row 40 ("" for none)."""
    made: dict[str, Path] = {}

    def of(name: str) -> Path:
        if name not in made:
            place = tmp_path_factory.mktemp("life")
            write_account(place, faulty=name == "faulty")
            first: list[Input] = ticks(0, 40)
            if name and name != "faulty":
                what, _, target = name.partition(" ")
                first.append(command(40, what, target))
            made[name] = place / "crashed"
            live(place, [*first, *ticks(40, CRASH)], crashed=made[name])
        return made[name]

    return of


def after_the_crash(crashed: Path, place: Path, harm: Harm, seed: int) -> tuple[Told, Told]:
    """The account before the harm, and after a life behind it."""
    shutil.copytree(crashed, place, dirs_exist_ok=True)
    before = told(place)
    harm(place, random.Random(seed))
    live(place, ticks(CRASH, 180))
    return before, told(place)


@pytest.mark.parametrize(("harm", "seed"), CASES)
def test_a_kill_switch_outlives_the_recordings(
    harm: Harm, seed: int, crashes: Callable[[str], Path], tmp_path: Path
) -> None:
    before, after = after_the_crash(crashes("kill_switch"), tmp_path, harm, seed)
    assert before.fills()
    assert after.fills(after=len(before.events)) == []
    (lost,) = after.kinds("not_run_again")
    assert lost["restored"] == "kill switch on"
    refused = [e for e in after.events[len(before.events) :] if isinstance(e, OrderMoved)]
    assert refused
    assert {(e.to_state, e.reason) for e in refused} == {("REJECTED", "kill_switch")}


@pytest.mark.parametrize(("harm", "seed"), CASES)
def test_a_strategy_that_was_switched_off_stays_off_and_others_trade(
    harm: Harm, seed: int, crashes: Callable[[str], Path], tmp_path: Path
) -> None:
    before, after = after_the_crash(crashes("strategy_off one"), tmp_path, harm, seed)
    filled = {each.order_id for each in after.fills(after=len(before.events))}
    traded = {each.strategy_id for each in after.created() if each.order_id in filled}
    assert traded == {"two"}
    (lost,) = after.kinds("not_run_again")
    assert lost["restored"] == "strategies off: one"


@pytest.mark.parametrize(("harm", "seed"), CASES)
def test_intents_of_a_script_have_their_turn_once_and_the_gap_is_told(
    harm: Harm, seed: int, crashes: Callable[[str], Path], tmp_path: Path
) -> None:
    whole, place = tmp_path / "whole", tmp_path / "lost"
    if harm is cut_before_the_command:
        pytest.skip("there is none")
    _, expected = after_the_crash(crashes(""), whole, lambda *_: None, seed)
    before, after = after_the_crash(crashes(""), place, harm, seed)
    wanted = [(e.order_id, e.ts, e.strategy_id) for e in expected.created()]
    assert [(e.order_id, e.ts, e.strategy_id) for e in after.created()] == wanted
    first = after.fills(after=len(before.events))[0]
    assert first.fill
    assert first.fill.after_gap, "no quote of before is believed, and its first one is marked"
    assert len(after.kinds("gap")) == len(expected.kinds("gap")) == 1


def test_a_strategy_that_its_errors_disabled_stays_disabled(
    crashes: Callable[[str], Path], tmp_path: Path
) -> None:
    crashed = crashes("faulty")
    shutil.copytree(crashed, tmp_path, dirs_exist_ok=True)
    assert told(tmp_path).kinds("strategy_fault")
    removed(tmp_path, random.Random())
    session = opened(tmp_path)
    assert session.parts.strategies.reports()["faulty"]["disabled"]
    session.close()


def test_the_switches_of_a_lost_day_are_not_those_of_the_next(
    crashes: Callable[[str], Path], tmp_path: Path
) -> None:
    shutil.copytree(crashes("kill_switch"), tmp_path, dirs_exist_ok=True)
    removed(tmp_path, random.Random())
    session = opened(tmp_path, day=1)
    assert not session.parts.engine.engine.killed
    session.close()
