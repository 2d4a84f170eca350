"""Which instruments a live day has, which are watched, and what is refused."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from msgspec.structs import replace

from daemon.domain.instrument import Instrument
from daemon.errors import ConfigError
from daemon.settings.config import (
    Config,
    InstrumentConfig,
    OptionsConfig,
    StrategiesConfig,
    StrategyConfig,
    UnderlyingConfig,
    UniverseConfig,
)
from daemon.settings.file import load_config
from feeds.contracts.aliases import resolve_alias, resolve_strategies
from feeds.contracts.lookup import Contracts
from feeds.kite.selection import Selection, exchanges_needed, select, spot_keys
from tests.kit.cli import ROOT
from tests.kit.kite_dump import (
    DAY,
    NIFTY_STRIKES,
    day_contracts,
    day_rows,
    over_on,
)  # fmt: skip

SPOT = 2_500_000
NIFTY = UnderlyingConfig(name="NIFTY", futures=["current"], options=OptionsConfig())
BANKNIFTY = UnderlyingConfig(name="BANKNIFTY", futures=["current", "next"])


def chosen(*underlyings: UnderlyingConfig, **more: Any) -> Selection:
    singles = [InstrumentConfig(tradingsymbol=each) for each in more.pop("singles", ())]
    config = more.pop("config", None) or UniverseConfig(
        underlyings=list(underlyings), instruments=singles
    )
    given = {"is_expired": over_on(DAY), "spots": {"NIFTY": SPOT}, **more}
    return select(config, given.pop("dump", None) or day_contracts(), **given)


def symbols(selection: Selection, indices: frozenset[int]) -> set[str]:
    return {selection.universe[each].tradingsymbol for each in indices}


def refused(*underlyings: UnderlyingConfig, **more: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        chosen(*underlyings, **more)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# what is chosen


def test_spot_and_futures_are_fixed_and_options_are_a_window() -> None:
    found = chosen(NIFTY, BANKNIFTY, singles=["RELIANCE/2611FUT"])
    assert symbols(found, found.fixed) == {
        "NIFTY 50", "NIFTY/2611FUT", "NIFTY BANK", "BANKNIFTY/2611FUT", "BANKNIFTY/2612FUT",
        "RELIANCE/2611FUT",
    }  # fmt: skip
    (window,) = found.windows
    assert window.label == "NIFTY 2026-11-23"
    assert found.universe[window.spot_index].tradingsymbol == "NIFTY 50"
    strikes = range(24_750, 25_251, 50)
    assert symbols(found, window.wanted) == {
        f"NIFTY/261123/{strike}{kind}" for strike in strikes for kind in ("CE", "PE")
    }
    assert len(found.universe) == len(found.fixed) + 2 * len(NIFTY_STRIKES)
    assert found.notes == ()


def test_only_the_wanted_types_are_in_the_universe() -> None:
    options = OptionsConfig(types=("PE",), strikes_each_side=1, expiry="next_weekly")
    found = chosen(UnderlyingConfig(name="NIFTY", options=options))
    assert symbols(found, found.windows[0].wanted) == {
        f"NIFTY/261201/{strike}PE" for strike in (24_950, 25_000, 25_050)
    }
    kinds = {each.instrument_type for each in found.universe}
    assert kinds == {"INDEX", "PE"}


def test_an_index_that_is_not_wanted_is_left_out() -> None:
    found = chosen(UnderlyingConfig(name="NIFTY", index=False, futures=["next"]))
    assert found.universe.symbols == ("NIFTY/2612FUT",)
    assert (found.spots, found.aliases) == ({}, {"NIFTY:FUT:next": "NIFTY/2612FUT"})


def test_two_expiries_of_one_underlying_are_two_windows_on_one_spot() -> None:
    monthly = UnderlyingConfig(name="NIFTY", options=OptionsConfig(expiry="next_monthly"))
    found = chosen(NIFTY, monthly)
    assert [each.label for each in found.windows] == ["NIFTY 2026-11-23", "NIFTY 2026-12-29"]
    watch = found.watchlist()
    assert watch.spots == {"NIFTY": 0}
    assert len(watch.wanted(())) == 2 + 22 + 22
    assert watch.follow(0, SPOT + 10_000)
    assert all(each.atm_paise == SPOT + 10_000 for each in found.windows)


def test_a_share_is_its_own_spot() -> None:
    options = OptionsConfig(expiry="monthly", strikes_each_side=2)
    found = chosen(UnderlyingConfig(name="RELIANCE", options=options), spots={"RELIANCE": 150_900})
    assert symbols(found, found.fixed) == {"RELIANCE"}
    assert found.universe[0].exchange == "NSE"
    assert found.windows[0].atm_paise == 150_000
    assert found.spots == {"RELIANCE": 0}


def test_a_window_without_a_spot_opens_at_the_first_tick() -> None:
    found = chosen(NIFTY, spots={})
    watch = found.watchlist()
    assert watch.wanted(()) == found.fixed
    assert watch.follow(found.spots["NIFTY"], SPOT)
    assert len(watch.wanted(())) == len(found.fixed) + 22


def test_the_order_of_the_dump_does_not_matter() -> None:
    rows = day_rows()
    random.Random(2).shuffle(rows)
    one, two = chosen(NIFTY, BANKNIFTY), chosen(NIFTY, BANKNIFTY, dump=Contracts(rows))
    assert one.universe.instruments == two.universe.instruments
    assert (one.fixed, one.spots, one.aliases) == (two.fixed, two.spots, two.aliases)
    assert one.windows[0].wanted == two.windows[0].wanted


def test_strikes_absurdly_far_from_the_spot_are_left_out() -> None:
    rows = day_rows()
    row = next(each for each in rows if each.is_option and each.name == "NIFTY")
    far = [
        replace(row, instrument_token=900_000 + n, tradingsymbol=f"F{n}", strike_paise=n * 5_000)
        for n in range(100, 1_100)
    ]
    found = chosen(NIFTY, dump=Contracts([*rows, *far]))
    strikes = {each.strike_paise for each in found.universe if each.is_option}
    assert len(strikes) == 401
    assert max(strikes) - SPOT <= 200 * 5_000


def test_a_symbol_that_is_also_named_alone_is_there_once_and_fixed() -> None:
    symbol = "NIFTY/261123/25000CE"
    found = chosen(NIFTY, singles=[symbol, "NIFTY 50"])
    assert symbol in symbols(found, found.fixed)
    assert found.universe.symbols.count(symbol) == 1


def test_what_is_written_out_wins_over_the_dump() -> None:
    written = InstrumentConfig(tradingsymbol="NIFTY/2611FUT", lot_size=75)
    found = chosen(config=UniverseConfig(underlyings=[NIFTY], instruments=[written]))
    at = found.universe.index_of("NIFTY/2611FUT")
    assert at is not None
    assert found.universe[at].lot_size == 75
    assert found.universe[at].expiry == "2026-11-23"


def test_an_index_that_no_table_knows_can_be_written_out() -> None:
    dump = Contracts([each for each in day_rows() if not each.is_index])
    assert "universe.underlyings[0].index: no index or share of NIFTY" in refused(NIFTY, dump=dump)
    written = InstrumentConfig(
        tradingsymbol="OURS", instrument_token=256265, segment="INDICES", name="NIFTY"
    )
    config = UniverseConfig(underlyings=[NIFTY], instruments=[written])
    for each in (dump, day_contracts()):
        found = chosen(config=config, dump=each)
        assert found.universe[found.spots["NIFTY"]].tradingsymbol == "OURS"
        assert found.windows[0].spot_index == found.spots["NIFTY"]
        assert found.aliases["NIFTY:INDEX"] == "OURS"


def test_single_symbols_alone_are_a_universe_with_their_spots() -> None:
    found = chosen(singles=["NIFTY/2611FUT", "NIFTY 50", "RELIANCE/2611FUT"])
    assert found.universe.symbols == ("NIFTY/2611FUT", "NIFTY 50", "RELIANCE/2611FUT")
    assert found.fixed == {0, 1, 2}
    assert found.spots == {"NIFTY": 1}


# positions from before


HELD = Instrument(
    instrument_token=77_770, tradingsymbol="NIFTY/OLD", name="NIFTY", expiry="2026-11-10"
)


def test_what_is_held_keeps_its_row_and_its_place_even_if_the_dump_lost_it() -> None:
    found = chosen(NIFTY, held=[HELD])
    at = found.universe.index_of("NIFTY/OLD")
    assert at is not None
    assert found.universe[at] == HELD
    assert at in found.fixed
    assert at in found.watchlist().wanted(())


def test_what_is_held_and_still_listed_has_the_row_of_today() -> None:
    row = next(each for each in day_rows() if each.tradingsymbol == "BANKNIFTY/2611FUT")
    found = chosen(NIFTY, BANKNIFTY, held=[replace(row, lot_size=15)])
    at = found.universe.index_of(row.tradingsymbol)
    assert at is not None
    assert found.universe[at] == row


def test_a_held_contract_whose_token_is_another_ones_now_is_not_asked_for() -> None:
    token = next(each for each in day_rows() if each.tradingsymbol == "NIFTY 50").instrument_token
    found = chosen(NIFTY, held=[replace(HELD, instrument_token=token)])
    at = found.universe.index_of("NIFTY/OLD")
    assert at is not None
    assert found.universe[at].instrument_token == -token
    assert at not in found.watchlist().wanted([at])


def test_a_recording_that_goes_on_keeps_its_universe() -> None:
    before = chosen(NIFTY, BANKNIFTY, held=[HELD])
    again = chosen(
        NIFTY, BANKNIFTY, known=before.universe.instruments, held=[HELD], spots={"NIFTY": 2_550_000}
    )
    assert again.universe.instruments == before.universe.instruments
    assert (again.fixed, again.spots, again.notes) == (before.fixed, before.spots, ())
    assert again.windows[0].atm_paise == 2_550_000


def test_what_a_recording_that_goes_on_does_not_have_is_told() -> None:
    before = chosen(NIFTY)
    closed = over_on(dt.date(2026, 11, 23), closed=True)
    again = chosen(NIFTY, known=before.universe.instruments, is_expired=closed)
    assert again.notes == (
        "universe: NIFTY/2612FUT, the options of NIFTY 2026-12-01: not among the instruments that"
        " today's recording began with, so not watched before tomorrow",
    )
    watch = again.watchlist()
    assert not watch.follow(0, SPOT)
    assert watch.wanted(()) == {0}


# what is refused


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("nifty", "(did you mean NIFTY?)"),
        ("NIFTTY", "(did you mean NIFTY or BANKNIFTY?)"),
        ("NIFTY 50", "(did you mean NIFTY?)"),
        ("nifty bank", "(did you mean BANKNIFTY?)"),
        ("XYZW", "day's dump; write"),
    ],
)
def test_an_unknown_underlying_is_refused_with_the_nearest(name: str, hint: str) -> None:
    said = refused(NIFTY, UnderlyingConfig(name=name))
    assert said.startswith(f"universe.underlyings[1].name: {name!r} has no futures or options")
    assert hint in said


def test_a_symbol_that_is_unknown_or_over_is_refused() -> None:
    said = refused(NIFTY, singles=["NIFTY 50", "NIFTY/2610FUT"])
    assert "universe.instruments[1].tradingsymbol: NIFTY/2610FUT is not in the day's dump" in said
    assert "it has expired, or is mistyped (did you mean NIFTY/2612FUT or NIFTY/2611FUT" in said
    assert "(did you mean RELIANCE or" in refused(singles=["reliance"], spots={})
    closed = over_on(dt.date(2026, 11, 23), closed=True)
    said = refused(singles=["NIFTY/2611FUT"], is_expired=closed)
    assert said == "universe.instruments[0]: NIFTY/2611FUT expired on 2026-11-23; take it out"


def test_a_symbol_of_two_exchanges_needs_its_exchange() -> None:
    said = refused(singles=["RELIANCE"])
    assert "RELIANCE is listed on NSE, BSE; write its `exchange`" in said
    one = InstrumentConfig(tradingsymbol="RELIANCE", exchange="BSE")
    found = chosen(config=UniverseConfig(instruments=[one]))
    assert found.universe[0].exchange == "BSE"
    share = UnderlyingConfig(name="RELIANCE", futures=["current"])
    said = refused(config=UniverseConfig(underlyings=[share], instruments=[one]))
    assert "RELIANCE is wanted of NSE and of BSE" in said


def test_an_instrument_that_kite_cannot_be_asked_for_is_refused() -> None:
    written = InstrumentConfig(tradingsymbol="NIFTY/2613FUT", lot_size=65)
    said = refused(config=UniverseConfig(instruments=[written]))
    assert "NIFTY/2613FUT is not in the day's dump (did you mean" in said
    assert "no instrument_token is written" in said


def test_a_written_token_of_another_instrument_is_refused() -> None:
    token = next(each for each in day_rows() if each.tradingsymbol == "NIFTY 50").instrument_token
    written = InstrumentConfig(tradingsymbol="X", instrument_token=token, lot_size=1)
    said = refused(config=UniverseConfig(underlyings=[NIFTY], instruments=[written]))
    assert f"NIFTY 50 and X have the same instrument_token {token}" in said


def test_futures_and_expiries_that_are_not_there_name_their_place() -> None:
    bank = UnderlyingConfig(name="BANKNIFTY", options=OptionsConfig())
    assert refused(NIFTY, bank).startswith("universe.underlyings[1].options.expiry: BANKNIFTY has")
    far = UnderlyingConfig(name="SENSEX", futures=["current", "far"])
    assert refused(far).startswith("universe.underlyings[0].futures[1]: SENSEX has no 'far' future")


def test_a_type_that_the_expiry_does_not_have_is_refused() -> None:
    dump = Contracts([each for each in day_rows() if each.instrument_type != "PE"])
    puts = UnderlyingConfig(name="NIFTY", options=OptionsConfig(types=("PE",)))
    assert "options.types: NIFTY 2026-11-23 has no PE in the dump" in refused(puts, dump=dump)


def test_nothing_to_watch_is_refused() -> None:
    assert "needs `underlyings` or `instruments`" in refused()


def test_more_than_kite_sends_is_refused() -> None:
    futures = [
        Instrument(
            instrument_token=(70_000 + n) * 256 + 2,
            tradingsymbol=f"F{n}",
            name="F",
            expiry="2026-11-23",
        )
        for n in range(1, 9_001)
    ]
    dump = Contracts([*day_rows(), *futures])
    singles = [each.tradingsymbol for each in futures]
    assert len(chosen(singles=singles, dump=dump).fixed) == 9_000
    said = refused(NIFTY, singles=singles, dump=dump)
    assert "universe: 9,024 instruments at a time, but Kite sends at most 9,000" in said


# what is asked of Kite first


def test_the_dumps_and_the_quotes_that_are_needed() -> None:
    sensex = UnderlyingConfig(name="SENSEX", options=OptionsConfig())
    config = UniverseConfig(underlyings=[NIFTY, BANKNIFTY, sensex, UnderlyingConfig(name="NO")])
    assert spot_keys(config, day_contracts()) == {"NIFTY": "NSE:NIFTY 50", "SENSEX": "BSE:SENSEX"}
    assert exchanges_needed(config) == ("NFO", "NSE", "BFO", "BSE")
    assert exchanges_needed(UniverseConfig(underlyings=[NIFTY])) == ("NFO", "NSE")
    single = InstrumentConfig(tradingsymbol="X", exchange="BFO")
    assert "BFO" in exchanges_needed(UniverseConfig(instruments=[single]))


# aliases


def test_an_alias_is_the_symbol_of_the_day() -> None:
    aliases = chosen(NIFTY, BANKNIFTY).aliases
    assert aliases == {
        "NIFTY:INDEX": "NIFTY 50",
        "NIFTY:FUT:current": "NIFTY/2611FUT",
        "BANKNIFTY:INDEX": "NIFTY BANK",
        "BANKNIFTY:FUT:current": "BANKNIFTY/2611FUT",
        "BANKNIFTY:FUT:next": "BANKNIFTY/2612FUT",
    }
    assert resolve_alias("NIFTY:FUT:current", aliases) == "NIFTY/2611FUT"
    for text in ("NIFTY26NOVFUT", "NIFTY 50", "09:20", "15:00:00", "a: INDEX", ""):
        assert resolve_alias(text, aliases) == text


def strategies(*items: StrategyConfig) -> Config:
    return Config(strategies=StrategiesConfig(items=list(items)))


def test_strategies_are_given_the_symbols_of_the_day() -> None:
    one = StrategyConfig(
        id="one", module="m", class_="C", symbols=["NIFTY:FUT:current", "TCS"],
        params={"at": "09:20", "hedge": "NIFTY:INDEX", "n": 3, "legs": [{"a": "NIFTY:INDEX"}]},
    )  # fmt: skip
    off = StrategyConfig(id="off", module="m", class_="C", symbols=["X:INDEX"], enabled=False)
    config = strategies(one, off)
    done = resolve_strategies(config, chosen(NIFTY).aliases)
    assert done.strategies.items[0].symbols == ["NIFTY/2611FUT", "TCS"]
    assert done.strategies.items[0].params == {
        "at": "09:20", "hedge": "NIFTY 50", "n": 3, "legs": [{"a": "NIFTY 50"}],
    }  # fmt: skip
    assert done.strategies.items[1] == off
    assert config.strategies.items[0] is one


def test_an_alias_of_nothing_is_refused_with_the_nearest() -> None:
    one = StrategyConfig(id="one", module="m", class_="C", symbols=["NIFTY:FUT:next"])
    with pytest.raises(ConfigError) as caught:
        resolve_strategies(strategies(one), chosen(NIFTY).aliases)
    assert str(caught.value) == (
        "strategies.list[0] (one): 'NIFTY:FUT:next' is not what universe.underlyings names (did you"
        " mean NIFTY:FUT:current?); name it there, or write one of:"
        " NIFTY:FUT:current, NIFTY:INDEX"
    )
    with pytest.raises(ConfigError, match="write one of: none"):
        resolve_alias("NIFTY:INDEX", {})


def test_the_shipped_live_configuration_means_what_it_says() -> None:
    config = load_config(ROOT / "configs/live.yaml")
    rows = day_rows()
    vix = replace(rows[0], tradingsymbol="INDIA VIX", name="INDIA VIX", instrument_token=264969)
    found = select(config.universe, Contracts([*rows, vix]), is_expired=over_on(DAY))
    assert symbols(found, found.fixed) == {
        "NIFTY 50", "NIFTY/2611FUT", "NIFTY BANK", "BANKNIFTY/2611FUT", "BANKNIFTY/2612FUT",
        "INDIA VIX",
    }  # fmt: skip
    watch = found.watchlist()
    assert watch.follow(found.spots["NIFTY"], SPOT)
    assert len(watch.wanted(())) == len(found.fixed) + 22
    (strategy,) = resolve_strategies(config, found.aliases).strategies.items
    assert strategy.symbols == ["NIFTY/2611FUT"]
