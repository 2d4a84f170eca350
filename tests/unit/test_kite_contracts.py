"""The instruments dump read and grouped; which expiry a word means."""

from __future__ import annotations

import datetime as dt
import gzip
import random
from pathlib import Path

import pytest

from daemon.domain.instrument import Instrument
from daemon.errors import ConfigError
from feeds.contracts.expiries import OptionExpiry, expired_at, future, monthlies, option_expiry
from feeds.contracts.lookup import Chain, Contracts, read_contracts
from tests.kit.kite_dump import (
    DAY,
    MONTHLIES,
    WEEKLIES,
    Listing,
    csv_text,
    day_contracts,
    day_rows,
    over_on,
    write_dump,
)  # fmt: skip


def chain_of(name: str, contracts: Contracts | None = None) -> Chain:
    chain = (contracts or day_contracts()).chain(name)
    assert chain is not None
    return chain


def expiry_of(chain: Chain, wanted: OptionExpiry, date: dt.date, *, closed: bool = False) -> str:
    return option_expiry(chain, wanted, over_on(date, closed=closed), "here")


# the file


def test_a_dump_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = day_rows()
    read = read_contracts([write_dump(tmp_path / "all.csv", rows)])
    assert read.notes == ()
    for row in rows:
        assert read.find(row.tradingsymbol, row.exchange) == [row]


def test_several_files_packed_or_not_are_one_set(tmp_path: Path) -> None:
    rows = day_rows()
    nse = [each for each in rows if each.exchange == "NSE"]
    others = [each for each in rows if each.exchange != "NSE"]
    packed = tmp_path / "nfo.csv.gz"
    packed.write_bytes(gzip.compress(csv_text(others).encode()))
    read = read_contracts([write_dump(tmp_path / "nse.csv", nse), packed])
    assert sorted(read.symbols) == sorted({each.tradingsymbol for each in rows})


BAD_ROWS = {
    "too few": "1,2,3",
    "a token that is none": "x,1,A,A,0,2026-11-23,0,0.05,1,FUT,NFO-FUT,NFO",
    "token zero": "0,1,A,A,0,2026-11-23,0,0.05,1,FUT,NFO-FUT,NFO",
    "no expiry": "770,3,A,A,0,,0,0.05,1,FUT,NFO-FUT,NFO",
    "an expiry that is no date": "770,3,A,A,0,2026-11-31,0,0.05,1,FUT,NFO-FUT,NFO",
    "an expiry of another form": "770,3,A,A,0,20261123,0,0.05,1,FUT,NFO-FUT,NFO",
    "a strike of nothing": "770,3,A,A,0,2026-11-23,0,0.05,1,CE,NFO-OPT,NFO",
    "a strike that is no number": "770,3,A,A,0,2026-11-23,nan,0.05,1,CE,NFO-OPT,NFO",
    "a step of half paise": "770,3,A,A,0,2026-11-23,100,0.005,1,CE,NFO-OPT,NFO",
    "an unknown type": "770,3,A,A,0,2026-11-23,100,0.05,1,XX,NFO-OPT,NFO",
    "no name": "770,3,A,,0,2026-11-23,100,0.05,1,CE,NFO-OPT,NFO",
    "no symbol": "770,3,,A,0,2026-11-23,100,0.05,1,CE,NFO-OPT,NFO",
    "no exchange": "770,3,A,A,0,2026-11-23,100,0.05,1,CE,NFO-OPT,",
}


@pytest.mark.parametrize("bad", BAD_ROWS.values(), ids=list(BAD_ROWS))
def test_a_bad_row_costs_its_own_contract_and_is_told(tmp_path: Path, bad: str) -> None:
    text = csv_text(day_rows())
    path = tmp_path / "dump.csv"
    path.write_text(text + bad + "\n")
    read = read_contracts([path])
    line = len(text.splitlines()) + 1
    (note,) = read.notes
    assert f"1 of {line - 1} rows cannot be read, first line {line}: " in note
    assert sorted(read.symbols) == sorted(day_contracts().symbols)


