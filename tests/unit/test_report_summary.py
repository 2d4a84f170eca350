"""The summary says what the ledger says, in words a trader reads."""

from __future__ import annotations

import io
import json
import re
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from daemon.metrics.fill_quality import FillProfile, whole_paise
from daemon.report.model import RunFacts
from daemon.report.summary import RunSummary, summarize, summary_dict
from daemon.report.terminal import print_summary, summary_text
from tests.kit.report_events import NIFTY_CE, EventScript, at, sample_day

FACTS = RunFacts(
    run_id="replay-1",
    profile=FillProfile(mode="mid", slippage_bps=5, latency_ms=250),
    account="dev",
    feed="replay",
    ticks=123_456,
    data_from_ts=at("09:15:00"),
    data_to_ts=at("15:29:59"),
    refused_ticks={"late": 3},
    quality={"late_for_candle": 2, "gaps": 0},
    notes=["BANKNIFTY26NOVFUT has no contract row: tick 0.05, lot 1"],
)


def sample() -> RunSummary:
    return summarize(
        sample_day().events, FACTS, marks={NIFTY_CE: 11_650}, paths=["runs/replay-1/report.html"]
    )


GOLDEN = """\
RUN replay-1
  data     2026-11-20 09:15:00 to 15:29:59 IST
  trading  2026-11-20 09:15:10 to 14:30:00 IST
  account  dev
  engine   v3
  feed     replay
  ticks    1,23,456
  journal  31 events

NOTES
  BANKNIFTY26NOVFUT has no contract row: tick 0.05, lot 1

TRADES
  in/out    symbol             side   qty      entry       exit      gross   charges        net
  09:20:00  NIFTY26NOV25000CE  LONG    25     100.00      97.40     -65.00     32.47     -97.47
  09:31:05  trailing stop (part), orb, V3-20261120-000002
  09:20:00  NIFTY26NOV25000CE  LONG    25     100.00     112.00    +300.00     32.65    +267.35
  09:58:40  take profit, orb, V3-20261120-000002
  10:05:00  BANKNIFTY26NOVFUT  SHORT   25  51,500.00  51,705.00  -5,125.00  1,330.06  -6,455.06
  10:42:13  stop loss, fade, V3-20261120-000003
  11:15:00  NIFTY26NOV25000CE  LONG    25     108.00     110.50     +62.50     42.73     +19.77
  12:40:00  time stop, orb, V3-20261120-000006

OPEN POSITIONS
  since     symbol             side  qty   entry    last  open P&L
  14:30:00  NIFTY26NOV25000CE  LONG   25  115.00  116.50    +37.50
            active, stop 110.00, target 125.00, orb, V3-20261120-000007

ORDERS REFUSED
  time      order               strategy  symbol             side  qty  refused by     numbers
  09:15:10  V3-20261120-000001  orb       NIFTY26NOV25000CE  BUY    25  market closed
  11:00:00  V3-20261120-000004  fade      BANKNIFTY26NOVFUT  BUY    25  lot size
  11:01:00  V3-20261120-000005  fade      BANKNIFTY26NOVFUT  BUY    25  lot size
  by gate: lot size 2, market closed 1

TICKS REFUSED
  late  3

DATA
  late_for_candle  2

BY STRATEGY
  strategy  trades        net  open  open P&L  net with open  refused
  orb            2    +168.21     1    +37.50        +205.71        1
  fade           1  -6,455.06     0      0.00      -6,455.06        2

TOTALS
  orders                                     7
  closed trades                              3
  won / lost                             2 / 1
  win rate                               66.7%
  profit factor                           0.03
  max drawdown (closed trades only)   6,476.41
  gross                              -4,827.50
  charges                             1,459.35
  charges on contract notes           1,459.00
  net without open positions         -6,286.85
  open positions at the last price      +37.50
  net with open positions            -6,249.35

HOW FAR TO TRUST THIS: mid fills, 5 bps slippage, 250 ms latency
  fills                                                   8
  optimistic: mid or last price, spread not paid          8
  on a quote older than 1 s                               1
  forced on a stale quote                                 1
  priced inside a candle, not at a tick                   1
  first after a gap in the data                           1
  no bid or ask to fill at: last price taken              0
  gross P&L, mid fills                            -4,827.50
  gross P&L if every fill had paid the spread     -4,837.50
  difference                                         -10.00
  OPTIMISTIC FILLS: a real order would have paid the spread.

WRITTEN
  runs/replay-1/report.html
"""


