"""GTTs on random days, over restarts and nights, go as their oracle says."""

from __future__ import annotations

from collections import Counter

import pytest

from daemon.domain.events import GttMoved
from tests.kit.tiers import seeds
from tests.oracle.gtt import Broker, Leg, Line, Place, Restart, Step, Terms, Tick, Wait
from tests.oracle.gtt_driver import Program, told
from tests.oracle.gtt_random import CONTRACTS, FAR, SESSIONS, Generator

pytestmark = pytest.mark.random


def true(seed: int) -> list[Line]:
    """Return what the oracle says."""
    broker = Broker(CONTRACTS, SESSIONS)
    broker.run(Generator(seed).steps)
    return broker.lines


@pytest.mark.parametrize("seed", seeds(60))
def test_gtts_wait_fire_and_end_as_their_oracle_says(seed: int) -> None:
    assert told(Program().run(Generator(seed).steps)) == true(seed)


def test_what_ended_over_the_night_is_told_with_the_time_of_the_first_input() -> None:
    """A process that begins with a GTT whose lot has changed has no time before its first input."""
    opens, later = SESSIONS[0][0], SESSIONS[1][0]
    terms = Terms(FAR, (Leg(19_000, "SELL", 65, 19_000, "NRML"),), 20_000)
    steps: list[Step] = [
        Wait(opens),
        Place(terms),
        Restart(later, {FAR: 75}),
        Tick(later, FAR, 20_000),
    ]
    last = Program().run(steps)[-1]
    assert isinstance(last, GttMoved)
    assert (last.reason, last.ts, last.input_no) == ("lot_size", later, 1)


def test_a_gtt_of_a_contract_lives_until_its_expiry_however_far_that_is() -> None:
    opens, later = SESSIONS[0][0], SESSIONS[-1][0]
    terms = Terms(FAR, (Leg(19_000, "SELL", 65, 19_000, "NRML"),), 20_000)
    steps: list[Step] = [Wait(opens), Place(terms), Wait(later), Tick(later + 1, FAR, 18_000)]
    assert [line[2] for line in told(Program().run(steps))] == ["created", "triggered", FAR]


def test_the_days_reach_every_status_and_refusal() -> None:
    lines = [line for seed in range(60) for line in true(seed) if line[1] != "order"]
    seen = Counter((kind, reason) for _, _, kind, reason, _, _ in lines)
    refused = {reason for kind, reason in seen if kind == "refused"}
    assert refused >= {
        "unknown_symbol", "not_tradable", "bad_gtt", "lot_size", "price_step", "bad_product",
        "trigger_already_met", "bad_level", "kill_switch", "not_active",
    }  # fmt: skip
    assert {kind for kind, _ in seen} >= {
        "created", "modified", "triggered", "deleted", "disabled", "cancelled", "expired",
    }  # fmt: skip
    assert {reason for kind, reason in seen if kind == "cancelled"} == {"expiry", "lot_size"}
