"""`run_fno_paper serve-ticks`: a recording in place of Kite, on this machine only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import anyio

from daemon.errors import UsageError
from daemon.process.signals import watch_signals
from daemon.report.text import count
from daemon.runtime.build import universe_to_read
from daemon.runtime.configured_rules import load_rules
from daemon.settings.config import Config, FeedConfig, ReplayConfig, ReplayFile
from daemon.settings.file import load_config
from feeds.kite.server.delivery import ServerStats
from feeds.kite.server.faults import FaultPlan
from feeds.kite.server.ticker_server import TickerServer
from feeds.replay import Recording


class Serving(NamedTuple):
    """How a recording is to be served."""

    port: int
    speed: str
    faults: FaultPlan
    wait: bool
    """Stand still while no client is subscribed."""


def what_to_serve(files: Sequence[str], config: Path | None) -> Config:
    """Return the configuration of a replay of `files`, or of what the configuration file names.

    Raises ConfigError, and UsageError if neither is given.
    """
    if config is not None:
        named = {"feed.replay.files": [{"path": path} for path in files]} if files else {}
        return load_config(config, {"feed.kind": "replay", **named})
    if not files:
        raise UsageError("serve-ticks: expected a recording, or --config FILE")
    replay = ReplayConfig(files=[ReplayFile(path=path) for path in files])
    return Config(feed=FeedConfig(kind="replay", replay=replay))


def serve(
    config: Config, how: Serving, *, say: Callable[[str], None], data_dir: Path | None = None
) -> None:
    """Serve the replay files of a configuration once, or until a signal.

    Says in one line where and what, and in one line what was sent. Raises ConfigError, FeedError
    or UsageError.
    """
    rules = load_rules(config)
    recording = Recording(
        config.feed.replay,
        universe_to_read(config, rules, data_dir),
        contracts=rules,
        data_dir=data_dir,
        depth=True,
        day=True,
    )
    if recording.has_candles:
        raise UsageError(
            "serve-ticks: candles cannot be served, their ticks are made by the engine that walks "
            "them; name a recording of ticks"
        )
    replay = config.feed.replay
    files = replay.lake or ", ".join(file.path for file in replay.files)
    what = f"{files} ({len(recording.universe)} instruments) at speed {how.speed}"
    anyio.run(_serve, recording, how, what, say, backend_options={"use_uvloop": True})


async def _serve(recording: Recording, how: Serving, what: str, say: Callable[[str], None]) -> None:
    server = TickerServer(
        recording.universe,
        recording.blocks(),
        port=how.port,
        speed=how.speed,
        faults=how.faults,
        wait_for_subscribers=how.wait,
    )
    async with server, anyio.create_task_group() as tasks:
        await tasks.start(watch_signals, lambda _: tasks.cancel_scope.cancel())
        say(f"{server.url} serves {what}")
        try:
            await server.finished()
            tasks.cancel_scope.cancel()
        finally:
            say(sent(server.stats, server.playlist.unplayable))


def sent(stats: ServerStats, unplayable: int) -> str:
    """Return what was sent, in one line."""
    odd = {
        "rows that no packet can carry": unplayable,
        "handshakes refused": stats.refused,
        "clients dropped because they read nothing": stats.stalled,
        "packets sent twice": stats.duplicated,
        "packets delayed": stats.delayed,
        "packets lost to faults": stats.destroyed_packets,
    }
    done = (
        f"sent {count(stats.packets)} packets in {count(stats.frames)} frames, connections: "
        f"{stats.connections}"
    )
    return "; ".join([done, *(f"{name}: {count(value)}" for name, value in odd.items() if value)])
