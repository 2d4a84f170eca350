"""S3: many variants in one pass come to what each comes to alone."""

from __future__ import annotations

import gc
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from daemon.clockwork.followed_rows import BlockInWork, FollowedPart
from daemon.domain.candle import Candle
from daemon.domain.events import TradingEvent
from daemon.exchange.row_columns import Window
from daemon.export.columns import Column, Kind, Row, Rows
from daemon.export.parquet_file import PACKED_ROWS, ArrowRows, arrow_table
from daemon.lab.alone import run_alone, run_apart
from daemon.lab.configured import configured
from daemon.lab.one_pass import run_variants, sample_of
from daemon.lab.outcome import Outcome
from daemon.lab.outcomes import Outcomes
from daemon.lab.simulate import simulate
from daemon.lab.variant_fold import VariantFold
from daemon.market.shared_market import GroupedRows
from daemon.runtime.one_pass import Pass, entries_by_data
from daemon.settings.config import Config
from strategies.strategy import Actions, View
from tests.kit.tiers import with_more_in_ci
from tests.lab.variants import Dice, base, drawn

FIGURES = (
    "net_paise", "gross_paise", "days", "drawdown", "ratios", "figures", "exposure",
    "return_on_peak_margin", "doubt",
)  # fmt: skip


def told(outcome: Outcome) -> Any:
    assert outcome.told is not None, outcome.cause
    return outcome.told


def assert_equal(config: Config, outcome: Outcome) -> int:
    """Compare with a single run in every number; return how many trades there were."""
    alone, ours = told(run_alone(config)), told(outcome)
    assert ours.events_hash == alone.events_hash
    assert ours.trades.equals(alone.trades)
    for name in FIGURES:
        assert getattr(ours, name) == getattr(alone, name), name
    return int(ours.trades.num_rows)


SMALL = ("sample_depth", 0, "09:45:00", 3)
LARGE = [
    (sample, seed, "10:30:00", 6)
    for sample in ("sample_session", "sample_depth")
    for seed in range(1, 4)
]


@pytest.mark.random
@pytest.mark.parametrize("batch", with_more_in_ci(SMALL, more=LARGE))
def test_s3_results_equal_single_runs(batch: tuple[str, int, str, int]) -> None:
    sample, seed, end, count = batch
    rng, start = random.Random(seed), base(sample, end)
    variants = [drawn(start, rng) for _ in range(count)]
    outcomes = run_variants(variants)
    traded = sum(
        assert_equal(config, outcome) for config, outcome in zip(variants, outcomes, strict=True)
    )
    assert traded > 0
    assert not any("touch" in outcome.warning for outcome in outcomes)


@pytest.fixture(scope="module")
def start() -> Config:
    return base("sample_session", "09:40:00")


def with_strategy(config: Config, **item: Any) -> Config:
    item = {"id": "own", "symbols": ["NIFTY26NOVFUT"], **item}
    return configured(config, {"strategies.list": [item]})


def dice(config: Config, seed: int = 3, overrides: Mapping[str, Any] | None = None) -> Config:
    item = {"module": "tests.lab.variants", "class": "Dice", "params": {"seed": seed}}
    return configured(with_strategy(config, **item), overrides or {})


def test_s3_variants_of_other_data_have_a_pass_of_their_own(start: Config) -> None:
    variants = [
        dice(start),
        dice(start, overrides={"feed.replay.end": "2026-11-18T09:30:00"}),
        dice(start, overrides={"execution.candle_grace_ms": 1_000}),
        dice(start, overrides={"execution.stale_after_s": 2}),
        with_strategy(start, module="tests.lab.variants", timeframe="3m", **{"class": "Dice"}),
    ]
    heard: dict[int, Outcome] = {}
    outcomes = run_variants(variants, on_done=heard.__setitem__)
    assert [heard[place] for place in range(len(variants))] == outcomes
    for config, outcome in zip(variants, outcomes, strict=True):
        assert_equal(config, outcome)


def test_n3_a_variant_of_a_pass_tells_exposure_and_return_on_peak_margin(start: Config) -> None:
    rich = {"capital_rupees": 5_000_000.0}
    variants = [dice(start), dice(start, overrides=rich), dice(start, seed=4, overrides=rich)]
    for config, outcome in zip(variants, run_variants(variants), strict=True):
        alone = simulate(config)
        assert told(outcome).exposure == alone.exposure
        assert 0 < told(outcome).exposure < 1
        assert told(outcome).return_on_peak_margin == alone.return_on_peak_margin
        assert (alone.return_on_peak_margin is None) == (config.capital_rupees is None)


