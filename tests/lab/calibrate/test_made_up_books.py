"""K5: what is known of made-up books is found in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.lab.calibrate.fill_rules import PROFILES
from daemon.lab.calibrate.paper_prices import LATENCIES_MS
from tests.lab.calibrate.kit import calibrated
from tests.lab.calibrate.made_up_books import Terms

DAILY = (("bid_ask", 300), ("depth", 0))


def terms_of(seed: int) -> Terms:
    """Return the terms of a book: rules, errors and lots in turns."""
    rule = PROFILES[seed % len(PROFILES)]
    return Terms(
        seed, rule=rule, error_ticks=seed % 5 - 1, noise_ticks=1, days=6 + seed % 7,
        lots=4 if rule == "depth" else 1,
    )  # fmt: skip


def is_covered(seed: int, directory: Path) -> bool:
    terms = terms_of(seed)
    found = calibrated(terms, directory)
    rule = next(rule for rule in found.rules if rule.profile == terms.rule)
    return rule.low_ticks <= terms.error_ticks <= rule.high_ticks


@pytest.mark.ci
def test_k5_known_errors_of_ten_books_are_covered(tmp_path: Path) -> None:
    assert sum(is_covered(seed, tmp_path) for seed in range(10)) >= 9


@pytest.mark.by_hand
def test_k5_known_errors_of_sixty_books_are_covered_in_85_percent(tmp_path: Path) -> None:
    covered = sum(is_covered(seed, tmp_path) for seed in range(60))
    assert covered >= 0.85 * 60


@pytest.mark.parametrize(
    ("rule", "latency_ms"),
    [
        pytest.param(rule, latency, marks=() if (rule, latency) in DAILY else pytest.mark.ci)
        for rule in PROFILES
        for latency in LATENCIES_MS
    ],
)
def test_k5_latency_is_exact_from_30_decisions(rule: str, latency_ms: int, tmp_path: Path) -> None:
    terms = Terms(latency_ms, rule=rule, latency_ms=latency_ms, days=5, lots=4, minutes=4)
    found = calibrated(terms, tmp_path, with_decisions=True)
    assert found.orders == 30
    assert found.suggestion.latency_ms == latency_ms
    assert rule in (found.suggestion.nearest_mode, *found.suggestion.alike_modes)


def test_k1_a_tradebook_alone_says_nothing_of_latency(tmp_path: Path) -> None:
    found = calibrated(Terms(1, days=5, minutes=4), tmp_path)
    assert {rule.latency_ms for rule in found.rules} == {0}
    assert found.suggestion.nearest_latency_ms is None
    assert any("no latency is estimated" in note for note in found.notes)


def test_orders_beyond_the_best_level_are_measured_too(tmp_path: Path) -> None:
    found = calibrated(Terms(2, lots=60, days=5, minutes=4), tmp_path)
    means = {rule.profile: rule.figures.ticks.mean for rule in found.rules}
    assert found.orders == 30
    assert not found.omissions
    assert means["depth"] < means["bid_ask"] - 1  # walking the book costs more than its best level
