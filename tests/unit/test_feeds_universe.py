from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import pytest

from daemon.domain.instrument import Instrument, InstrumentType
from daemon.domain.symbols import bare_instrument, parse_symbol
from daemon.errors import ConfigError
from daemon.rules.expiries import ExpiryTable
from daemon.settings.config import InstrumentConfig, UniverseConfig
from feeds.contracts.universe import build_universe

DUMP = """instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,\
lot_size,instrument_type,segment,exchange
14866434,58072,NIFTY26AUGFUT,NIFTY,0.0,2026-08-25,0.0,0.1,65,FUT,NFO-FUT,NFO
15129090,59098,BANKNIFTY26AUG57900CE,BANKNIFTY,0.0,2026-08-25,57900.0,0.05,30,CE,NFO-OPT,NFO
256265,1001,NIFTY 50,NIFTY 50,0.0,,0.0,0.0,0,EQ,INDICES,NSE
5013761,19585,BSE,BSE,0.0,,0.0,0.1,1,EQ,NSE,NSE
5013764,19585,BSE,BSE,0.0,,0.0,0.05,1,EQ,BSE,BSE
11,1,ODD,ODD,0.0,,0.0,0.0025,1,FUT,CDS-FUT,CDS
"""


@pytest.fixture(params=["dump.csv", "dump.csv.gz"])
def dump(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    path = tmp_path / request.param
    data = DUMP.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return str(path)


def listed(*symbols: str, file: str = "") -> UniverseConfig:
    return UniverseConfig(
        instruments_file=file,
        instruments=[InstrumentConfig(tradingsymbol=each) for each in symbols],
    )


def test_rows_are_looked_up_in_the_dump_in_the_order_of_the_configuration(dump: str) -> None:
    universe = build_universe(listed("BANKNIFTY26AUG57900CE", "NIFTY26AUGFUT", file=dump))
    option, future = universe
    assert (option.instrument_token, option.strike_paise, option.lot_size) == (
        15129090,
        5790000,
        30,
    )
    assert (option.instrument_type, option.segment, option.exchange) == ("CE", "NFO-OPT", "NFO")
    assert (future.tick_paise, future.expiry, future.name) == (10, "2026-08-25", "NIFTY")
    assert future.has_contract_row


def test_an_index_has_a_price_step_and_cannot_be_taken_for_a_share(dump: str) -> None:
    (index,) = build_universe(listed("NIFTY 50", file=dump))
    assert index.is_index
    assert (index.tick_paise, index.lot_size, index.segment) == (5, 1, "INDICES")


def test_a_symbol_on_two_exchanges_needs_its_exchange(dump: str) -> None:
    with pytest.raises(ConfigError, match=r"BSE: .* 2 times \(NSE, BSE\); write its `exchange`"):
        build_universe(listed("BSE", file=dump))
    config = UniverseConfig(
        instruments_file=dump,
        instruments=[InstrumentConfig(tradingsymbol="BSE", exchange="BSE")],
    )
    assert build_universe(config)[0].tick_paise == 5


def test_an_unknown_symbol_is_refused_with_the_nearest(dump: str) -> None:
    with pytest.raises(ConfigError, match=r"NIFTY26AGUFUT: not found.*did you mean NIFTY26AUGFUT"):
        build_universe(listed("NIFTY26AGUFUT", file=dump))
    with pytest.raises(ConfigError, match=r"not found in the feed's files.*did you mean ABC"):
        build_universe(listed("ABD"), [bare_instrument("ABC")])


def test_what_is_written_out_wins(dump: str) -> None:
    config = InstrumentConfig(
        tradingsymbol="NIFTY26AUGFUT", tick_size=0.05, lot_size=75, expiry="2026-08-26", strike=1,
        instrument_token=3, name="N",
    )  # fmt: skip
    (found,) = build_universe(UniverseConfig(instruments_file=dump, instruments=[config]))
    assert (found.tick_paise, found.lot_size, found.expiry) == (5, 75, "2026-08-26")
    assert (found.strike_paise, found.instrument_token, found.name) == (100, 3, "N")


def test_the_files_name_the_universe_if_the_configuration_does_not(dump: str) -> None:
    own = Instrument(instrument_token=4, tradingsymbol="OWN", lot_size=20)
    named = [own, bare_instrument("NIFTY26AUGFUT"), bare_instrument("256265", 256265)]
    universe = build_universe(UniverseConfig(instruments_file=dump), named)
    assert universe.symbols == ("OWN", "NIFTY26AUGFUT", "NIFTY 50")
    assert universe[0] == own
    assert universe[1].lot_size == 65


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("nifty26novfut", "NIFTY26NOVFUT"), ("NFO:NIFTY26NOVFUT", "NIFTY26NOVFUT"),
        ("nfo:banknifty26nov58000ce", "BANKNIFTY26NOV58000CE"), ("Nifty 50", "NIFTY 50"),
        ("NSE:NIFTY BANK", "NIFTY BANK"), ("M&m26Novfut", "M&M26NOVFUT"),
    ],
)  # fmt: skip
def test_a_contract_in_another_writing_is_no_share(written: str, meant: str) -> None:
    with pytest.raises(ConfigError) as refused:
        build_universe(UniverseConfig(), [bare_instrument(written)])
    assert f"{written}: as written it would be a share; write {meant}" in str(refused.value)
    assert f"`symbols: {{'{written}': {meant}}}`" in str(refused.value)
    config = InstrumentConfig(tradingsymbol=written, lot_size=65, tick_size=0.1)
    with pytest.raises(ConfigError, match=f"write {meant}"):
        build_universe(UniverseConfig(instruments=[config]))