def test_s3_a_variant_that_fails_ends_nothing_but_itself(
    start: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = with_strategy(start, module="strategies.no_such", **{"class": "Nothing"})
    broken = dice(start, seed=5, overrides={"capital_rupees": 1.0})
    found = VariantFold.add

    def add(self: VariantFold, event: TradingEvent) -> None:
        if self.capital_rupees == 1.0:
            raise RuntimeError("two\nlines")
        found(self, event)

    monkeypatch.setattr(VariantFold, "add", add)
    outcomes = run_variants([dice(start), wrong, broken, dice(start, seed=4)])
    assert [outcome.status for outcome in outcomes] == ["done", "failed", "failed", "done"]
    assert outcomes[1].cause.startswith("strategy 'own': module: no module named")
    assert outcomes[2].cause == "RuntimeError: two lines"
    assert_equal(dice(start), outcomes[0])


def test_s3_data_that_cannot_be_read_end_all_variants_of_them(start: Config) -> None:
    gone = configured(start, {"feed.replay.files": [{"path": "gone.parquet"}]})
    outcomes = run_variants([gone, configured(gone, {"execution.slippage_bps": 1}), dice(start)])
    assert [outcome.status for outcome in outcomes] == ["failed", "failed", "done"]
    assert "gone.parquet" in outcomes[0].cause
    assert "\n" not in outcomes[0].cause


def test_s3_errors_of_a_strategy_are_told_and_end_no_run(start: Config) -> None:
    raising = with_strategy(start, module="tests.lab.variants", **{"class": "Raises"})
    for outcome in run_variants([raising, dice(start)])[:1]:
        assert outcome.status == "done"
        assert outcome.warning.startswith("strategy own: ")
        assert outcome.warning.endswith(" errors, the first ValueError: not today")


def test_s3_the_variant_that_is_run_alone_is_always_the_same(start: Config) -> None:
    variants = {place: dice(start, seed=place) for place in range(5)}
    assert len({sample_of(dict(variants)) for _ in range(3)}) == 1
    others = {sample_of({**variants, 9: dice(start, seed=seed)}) for seed in range(40)}
    assert len(others) > 1


class Counts(Dice):
    """Trades as long as few candles were shown to all of its objects together."""

    shown: ClassVar[list[int]] = []

    def on_candle(self, candle: Candle, view: View) -> Actions:
        self.shown.append(candle.end_ts)
        return super().on_candle(candle, view) if len(self.shown) < 20 else None


def test_s3_variants_that_touch_each_other_are_refused_and_the_strategy_is_named(
    start: Config,
) -> None:
    Counts.shown.clear()
    given = with_strategy(
        start, module=Counts.__module__, params={"chance": 0.9}, **{"class": "Counts"}
    )
    variants = [given, configured(given, {"execution.slippage_bps": 1})]
    outcomes = run_variants(variants, classes={"own": Counts})
    assert {outcome.status for outcome in outcomes} == {"failed"}
    assert outcomes[0].cause.startswith("variants_touch_each_other: strategy own (tests.lab.")
    assert "module of its own" in outcomes[0].cause


SHARING = """
from tests.lab.variants import Dice

SHOWN = []


class Sharing(Dice):
    def on_candle(self, candle, view):
        SHOWN.append(candle.end_ts)
        return super().on_candle(candle, view) if len(SHOWN) < 20 else None
"""


@pytest.mark.ci
def test_s3_variants_that_touch_each_other_are_run_again_one_by_one(
    start: Config, tmp_path: Path
) -> None:
    (tmp_path / "sharing_globals.py").write_text(SHARING, encoding="utf-8")
    start = configured(start, {"strategies.path": [str(tmp_path)]})
    item = {"module": "sharing_globals", "class": "Sharing", "params": {"chance": 0.9}}
    variants = [
        with_strategy(start, **item),
        configured(with_strategy(start, **item), {"execution.slippage_bps": 1}),
    ]
    outcomes = run_variants(variants)
    for config, outcome in zip(variants, outcomes, strict=True):
        assert outcome.status == "done"
        expected = "variants_touch_each_other: strategy own (sharing_globals) keeps something"
        assert outcome.warning.startswith(expected)
        assert told(outcome).events_hash == told(run_apart(config)).events_hash
        assert told(outcome).trades.num_rows > 0


def test_s3_trades_are_columns_soon_and_the_table_is_the_same() -> None:
    columns = (Column("name"), Column("net", Kind.MONEY))
    rows: list[Row] = [(f"T{number}", None if number % 7 else number) for number in range(600)]
    packed = ArrowRows(columns)
    for row in rows:
        packed.add(row)
        assert packed.waiting < PACKED_ROWS
    assert packed.table().equals(arrow_table(Rows(columns, iter(rows))))


def test_s3_no_block_outlives_its_turn(start: Config) -> None:
    variants = [dice(start, seed) for seed in (3, 8)]
    (entries,) = entries_by_data(list(enumerate(variants)), Outcomes(), None)
    made = Pass(entries, Outcomes(entries))
    gc.collect()
    gc.disable()  # what is in a circle would wait for a collection
    try:
        made.run()
        alive = Counter(type(each) for each in gc.get_objects())
    finally:
        gc.enable()
    assert alive[BlockInWork] == alive[FollowedPart] == alive[Window] == 0
    assert alive[GroupedRows] <= 1
