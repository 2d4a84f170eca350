"""The table of feed kinds is the only place that tells one kind from another by its nature."""

from __future__ import annotations

import ast
from typing import Any, get_args, get_type_hints

import pytest

from daemon.domain.ticks import Ticks
from daemon.errors import ConfigError
from daemon.runtime.build import build_feed
from daemon.runtime.configured_rules import load_rules
from daemon.runtime.feed_kinds import KINDS, kind_of
from daemon.settings.config import Config, ExecutionConfig, FeedConfig, ReplayConfig, ReplayFile
from tests.kit.source import ROOT, modules


def test_the_table_has_every_kind_that_a_configuration_may_name() -> None:
    assert set(KINDS) == set(get_args(get_type_hints(FeedConfig)["kind"]))


def test_only_the_kite_feed_is_live() -> None:
    assert {name for name, kind in KINDS.items() if kind.is_live} == {"kite"}


def test_a_live_feed_has_the_speed_of_the_clock() -> None:
    assert kind_of(FeedConfig(kind="kite")).speed(FeedConfig(kind="kite")) == "1"


def test_a_live_feed_cannot_be_made_for_reading() -> None:
    config = Config(feed=FeedConfig(kind="kite"))
    with pytest.raises(ConfigError, match=r"feed\.kind: kite is a live feed"):
        build_feed(config, load_rules(config))


@pytest.mark.parametrize("speed", ["max", "1000000"])
@pytest.mark.parametrize("fill_mode", ["mid", "depth"])
async def test_a_replay_has_the_depth_that_its_map_of_quotes_or_its_exchange_needs(
    speed: str, fill_mode: Any
) -> None:
    path = str(ROOT / "configs" / "sample_depth.parquet")
    replay = ReplayConfig(files=[ReplayFile(path=path)], speed=speed, end="2026-11-18T09:15:05")
    execution = ExecutionConfig(fill_mode=fill_mode)
    config = Config(feed=FeedConfig(kind="replay", replay=replay), execution=execution)
    feed = build_feed(config, load_rules(config))
    blocks = [each async for each in feed.inputs() if isinstance(each, Ticks)]
    assert blocks
    assert {each.depth is not None for each in blocks} == {speed != "max" or fill_mode == "depth"}
    assert {each.day is not None for each in blocks} == {speed != "max"}


def test_no_module_outside_the_kite_room_compares_with_its_name() -> None:
    wrong = [
        f"{module.path}:{node.lineno}"
        for module in modules()
        if not module.name.startswith("feeds.kite")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
        if any(isinstance(each, ast.Constant) and each.value == "kite" for each in ast.walk(side))
    ]
    assert wrong == []
