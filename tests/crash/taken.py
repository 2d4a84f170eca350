"""A3: what the daemon writes is removed, moved or cannot be opened any more while it trades."""

from __future__ import annotations

import itertools
import random
import resource
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from daemon.errors import ExitCode
from tests.crash.cases import Stage, digests, judge, missing_now, whole_of
from tests.crash.errors import complaints
from tests.crash.figures import Figure
from tests.crash.live import AT_ONCE_S, paced
from tests.crash.places import (
    LATEST_S,
    PACE_S,
    ending_of,
    harm_in_trading,
    must_halt,
)
from tests.crash.rig import Job, read_seen
from tests.crash.zygote import Ended, Zygote
from tests.kit.cli import metrics_of
from tests.kit.written_directories import remove_written

FEWEST: Final = 8
"""With fewer the interpreter itself does not start."""
LEAKY: Final = ((resource.RLIMIT_NOFILE, 256),)


class Taking(NamedTuple):
    """How something is taken away, and what the next start is to make of it."""

    what: str
    take: Callable[[Job], None]
    then: Callable[[Stage, Zygote, Path, Ended], list[str]]


def anew(stage: Stage, zygote: Zygote, place: Path, harmed: Ended) -> list[str]:
    """Nothing is left: a new account, which comes to the same."""
    (place / "observed").unlink()
    return judge(stage, zygote, place, harmed).wrong


def back(stage: Stage, zygote: Zygote, place: Path, harmed: Ended) -> list[str]:
    """It is put back where it was, and nothing is missing."""
    out = stage.job(place).out
    shutil.rmtree(out, ignore_errors=True)  # the metrics file may have been written once more
    (place / "moved").rename(out)
    return judge(stage, zygote, place, harmed).wrong


def refused(stage: Stage, zygote: Zygote, place: Path, harmed: Ended) -> list[str]:
    """Half an account is none: said in a line, and nothing is touched."""
    account = stage.job(place).account
    kept = digests(account)
    after = zygote.run(stage.job(place))
    wrong = [] if digests(account) == kept else ["refused, and the files were touched"]
    if after.code != ExitCode.JOURNAL_CORRUPT or after.err.count("run_fno_paper: ") != 1:
        wrong.append(f"the next start ended with {after.code}: {after.err[-600:]}")
    return wrong


def kept(stage: Stage, zygote: Zygote, place: Path, harmed: Ended) -> list[str]:
    """The journal is whole and has all that was shown; the inputs are gone with the recording."""
    job = stage.job(place)
    whole_of(job.account)
    return missing_now(job, read_seen(place / "observed"), metrics_of(job.out).get("seq", 0))


def _move(job: Job) -> None:
    job.out.rename(Path(job.place) / "moved")


def _move_recordings(job: Job) -> None:
    (job.account / "recordings").rename(Path(job.place) / "moved")


TAKINGS: Final = (
    Taking("account removed", lambda job: remove_written(job.account), anew),
    Taking("output removed", lambda job: remove_written(job.out), anew),
    Taking("output moved", _move, back),
    Taking("journal removed", lambda job: (job.account / "journal.db").unlink(), refused),
    Taking("WAL removed", lambda job: (job.account / "journal.db-wal").unlink(), refused),
    Taking("head removed", lambda job: (job.account / "head").unlink(), refused),
    Taking("recordings removed", lambda job: remove_written(job.account / "recordings"), kept),
    Taking("recordings moved", _move_recordings, kept),
)


def taken_away(stage: Stage, zygote: Zygote, figure: Figure, cases: int, seed: int) -> None:
    """Directories and files are removed, or moved elsewhere, while they are written."""
    figure.seeds.append(seed)
    for number, taking in zip(range(cases), itertools.cycle(TAKINGS), strict=False):
        later = random.Random(f"{seed} {number}").uniform(0, LATEST_S)
        with stage.place() as place:
            job = paced(stage, place, PACE_S)
            harmed, since = harm_in_trading(job, zygote, later, partial(taking.take, job))
            wrong = must_halt(place, harmed, since, figure)
            wrong += taking.then(stage, zygote, place, harmed)
        name = f"{taking.what} after {later:.3f} s, seed {seed} case {number}"
        figure.case(name, wrong, ending_of(harmed))


def few_descriptors(stage: Stage, zygote: Zygote, figure: Figure, step: int = 1) -> None:
    """A run may open so many files and no more, for every number until one is enough."""
    for limit in itertools.count(FEWEST, step):
        with stage.place() as place:
            job = stage.job(place)
            limited = msgspec.structs.replace(job, limits=((resource.RLIMIT_NOFILE, limit),))
            harmed = zygote.run(limited)
            if harmed.code == 0:
                return
            figure.worst_s = max(figure.worst_s, harmed.took_s)
            wrong = [*complaints(harmed), *judge(stage, zygote, place, harmed).wrong]
            if harmed.took_s > AT_ONCE_S:
                wrong.append(f"took {harmed.took_s:.2f} s to refuse")
        figure.case(f"{stage.name} with {limit} descriptors", wrong, ending_of(harmed))


def no_descriptors(stage: Stage, zygote: Zygote, figure: Figure, cases: int, seed: int) -> None:
    """From some row on nothing can be opened; the journal is, so trading goes on to its end."""
    figure.seeds.append(seed)
    for number in range(cases):
        row = random.Random(f"{seed} {number}").randrange(stage.rows)
        with stage.place() as place:
            job = paced(stage, place, 0)
            leaky = msgspec.structs.replace(job, leak_at=row, limits=LEAKY)
            harmed = zygote.run(leaky)
            wrong = [*complaints(harmed), *judge(stage, zygote, place, harmed).wrong]
        figure.case(f"no descriptors from row {row}, seed {seed}", wrong, ending_of(harmed))
