"""Logarithm and normal distribution, beside other people's and beside themselves."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest

from daemon.pricing.exactly import FAR, log, normal_cdf, normal_pdf
from tests.pricing.vectors import LOGARITHMS, NORMAL


def grid() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.arange(-1100, 1101) / 128 + 0.0013


@pytest.mark.parametrize(("x", "distribution", "density"), NORMAL)
def test_the_normal_distribution_is_mpmaths(x: float, distribution: float, density: float) -> None:
    at = np.array([x])
    assert normal_cdf(at)[0] == pytest.approx(distribution, abs=2.5e-16, rel=0)
    assert normal_pdf(at)[0] == pytest.approx(density, abs=2.5e-15, rel=0)


@pytest.mark.parametrize(("x", "expected"), LOGARITHMS)
def test_the_logarithm_is_mpmaths(x: float, expected: float) -> None:
    assert log(np.array([x]))[0] == pytest.approx(expected, rel=5e-16, abs=0)


def test_the_distribution_is_the_c_librarys_everywhere() -> None:
    expected = np.array([0.5 * math.erfc(-x / math.sqrt(2)) for x in grid()])
    assert np.abs(normal_cdf(grid()) - expected).max() < 4e-16


def test_the_distribution_never_falls_and_is_0_and_1_far_away() -> None:
    assert (np.diff(normal_cdf(grid())) >= -1e-16).all()
    ends = normal_cdf(np.array([-np.inf, -FAR - 1, FAR + 1, np.inf]))
    assert ends.tolist() == [0.0, 0.0, 1.0, 1.0]
    assert normal_pdf(np.array([-np.inf, -FAR, FAR, np.inf])).tolist() == [0.0] * 4


def test_numbers_of_every_machine_are_these_bits() -> None:
    """Only sums, products, quotients and roots are used, which IEEE 754 rounds one way."""
    found = (normal_cdf(grid()), normal_pdf(grid()), log(np.abs(grid()) + 0.01))
    bits = hashlib.sha256(b"".join(numbers.tobytes() for numbers in found)).hexdigest()
    assert bits == "9e98e3133698d785c70a3d3f3cf51087e6e3e20cf0de19b4da0aab052da7614c"


def test_a_shape_changes_no_bit() -> None:
    whole = normal_cdf(grid())
    alone = [normal_cdf(np.array([x]))[0] for x in grid()]
    assert whole.tolist() == alone
    assert normal_cdf(np.stack((grid(), grid())))[1].tolist() == alone