def test_a_file_with_many_bad_rows_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "dump.csv"
    rows = len(day_rows())
    few = rows // 100
    path.write_text(csv_text(day_rows()) + "1,2,3\n" * few)
    assert f"{few} of {rows + few} rows" in read_contracts([path]).notes[0]
    path.write_text(csv_text(day_rows()) + "1,2,3\n" * (few + 2))
    with pytest.raises(ConfigError, match=r"dump\.csv: \d+ of \d+ rows cannot be read.*delete it"):
        read_contracts([path])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it lacks tradingsymbol, instrument_token"),
        (b"instrument_token,tradingsymbol\n", "it lacks instrument_type, name, expiry"),
        (csv_text([]).encode(), "no rows; delete it"),
        (b"\xff\xfe\x00", "cannot be read"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_dump_is_refused(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "dump.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        read_contracts([path])


def test_a_packed_file_that_is_cut_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dump.csv.gz"
    path.write_bytes(gzip.compress(csv_text(day_rows()).encode())[:-20])
    with pytest.raises(ConfigError, match="cannot be read"):
        read_contracts([path])


def test_rows_whose_prices_are_not_paise_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "dump.csv"
    usd = "11,1,USDINR26NOVFUT,USDINR,0,2026-11-26,0,0.0025,1,FUT,CDS-FUT,CDS\n"
    path.write_text(csv_text(day_rows()) + usd * 100)
    read = read_contracts([path])
    assert (read.notes, read.find("USDINR26NOVFUT")) == ((), [])


# the groups


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = day_rows()
    random.Random(1).shuffle(rows)
    shuffled, plain = Contracts(rows), day_contracts()
    assert shuffled.symbols == plain.symbols
    assert shuffled.underlyings == plain.underlyings
    for name in plain.underlyings:
        assert shuffled.chain(name) == plain.chain(name)


def test_a_contract_that_is_listed_twice_counts_once() -> None:
    rows = day_rows()
    again = [Instrument(**{f: getattr(e, f) for f in e.__struct_fields__}) for e in rows[-3:]]
    assert Contracts([*again, *rows]).chain("SENSEX") == day_contracts().chain("SENSEX")


def test_the_spot_is_the_index_or_the_share() -> None:
    contracts = day_contracts()
    spots = {name: contracts.spot(name) for name in ("NIFTY", "BANKNIFTY", "SENSEX", "RELIANCE")}
    assert {name: (each.exchange, each.tradingsymbol) for name, each in spots.items() if each} == {
        "NIFTY": ("NSE", "NIFTY 50"),
        "BANKNIFTY": ("NSE", "NIFTY BANK"),
        "SENSEX": ("BSE", "SENSEX"),
        "RELIANCE": ("NSE", "RELIANCE"),
    }
    assert contracts.spot("FINNIFTY") is None
    listing = Listing()
    listing.add("SENSEX", "EQ", exchange="NSE")
    index = Contracts([*day_rows(), *listing.rows]).spot("SENSEX")
    assert index is not None
    assert index.is_index


def test_an_underlying_of_two_exchanges_is_taken_of_nse() -> None:
    listing = Listing()
    listing.add_options("RELIANCE", "2026-11-19", (1_000,), 500, "BFO")
    chain = chain_of("RELIANCE", Contracts([*listing.rows, *day_rows()]))
    assert {row.exchange for rows in chain.options.values() for row in rows} == {"NFO"}


# expiries


def test_words_are_resolved_by_the_dates_of_the_dump() -> None:
    nifty = chain_of("NIFTY")
    found = [expiry_of(nifty, word, DAY) for word in ("weekly", "next_weekly")]
    assert found == ["2026-11-23", "2026-12-01"]
    found = [expiry_of(nifty, word, DAY) for word in ("monthly", "next_monthly")]
    assert found == ["2026-11-23", "2026-12-29"]
    assert monthlies(nifty) == set(MONTHLIES)


def test_an_expiry_is_there_until_its_session_closes() -> None:
    nifty, last = chain_of("NIFTY"), dt.date(2026, 11, 23)
    assert expiry_of(nifty, "weekly", last) == "2026-11-23"
    assert expiry_of(nifty, "weekly", last, closed=True) == "2026-12-01"
    assert expiry_of(nifty, "monthly", last, closed=True) == "2026-12-29"
    after = dt.date(2026, 12, 1)
    assert expiry_of(nifty, "weekly", after, closed=True) == "2026-12-08"


def test_weekly_of_an_underlying_with_monthlies_only_is_refused() -> None:
    bank = chain_of("BANKNIFTY")
    said = r"here: BANKNIFTY has only monthly options .*write `expiry: monthly`"
    with pytest.raises(ConfigError, match=said):
        expiry_of(bank, "weekly", DAY)
    with pytest.raises(ConfigError, match="write `expiry: next_monthly`"):
        expiry_of(bank, "next_weekly", DAY)
    assert expiry_of(bank, "monthly", DAY) == "2026-11-23"


def test_a_weekly_that_a_holiday_moved_into_the_month_before_is_no_monthly() -> None:
    listing = Listing()
    listing.add_futures("NIFTY", ("2026-11-24", "2026-12-29"), 65)
    for expiry in (
        "2026-11-24", "2026-11-30", "2026-12-08", "2026-12-29", "2026-12-31", "2027-03-30",
    ):  # fmt: skip
        listing.add_options("NIFTY", expiry, (25_000,), 65)
    chain = chain_of("NIFTY", Contracts(listing.rows))
    assert monthlies(chain) == {"2026-11-24", "2026-12-29", "2027-03-30"}
    gone = chain._replace(
        futures=chain.futures[1:],
        options={date: rows for date, rows in chain.options.items() if date > "2026-11-24"},
    )
    assert expiry_of(gone, "monthly", dt.date(2026, 11, 25)) == "2026-12-29"
    assert expiry_of(gone, "weekly", dt.date(2026, 11, 25)) == "2026-11-30"


def test_without_futures_the_last_expiry_of_a_month_is_its_monthly() -> None:
    chain = chain_of("NIFTY")._replace(futures=())
    assert monthlies(chain) == set(MONTHLIES)
    assert set(WEEKLIES).isdisjoint(monthlies(chain))


def test_an_expiry_that_is_not_there_is_refused() -> None:
    far = dt.date(2027, 1, 20)
    with pytest.raises(ConfigError, match=r"no next_monthly options .* it has 2027-01-25"):
        expiry_of(chain_of("BANKNIFTY"), "next_monthly", far)
    with pytest.raises(ConfigError, match="no options in the dump, the last expired on 2027-01-25"):
        expiry_of(chain_of("BANKNIFTY"), "monthly", dt.date(2027, 2, 1))
    with pytest.raises(ConfigError, match="no options in the dump; leave"):
        expiry_of(chain_of("NIFTY")._replace(options={}), "monthly", DAY)


def test_futures_are_counted_from_the_first_that_is_not_over() -> None:
    chain = chain_of("NIFTY")
    is_expired = over_on(DAY)
    found = [future(chain, word, is_expired, "").expiry for word in ("current", "next", "far")]
    assert found == list(MONTHLIES)
    closed = over_on(dt.date(2026, 11, 23), closed=True)
    assert future(chain, "current", closed, "").expiry == "2026-12-29"
    with pytest.raises(ConfigError, match=r"there: NIFTY has no 'far' future .*2026-12-29, 2027"):
        future(chain, "far", closed, "there")


def test_a_contract_is_over_when_its_last_session_is() -> None:
    future_of_today = chain_of("NIFTY").futures[0]
    date = dt.date(2026, 11, 23)

    def at(now: int, date: dt.date, span: tuple[int, int] | None = (100, 200)) -> bool:
        return expired_at(now, date, lambda _, __: span)(future_of_today)

    assert [at(199, date), at(200, date)] == [False, True]
    assert at(0, date, None), "no session is left that day"
    assert not at(300, date - dt.timedelta(days=1))
    assert at(0, date + dt.timedelta(days=1))
    index = day_contracts().spot("NIFTY")
    assert index is not None
    assert not expired_at(300, date, lambda _, __: (100, 200))(index)
