"""Random scenarios through the engine's exchange and its oracle."""

from __future__ import annotations

import pytest

from tests.kit.tiers import in_every_run
from tests.oracle.exchange_compare import describe, differs, find_driver
from tests.oracle.exchange_random import random_scenario

DRIVER = find_driver()

pytestmark = pytest.mark.random


@pytest.mark.parametrize("seed", in_every_run(150))
def test_the_exchange_goes_as_its_oracle_says(seed: int) -> None:
    assert DRIVER is not None
    scenario = random_scenario(seed)
    if differs(DRIVER, scenario):
        pytest.fail(f"seed {seed}\n{describe(DRIVER, scenario)}", pytrace=False)
