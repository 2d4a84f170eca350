"""A process that dies at any input and comes back continues as if it had never stopped."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from daemon.domain.events import decode_event
from daemon.journal.recovery import check_fold
from daemon.journal.store import JournalStore
from tests.kit.drive import describe, inputs_of, run_engine
from tests.kit.restarts import Process
from tests.kit.scenario import random_scenario


def journal_lines(out: Path) -> list[bytes]:
    with JournalStore.open(out / "accounts" / "test") as store:
        store.verify()
        return list(store.event_lines())


@pytest.mark.parametrize("seed", range(40))
def test_a_session_with_restarts_gives_the_journal_of_one_without(
    seed: int, tmp_path: Path
) -> None:
    scenario = random_scenario(seed)
    rng = random.Random(seed)
    inputs = list(inputs_of(scenario, rng.choice((1, 3, 50))))
    expected, _ = run_engine(scenario, 1)
    every = rng.choice((1, 2, 5, 17, 60))
    process = Process(scenario, tmp_path, rng)
    lives = since = 0
    while process.taken < len(inputs):
        process.take(inputs[process.taken])
        since += 1
        if since >= every and lives < 60:
            process.crash()
            lives, since = lives + 1, 0
            before = process.taken
            process = Process(scenario, tmp_path, rng)
            assert process.taken <= before
    process.commit()
    check_fold(process.account.store, process.engine.ledger)
    process.stop()
    found = [decode_event(line) for line in journal_lines(tmp_path)]
    for ours, theirs in zip(found, expected, strict=False):
        assert ours == theirs, (describe(ours), describe(theirs))
    assert len(found) == len(expected)
