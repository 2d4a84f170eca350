"""W6, chain: strikes around the money with quotes, Greeks and what is held, when asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from daemon.domain.instrument import Universe
from daemon.pricing.black76 import YEAR_SECONDS, values
from daemon.report.fold import RunFold
from daemon.web.fold.book import Book
from daemon.web.panels.chain import AROUND, chain_panel
from daemon.web.panels.view import View
from tests.kit.web import Page
from tests.oracle.plan_compare import run_engine, universe_of
from tests.oracle.plan_kit import DAY, NEXT_WEEKLY, WEEKLY, Script, straddle
from tests.oracle.plan_scenario import moment
from tests.web.plan_view import Quotes, book_of, quote, view_of

NOW = moment(DAY, "11:00")
CLOSE = moment(WEEKLY, "15:30")
SPOT = 24_012.0
VOLATILITY = 0.15
pytestmark = pytest.mark.anyio


def universe() -> Universe:
    return universe_of(Script().setup)


def priced(strike: int, sign: float) -> int:
    """The value of an option at the volatility, paise, to the step."""
    years = np.array((CLOSE - NOW) / 1e9 / YEAR_SECONDS)
    given = (np.array(SPOT), np.array(float(strike)), years, np.array(VOLATILITY), np.array(sign))
    return round(float(values(*given)) * 20) * 5


def view_at(book: Book | None = None, age_s: int = 0) -> View:
    market = Quotes(universe(), NOW)
    market.known["NIFTY"] = quote(round(SPOT * 100), NOW)
    for strike in range(23_500, 24_550, 50):
        for kind, sign in (("CE", 1.0), ("PE", -1.0)):
            ltp = priced(strike, sign)
            sides = {"bids": ((ltp - 5, 65),), "asks": ((ltp + 5, 65),)}
            given = quote(ltp, NOW - age_s * 1_000_000_000, oi=strike, **sides)
            market.known[f"{strike}{kind}"] = given
    return view_of(book or Book(RunFold()), market)


def rows_of(panel: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return {row["strike_paise"] // 100: row for row in panel["rows"]}


def test_the_strikes_around_the_money_have_quotes_and_the_greeks_of_their_prices() -> None:
    panel = chain_panel(view_at(), "", "")
    assert (panel["underlying"], panel["expiry"]) == ("NIFTY", WEEKLY.isoformat())
    assert NEXT_WEEKLY.isoformat() in panel["expiries"]
    assert (panel["spot_paise"], panel["atm_paise"]) == (2_401_200, 2_400_000)
    rows = rows_of(panel)
    assert list(rows) == list(range(23_500, 24_501, 50))[: 2 * AROUND + 1]
    assert [strike for strike, row in rows.items() if row["is_atm"]] == [24_000]
    for strike in (23_900, 24_000, 24_100):
        for kind, sign in (("ce", 1.0), ("pe", -1.0)):
            side = rows[strike][kind]
            assert side["iv"] == pytest.approx(VOLATILITY, abs=0.002)
            assert sign * side["delta"] > 0
            assert (side["ask_paise"] - side["bid_paise"], side["oi"]) == (10, strike)
        both = rows[strike]["ce"]["delta"] - rows[strike]["pe"]["delta"]
        assert both == pytest.approx(1.0, abs=0.01)


def test_a_price_that_is_too_old_has_no_greeks() -> None:
    rows = rows_of(chain_panel(view_at(age_s=61), "NIFTY", WEEKLY.isoformat()))
    side = rows[24_000]["ce"]
    assert (side["iv"], side["delta"], side["age_ms"]) == (None, None, 61_000)
    assert side["ltp_paise"] == priced(24_000, 1.0)


def test_an_expiry_without_quotes_shows_its_strikes_and_dashes() -> None:
    panel = chain_panel(view_at(), "NIFTY", NEXT_WEEKLY.isoformat())
    side = rows_of(panel)[24_000]["pe"]
    assert panel["expiry"] == NEXT_WEEKLY.isoformat()
    assert (side["ltp_paise"], side["iv"], side["oi"], side["own"]) == (None,) * 4


def test_what_is_held_is_marked_with_its_sign() -> None:
    script = Script(straddle()).at("09:19:58")
    script.rows({"NIFTY": 24_000.0, "24000CE": 200.0, "24000PE": 180.0})
    events = run_engine(script.at("09:20:00").rows({"NIFTY": 24_000}).at("09:25").clock().scenario)
    rows = rows_of(chain_panel(view_at(book_of(events)), "", ""))
    assert (rows[24_000]["ce"]["own"], rows[24_000]["ce"]["own_lots"]) == (-65, -1)
    assert (rows[24_000]["pe"]["own"], rows[24_050]["ce"]["own"]) == (-65, None)


def test_a_name_that_is_not_there_shows_the_first_that_is() -> None:
    panel = chain_panel(view_at(), "SENSEX", "2030-01-01")
    assert (panel["underlying"], panel["expiry"]) == ("NIFTY", WEEKLY.isoformat())


def test_without_options_there_is_an_empty_chain() -> None:
    panel = chain_panel(view_of(Book(RunFold()), Quotes([], NOW)), "", "")
    assert (panel["underlyings"], panel["expiry"], panel["rows"]) == ([], None, [])


async def test_the_route_answers_to_a_session_alone(page: Page) -> None:
    assert (await page.ask("/api/chain")).status == 401
    who = await page.login()
    assert (await page.get("/api/chain", who))["rows"] == []
    assert (await page.ask("/api/chain?expiry=%3Cb%3E", **who)).status == 400


async def test_a_round_that_is_not_there_is_a_404(page: Page) -> None:
    who = await page.login()
    for name in ("p-20261118-1", "p", "p-20261118-1%27"):
        assert (await page.ask(f"/api/round/{name}", **who)).status == 404, name
