"""What plans and strategies look at, live: their expiries are there, their windows subscribed."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from daemon.settings.config import (
    InstrumentConfig,
    OptionsConfig,
    UnderlyingConfig,
    UniverseConfig,
)
from feeds.kite.plan_universe import with_plans
from feeds.kite.strike_window import MOST_SUBSCRIBED, SpotWatchlist
from tests.plans.kit import decode, leg, straddle

WEEKLY = UnderlyingConfig(name="NIFTY", options=OptionsConfig())


def names(universe: UniverseConfig) -> list[tuple[str, str, list[str]]]:
    """(underlying, expiry, futures) of every entry."""
    return [
        (each.name, "" if each.options is None else each.options.expiry, list(each.futures))
        for each in universe.underlyings
    ]


@pytest.mark.parametrize(
    ("plan", "more"),
    [
        (straddle(), []),
        (straddle(enabled=False, underlying="BANKNIFTY"), []),
        (straddle(reference="future"), [("NIFTY", "", ["current"])]),
        (
            straddle(product="NRML", exit=None,
                     roll={"dte": 0, "at": "15:00", "to": "next_weekly"}),
            [("NIFTY", "next_weekly", [])],
        ),
        (
            straddle(underlying="BANKNIFTY", legs=[leg("ce", expiry="monthly")]),
            [("BANKNIFTY", "monthly", [])],
        ),
        (
            straddle(legs=[{"id": "f", "side": "buy", "type": "FUT", "expiry": "next_monthly",
                            "lots": 1}]),
            [("NIFTY", "", ["next"])],
        ),
    ],
)  # fmt: skip
def test_p8_the_universe_has_the_expiries_and_futures_that_plans_name(
    plan: dict[str, Any], more: list[tuple[str, str, list[str]]]
) -> None:
    universe = with_plans(UniverseConfig(underlyings=[WEEKLY]), [decode(plan)])
    assert names(universe) == [("NIFTY", "weekly", []), *more]


def test_p8_a_window_of_one_type_does_not_do_for_a_plan() -> None:
    calls = replace(WEEKLY, options=OptionsConfig(types=("CE",)))
    found = with_plans(UniverseConfig(underlyings=[calls]), [decode(straddle())])
    assert names(found) == [("NIFTY", "weekly", [])] * 2


def test_p8_plans_alone_are_a_universe_and_what_is_written_out_stays() -> None:
    plans = [decode(straddle())]
    assert names(with_plans(UniverseConfig(), plans)) == [("NIFTY", "weekly", [])]
    written = UniverseConfig(instruments=[InstrumentConfig(tradingsymbol="NIFTY26NOVFUT")])
    assert with_plans(written, plans) is written


def test_p8_what_plans_look_at_is_subscribed_and_gives_way_to_what_is_held() -> None:
    watch = SpotWatchlist(frozenset({0}), (), {}, mute=frozenset({7}))
    assert watch.wanted([3], [5, 7]) == {0, 3, 5}
    held = range(MOST_SUBSCRIBED - 2)
    found = watch.wanted(held, [20_000, 20_001, 20_002])
    assert len(found) == MOST_SUBSCRIBED
    assert found >= set(held) - {7}
    assert found >= {20_000, 20_001}
