"""History before the first tick."""

from __future__ import annotations

from pathlib import Path

from daemon.domain.dates import parse_ts
from daemon.rules import load_rulebook
from daemon.runtime.build import build
from daemon.runtime.warmup import history
from daemon.settings.file import load_config
from feeds.contracts.universe import as_config

SAMPLE = Path("configs/sample.yaml")


def test_a_replay_that_starts_late_is_warmed_by_the_rows_before_its_start() -> None:
    config = load_config(SAMPLE, {"feed.replay.start": "2026-11-18T10:00:00"})
    parts = build(config)
    candles = history(config, parts.feed.universe, load_rulebook(), parts.strategies)
    future = [each for each in candles if each.tradingsymbol == "NIFTY26NOVFUT"]
    assert len(future) == 45
    assert future[-1].end_ts == parse_ts("2026-11-18T10:00:00")


def test_a_whole_replay_has_no_history() -> None:
    config = load_config(SAMPLE)
    parts = build(config)
    assert history(config, parts.feed.universe, load_rulebook(), parts.strategies) == []


def test_warmup_files_give_the_candles_of_their_whole_sessions() -> None:
    files = [{"path": "configs/sample_session.parquet"}]
    config = load_config(SAMPLE, {"feed.replay.warmup": files})
    parts = build(config)
    candles = history(config, parts.feed.universe, load_rulebook(), parts.strategies)
    future = [each for each in candles if each.tradingsymbol == "NIFTY26NOVFUT"]
    assert len(future) > 370
    assert future[-1].end_ts == parse_ts("2026-11-18T15:40:00")


def test_a_universe_written_out_and_built_again_is_the_same() -> None:
    parts = build(load_config(SAMPLE))
    again = as_config(parts.feed.universe)
    assert [each.tradingsymbol for each in again] == list(parts.feed.universe.symbols)
    assert [each.lot_size for each in again] == [each.lot_size for each in parts.feed.universe]
