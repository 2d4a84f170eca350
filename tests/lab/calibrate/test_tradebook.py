"""K1: a tradebook of Console is understood whole, or refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.domain.dates import iso_ist
from daemon.errors import UsageError
from daemon.lab.calibrate.tradebook import read_tradebooks

HEADER = (
    "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,"
    "order_id,order_execution_time,expiry_date"
)
ROW = (
    "NIFTY26DEC25000CE,,2026-11-18,NSE,FO,,buy,false,65.000000,101.500000,7001,1300000000001,"
    "2026-11-18T09:20:05,2026-12-29"
)


def written(directory: Path, *rows: str, header: str = HEADER, name: str = "tb.csv") -> Path:
    path = directory / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def complaint(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_tradebooks([path])
    return str(caught.value).removeprefix(str(path))


def test_k1_trades_of_one_order_are_one_order(tmp_path: Path) -> None:
    later = ROW.replace("7001", "7002").replace("101.500000", "101.600000")
    later = later.replace("09:20:05", "09:20:07").replace("65.000000", "130")
    (order,) = read_tradebooks([written(tmp_path, ROW, later)]).orders
    assert order.where.endswith("tb.csv:2")
    assert (order.side, order.quantity, order.sign) == ("BUY", 195, 1)
    assert order.price_paise == pytest.approx((65 * 10_150 + 130 * 10_160) / 195)
    assert iso_ist(order.filled_ts) == "2026-11-18T09:20:05.000000+05:30"
    assert (order.sent_ts, order.kind, order.spread_s) == (0, "", 2)


def test_an_order_number_of_another_day_is_another_order(tmp_path: Path) -> None:
    other = ROW.replace("2026-11-18", "2026-11-19").replace("7001", "7002")
    assert len(read_tradebooks([written(tmp_path, ROW, other)]).orders) == 2


def test_a_trade_that_two_files_have_counts_once(tmp_path: Path) -> None:
    first, second = written(tmp_path, ROW), written(tmp_path, ROW, name="again.csv")
    (order,) = read_tradebooks([first, second]).orders
    assert order.quantity == 65


def test_a_trade_that_differs_between_two_files_is_refused(tmp_path: Path) -> None:
    first = written(tmp_path, ROW)
    second = written(tmp_path, ROW.replace("101.5", "102.5"), name="again.csv")
    with pytest.raises(UsageError, match=r"again\.csv:2: trade 7001 differs at .*tb\.csv:2"):
        read_tradebooks([first, second])


def test_an_auction_is_omissions_and_told(tmp_path: Path) -> None:
    reading = read_tradebooks([written(tmp_path, ROW.replace("false", "true"))])
    assert not reading.orders
    (left,) = reading.omissions
    assert (left.where.endswith("tb.csv:2"), left.orders) == (True, 1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("buy", "bought", ":2: trade_type: expected buy or sell, was 'bought'"),
        ("FO", "EQ", ":2: segment: expected FO, was 'EQ'"),
        ("65.000000", "65.5", ":2: quantity: expected whole units, was '65.5'"),
        ("65.000000", "-65", ":2: quantity: expected whole units, was '-65'"),
        ("65.000000", "nan", ":2: quantity: expected whole units, was 'nan'"),
        ("65.000000", "lots", ":2: quantity: expected whole units, was 'lots'"),
        ("101.500000", "101.501", ":2: price: expected rupees and paise, was '101.501'"),
        ("101.500000", "inf", ":2: price: expected rupees and paise, was 'inf'"),
        ("101.500000", "", ":2: price: expected rupees and paise, was ''"),
        ("2026-12-29", "29-12-2026", ":2: expiry_date: expected YYYY-MM-DD, was '29-12-2026'"),
        (
            "2026-11-18T09:20:05", "2026-11-18 09:20",
            ":2: order_execution_time: expected YYYY-MM-DDTHH:MM:SS, was '2026-11-18 09:20'",
        ),
        (
            "2026-11-18T09:20:05", "2026-11-19T09:20:05",
            ":2: order_execution_time 2026-11-19T09:20:05 is not on trade_date 2026-11-18",
        ),
        (",7001,", ",,", ":2: trade_id: is empty"),
        ("false", "no", ":2: auction: expected false or true, was 'no'"),
        ("buy,", "buy,,", ":2: expected 14 cells, were 15"),
    ],
)  # fmt: skip
def test_k1_what_is_not_understood_is_refused_with_its_line(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    assert complaint(written(tmp_path, ROW.replace(old, new, 1))) == said


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (HEADER.replace("auction", "lots"), ":1: unknown column 'lots'"),
        (HEADER.replace(",auction", ""), ":1: the column 'auction' is missing"),
        (HEADER + ",isin", ":1: the column 'isin' is there twice"),
        ("a,b,c", f":1: expected the header of a tradebook: {HEADER}"),
    ],
)
def test_k1_another_header_is_refused(header: str, said: str, tmp_path: Path) -> None:
    assert complaint(written(tmp_path, ROW, header=header)) == said


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    turned = [",".join(reversed(line.split(","))) for line in (HEADER, ROW)]
    (order,) = read_tradebooks([written(tmp_path, turned[1], header=turned[0])]).orders
    assert order.quantity == 65


def test_one_order_in_two_contracts_is_refused(tmp_path: Path) -> None:
    other = ROW.replace("25000CE", "25100CE").replace("7001", "7002")
    said = complaint(written(tmp_path, ROW, other))
    assert said.startswith(":3: order 1300000000001 is BUY NIFTY26DEC25100CE here")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert complaint(tmp_path / "none.csv") == ": cannot be read: No such file or directory"


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "tb.xlsx"
    path.write_bytes(b"PK\x03\x04\xff\xfe\xff")
    assert complaint(path) == ": expected a CSV file as Console exports it, in UTF-8"