def test_the_plain_text_is_as_it_was() -> None:
    assert summary_text(sample()) == GOLDEN


def test_a_file_gets_plain_text_and_a_terminal_gets_the_same_numbers() -> None:
    plain, coloured = io.StringIO(), io.StringIO()
    print_summary(sample(), Console(file=plain, width=40))
    print_summary(sample(), Console(file=coloured, width=200, force_terminal=True))
    assert plain.getvalue() == GOLDEN
    assert "\x1b[" in coloured.getvalue()
    for number in ("-6,455.06", "-6,286.85", "-4,837.50", "250 ms latency"):
        assert number in coloured.getvalue()


def shown_at(width: int, summary: RunSummary | None = None) -> str:
    out = io.StringIO()
    print_summary(summary or sample(), Console(file=out, width=width, force_terminal=True))
    return re.sub(r"\x1b\[[\d;]*m", "", out.getvalue())


@pytest.mark.parametrize("width", [80, 90, 100, 120, 160])
def test_every_line_fits_the_terminal_with_strategy_and_order_of_each_trade(width: int) -> None:
    text = shown_at(width)
    assert max(map(len, text.splitlines())) <= width
    for row in sample().exits:
        assert row.order_id in text
    assert text.count("stop loss, fade, V3-20261120-000003") == (width < 160)


def test_a_wide_terminal_has_a_line_for_each_trade() -> None:
    [line] = [line for line in shown_at(160).splitlines() if "stop loss" in line]
    assert line.split() == [
        "10:05:00", "10:42:13", "V3-20261120-000003", "fade", "BANKNIFTY26NOVFUT", "SHORT", "25",
        "51,500.00", "51,705.00", "stop", "loss", "-5,125.00", "1,330.06", "-6,455.06",
    ]  # fmt: skip


def test_a_terminal_too_narrow_never_cuts_a_number() -> None:
    text = shown_at(60)
    assert "51,705.00" in text
    assert "-6,455.06" in text


def test_what_must_be_known_first_stands_before_the_trades() -> None:
    text = summary_text(sample())
    assert text.index("RUN ") < text.index("NOTES") < text.index("TRADES")


def test_a_long_note_goes_on_below_itself() -> None:
    note = "The feed was lost, the run is not complete: " + "word " * 40 + "end"
    facts = msgspec.structs.replace(FACTS, notes=[note])
    summary = summarize([], facts, marks={})
    lines = shown_at(80, summary).split("NOTES\n")[1].split("\n\n")[0]
    assert f"\n  {note}\n" in summary_text(summary)  # a file is searched by whole lines
    assert all(len(line) <= 80 for line in lines.splitlines())
    assert " ".join(lines.split()) == " ".join(note.split())


def test_data_and_trading_have_their_own_times() -> None:
    text = summary_text(sample())
    assert "data     2026-11-20 09:15:00 to 15:29:59 IST" in text
    assert "trading  2026-11-20 09:15:10 to 14:30:00 IST" in text
    shown = summary_dict(sample())
    assert shown["data_from"] == "2026-11-20T09:15:00.000000+05:30"
    assert shown["data_to"] == "2026-11-20T15:29:59.000000+05:30"
    assert shown["first_event"] == "2026-11-20T09:15:10.000000+05:30"


