"""A sample of `make crash` for every day: runs that are killed, failed, harmed and met by others.

Tracing needs strace and the right to use it; what cannot be done here says why it is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from daemon.domain.dates import ist_day
from daemon.domain.events import (
    ExchangeOrderMoved,
    GttMoved,
    RiskMoved,
    RoundMoved,
    decode_event,
)
from tests.crash.cases import GTT_STAGES, PLAN_STAGES, first_difference, missing_now
from tests.crash.damaged_bytes import harm_bytes
from tests.crash.errors import Planned, fail_at
from tests.crash.figures import Figure
from tests.crash.kills import KILLED, kill_at, sampled
from tests.crash.live import second_daemon, stalled_sync
from tests.crash.plan import Rig
from tests.crash.random_kills import kill_often
from tests.crash.rig import Seen, read_seen
from tests.crash.taken import no_descriptors, taken_away
from tests.crash.zygote import cannot_trace
from tests.kit.cli import operations_of

SEED = 20_261_129
traced = pytest.mark.skipif(bool(cannot_trace()), reason=cannot_trace() or "it can be traced")


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with Rig(tmp_path_factory.mktemp("crash")) as ready:
        yield ready


@pytest.fixture
def figure() -> Figure:
    return Figure("T1", "a sample")


def well(figure: Figure, cases: int) -> None:
    print(figure.row(), figure.seeds)
    assert not figure.failures, "\n".join(figure.failures)
    assert figure.cases == cases


def test_kill_9_at_random_instants_loses_nothing_and_doubles_nothing(
    rig: Rig, figure: Figure
) -> None:
    kill_often(rig.days, rig.zygote, figure, 3, SEED)
    well(figure, 3)


@traced
def test_a_run_killed_at_any_system_call_goes_on_as_if_it_had_not_been(rig: Rig) -> None:
    for stage, syscall, k in sampled(rig.stages.values()):
        verdict = kill_at(stage, rig.zygote, syscall, k)
        assert not verdict.wrong, (stage.name, syscall, k)
        assert verdict.harmed.code == KILLED, (stage.name, syscall, k)


@pytest.mark.ci
@traced
def test_a_gtt_fires_one_leg_wherever_the_run_was_killed(rig: Rig) -> None:
    """Over a night too; the judge compares every event with those of a run without a kill."""
    events = list(map(decode_event, rig.gtts[GTT_STAGES[-1]].whole.export.splitlines()))
    fired = [e for e in events if isinstance(e, GttMoved) and e.kind == "triggered"]
    assert len({event.gtt_id for event in fired}) == len(fired) > len(GTT_STAGES)
    assert len({ist_day(event.ts) for event in fired}) == len(GTT_STAGES)
    orders = [e for e in events if isinstance(e, ExchangeOrderMoved) and e.tag == "gtt"]
    assert {e.exchange_id for e in orders} == {event.exchange_id for event in fired}
    assert any(isinstance(e, RiskMoved) and e.reason == "daily_loss" for e in events)
    closes = [e for e in events if isinstance(e, ExchangeOrderMoved) and e.tag == "daily_loss"]
    assert any(event.fill for event in closes)  # of positions that GTTs had made
    for stage, syscall, k in sampled(rig.gtts.values()):
        verdict = kill_at(stage, rig.zygote, syscall, k)
        assert not verdict.wrong, (stage.name, syscall, k)
        assert verdict.harmed.code == KILLED, (stage.name, syscall, k)


@traced
@pytest.mark.ci
def test_a_round_goes_on_wherever_the_run_was_killed(rig: Rig) -> None:
    """Over a night too; the judge compares every event with those of a run without a kill."""
    events = list(map(decode_event, rig.plans[PLAN_STAGES[-1]].whole.export.splitlines()))
    moves = [event for event in events if isinstance(event, RoundMoved)]
    assert {"armed", "overall_stop", "reentry", "square_off", "plan_exit"} <= {
        event.reason for event in moves
    }
    over_night = [event.round for event in moves if event.reason == "plan_exit"]
    assert any(ist_day(event.ts) < ist_day(moves[-1].ts) for event in moves
               if event.round in over_night)  # fmt: skip
    for stage, syscall, k in sampled(rig.plans.values()):
        verdict = kill_at(stage, rig.zygote, syscall, k)
        assert not verdict.wrong, (stage.name, syscall, k)
        assert verdict.harmed.code == KILLED, (stage.name, syscall, k)


@traced
@pytest.mark.parametrize(
    ("stage", "syscall", "error", "when"),
    [
        ("live", "pwrite64", "EIO", "60"),
        pytest.param("live", "fdatasync", "EIO", "9", marks=pytest.mark.ci),
        ("live", "write", "ENOSPC", "12+"),
        ("recovery", "openat", "EROFS", "20+"),
        pytest.param("recovery", "openat", "EIO", "12", marks=pytest.mark.ci),
        pytest.param("next day", "fdatasync", "EIO", "2", marks=pytest.mark.ci),
        ("next day", "openat", "EIO", "28"),
        pytest.param("archive", "openat", "EIO", "16", marks=pytest.mark.ci),
        ("replay", "pwrite64", "EDQUOT", "30+"),
    ],
)
def test_a_call_that_fails_halts_the_run_at_once(
    stage: str, syscall: str, error: str, when: str, rig: Rig
) -> None:
    planned = Planned(error, when.lstrip("0123456789"), syscall)
    k = int(when.rstrip("+"))
    verdict, failed = fail_at(rig.stages[stage], rig.zygote, planned, k)
    assert failed is not None, "the call was never reached"
    assert not verdict.wrong


@traced
def test_harmed_bytes_are_detected_or_harmless(rig: Rig, figure: Figure) -> None:
    for number, stage in enumerate(("recovery", "next day")):
        harm_bytes(rig.stages[stage], rig.zygote, figure, 4, SEED + number)
    well(figure, 8)


@traced
def test_a_damaged_recording_of_yesterday_is_said_and_keeps_nobody_from_trading(rig: Rig) -> None:
    """Strategies are warmed from it; that is no reason not to start."""
    stage = rig.stages["next day"]
    with stage.place() as place:
        job = stage.job(place)
        (log,) = (job.account / "recordings").glob("*.inputs")
        data = bytearray(log.read_bytes())
        data[8] ^= 1
        log.write_bytes(data)
        ended = rig.zygote.run(job)
        assert ended.code == 0, ended.err
        said = [each.detail for each in operations_of(job.account) if each.kind == "history"]
    assert [each for each in said if log.name in str(each.get("problem"))]


def test_a_second_daemon_leaves_at_once_and_touches_nothing(rig: Rig, figure: Figure) -> None:
    second_daemon(rig.days[0], rig.zygote, rig.second, figure)
    well(figure, 1)


@traced
def test_a_sync_that_hangs_halts_the_run_after_the_stall_time(rig: Rig, figure: Figure) -> None:
    stalled_sync(rig.stages["live"], rig.zygote, figure, "head", 2)
    well(figure, 1)


@pytest.mark.ci
def test_an_account_that_is_taken_away_in_mid_run_halts_it(rig: Rig, figure: Figure) -> None:
    taken_away(rig.days[0], rig.zygote, figure, 2, SEED)
    well(figure, 2)


def test_without_descriptors_it_trades_to_the_end(rig: Rig, figure: Figure) -> None:
    no_descriptors(rig.days[0], rig.zygote, figure, 1, SEED)
    well(figure, 1)


def test_the_judge_misses_no_lost_and_no_altered_event(rig: Rig) -> None:
    """What is held against the journal would be found if it were not there."""
    stage = rig.days[0]
    job = stage.job(stage.kept)
    seen = read_seen(stage.kept / job.observer)
    last = seen[-1]
    assert not missing_now(job, seen, last.seq)
    assert missing_now(job, [*seen, Seen(0, last.seq + 1, last.digest)], 0)
    assert missing_now(job, [last._replace(seq=last.seq - 1)], 0)
    assert missing_now(job, [], last.seq + 1)
    assert first_difference(b"a\nb\n", b"a\nc\n").startswith("line 2")