@pytest.mark.parametrize("share", ["RELIANCE", "reliance", "NSE:INFY", "NSE_FO|51460", "A:B"])
def test_what_is_no_contract_in_any_writing_stays_a_share(share: str) -> None:
    (found,) = build_universe(UniverseConfig(), [bare_instrument(share)])
    assert (found.tradingsymbol, found.instrument_type) == (share, "EQ")


def test_an_instrument_without_a_row_has_the_defaults_and_says_so() -> None:
    universe = build_universe(UniverseConfig(), [bare_instrument("X"), bare_instrument("Y")])
    for each in universe:
        assert (each.tick_paise, each.lot_size, each.has_contract_row) == (5, 1, False)
    assert len({each.instrument_token for each in universe}) == 2


def test_a_written_out_contract_is_no_guess() -> None:
    config = InstrumentConfig(
        tradingsymbol="NIFTY25O1425000CE", lot_size=75, tick_size=0.05, expiry="2025-10-14"
    )
    (found,) = build_universe(UniverseConfig(instruments=[config]))
    assert found.has_contract_row
    assert (found.instrument_type, found.strike_paise, found.name) == ("CE", 2500000, "NIFTY")
    share = InstrumentConfig(tradingsymbol="BSE", instrument_type="EQ", lot_size=1)
    (found,) = build_universe(UniverseConfig(instruments=[share]))
    assert (found.exchange, found.segment, found.has_contract_row) == ("NSE", "NSE", False)
    index = InstrumentConfig(tradingsymbol="MY INDEX", segment="INDICES")
    assert build_universe(UniverseConfig(instruments=[index]))[0].is_index


class Rulebook:
    expiries = ExpiryTable([], [])

    def lot_size(self, name: str, expiry: dt.date) -> int | None:
        return 75 if (name, expiry) == ("NIFTY", dt.date(2025, 10, 14)) else None

    def tick_paise(self, instrument_type: InstrumentType, name: str, date: dt.date) -> int | None:
        return 5 if instrument_type == "CE" else None


def test_the_rulebook_knows_the_contracts_that_no_table_has() -> None:
    named = [bare_instrument("NIFTY25O1425000CE"), bare_instrument("NIFTY25O1425000PE")]
    call, put = build_universe(UniverseConfig(), named, Rulebook())
    assert (call.lot_size, call.has_contract_row) == (75, True)
    assert (put.lot_size, put.has_contract_row) == (1, False)


