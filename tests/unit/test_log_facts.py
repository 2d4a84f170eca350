"""Log lines of fills, exits and refusals: every one is there, whole, and costs nothing unasked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from loguru import logger

from daemon.domain.events import TradingEvent
from daemon.domain.ledger import Ledger
from daemon.process import facts
from daemon.process.facts import FactLog
from daemon.process.logs import start_logging
from daemon.report.fold import RunFold
from daemon.report.text import signed
from daemon.settings.config import LogConfig
from tests.exchange.depth_market import DepthMarket
from tests.kit.report_events import NIFTY_CE, EventScript, at, sample_day

LOGGED = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+05:30 INFO    (.*)$")


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    yield
    logger.remove()
    logger.configure(extra={}, patcher=None)


def told(
    path: Path,
    events: list[TradingEvent],
    form: Literal["text", "json"] = "text",
    *,
    each: int = 1000,
    begin: Ledger | None = None,
) -> list[str]:
    """The lines of a log file after `events`, `each` a call."""
    start_logging(LogConfig(file=str(path), format=form), quiet=True)
    log = FactLog(begin or Ledger())
    for first in range(0, len(events), each):
        log.log(events[first : first + each])
    return path.read_text().splitlines()


def test_a_day_reads_as_sentences(tmp_path: Path) -> None:
    events = in_one_input(sample_day().events)
    lines = [LOGGED.match(line) for line in told(tmp_path / "log", events)]
    sentences = [line[1].split(" at=")[0] for line in lines if line]
    assert sentences == [
        "refused: BUY 25 NIFTY26NOV25000CE, market_closed: the market was not open for this "
        "contract, strategy orb, V3-20261120-000001",
        "BUY 50 NIFTY26NOV25000CE filled at 100.00 (mid), strategy orb, V3-20261120-000002",
        "trailing stop: sold 25 NIFTY26NOV25000CE at 97.40 (mid), net -97.47, 25 stay open, "
        "strategy orb, V3-20261120-000002",
        "take profit: sold 25 NIFTY26NOV25000CE at 112.00 (mid), net +267.35, strategy orb, "
        "V3-20261120-000002",
        "SELL 25 BANKNIFTY26NOVFUT filled at 51,500.00 (mid), strategy fade, V3-20261120-000003",
        "stop loss: bought 25 BANKNIFTY26NOVFUT at 51,705.00 (mid, stale quote, first after a "
        "gap), net -6,455.06, strategy fade, V3-20261120-000003",
        "refused: BUY 25 BANKNIFTY26NOVFUT, lot_size: the quantity must be a positive multiple "
        "of the lot, strategy fade, V3-20261120-000004",
        "refused: BUY 25 BANKNIFTY26NOVFUT, lot_size: the quantity must be a positive multiple "
        "of the lot, strategy fade, V3-20261120-000005",
        "BUY 25 NIFTY26NOV25000CE filled at 108.00 (last price, inside a candle), strategy orb, "
        "V3-20261120-000006",
        "time stop: sold 25 NIFTY26NOV25000CE at 110.50 (mid), net +19.77, strategy orb, "
        "V3-20261120-000006",
        "BUY 25 NIFTY26NOV25000CE filled at 115.00 (mid), strategy orb, V3-20261120-000007",
    ]
    assert lines[1] is not None
    assert lines[1][1].endswith(" at=2026-11-20T09:20:00.000+05:30 seq=5")


def in_one_input(events: list[TradingEvent]) -> list[TradingEvent]:
    """The same events as decided at one input, as an exit that fills at once is."""
    return [type(each)(**{**_fields(each), "input_no": 1}) for each in events]


def _fields(event: TradingEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


def test_an_exit_that_waits_for_its_price_is_told_and_one_that_fills_at_once_is_not_twice(
    tmp_path: Path,
) -> None:
    script = EventScript()
    order_id = script.enter(at("09:20:00"), NIFTY_CE, "BUY", 25, 10_000)
    script.leave(at("09:30:00"), order_id, 10_100, "time_stop")
    waits = f"time stop: the exit of 25 {NIFTY_CE} waits for a price"
    assert waits in "\n".join(told(tmp_path / "later", script.events))
    assert waits not in "\n".join(told(tmp_path / "at once", in_one_input(script.events)))


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("each", [1, 7, 1000])
def test_a_thousand_fills_are_a_thousand_lines(
    tmp_path: Path, form: Literal["text", "json"], each: int
) -> None:
    script = EventScript()
    for _ in range(1000):
        script.enter(at("09:20:00"), NIFTY_CE, "BUY", 25, 10_000)
    lines = told(tmp_path / "log", script.events, form, each=each)
    assert len([line for line in lines if "filled at" in line]) == 1000
    assert len({re.findall(r"V3-\d+-\d+", line)[0] for line in lines}) == 1000


def test_the_same_fact_again_and_again_is_never_a_repeat(tmp_path: Path) -> None:
    start_logging(LogConfig(file=str(tmp_path / "log")), quiet=True)
    for _ in range(3000):
        logger.bind(fact="lost_entry", strategy_id="s").info("BUY 65 X, strategy s: lost")
        logger.info("operational")
    lines = (tmp_path / "log").read_text().splitlines()
    assert sum("lost" in line for line in lines) == 3000
    assert sum("operational" in line for line in lines) == 10


def test_json_has_each_fact_in_fields_with_indian_time(tmp_path: Path) -> None:
    lines = told(tmp_path / "log", sample_day().events, "json")
    records = [json.loads(line)["record"] for line in lines]
    assert all(each["time"]["repr"].endswith("+05:30") for each in records)
    kinds = [each["extra"]["fact"] for each in records]
    assert kinds.count("refusal") == 3
    assert kinds.count("entry") == kinds.count("exit") == 4
    [stop] = [each for each in records if each["extra"]["reason"] == "stop_loss"
              and each["extra"]["fact"] == "exit"]  # fmt: skip
    assert stop["extra"] == {
        "fact": "exit", "order_id": "V3-20261120-000003", "seq": 17, "side": "BUY",
        "at": "2026-11-20T10:42:13.000+05:30", "tradingsymbol": "BANKNIFTY26NOVFUT",
        "strategy_id": "fade", "reason": "stop_loss", "quantity": 25, "price": "51,705.00",
        "net": "-6,455.06",
    }  # fmt: skip
    assert stop["message"].startswith("stop loss: bought 25 BANKNIFTY26NOVFUT")


def test_our_json_has_the_keys_of_the_librarys_own(tmp_path: Path) -> None:
    start_logging(LogConfig(file=str(tmp_path / "ours"), format="json"), quiet=True)
    logger.add(tmp_path / "theirs", serialize=True, format="{message}", diagnose=False)
    logger.bind(seq=7).info("plain")
    try:
        raise ValueError("wrong")
    except ValueError:
        logger.exception("failed")

    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: shape(inner) for name, inner in value.items() if name != "_lines"}
        return type(value)

    ours = [json.loads(line) for line in (tmp_path / "ours").read_text().splitlines()]
    theirs = [json.loads(line) for line in (tmp_path / "theirs").read_text().splitlines()]
    assert [shape(each) for each in ours] == [shape(each) for each in theirs]
    assert "ValueError: wrong" in ours[1]["text"]


def test_nets_are_those_of_the_report(tmp_path: Path) -> None:
    script = sample_day()
    lines = [line for line in told(tmp_path / "log", script.events) if ", net " in line]
    expected = [signed(row.net_paise) for row in RunFold(script.events).exits]
    assert [re.findall(r", net (\S+),", line)[0] for line in lines] == expected


def test_after_a_restart_what_was_open_is_still_known_by_name(tmp_path: Path) -> None:
    script = EventScript()
    order_id = script.enter(at("09:20:00"), NIFTY_CE, "BUY", 25, 10_000)
    before = Ledger()
    for event in script.events:
        before.apply(event)
    known = len(script.events)
    script.leave(at("09:30:00"), order_id, 10_100, "time_stop")
    lines = told(tmp_path / "log", script.events[known:], begin=before)
    assert f"time stop: sold 25 {NIFTY_CE} at 101.00 (mid), net -17.51, strategy orb" in lines[-1]


def test_below_the_level_no_sentence_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise AssertionError("made for nobody")

    monkeypatch.setattr(facts, "_fact", fail)
    start_logging(LogConfig(), quiet=True)
    log = FactLog(Ledger())
    log.log(sample_day().events)


def test_what_is_kept_is_bounded_by_what_is_not_archived() -> None:
    script = sample_day()
    script.archive_all(at("15:40:00"))
    log = FactLog(Ledger())
    log.log(script.events)
    assert log._asked.keys() == log._open.keys() == script.ledger.positions.keys()


@pytest.mark.parametrize(("with_facts", "lines"), [(True, 12), (False, 1)])
def test_a_progress_bar_has_facts_above_it_only_where_a_person_can_follow(
    capsys: pytest.CaptureFixture[str], with_facts: bool, lines: int
) -> None:
    start_logging(LogConfig(), quiet=True, with_facts=with_facts)
    logger.info("operational")
    logger.warning("odd")
    FactLog(Ledger()).log(in_one_input(sample_day().events))
    assert len(capsys.readouterr().err.splitlines()) == lines


HOSTILE = "A\x1b[2J\nB\u202eC<b>[red]{0}"


@pytest.mark.parametrize(
    "log",
    [
        lambda: logger.info("{}", HOSTILE),
        lambda: logger.bind(path=HOSTILE).warning("x"),
        lambda: logger.bind(fact="strategy_error", at=HOSTILE).error("x"),
        lambda: FactLog(Ledger()).log(hostile_order()),
    ],
)
def test_no_text_from_outside_makes_a_second_line_or_an_escape(
    tmp_path: Path, log: Callable[[], None]
) -> None:
    start_logging(LogConfig(file=str(tmp_path / "log")), quiet=True)
    log()
    [line] = (tmp_path / "log").read_text().splitlines()
    assert line.isprintable()
    assert r"A\x1b[2J\nB\u202eC<b>[red]{0}" in line


def test_json_lines_print_and_hold_what_came(tmp_path: Path) -> None:
    [line] = told(tmp_path / "log", hostile_order(), "json")
    assert line.isprintable()
    assert json.loads(line)["record"]["extra"]["tradingsymbol"] == HOSTILE


def hostile_order() -> list[TradingEvent]:
    script = EventScript()
    script.refuse(at("09:20:00"), HOSTILE, HOSTILE, strategy=HOSTILE)
    return script.events


def test_a_traceback_keeps_its_lines_and_nothing_else(tmp_path: Path) -> None:
    start_logging(LogConfig(file=str(tmp_path / "log")), quiet=True)
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logger.exception("failed")
    text = (tmp_path / "log").read_text()
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert re.search(r"^ValueError: A\\x1b\[2J$", text, re.MULTILINE)


def test_every_part_of_an_entry_and_an_exit_is_a_line(tmp_path: Path) -> None:
    made = DepthMarket(enable_time_stop=False, enable_partial_exit=False)
    made.depth_tick()
    made.signal("BUY", 325, 90.0)
    made.depth_tick(89.00, bids=((89.00, 130), (80.00, 65)), asks=((89.50, 65),))
    made.depth_tick(88.90, bids=((88.00, 650), (80.00, 65)), asks=((89.50, 65),))
    for each in (1, 1000):
        lines = [LOGGED.match(line) for line in told(tmp_path / str(each), made.events, each=each)]
        sentences = [line[1].split(" at=")[0] for line in lines if line]
        whose = ", strategy story, V3-20261118-000001"
        fills = [sentence for sentence in sentences if "waits" not in sentence]
        assert fills == [
            f"BUY 130 NIFTY26NOV25000CE filled at 100.00 (level of the book){whose}",
            f"BUY 195 NIFTY26NOV25000CE filled at 100.05 (level of the book){whose}",
            "stop loss: sold 130 NIFTY26NOV25000CE at 89.00 (level of the book), net -1,433.90, "
            f"195 stay open{whose}",
            "stop loss: sold 195 NIFTY26NOV25000CE at 87.25 (limit, crossed), net -2,492.10"
            f"{whose}",
        ]
