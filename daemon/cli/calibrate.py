"""`run_fno_paper calibrate`: a broker's files against recordings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from daemon.cli.journal import open_run
from daemon.errors import UsageError
from daemon.files.replace import replace_file
from daemon.journal.history import history_of
from daemon.lab.calibrate.calibrate import Given, calibrate
from daemon.lab.calibrate.calibration import Calibration
from daemon.lab.calibrate.decisions import Decision, decisions_of
from daemon.lab.calibrate.order_history import read_order_histories
from daemon.lab.calibrate.page import render_page
from daemon.lab.calibrate.text import calibration_text
from daemon.lab.calibrate.tradebook import read_tradebooks
from daemon.settings.config import Config, FeedConfig, ReplayConfig, ReplayFile
from daemon.settings.file import load_config


class Named(NamedTuple):
    """What the command line names: recordings, and files of real orders."""

    config: Path | None
    replay: Sequence[str]
    lake: Path | None
    tradebooks: Sequence[Path]
    orders: Sequence[Path]
    decisions: str
    out: Path


def measure(named: Named, *, apply_offset: bool, data_dir: Path | None) -> Calibration:
    """Return how wrong paper is. Raises UsageError, ConfigError, FeedError or JournalCorrupt."""
    if bool(named.tradebooks) == bool(named.orders):
        raise UsageError("calibrate: expected --tradebook FILE, or --orders FILE")
    if named.orders and named.decisions:
        raise UsageError(
            "calibrate: --decisions goes with --tradebook; an order history says itself when "
            "orders were sent"
        )
    config = _recordings(named)
    files = [str(path) for path in (*named.tradebooks, *named.orders)]
    reading = (
        read_tradebooks(named.tradebooks)
        if named.tradebooks
        else read_order_histories(named.orders)
    )
    given = Given(files, reading, _decisions(named))
    return calibrate(config, given, apply_offset=apply_offset, data_dir=data_dir)


def _decisions(named: Named) -> list[Decision] | None:
    if not named.decisions:
        return None
    with open_run(named.decisions, named.out) as store:
        return decisions_of(history_of(store))


def _recordings(named: Named) -> Config:
    """Return the configuration of what is read: a file's, or that of the named recordings."""
    if named.replay and named.lake is not None:
        raise UsageError("calibrate: expected --replay FILE or --lake DIR, not both")
    if named.config is not None:
        laid_over: dict[str, object] = {}
        if named.replay or named.lake is not None:
            laid_over = {
                "feed.replay.files": [{"path": path} for path in named.replay],
                "feed.replay.lake": "" if named.lake is None else str(named.lake),
            }
        return load_config(named.config, {"feed.kind": "replay", **laid_over})
    if named.lake is not None:
        replay = ReplayConfig(lake=str(named.lake))
    elif named.replay:
        replay = ReplayConfig(files=[ReplayFile(path=path) for path in named.replay])
    else:
        raise UsageError("calibrate: expected --replay FILE, --lake DIR or --config FILE")
    return Config(feed=FeedConfig(kind="replay", replay=replay))


def text_of(found: Calibration) -> str:
    """Return the outcome for a terminal."""
    return calibration_text(found)


def json_of(found: Calibration) -> str:
    """Return the outcome as JSON, without a line end."""
    return msgspec.json.format(msgspec.json.encode(found)).decode()


def write_page(found: Calibration, to: Path) -> Path:
    """Write the page in one step; return its path. Raises UsageError if it cannot be written."""
    try:
        replace_file(to, render_page(found).encode("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"{to}: cannot be written: {error.strerror}") from error
    return to
