"""S3: many variants in one pass come to what each comes to alone."""

from __future__ import annotations

import random
from typing import Any

import pytest

from daemon.lab.alone import run_alone
from daemon.lab.one_pass import run_variants
from daemon.lab.outcome import Outcome
from daemon.settings.config import Config
from tests.kit.tiers import with_more_in_ci
from tests.lab.variants import base, drawn

pytestmark = pytest.mark.random


def told(outcome: Outcome) -> Any:
    assert outcome.told is not None, outcome.cause
    return outcome.told


def assert_equal(config: Config, outcome: Outcome) -> int:
    """Compare with a single run in every number; return how many trades there were."""
    alone, ours = told(run_alone(config)), told(outcome)
    assert ours.events_hash == alone.events_hash
    assert ours.trades.equals(alone.trades)
    for name in ("net_paise", "gross_paise", "days", "drawdown", "ratios", "figures", "doubt"):
        assert getattr(ours, name) == getattr(alone, name), name
    return int(ours.trades.num_rows)


SMALL = ("sample_depth", 0, "09:45:00", 3)
LARGE = [
    (sample, seed, "11:00:00", 8)
    for sample in ("sample_session", "sample_depth")
    for seed in range(1, 4)
]


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