def test_a_refused_order_is_told_with_its_time_gate_value_and_limit() -> None:
    script = EventScript()
    ts = at("10:00:00")
    script.refuse(ts, NIFTY_CE, "max_open_positions", open=3, limit=3)
    script.refuse(ts, NIFTY_CE, "daily_loss", realized_today_paise=-1_250_000, limit_paise=10**6)
    summary = summarize(script.events, FACTS, marks={})
    lines = summary_text(summary, 200).splitlines()
    [first] = [line for line in lines if "V3-20261120-000001" in line]
    assert first.split("  ")[1] == "10:00:00"
    assert first.endswith("max open positions  open 3, limit 3")
    [second] = [line for line in lines if "V3-20261120-000002" in line]
    assert second.endswith("realized today -Rs 12,500.00, limit Rs 10,000.00")
    assert "  by gate: daily loss 1, max open positions 1" in lines
    narrow = summary_text(summary, 80)
    assert "open 3, limit 3, orb, V3-20261120-000001" in narrow
    [kept, _] = summary_dict(summary)["refused_orders"]
    assert kept == {
        "order_id": "V3-20261120-000001", "strategy_id": "orb", "tradingsymbol": NIFTY_CE,
        "time": "2026-11-20T10:00:00.000000+05:30", "transaction_type": "BUY", "quantity": 25,
        "reason": "max_open_positions", "numbers": {"open": 3, "limit": 3},
    }  # fmt: skip


def test_without_a_refusal_nothing_is_said_of_refusals() -> None:
    empty = summarize([], FACTS, marks={})
    assert "ORDERS REFUSED" not in summary_text(empty)
    assert "by gate" not in summary_text(msgspec.structs.replace(empty, refusals={"lot_size": 0}))


def test_net_is_told_with_and_without_what_is_open() -> None:
    summary = sample()
    shown = summary_dict(summary)
    assert (shown["net_pnl"], shown["net_pnl_with_open"]) == (-6286.85, -6249.35)
    totals = summary_text(summary).split("TOTALS")[1]
    assert re.search(r"net without open positions +-6,286.85\n", totals)
    assert re.search(r"net with open positions +-6,249.35\n", totals)


def test_net_with_an_open_position_without_a_price_is_unknown() -> None:
    script = EventScript()
    script.enter(at("09:20:00"), NIFTY_CE, "BUY", 25, 10_000, ltp_paise=0)
    summary = summarize(script.events, FACTS, marks={})
    assert summary_dict(summary)["net_pnl_with_open"] is None
    assert "open positions  unknown: one has no price" in " ".join(
        re.sub(r" {2,}", "  ", summary_text(summary)).splitlines()
    )


def test_each_strategy_has_a_line_and_one_without_orders_too() -> None:
    facts = msgspec.structs.replace(FACTS, strategies={"orb": {}, "idle": {}})
    summary = summarize(sample_day().events, facts, marks={NIFTY_CE: 11_650})
    block = summary_text(summary, 200).split("BY STRATEGY\n")[1].split("\n\n")[0]
    assert [re.split(r" {2,}", line.strip()) for line in block.splitlines()[1:]] == [
        ["orb", "2", "2 / 0", "+297.50", "129.29", "+168.21", "1", "+37.50", "+205.71", "1"],
        ["idle", "0", "0 / 0", "0.00", "0.00", "0.00", "0", "0.00", "0.00", "0"],
        ["fade", "1", "0 / 1", "-5,125.00", "1,330.06", "-6,455.06", "0", "0.00", "-6,455.06", "2"],
    ]
    results = summary_dict(summary)["strategy_results"]
    assert [each["name"] for each in results] == ["orb", "idle", "fade"]


def test_a_name_with_control_characters_cannot_write_over_the_terminal() -> None:
    evil = "EVIL\x1b[2J\n[red]\u202e"
    script = EventScript()
    order_id = script.enter(at("09:20:00"), evil, "BUY", 25, 10_000, strategy=evil)
    script.leave(at("09:21:00"), order_id, 10_100, evil)
    script.refuse(at("09:22:00"), evil, evil, strategy=evil, note=evil)
    script.enter(at("09:23:00"), evil, "BUY", 25, 10_000, strategy=evil)
    facts = RunFacts(
        run_id=evil, profile=FACTS.profile, account=evil, engine=evil, feed=evil, notes=[evil],
        quality={evil: 1}, refused_ticks={evil: 1}, strategies={evil: {}},
    )  # fmt: skip
    summary = summarize(script.events, facts, marks={}, paths=[evil])
    safe = r"EVIL\x1b[2J\n[red]\u202e"
    for text in (*(summary_text(summary, width) for width in (80, 200)), shown_at(200, summary)):
        assert text.count(safe) >= 10
        assert "EVIL" not in text.replace(safe, "")
        assert all(line.isprintable() for line in text.split("\n"))


