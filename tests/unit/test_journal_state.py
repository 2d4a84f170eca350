"""State that no event holds: what is written of it, when, and how it is read again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.domain.carry_over import CarryOver
from daemon.domain.instrument import Instrument, Universe
from daemon.errors import JournalCorrupt
from daemon.journal.state import DayState, StateJournal, contract_operation, state_operation
from daemon.journal.store import JournalMeta, JournalStore, Operation
from tests.kit.sample_events import START, sample_events

META = JournalMeta(run_id="run-1", account="dev")
TODAY = "2026-11-18"
CALL = Instrument(instrument_token=1, tradingsymbol="NIFTY26NOV25000CE", lot_size=25)


@contextmanager
def state_of(directory: Path, *operations: Operation) -> Iterator[StateJournal]:
    with JournalStore.create(directory, META) as store:
        store.append([], input_no=1, operations=list(operations))
        yield StateJournal(store, TODAY)


def obeyed(directory: Path, *commands: dict[str, Any], ts: int = START, **state: Any) -> DayState:
    fields: dict[str, Any] = {"date": TODAY, "input_no": 5}
    known = DayState(**(fields | state))
    said = [Operation(ts=ts, kind="command", detail=each) for each in commands]
    with state_of(directory, state_operation(known, ts=START), *said) as found:
        return found.known


def command(name: str, target: str = "", input_no: Any = 6) -> dict[str, Any]:
    return {"command": name, "target": target, "input_no": input_no}


def test_a_contract_is_journaled_with_its_first_order_and_once(tmp_path: Path) -> None:
    events = sample_events()
    with state_of(tmp_path) as state:
        found = list(state.ordered(events, Universe([CALL]), ts=7))
        assert found == [contract_operation(CALL, ts=7)]
        assert state.contracts == {CALL.tradingsymbol: CALL}
        assert list(state.ordered(events, Universe([CALL]), ts=8)) == []
        other = msgspec.structs.replace(CALL, lot_size=50)
        assert list(state.ordered(events, Universe([other]), ts=9)) == [
            contract_operation(other, ts=9)
        ]
        assert state.contracts == {CALL.tradingsymbol: other}


def test_a_contract_is_read_again_and_the_newest_row_counts(tmp_path: Path) -> None:
    other = msgspec.structs.replace(CALL, lot_size=50)
    rows = contract_operation(CALL, ts=1), contract_operation(other, ts=2)
    with state_of(tmp_path, *rows) as state:
        assert state.contracts == {CALL.tradingsymbol: other}
        assert state.known == DayState()


def test_state_is_written_when_it_is_another_and_once(tmp_path: Path) -> None:
    killed = CarryOver(killed=True)
    with state_of(tmp_path) as state:
        assert list(state.changed(CarryOver(), input_no=1, ts=1)) == []
        [written] = state.changed(killed, input_no=2, ts=2)
        expected = DayState(date=TODAY, input_no=2, carry=killed)
        assert written == state_operation(expected, ts=2)
        assert state.known == expected
        moved = msgspec.structs.replace(killed, until=9, excursions={"V3-1": (1, 2)})
        assert list(state.changed(moved, input_no=3, ts=3)) == []
        assert len(list(state.changed(CarryOver(), input_no=4, ts=4))) == 1


def test_a_state_operation_says_its_version_and_what_is_unusual(tmp_path: Path) -> None:
    carry = CarryOver(
        killed=True, strategies_off=["a", "b"], disabled={"c": 1},
        settlements=[("NIFTY", TODAY, 1, 2)], settling=["V3-1", "V3-2"],
    )  # fmt: skip
    detail = state_operation(DayState(date=TODAY, carry=carry), ts=1).detail
    assert detail["version"] == 1
    assert detail["text"] == (
        "kill switch on; strategies off: a, b; strategies disabled by their errors: c; "
        "1 official closes known; 2 positions wait for an official close"
    )
    assert DayState().text() == "no switch is set"


@pytest.mark.parametrize(("detail", "match"), [
    ({"version": 2, "state": "{}"}, "a state in it is of version 2, this program reads 1"),
    ({"version": 1, "state": "{"}, "a state in it cannot be read"),
    ({"state": "{}"}, "a state in it is of version None"),
])  # fmt: skip
def test_state_that_is_not_understood_is_refused(
    tmp_path: Path, detail: dict[str, Any], match: str
) -> None:
    with (
        pytest.raises(JournalCorrupt, match=match),
        state_of(tmp_path, Operation(ts=1, kind="state", detail=detail)),
    ):
        pass


def test_commands_after_the_newest_state_are_folded_into_it(tmp_path: Path) -> None:
    said = (command("kill_switch"), command("strategy_off", "b"), command("strategy_off", "a"))
    carry = obeyed(tmp_path, *said).carry
    assert (carry.killed, carry.strategies_off) == (True, ["a", "b"])


def test_a_strategy_that_was_switched_on_again_is_neither_off_nor_disabled(tmp_path: Path) -> None:
    before = CarryOver(strategies_off=["a", "b"], disabled={"a": 1, "c": 2})
    carry = obeyed(tmp_path, command("strategy_on", "a"), carry=before).carry
    assert (carry.killed, carry.strategies_off, carry.disabled) == (False, ["b"], {"c": 2})


def test_a_killed_account_stays_killed_whatever_else_is_said(tmp_path: Path) -> None:
    said = command("strategy_off", "a")
    assert obeyed(tmp_path, said, carry=CarryOver(killed=True)).carry.killed


@pytest.mark.parametrize("said", [
    command("kill_switch", input_no=5), command("kill_switch", input_no=4),
    command("kill_switch", input_no=None), command("kill_switch") | {"target": None},
])  # fmt: skip
def test_a_command_that_the_state_has_or_that_is_none_changes_nothing(
    tmp_path: Path, said: dict[str, Any]
) -> None:
    assert not obeyed(tmp_path, said).carry.killed


def test_a_command_of_the_next_day_begins_with_its_state(tmp_path: Path) -> None:
    before = CarryOver(killed=True, strategies_off=["a"])
    state = obeyed(
        tmp_path, command("strategy_off", "b"), ts=START + 86_400_000_000_000, carry=before
    )
    assert state.date == "2026-11-19"
    assert (state.carry.killed, state.carry.strategies_off) == (False, ["b"])


def test_a_command_of_an_older_date_leaves_the_date(tmp_path: Path) -> None:
    before = CarryOver(killed=True)
    state = obeyed(
        tmp_path, command("strategy_off", "b"), ts=START - 86_400_000_000_000, carry=before
    )
    assert (state.date, state.carry.killed) == (TODAY, True)
