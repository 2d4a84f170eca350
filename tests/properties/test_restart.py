"""A fresh engine on the folded ledger goes on as the old one would have."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.events import TradingEvent, decode_event, encode_event
from daemon.domain.ledger import Ledger
from tests.kit.market import Market
from tests.properties.test_symmetries import Story, course, stories, want


def walk(market: Market, story: Story, steps: range) -> None:
    for step in steps:
        market.tick(story.prices[step] / 100)
        for entry in story.entries:
            if entry.step == step:
                want(market, entry, story.prices[step], mirrored=False, times=1)


def folded(events: list[TradingEvent]) -> Ledger:
    """The ledger of events that went through the journal."""
    ledger = Ledger()
    for event in events:
        ledger.apply(decode_event(encode_event(event)))
    return ledger


def settings_of(story: Story) -> dict[str, Any]:
    return {"trail_step_r": story.trail_step_r, "partial_exit_when": story.when}


@settings(max_examples=150, deadline=None, print_blob=True)
@given(stories(), st.data())
def test_a_restart_at_any_tick_changes_nothing(story: Story, data: st.DataObject) -> None:
    whole = Market(**settings_of(story))
    walk(whole, story, range(len(story.prices)))
    cut = data.draw(st.integers(0, len(story.prices)), label="ticks before the restart")
    first = Market(**settings_of(story))
    walk(first, story, range(cut))
    second = Market(ledger=folded(first.events), **settings_of(story))
    second.now = first.now
    walk(second, story, range(cut, len(story.prices)))
    second.events = first.events + second.events
    assert course(second) == course(whole)
    assert msgspec.json.encode(folded(second.events)) == msgspec.json.encode(second.engine.ledger)
    assert second.realized == whole.realized
