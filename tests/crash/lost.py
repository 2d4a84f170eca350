"""A5: recordings lost and journals harmed, many cases in one process; and files cut in trading."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

from daemon.errors import ExitCode, JournalCorrupt
from tests.crash.cases import Stage, judge
from tests.crash.cases import digests as digests_of
from tests.crash.damaged_bytes import HARMS
from tests.crash.errors import HALTS_WITHIN_S
from tests.crash.figures import Figure
from tests.crash.live import paced
from tests.crash.places import (
    LATEST_S,
    PACE_S,
    ending_of,
    harm_in_trading,
    must_halt,
)
from tests.crash.zygote import Ended, Zygote
from tests.kit.account_harm import (
    cut,
    cut_before_an_input,
    digests,
    flipped,
    journal_files,
    removed,
    started,
)
from tests.kit.account_life import command, live, ticks, told, write_account

COMMANDS: Final = (("kill_switch", ""), ("strategy_off", "one"), ("strategy_off", "two"))
LOSSES: Final = (removed, cut, cut_before_an_input, flipped)
CUT: Final = ("journal.db-wal", "head")


def lost_recordings(figure: Figure, cases: int, seed: int) -> None:
    """A command, a kill, a lost recording, a start: who was switched off has no fill."""
    figure.seeds.append(seed)
    for number in range(cases):
        draw = random.Random(f"{seed} {number}")
        (name, target), harm = draw.choice(COMMANDS), draw.choice(LOSSES)
        at = draw.randrange(20, 60)
        crash = draw.randrange(at + 1, 130)
        with tempfile.TemporaryDirectory(prefix="crash-lost-") as directory:
            place, crashed = Path(directory) / "whole", Path(directory) / "crashed"
            place.mkdir()
            write_account(place)
            given = [*ticks(0, at), command(at, name, target), *ticks(at, crash)]
            live(place, given, crashed=crashed)
            before = told(crashed)
            harm(crashed, draw)
            live(crashed, ticks(crash, 180))
            after = told(crashed)
        filled = {each.order_id for each in after.fills(after=len(before.events))}
        traded = {each.strategy_id for each in after.created() if each.order_id in filled}
        off = {"one", "two"} if name == "kill_switch" else {target}
        wrong = [f"{each} traded, and was off" for each in sorted(traded & off)]
        if not after.kinds("not_run_again") and harm is not flipped:
            wrong.append("nothing says that the recording was lost")
        intents = [(each.strategy_id, each.due_ts or each.ts) for each in after.created()]
        if len(set(intents)) != len(intents):
            wrong.append("an intent had its turn twice")
        case = f"{name} {target} at row {at}, killed at {crash}, {harm.__name__}, case {number}"
        figure.case(f"{case}, seed {seed}", wrong, harm.__name__)


def harmed_journal(figure: Figure, cases: int, seed: int) -> None:
    """A start on a harmed journal: 65 and untouched, or the same as on the whole one."""
    figure.seeds.append(seed)
    with tempfile.TemporaryDirectory(prefix="crash-journal-") as directory:
        base = Path(directory)
        stopped, killed = base / "stopped", base / "killed"
        stopped.mkdir()
        write_account(stopped)
        given = [*ticks(0, 60), command(60, "strategy_off", "one"), *ticks(60, 120)]
        live(stopped, given, crashed=killed)
        whole: dict[Path, bytes] = {}
        for state in (stopped, killed):
            shutil.copytree(state, base / "copy")
            expected = started(base / "copy")
            assert isinstance(expected, bytes), expected
            whole[state] = expected
            shutil.rmtree(base / "copy")
        for number in range(cases):
            draw = random.Random(f"{seed} {number}")
            state, harm = draw.choice((stopped, killed)), draw.choice(HARMS)
            place = base / "harmed"
            shutil.copytree(state, place)
            path = draw.choice(journal_files(place))
            data = bytearray(path.read_bytes())
            harm(draw, data)
            path.write_bytes(data)
            kept, outcome, wrong = digests(place), started(place), []
            ending = "the same"
            if isinstance(outcome, JournalCorrupt):
                ending = f"refused with {ExitCode.JOURNAL_CORRUPT}"
                wrong += [] if digests(place) == kept else ["refused, and files were touched"]
            elif outcome != whole[state]:
                wrong.append("another recovery, unnoticed")
            shutil.rmtree(place)
            figure.case(f"{state.name}: {harm.__name__} of {path.name}, seed {seed} case {number}",
                        wrong, ending)  # fmt: skip


def cut_in_trading(stage: Stage, zygote: Zygote, figure: Figure, cases: int, seed: int) -> None:
    """The WAL or the head file is cut to half while it trades."""
    figure.seeds.append(seed)
    for number in range(cases):
        name = CUT[number % len(CUT)]
        later = random.Random(f"{seed} {number}").uniform(0, LATEST_S)
        with stage.place() as place:
            job = paced(stage, place, PACE_S)
            path = job.account / name
            harmed, since = harm_in_trading(job, zygote, later, partial(_halve, path))
            wrong = must_halt(place, harmed, since, figure)
            if harmed.code != ExitCode.JOURNAL_IO:
                wrong.append(f"ended with {harmed.code}, expected {ExitCode.JOURNAL_IO}")
            figure.worst_s = max(figure.worst_s, harmed.took_s)
            if harmed.took_s > HALTS_WITHIN_S:
                wrong.append(f"took {harmed.took_s:.2f} s to halt")
            wrong += _then(stage, zygote, place, harmed)
        figure.case(f"{name} cut after {later:.3f} s, seed {seed} case {number}", wrong,
                    ending_of(harmed))  # fmt: skip


def _then(stage: Stage, zygote: Zygote, place: Path, harmed: Ended) -> list[str]:
    """The next start refuses and touches nothing, or nothing is missing."""
    account = stage.job(place).account
    kept = digests_of(account)
    after = zygote.run(stage.job(place))
    if after.code != ExitCode.JOURNAL_CORRUPT:
        return judge(stage, zygote, place, harmed).wrong
    return [] if digests_of(account) == kept else ["refused, and the files were touched"]


def _halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)
