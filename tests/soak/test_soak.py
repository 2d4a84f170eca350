"""Two short days on one account: nothing of the first is left in the process."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from loguru import logger

from tests.simulation.run import fast_directory
from tests.soak.days import Soak, trading_days


@pytest.mark.ci
def test_days_on_one_account_leave_no_descriptor_and_no_task_behind(tmp_path: Path) -> None:
    logger.disable("daemon")
    with fast_directory(tmp_path) as place:
        soak = Soak(place)
        for date in (each for each in trading_days(4) if each.weekday() != 1):
            soak.day(date, opening=dt.time(15, 29))
    logger.enable("daemon")
    weighed = soak.weighed
    assert weighed.rows > 0
    assert weighed.days == 3
    assert len({each.descriptors for each in weighed.between}) == 1
    assert {each.tasks for each in weighed.between} == {0}


def test_whole_trading_days_are_taken() -> None:
    assert trading_days(6)[-1] > trading_days(5)[-1]
    assert all(each.weekday() < 5 for each in trading_days(5))
