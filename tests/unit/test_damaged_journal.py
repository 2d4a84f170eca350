"""A start on a damaged journal: 65 with all files as they were, or what it would have been."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.errors import JournalCorrupt
from daemon.journal.snapshots import list_snapshots
from tests.crash.damaged_bytes import HARMS
from tests.kit.account_harm import digests, journal_files, started
from tests.kit.account_life import account_of, command, live, ticks, write_account

CASES = int(os.environ.get("FNO_CASES", "12"))
"""Of each state and kind of file; FNO_CASES in the environment asks for more."""


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What a kill leaves, all in the WAL; and a stop, all in the database with a snapshot.

    In both the day's inputs are run again and held against events before the snapshot.
    """
    killed, stopped = tmp_path_factory.mktemp("killed"), tmp_path_factory.mktemp("stopped")
    write_account(stopped)
    given = [*ticks(0, 60), command(60, "strategy_off", "one"), *ticks(60, 120)]
    live(stopped, given, crashed=killed / "crashed")
    assert list_snapshots(account_of(stopped))
    return {"killed": killed / "crashed", "stopped": stopped}


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
@pytest.mark.parametrize("state", ["killed", "stopped"])
def test_a_damaged_journal_is_refused_untouched_or_recovers_the_same(
    state: str,
    harm: Callable[[random.Random, bytearray], None],
    states: dict[str, Path],
    tmp_path: Path,
) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(states[state], whole)
    expected = started(whole)
    assert isinstance(expected, bytes)
    refused = 0
    for seed in range(CASES):
        place, draw = tmp_path / "harmed", random.Random(f"{state} {harm.__name__} {seed}")
        shutil.copytree(states[state], place)
        path = draw.choice(journal_files(place))
        data = bytearray(path.read_bytes())
        harm(draw, data)
        path.write_bytes(data)
        before = digests(place)
        outcome = started(place)
        if isinstance(outcome, JournalCorrupt):
            refused += 1
            assert "\n" not in str(outcome)
            assert digests(place) == before, (seed, path.name, "refused, but files were changed")
        else:
            assert outcome == expected, (seed, path.name, "another recovery, unnoticed")
        shutil.rmtree(place)
    assert refused
