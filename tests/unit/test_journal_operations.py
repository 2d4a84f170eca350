"""Operations are shown so that a person understands them."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.journal.operations import KINDS, operation_line, operations_text
from daemon.journal.store import JournalMeta, JournalStore, Operation
from tests.kit.sample_events import START

META = JournalMeta(run_id="r", account="dev")
DETAILS: dict[str, dict[str, int | float | str | bool | None]] = {
    "start": {"version": "0.1.0", "feed": "kite", "instruments": 3},
    "stop": {"reason": "sigterm", "seq": 12},
    "recovered": {"seq": 12, "dropped_unfinished": 0, "from_snapshot": True},
    "gap": {"from_ts": START, "to_ts": START + 90_000_000_000, "reason": "daemon_down"},
    "feed_state": {"state": "stale", "age_s": 5.25},
    "clock_jump": {"by_ns": -3_000_000_000},
    "clock_behind": {"seconds": 3.5},
    "flood": {"dropped_rows": 5000},
    "history": {"tradingsymbol": "NIFTY26NOVFUT", "candles": 75},
    "config_change": {"setting": "risk.max_daily_loss", "old": None, "new": "5000"},
    "strategy_fault": {"strategy_id": "orb", "error": "ValueError: no"},
}


@pytest.mark.parametrize("kind", DETAILS)
def test_each_kind_says_what_happened_and_every_detail(kind: str) -> None:
    detail = DETAILS[kind]
    line = operation_line(Operation(ts=START, kind=kind, detail=detail))
    assert line.startswith("2026-11-18 09:20:00  " + kind)
    assert KINDS[kind] in line
    for value in detail.values():
        if isinstance(value, str):
            assert value in line
    assert not {"{", "\n"} & set(line)


def test_numbers_are_shown_with_their_units() -> None:
    gap = operation_line(Operation(ts=START, kind="gap", detail=DETAILS["gap"]))
    assert "from 2026-11-18 09:20:00 IST, to 2026-11-18 09:21:30 IST" in gap
    jump = operation_line(Operation(ts=START, kind="clock_jump", detail=DETAILS["clock_jump"]))
    assert "by -3 s" in jump
    state = operation_line(Operation(ts=START, kind="feed_state", detail=DETAILS["feed_state"]))
    assert "age s 5.25" in state
    change = operation_line(
        Operation(ts=START, kind="config_change", detail=DETAILS["config_change"])
    )
    assert "old none, new 5000" in change


def test_many_counters_are_shown_without_the_zeros() -> None:
    operation = Operation(
        ts=START, kind="stop", detail={f"counter_{each}": each % 2 for each in range(20)}
    )
    line = operation_line(operation)
    assert "counter 1 1" in line
    assert "counter 2 0" not in line


def test_a_kind_without_words_and_a_time_before_the_first_input_are_shown_too() -> None:
    line = operation_line(Operation(ts=0, kind="novel", detail={"a": True}))
    assert line.startswith("before any input")
    assert "novel" in line
    assert "a yes" in line


def test_the_newest_are_shown_in_order(tmp_path: Path) -> None:
    with JournalStore.create(tmp_path, META) as store:
        assert "(none)" in operations_text(store, 5)
        for number in range(9):
            operation = Operation(ts=START, kind="gap", detail={"number": number})
            store.append([], input_no=number, operations=[operation])
        shown = operations_text(store, 3).splitlines()
    assert [line[-8:] for line in shown[1:]] == ["number 6", "number 7", "number 8"]


@pytest.mark.parametrize(("details", "shown"), [(6, True), (7, False)])
def test_zeros_are_left_out_above_six_details(details: int, shown: bool) -> None:
    detail: dict[str, int | float | str | bool | None] = {"rows": 0}
    detail |= {f"number_{each}": each for each in range(1, details)}
    line = operation_line(Operation(ts=START, kind="stop", detail=detail))
    assert ("rows 0" in line) is shown
    assert f"number {details - 1} {details - 1}" in line
