"""Convert any recording that can be replayed to one native file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from daemon.domain.ticks import Ticks
from daemon.errors import FeedError
from daemon.files.replace import rename_durably
from daemon.settings.config import ReplayConfig, UniverseConfig
from feeds.contracts.facts import ContractLookup
from feeds.files.candle_files import SessionSpan
from feeds.files.native_writer import write_ticks
from feeds.files.recorded_files import file_error
from feeds.replay import Recording
from feeds.stream.quality import DataQuality


class ConvertReport(msgspec.Struct, frozen=True, kw_only=True):
    """The file that was written; `quality` counts anomalies in the data, `bytes` is its size."""

    path: str
    rows: int
    instruments: int
    bytes: int
    quality: dict[str, int]


def convert(
    config: ReplayConfig,
    out: Path,
    *,
    universe: UniverseConfig | None = None,
    contracts: ContractLookup | None = None,
    session: SessionSpan | None = None,
    data_dir: Path | None = None,
) -> ConvertReport:
    """Write the replay's rows to `out`, which appears only when it is complete.

    Raises FeedError or ConfigError as a replay would, and FeedError if `out` is an input or
    cannot be written.
    """
    recording = Recording(
        config, universe, contracts=contracts, session=session, data_dir=data_dir, depth=True,
        day=True,
    )  # fmt: skip
    if any(path.resolve() == out.resolve() for path in recording.paths()):
        raise file_error(out, "is one of the files to be converted", "choose another output")
    quality = DataQuality()

    def observed() -> Iterator[Ticks]:
        for block in recording.blocks():
            quality.observe(block)
            yield block

    groups = recording.groups()
    part = out.with_name(out.name + ".part")
    try:
        rows = write_ticks(
            part, recording.universe, observed(), walk=recording.has_candles,
            depth="depth" in groups, day="day" in groups,
        )  # fmt: skip
        rename_durably(part, out)
    except OSError as error:
        raise FeedError(f"{out}: cannot be written ({error}); choose another output") from error
    finally:
        part.unlink(missing_ok=True)
    return ConvertReport(
        path=str(out), rows=rows, instruments=len(recording.universe), bytes=out.stat().st_size,
        quality=quality.counters() | recording.counts(),
    )  # fmt: skip
