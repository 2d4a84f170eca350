"""`run_fno_paper calibrate`: files in, words, JSON and a page out; mistakes in one line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.cli.calibrate import Named, measure
from daemon.domain.dates import iso_ist
from daemon.domain.events import OrderCreated, OrderMoved
from daemon.domain.order import OrderState
from daemon.lab import simulate
from daemon.lab.calibrate.calibration import (
    Calibration,
    GroupError,
    Limits,
    MeasuredOrder,
    RuleError,
    Suggestion,
    Width,
)
from daemon.lab.calibrate.clock_offset import ClockOffset
from daemon.lab.calibrate.figures import Figures, Spread
from daemon.lab.calibrate.real_order import Omission
from strategies.scripted import Scripted
from tests.kit.cli import ROOT, invoke
from tests.lab.calibrate.kit import replay_of
from tests.lab.calibrate.made_up_books import (
    MS,
    SYMBOL,
    MadeUpBook,
    Order,
    Row,
    Terms,
    made_up_book,
)

BOOK = made_up_book(Terms(8, error_ticks=1, days=5, orders_a_day=6, minutes=4))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return BOOK.write(tmp_path_factory.mktemp("book"))


def test_the_terminal_has_the_answer_in_a_traders_words(files: tuple[Path, Path]) -> None:
    recording, tradebook = files
    result = invoke("calibrate", "--tradebook", tradebook, "--replay", recording)
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[0] == "How wrong is paper? 30 orders on 5 days, 2026-10-05 to 2026-10-09"
    assert any(line.startswith("clock      the recording's clock agrees") for line in lines)
    assert any("fill_mode" in line for line in lines)
    assert any("orders for +-1 tick" in line for line in lines)
    assert any("no latency is estimated" in line for line in lines)
    assert "Left out:" not in lines


def test_json_has_every_order_and_a_version(files: tuple[Path, Path]) -> None:
    recording, tradebook = files
    result = invoke("calibrate", "--tradebook", tradebook, "--replay", recording, "--json")
    found = msgspec.json.decode(result.out, type=Calibration)
    assert found.version == 1
    assert len(found.measured) == found.orders == 30
    assert found.measured[0].where == f"{tradebook}:2"
    bid_ask = [order.errors_ticks["bid_ask"] for order in found.measured]
    rule = next(rule for rule in found.rules if rule.profile == "bid_ask")
    assert sum(bid_ask) / 30 == pytest.approx(rule.figures.ticks.mean, abs=1e-4)


def test_the_document_has_every_key_of_the_json() -> None:
    text = (ROOT / "docs/CALIBRATE.md").read_text(encoding="utf-8").split("## The JSON")[1]
    named = set(re.findall(r"`(\w+)`", text))
    kinds = (
        Calibration, ClockOffset, RuleError, Suggestion, Width, GroupError, Limits, Omission,
        MeasuredOrder, Figures, Spread,
    )  # fmt: skip
    assert {field for kind in kinds for field in kind.__struct_fields__} <= named


def test_the_same_files_give_the_same_answer(files: tuple[Path, Path]) -> None:
    recording, tradebook = files
    command = ("calibrate", "--tradebook", tradebook, "--replay", recording, "--json")
    assert invoke(*command).out == invoke(*command).out


def test_the_page_is_written_and_shows_names_as_text(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    recording, tradebook = files
    odd = tmp_path / "<b>mine.csv"
    odd.write_bytes(tradebook.read_bytes())
    page = tmp_path / "page.html"
    result = invoke("calibrate", "--tradebook", odd, "--replay", recording, "--to", page)
    assert result.err == f"wrote {page}\n"
    text = page.read_text()
    assert "How wrong is paper?" in text
    assert "&lt;b&gt;mine.csv" in text
    assert "<b>mine" not in text


def test_k1_what_is_not_recorded_is_omissions_by_name(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    recording, tradebook = files
    lines = tradebook.read_text().splitlines()
    lines[2] = lines[2].replace(SYMBOL, "NIFTY26DEC26000CE")
    lines[3] = lines[3].replace("2026-10-05", "2026-10-07").replace("T10:", "T11:")
    lines[4] = lines[4].replace("65.000000", "60.000000")
    lines[5] = lines[5].replace("2026-12-29", "2026-12-22")
    changed = tmp_path / "tb.csv"
    changed.write_text("\n".join(lines) + "\n")
    result = invoke("calibrate", "--tradebook", changed, "--replay", recording)
    told = result.out[result.out.index("Left out:") :].splitlines()[1:]
    assert sorted(told) == [
        f"  {changed}:3: NIFTY26DEC26000CE is not in the recordings (1 order left out)",
        f"  {changed}:4: no recorded quote that paper would have believed (1 order left out)",
        f"  {changed}:5: 60 units of {SYMBOL} are no whole lots of 65 (1 order left out)",
    ]
    assert (
        f"  {changed}:6: {SYMBOL} expires on 2026-12-22 here, on 2026-12-29 as recorded; its "
        "symbol says which contract is meant"
    ) in result.out.splitlines()


def test_k1_a_day_without_recording_is_told(files: tuple[Path, Path], tmp_path: Path) -> None:
    recording, tradebook = files
    lines = tradebook.read_text().splitlines()
    lines[1] = lines[1].replace("2026-10-05", "2026-10-12")
    changed = tmp_path / "tb.csv"
    changed.write_text("\n".join(lines) + "\n")
    result = invoke("calibrate", "--tradebook", changed, "--replay", recording)
    line = f"  {changed}:2: there is no recording of 2026-10-12 (1 order left out)"
    assert line in result.out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "calibrate: expected --tradebook FILE, or --orders FILE"),
        (
            ("--tradebook", "a.csv"),
            "calibrate: expected --replay FILE, --lake DIR or --config FILE",
        ),
        (
            ("--tradebook", "a.csv", "--orders", "b.json"),
            "calibrate: expected --tradebook FILE, or --orders FILE",
        ),
        (
            ("--orders", "b.json", "--decisions", "run"),
            "calibrate: --decisions goes with --tradebook; an order history says itself when "
            "orders were sent",
        ),
        (
            ("--tradebook", "a.csv", "--replay", "t.parquet", "--lake", "lake"),
            "calibrate: expected --replay FILE or --lake DIR, not both",
        ),
        (
            ("--tradebook", "none.csv", "--replay", "t.parquet"),
            "none.csv: cannot be read: No such file or directory",
        ),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    result = invoke("calibrate", *arguments)
    assert (result.code, result.complaint) == (64, said)


def test_k1_candles_are_refused(files: tuple[Path, Path], tmp_path: Path) -> None:
    candles = tmp_path / "candles.csv"
    candles.write_text(
        f"date,open,high,low,close,volume,symbol\n2026-10-05 10:00:00,100,101,99,100,65,{SYMBOL}\n"
    )
    config = tmp_path / "c.yaml"
    config.write_text(
        "version: 1\nfeed:\n  kind: replay\n  replay:\n    files:\n"
        f"      - {{path: {candles}, kind: candles, timeframe: 1m, columns: {{ts: date}}}}\n"
    )
    result = invoke("calibrate", "--tradebook", files[1], "--config", config)
    assert result.code == 64
    assert result.complaint.endswith("holds candles: what a second paid needs recorded ticks")


def test_nothing_to_measure_is_told_with_file_and_line(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    changed = tmp_path / "tb.csv"
    changed.write_text(files[1].read_text().replace(SYMBOL, "NIFTY26DEC26000CE"))
    result = invoke("calibrate", "--tradebook", changed, "--replay", files[0])
    assert result.code == 64
    assert result.complaint == (
        f"{changed}:2: NIFTY26DEC26000CE is not in the recordings; no order could be measured"
    )


def test_recordings_without_bid_and_ask_can_tell_the_last_price_only(tmp_path: Path) -> None:
    recording, tradebook = tmp_path / "ltp.csv", BOOK.write(tmp_path)[1]
    recording.write_text(
        "ts,symbol,ltp\n"
        + "".join(f"{iso_ist(row.ts)},{SYMBOL},{row.ltp / 100:.2f}\n" for row in BOOK.rows)
    )
    config = tmp_path / "c.yaml"
    config.write_text(
        "version: 1\nfeed:\n  kind: replay\n  replay:\n    files:\n"
        f"      - {{path: {recording}}}\nuniverse:\n  instruments:\n"
        f"    - {{tradingsymbol: {SYMBOL}, expiry: 2026-12-29, lot_size: 65, tick_size: 0.05}}\n"
    )
    result = invoke("calibrate", "--tradebook", tradebook, "--config", config, "--json")
    found = msgspec.json.decode(result.out, type=Calibration)
    assert found.slippage is None
    assert found.suggestion.nearest_mode == "ltp"
    assert found.suggestion.alike_modes == ["mid", "bid_ask", "depth"]
    assert "the recordings have no bid and ask: all rules pay the last price" in found.notes


@pytest.mark.ci
def test_k1_a_lake_is_read_and_its_missing_day_told(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    recording, tradebook = files
    config = tmp_path / "c.yaml"
    config.write_text(
        f"version: 1\nfeed:\n  kind: replay\n  replay:\n    files:\n      - {{path: {recording}}}\n"
    )
    lake = tmp_path / "lake"
    assert invoke("convert", config, "--lake", lake).code == 0
    command = ("calibrate", "--tradebook", tradebook, "--json")
    whole = json.loads(invoke(*command, "--replay", recording).out)
    of_lake = json.loads(invoke(*command, "--lake", lake).out)
    assert of_lake == whole
    (part,) = (lake / "ticks/date=2026-10-07").rglob("part-0.parquet")
    part.unlink()
    told = invoke("calibrate", "--tradebook", tradebook, "--lake", lake).out
    assert "2026-10-07" in told[told.index("Notes:") :]
    assert "there is no recording of 2026-10-07 (6 orders left out)" in told


def test_k1_decisions_of_a_run_give_the_latency(tmp_path: Path) -> None:
    recording, _ = BOOK.write(tmp_path)
    run = _scripted(tmp_path, recording)
    orders = [_paid_later(sent, is_buy=is_buy, latency_ms=500) for sent, is_buy in run]
    book = MadeUpBook(BOOK.terms._replace(latency_ms=500), BOOK.rows, orders)
    recording, tradebook = book.write(tmp_path)
    named = Named(
        None, [str(recording)], None, [tradebook], [], str(tmp_path / "journal"), tmp_path
    )
    found = measure(named, apply_offset=False, data_dir=None)
    assert found.orders == 30
    assert found.suggestion.latency_ms == 500
    assert "bid_ask" in (found.suggestion.nearest_mode, *found.suggestion.alike_modes)
    assert found.nearest.distance_ticks == 0
    assert any("decisions of the run have no real order" in note for note in found.notes)


def _scripted(directory: Path, recording: Path) -> list[tuple[int, bool]]:
    """Run a script that sends the orders of the book; return when they were sent, and the side."""
    script = directory / "script.jsonl"
    script.write_text(
        "".join(
            json.dumps(
                {"ts": order.sent, "symbol": SYMBOL, "signal": "BUY" if order.is_buy else "SELL",
                 "qty": order.quantity}
            ) + "\n"
            for order in BOOK.orders
        )
    )  # fmt: skip
    strategy = {"class": Scripted, "params": {"file": str(script)}}
    result = simulate(replay_of(recording), [strategy], execution={"fill_mode": "bid_ask"})
    result.write_journal(directory / "journal")
    sides = {
        event.order_id: event.transaction_type
        for event in result.events
        if isinstance(event, OrderCreated)
    }
    assert len(sides) == 30
    return [
        (event.ts, sides[event.order_id] == "BUY")
        for event in result.events
        if isinstance(event, OrderMoved) and event.to_state is OrderState.SUBMITTED
    ]


def _paid_later(sent: int, *, is_buy: bool, latency_ms: int) -> Order:
    row: Row = next(row for row in BOOK.rows if row.ts >= sent + latency_ms * MS)
    paise = (row.asks if is_buy else row.bids)[0][0]
    return Order(sent, row.ts, is_buy, 65, paise)


def test_k1_order_histories_give_latency_and_limits(tmp_path: Path) -> None:
    recording, _ = BOOK.write(tmp_path)
    histories = [_history(number, order) for number, order in enumerate(BOOK.orders)]
    first = BOOK.orders[0]
    near, far = first.paise + 500, max(first.paise - 5_000, 5)
    histories.append(_limit_history(900, first, near if first.is_buy else far, filled=True))
    histories.append(_limit_history(901, first, far if first.is_buy else near, filled=False))
    path = tmp_path / "history.json"
    path.write_text(json.dumps([{"status": "success", "data": rows} for rows in histories]))
    result = invoke("calibrate", "--orders", path, "--replay", recording, "--json")
    found = msgspec.json.decode(result.out, type=Calibration)
    assert found.has_latency
    assert found.orders == 30
    assert {rule.latency_ms for rule in found.rules} == {0, 150, 300, 500, 1_000}
    assert found.suggestion.nearest_latency_ms == 0
    assert found.limits is not None
    assert (found.limits.both, found.limits.neither, found.limits.orders) == (1, 1, 2)
    text = invoke("calibrate", "--orders", path, "--replay", recording).out
    assert "Mean distance in ticks by latency" in text
    assert "2 limit orders: filled really 1, on paper 1; both 1" in text


def _history(number: int, order: Order, **more: Any) -> list[dict[str, Any]]:
    sent, filled = _second(order.sent), _second(order.filled)
    first = {
        "order_id": f"2610050000{number:05}", "status": "PUT ORDER REQ RECEIVED",
        "tradingsymbol": SYMBOL, "transaction_type": "BUY" if order.is_buy else "SELL",
        "order_type": "MARKET", "quantity": order.quantity, "filled_quantity": 0,
        "average_price": 0, "price": 0, "order_timestamp": sent, "exchange_timestamp": None,
    } | more  # fmt: skip
    last = first | {
        "status": "COMPLETE", "filled_quantity": order.quantity,
        "average_price": order.paise / 100, "order_timestamp": filled, "exchange_timestamp": filled,
    }  # fmt: skip
    return [first, last]


def _limit_history(number: int, order: Order, paise: int, *, filled: bool) -> list[dict[str, Any]]:
    rows = _history(number, order, order_type="LIMIT", price=paise / 100)
    if not filled:
        rows[1] |= {"status": "CANCELLED", "filled_quantity": 0, "average_price": 0}
        rows[1]["order_timestamp"] = _second(order.filled + 20_000 * MS)
    return rows


def _second(ts: int) -> str:
    return iso_ist(ts)[:19].replace("T", " ")
