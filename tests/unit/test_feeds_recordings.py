"""The real recordings and the example configurations that play them."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import numpy as np
import pytest

from daemon.settings.config import Config
from feeds.replay import Recording
from feeds.stream.quality import DataQuality

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("FNO_DATA") or ROOT.parent / "shared" / "data")
EXAMPLES = ROOT / "configs" / "examples"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="the recordings are not here: set FNO_DATA to their directory"
)


def example(name: str) -> Config:
    return msgspec.yaml.decode((EXAMPLES / f"{name}.yaml").read_bytes(), type=Config)


def read(config: Config) -> tuple[Recording, list[int], dict[str, int]]:
    recording = Recording(config.feed.replay, config.universe, data_dir=DATA)
    rows = np.zeros(len(recording.universe), dtype=np.int64)
    quality = DataQuality()
    for block in recording.blocks():
        assert (block.instrument >= 0).all()
        rows += np.bincount(block.instrument, minlength=len(rows))
        quality.observe(block)
    return recording, rows.tolist(), quality.counters() | recording.counts()


def test_kite_ticks_of_8_october_2025() -> None:
    recording, rows, quality = read(example("kite-nifty-2025-10-08"))
    assert rows == [42_483, 33_961, 26_868]
    assert recording.universe[0].is_index
    assert quality["longest_stall_s"] == 1156
    assert quality["flood_seconds"] >= 3
    assert quality["flood_rows"] > 5000


def test_full_ticks_of_15_december_2025() -> None:
    recording, rows, quality = read(example("upstox-banknifty-2025-12-15"))
    assert rows == [25_906, 26_219, 28_590, 28_254, 24_723, 35_187, 11_445]
    assert [each.tick_paise for each in recording.universe] == [5, 5, 5, 5, 5, 10, 10]
    assert quality["crossed_rows"] == 0
    assert quality["one_sided_rows"] == 143 + 1 + 3 + 18 - 2 * 4  # four rows have neither
    assert quality["backward_volume_rows"] >= 12
    assert quality["duplicate_rows"] >= 1717 + 1803 + 2147 + 2106 + 1409


def test_option_candles_of_december_2023() -> None:
    config = example("banknifty-options-2023-12")
    recording, rows, quality = read(config)
    assert sum(rows) + 4 * quality["untraded_candles"] == 4 * 4 * 9000
    assert quality["widened_candles"] == 13 + 8 + 14 + 7
    assert quality["untraded_candles"] <= 6808 + 6291 + 6076 + 5369
    assert all(each.lot_size == 15 for each in recording.universe)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*-20*.yaml")), ids=lambda path: path.stem)
def test_an_example_trades_contracts_of_its_universe_in_whole_lots(path: Path) -> None:
    config = example(path.stem)
    universe = Recording(config.feed.replay, config.universe, data_dir=DATA).universe
    assert all(each.has_contract_row for each in universe)
    for strategy in config.strategies.items:
        for symbol in strategy.symbols:
            index = universe.index_of(symbol)
            assert index is not None
            assert universe[index].is_option
            assert strategy.params["quantity"] % universe[index].lot_size == 0
