"""The judge of the soak: what grows, leaks or cannot be judged is not passed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.soak.__main__ import figures_of
from tests.soak.days import Sample, Weighed

HOURS = [number / 12 for number in range(1, 121)]
WARM_UP_H = 2.0


def weighed(sample: Callable[[float], Sample]) -> Weighed:
    return Weighed(samples=[sample(each) for each in HOURS], days=1)


def passed(sample: Callable[[float], Sample]) -> bool:
    return bool(figures_of(weighed(sample), WARM_UP_H, 1.0)["passed"])


def test_what_stays_passes_and_so_does_growth_while_it_warms_up() -> None:
    assert passed(lambda hours: Sample(hours, 100, 10, 20))
    assert passed(lambda hours: Sample(hours, 100 + min(hours, WARM_UP_H) * 50, 10, 20))


def test_a_descriptor_that_comes_and_goes_is_no_leak() -> None:
    assert passed(lambda hours: Sample(hours, 100, 10 + (round(hours * 12) % 3 == 0), 20))


@pytest.mark.parametrize(
    "sample",
    [
        lambda hours: Sample(hours, 100 + 1.1 * hours, 10, 20),
        lambda hours: Sample(hours, 100, 10 + int(hours / 3), 20),
        lambda hours: Sample(hours, 100, 10, 20 + int(hours / 3)),
    ],
    ids=["memory", "descriptors", "tasks"],
)
def test_what_grows_does_not_pass(sample: Callable[[float], Sample]) -> None:
    assert not passed(sample)


def test_a_descriptor_left_open_each_day_does_not_pass() -> None:
    of = weighed(lambda hours: Sample(hours, 100, 10, 20))
    of.between = [Sample(5, 100, 6, 0), Sample(10, 100, 7, 0)]
    assert not figures_of(of, WARM_UP_H, 1.0)["passed"]


def test_a_run_too_short_to_be_judged_is_no_pass() -> None:
    with pytest.raises(ValueError, match=r"unpack"):
        figures_of(Weighed(samples=[Sample(1.0, 100, 10, 20)]), WARM_UP_H, 1.0)