@pytest.mark.parametrize(
    ("symbol", "parts"),
    [
        ("NIFTY25NOVFUT", ("NIFTY", "FUT", "", 0)),
        ("NIFTY25N1126000CE", ("NIFTY", "CE", "2025-11-11", 2600000)),
        ("NIFTY26O1923050PE", ("NIFTY", "PE", "2026-10-19", 2305000)),
        ("BANKNIFTY2411047100CE", ("BANKNIFTY", "CE", "2024-01-10", 4710000)),
        ("IDEA26SEP8.5PE", ("IDEA", "PE", "", 850)),
        ("M&M26AUGFUT", ("M&M", "FUT", "", 0)),
        ("BAJAJ-AUTO26AUG9000CE", ("BAJAJ-AUTO", "CE", "", 900000)),
        ("360ONE26AUG1000CE", ("360ONE", "CE", "", 100000)),
        ("NIFTYNXT5026AUGFUT", ("NIFTYNXT50", "FUT", "", 0)),
    ],
)
def test_kites_symbols_are_read(symbol: str, parts: tuple[object, ...]) -> None:
    found = parse_symbol(symbol)
    assert found is not None
    assert (found.name, found.instrument_type, found.expiry, found.strike_paise) == parts


@pytest.mark.parametrize("symbol", ["BSE", "NIFTY 50", "NIFTY2523126000CE", "", "26AUGFUT"])
def test_other_symbols_are_not(symbol: str) -> None:
    assert parse_symbol(symbol) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected the columns instrument_token"),
        ("a,b\n1,2\n", "expected the columns .* it has a, b"),
        (
            "instrument_token,tradingsymbol,instrument_type\nx,A,EQ\n",
            "line 2: A: instrument_token: expected a whole number",
        ),
        (
            "instrument_token,tradingsymbol,instrument_type\n1,A,WARRANT\n",
            "line 2: A: instrument_type: .*was 'WARRANT'",
        ),
        (
            "instrument_token,tradingsymbol,instrument_type,strike\n1,NIFTY2460623000CE,CE,x\n",
            "strike: expected a number",
        ),
        (
            "instrument_token,tradingsymbol,instrument_type\n1,A\n",
            "expected as many values as there are columns",
        ),
    ],
)
def test_a_damaged_dump_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "dump.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        build_universe(listed("A", "NIFTY2460623000CE", file=str(path)))


def test_a_missing_or_cut_dump_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        build_universe(listed("A", file=str(tmp_path / "none.csv")))
    path = tmp_path / "dump.csv.gz"
    path.write_bytes(gzip.compress(DUMP.encode() * 50)[:-20])
    with pytest.raises(ConfigError, match="cannot be read"):
        build_universe(listed("A", file=str(path)))
    monkeypatch.delenv("FNO_DATA", raising=False)
    with pytest.raises(ConfigError, match="FNO_DATA is not set"):
        build_universe(listed("A", file="${FNO_DATA}/x.csv"))
    (tmp_path / "dump.csv").write_text(DUMP)
    config = listed("NIFTY26AUGFUT", file="${FNO_DATA}/dump.csv")
    assert len(build_universe(config, data_dir=tmp_path)) == 1


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ([InstrumentConfig(tradingsymbol="A", lot_size=1)] * 2, "tradingsymbol A: expected once"),
        (
            [InstrumentConfig(tradingsymbol=each, instrument_token=5) for each in "AB"],
            "instrument_token 5: expected once",
        ),
        ([InstrumentConfig(tradingsymbol="A", tick_size=0.0025)], "A: expected whole paise"),
        ([InstrumentConfig(tradingsymbol="A", expiry="soon")], "A: Invalid isoformat"),
        ([], "expected at least one instrument"),
    ],
)
def test_a_universe_that_cannot_be_is_refused(config: list[InstrumentConfig], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_universe(UniverseConfig(instruments=config))


def test_currency_rows_are_out_of_scope(tmp_path: Path) -> None:
    path = tmp_path / "dump.csv"
    path.write_text(DUMP)
    with pytest.raises(ConfigError, match="line 7: ODD: exchange: expected NFO or BFO"):
        build_universe(listed("ODD", file=str(path)))


def test_rows_that_are_not_of_the_run_are_not_judged(tmp_path: Path) -> None:
    path = tmp_path / "dump.csv"
    path.write_text(DUMP + "0,1,BAD,BAD,0.0,soon,-1,x,-5,FUT,NFO-FUT,NFO\n")
    named = [bare_instrument("NIFTY26AUGFUT"), bare_instrument("OTHER")]
    universe = build_universe(UniverseConfig(instruments_file=str(path)), named)
    assert universe.symbols == ("NIFTY26AUGFUT", "OTHER")