def test_a_long_list_shows_its_first_and_last_rows_and_says_so() -> None:
    script = EventScript()
    for minute in range(100):
        ts = at("09:20:00") + minute * 60_000_000_000
        order_id = script.enter(ts, NIFTY_CE, "BUY", 25, 10_000)
        script.leave(ts + 1_000_000_000, order_id, 10_100, "take_profit")
    text = summary_text(summarize(script.events, FACTS, marks={}))
    assert "40 rows between the first and the last are not shown here" in text
    assert text.count("take profit") == 60


def test_a_run_without_events_is_said_to_be_one() -> None:
    summary = summarize([], RunFacts(run_id="empty", profile=FACTS.profile), marks={})
    text = summary_text(summary)
    assert "no orders" in text
    assert "no trade was closed" in text
    shown = summary_dict(summary)
    assert (shown["first_event"], shown["win_rate"], shown["net_pnl"]) == (None, None, 0.0)
    json.dumps(shown, allow_nan=False)


def test_the_dictionary_is_versioned_and_valid_json() -> None:
    shown = json.loads(json.dumps(summary_dict(sample()), allow_nan=False))
    assert shown["schema_version"] == 1
    assert shown["fill_profile"] == {"mode": "mid", "slippage_bps": 5, "latency_ms": 250}
    assert (shown["bid_ask_pnl"], shown["optimistic_fills"]) == (-4837.5, True)
    assert [each["reason"] for each in shown["exits"]][:2] == ["trailing_stop", "take_profit"]
    assert shown["open_positions"][0]["unrealized_pnl"] == 37.5


def test_wins_and_losses_are_counted_after_charges() -> None:
    script = EventScript()
    order_id = script.enter(at("09:20:00"), NIFTY_CE, "BUY", 25, 10_000)
    script.leave(at("09:30:00"), order_id, 10_100, "take_profit")  # +25 gross, over 40 of charges
    judged = summarize(script.events, FACTS, marks={}).numbers
    assert (judged.wins, judged.losses) == (0, 1)


trades = st.lists(
    st.tuples(
        st.sampled_from(["BUY", "SELL"]),
        st.integers(1, 5),
        st.integers(100, 3000),
        st.lists(st.tuples(st.integers(1, 5), st.integers(100, 3000)), max_size=3),
        st.sampled_from(["orb", "fade"]),
    ),
    max_size=12,
)


@given(trades=trades)
def test_every_table_adds_up_to_the_ledger(
    trades: list[tuple[str, int, int, list[tuple[int, int]], str]],
) -> None:
    script = EventScript()
    for side, lots, entry, exits, strategy in trades:
        order_id = script.enter(
            at("09:20:00"), NIFTY_CE, "BUY" if side == "BUY" else "SELL", 25 * lots, 5 * entry,
            strategy=strategy,
        )  # fmt: skip
        for part, price in exits:
            position = script.ledger.positions.get(order_id)
            if position is not None:
                quantity = min(25 * part, position.quantity)
                reason = "stop_loss" if quantity < position.quantity else "time_stop"
                script.leave(at("09:40:00"), order_id, 5 * price, reason, quantity=quantity)
    ledger = script.ledger
    summary = summarize(script.events, FACTS, marks={})
    left = sum((row.open_charges or Decimal(0) for row in summary.open_rows), Decimal(0))
    assert sum(each.gross_paise for each in summary.exits) == ledger.realized_paise
    assert sum(each.bid_ask_paise for each in summary.exits) == ledger.realized_bid_ask_paise
    assert sum((each.charges for each in summary.exits), left) == ledger.charges
    results = summary.strategies
    assert sum(each.gross_paise for each in results) == ledger.realized_paise
    assert sum((each.charges for each in results), Decimal(0)) == ledger.charges
    assert sum(each.trades for each in results) == summary.numbers.trades
    for groups in (summary.by_strategy, summary.by_symbol, summary.by_reason):
        assert sum(each.gross_paise for each in groups) == ledger.realized_paise
        assert sum((each.charges for each in groups), Decimal(0)) == ledger.charges
    assert summary.fill_quality.net_paise == ledger.realized_paise - whole_paise(ledger.charges)
    assert summary.numbers.trades == sum(each.closed for each in ledger.strategies.values())
