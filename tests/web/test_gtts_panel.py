"""The page lists GTTs that are not over: how far each trigger is, and which order it sends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.domain.gtt import GttTerms
from daemon.web.panels.gtts import gtts_panel
from daemon.web.sources.watched import Watched
from daemon.web.stream.follower import Follower
from daemon.web.stream.messages import market as market_message
from tests.broker.test_gtt import OCO, GttMarket, terms
from tests.kit.market import CALL
from tests.kit.web import write_journal
from tests.web.plan_view import Quotes, book_of, quote, view_of

BELOW, ABOVE = terms((95, 94.50)), terms((110, 109.50))


@pytest.fixture
def session() -> GttMarket:
    market = GttMarket()
    market.print_(100)
    return market


def rows(session: GttMarket, ltp: int | None = None) -> list[dict[str, Any]]:
    """Return the panel after all events; with a last price (paise) the contract has a quote."""
    quotes = Quotes(session.engine.universe, session.now)
    if ltp is not None:
        quotes.known[CALL] = quote(ltp, session.now)
    return gtts_panel(view_of(book_of(session.events), quotes))


def test_a_two_leg_gtt_shows_each_trigger_with_its_distance_and_its_order(
    session: GttMarket,
) -> None:
    session.place(OCO)
    [row] = rows(session, 100_00)
    at = session.now // 1_000_000
    leg = {"side": "SELL", "quantity": 65, "lots": 1, "product": "NRML"}
    assert row.pop("expires") > "2026"
    assert row == {
        "gtt": 1, "symbol": CALL, "kind": "two-leg", "state": "active", "words": None,
        "told_ms": at, "ltp_paise": 100_00,
        "legs": [
            {"when": "below", "trigger_paise": 95_00, "away_paise": 5_00, "away_share": 0.05,
             "price_paise": 94_50, **leg},
            {"when": "above", "trigger_paise": 110_00, "away_paise": 10_00, "away_share": 0.1,
             "price_paise": 109_50, **leg},
        ],
    }  # fmt: skip


@pytest.mark.parametrize("wanted", [OCO, BELOW, ABOVE])
def test_a_distance_is_used_up_exactly_where_the_trigger_fires(
    session: GttMarket, wanted: GttTerms
) -> None:
    session.place(wanted)
    for ltp in range(90_00, 115_00, 5):
        [row] = rows(session, ltp)
        reached = [n for n, leg in enumerate(row["legs"], 1) if leg["away_paise"] <= 0]
        assert reached == [n for n in [wanted.leg_at(ltp)] if n]
        assert all((leg["away_share"] is None) == (leg["away_paise"] <= 0) for leg in row["legs"])


def test_without_a_quote_nothing_is_said_of_the_distance(session: GttMarket) -> None:
    session.place(BELOW)
    [row] = rows(session)
    assert (row["kind"], row["ltp_paise"]) == ("single", None)
    assert [(leg["away_paise"], leg["away_share"]) for leg in row["legs"]] == [(None, None)]


def test_what_fired_or_was_deleted_is_gone_and_what_was_modified_has_its_new_terms(
    session: GttMarket,
) -> None:
    fires, _, changed, deleted = (session.place(each) for each in (BELOW, OCO, BELOW, ABOVE))
    session.modify(changed, terms((90, 89.50)))
    session.delete(deleted)
    session.print_(97)
    assert [row["gtt"] for row in rows(session)] == [fires, 2, changed]
    session.print_(95)
    [row] = rows(session, 95_00)
    assert (row["gtt"], row["legs"][0]["trigger_paise"]) == (changed, 90_00)


def test_a_paused_gtt_stays_and_says_why(session: GttMarket) -> None:
    session.place(OCO)
    session.command("kill_switch")
    [row] = rows(session)
    assert (row["state"], row["words"]) == ("disabled", "the kill switch was pulled")


def test_the_market_moves_the_distances_and_a_start_later_has_the_same_list(
    session: GttMarket, tmp_path: Path
) -> None:
    session.place(OCO)
    directory = tmp_path / "runs/one"
    with write_journal(directory, session.events):
        follower = Follower(Watched(directory=directory, out=tmp_path))
        shown = follower.step(session.now)
        follower.close()
    moved = msgspec.json.decode(market_message(shown).partition(b"data: ")[2])
    [row] = moved["gtts"]
    assert [leg["trigger_paise"] for leg in row["legs"]] == [95_00, 110_00]
    assert moved["gtts"] == msgspec.json.decode(shown.panels["gtts"])
