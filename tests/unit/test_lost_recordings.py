"""What a person switched off stays off, and what was done is not done again, whatever is lost.

The recordings of a live account are removed, cut and flipped; the journal is left.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml

from daemon.domain.events import OrderMoved
from daemon.domain.inputs import Input
from daemon.errors import ConfigError, JournalCorrupt
from daemon.journal.store import JournalStore, Operation
from tests.kit.account_harm import (
    cut,
    cut_before_an_input,
    cut_before_the_command,
    flipped,
    removed,
)
from tests.kit.account_life import (
    Told,
    account_of,
    command,
    live,
    opened,
    ticks,
    told,
    ts_of,
    write_account,
)
from tests.kit.account_market import LOT, SYMBOLS

CRASH = 114
"""At its first tick an entry is due that fills on it."""
Harm = Callable[[Path, random.Random], None]


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
    assert not session.parts.engine.engine.admission.killed
    session.close()


def test_a_position_whose_instrument_left_the_universe_is_taken_up_from_the_journal(
    crashes: Callable[[str], Path], tmp_path: Path
) -> None:
    shutil.copytree(crashes(""), tmp_path, dirs_exist_ok=True)
    removed(tmp_path, random.Random())
    only_one_instrument(tmp_path)
    session = opened(tmp_path)
    held = {each.tradingsymbol for each in session.parts.engine.ledger.open_positions()}
    assert held == set(SYMBOLS)
    assert session.parts.feed.universe[1].lot_size == LOT
    session.close()


def only_one_instrument(place: Path) -> None:
    config = yaml.safe_load((place / "live.yaml").read_text())
    del config["universe"]["instruments"][1:]
    config["strategies"]["list"] = []
    (place / "live.yaml").write_text(yaml.safe_dump(config))


def test_a_position_of_which_nothing_says_what_it_is_is_one_line(
    crashes: Callable[[str], Path], tmp_path: Path
) -> None:
    """So it is with a journal of 0.2.0, which has no contracts."""
    shutil.copytree(crashes(""), tmp_path, dirs_exist_ok=True)
    without_operations(tmp_path, "contract", "state")
    removed(tmp_path, random.Random())
    only_one_instrument(tmp_path)
    with pytest.raises(ConfigError, match=f"{SYMBOLS[1]} is held, .* universe.instruments"):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("given", "text"),
    [("kill_switch", "kill switch on"), ("strategy_off one", "strategies off: one")],
)
def test_in_a_journal_of_before_the_commands_are_what_counts(
    given: str, text: str, crashes: Callable[[str], Path], tmp_path: Path
) -> None:
    shutil.copytree(crashes(""), tmp_path, dirs_exist_ok=True)
    what, _, target = given.partition(" ")
    detail: dict[str, int | float | str | bool | None] = {
        "command": what, "target": target, "input_no": 41,
    }  # fmt: skip
    note = Operation(ts=ts_of(command(41, "kill_switch")), kind="command", detail=detail)
    without_operations(tmp_path, "contract", "state", more=[note])
    removed(tmp_path, random.Random())
    live(tmp_path, ticks(CRASH, CRASH + 20))
    (lost,) = told(tmp_path).kinds("not_run_again")
    assert lost["restored"] == text


def without_operations(place: Path, *kinds: str, more: Sequence[Operation] = ()) -> None:
    """The same journal as 0.2.0 would have written it."""
    account = account_of(place)
    with JournalStore.open(account) as store:
        meta, events, last = store.meta, list(store.events()), store.last_input_no
        kept = [each for each in store.operations() if each.kind not in kinds]
    for name in ("journal.db", "journal.db-wal", "journal.db-shm", "head"):
        (account / name).unlink(missing_ok=True)
    for path in account.glob("snapshot-*"):
        path.unlink()
    with JournalStore.create(account, meta) as store:
        store.append(events, input_no=last, operations=[*kept, *more])


def test_a_state_of_another_version_is_refused(
    crashes: Callable[[str], Path], tmp_path: Path
) -> None:
    shutil.copytree(crashes(""), tmp_path, dirs_exist_ok=True)
    newer = Operation(ts=1, kind="state", detail={"version": 2, "state": "{}"})
    without_operations(tmp_path, "state", more=[newer])
    with pytest.raises(JournalCorrupt, match="a state in it is of version 2, this program reads 1"):
        opened(tmp_path)


def test_a_state_is_written_when_it_changes_and_only_then(
    crashes: Callable[[str], Path],
) -> None:
    found = told(crashes("strategy_off one"))
    (state,) = found.kinds("state")
    assert state["text"] == "strategies off: one"
    assert len(found.kinds("contract")) == len(SYMBOLS)
    assert told(crashes("")).kinds("state") == []
