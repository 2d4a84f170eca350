"""K1: Kite's order histories say when an order was sent, what it was, and what became of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from daemon.domain.dates import iso_ist
from daemon.errors import UsageError
from daemon.lab.calibrate.order_history import read_order_histories

BASE: dict[str, Any] = {
    "order_id": "261118000000001", "status": "PUT ORDER REQ RECEIVED",
    "tradingsymbol": "NIFTY26DEC25000CE", "transaction_type": "SELL", "order_type": "MARKET",
    "quantity": 130, "filled_quantity": 0, "average_price": 0, "price": 0,
    "order_timestamp": "2026-11-18 09:20:05", "exchange_timestamp": None, "modified": False,
    "tag": None, "variety": "regular",
}  # fmt: skip
OPEN = {"status": "OPEN", "exchange_timestamp": "2026-11-18 09:20:06"}
DONE = OPEN | {"status": "COMPLETE", "filled_quantity": 130, "average_price": 101.525}


def written(directory: Path, *rows: dict[str, Any], **first: Any) -> Path:
    path = directory / "history.json"
    data = [BASE | first, *(BASE | first | row for row in rows)]
    path.write_text(json.dumps({"status": "success", "data": data}, indent=1))
    return path


def complaint(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_order_histories([path])
    return str(caught.value).removeprefix(str(path))


def test_k1_the_first_row_says_when_and_the_last_what(tmp_path: Path) -> None:
    (order,) = read_order_histories([written(tmp_path, OPEN, DONE)]).orders
    assert iso_ist(order.sent_ts) == "2026-11-18T09:20:05.000000+05:30"
    assert iso_ist(order.filled_ts) == "2026-11-18T09:20:06.000000+05:30"
    assert (order.kind, order.quantity, order.ordered, order.sign) == ("MARKET", 130, 130, -1)
    assert order.price_paise == pytest.approx(10_152.5)
    assert not order.sent_is_exact
    assert not order.over_ts


def test_a_limit_that_was_cancelled_stays_in_the_count(tmp_path: Path) -> None:
    gone = {"status": "CANCELLED", "order_timestamp": "2026-11-18 09:25:00"}
    path = written(tmp_path, OPEN, gone, order_type="LIMIT", price=101.5)
    (order,) = read_order_histories([path]).orders
    assert (order.kind, order.limit_paise, order.filled_ts) == ("LIMIT", 10_150, 0)
    assert iso_ist(order.over_ts) == "2026-11-18T09:25:00.000000+05:30"


def test_a_market_that_was_rejected_is_omissions(tmp_path: Path) -> None:
    reading = read_order_histories([written(tmp_path, {"status": "REJECTED"})])
    assert not reading.orders
    assert [entry.why for entry in reading.omissions] == ["a MARKET that did not fill"]


def test_a_modified_order_is_known_by_its_rows(tmp_path: Path) -> None:
    changed = {"status": "MODIFY VALIDATION PENDING"}
    (order,) = read_order_histories([written(tmp_path, OPEN, changed, DONE)]).orders
    assert order.is_modified


def test_a_list_of_answers_and_a_list_of_rows_are_read_alike(tmp_path: Path) -> None:
    answer = json.loads(written(tmp_path, OPEN, DONE).read_text())
    other = [row | {"order_id": "261118000000002"} for row in answer["data"]]
    path = tmp_path / "both.json"
    path.write_text(json.dumps([answer, {"status": "success", "data": other}]))
    assert len(read_order_histories([path]).orders) == 2
    path.write_text(json.dumps([*answer["data"], *other]))
    assert len(read_order_histories([path]).orders) == 2


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (
            {"status": "OPEN"},
            ":5: order 261118000000001: the first row must be 'PUT ORDER REQ RECEIVED', was 'OPEN':"
            " when it was sent is not known",
        ),
        (
            {"order_timestamp": "09:20"},
            ":5: order_timestamp: expected YYYY-MM-DD HH:MM:SS, was '09:20'",
        ),
        ({"transaction_type": "HOLD"}, ":5: Invalid enum value 'HOLD' - at `$.transaction_type`"),
        ({"quantity": "130"}, ":5: Expected `int`, got `str` - at `$.quantity`"),
        ({"price": 101.501}, ":5: price: expected rupees and paise, was 101.501"),
    ],
)  # fmt: skip
def test_k1_what_is_not_understood_is_refused_with_its_line(
    first: dict[str, Any], said: str, tmp_path: Path
) -> None:
    assert complaint(written(tmp_path, **first)) == said


@pytest.mark.parametrize("text", ["[]", '{"data": [1]}', '{"status": "success"}'])
def test_a_file_without_rows_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text(text)
    assert complaint(path) == ": expected rows of Kite's order history, each with an order_id"


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text("order_id,status\n")
    assert complaint(path).startswith(": expected an order history of Kite as JSON")
