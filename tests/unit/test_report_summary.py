"""The summary says what the ledger says, in words a trader reads."""

from __future__ import annotations

import io
import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from daemon.metrics.honesty import FillProfile, whole_paise
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
  span     2026-11-20 09:15:10 to 14:30:00 IST
  account  dev
  engine   v3
  feed     replay
  ticks    1,23,456
  journal  31 events

TRADES
  in        out       symbol             side   qty      entry       exit  reason                    gross   charges        net
  09:20:00  09:31:05  NIFTY26NOV25000CE  LONG    25     100.00      97.40  trailing_stop (part)     -65.00     32.47     -97.47
  09:20:00  09:58:40  NIFTY26NOV25000CE  LONG    25     100.00     112.00  take_profit             +300.00     32.65    +267.35
  10:05:00  10:42:13  BANKNIFTY26NOVFUT  SHORT   25  51,500.00  51,705.00  stop_loss             -5,125.00  1,330.06  -6,455.06
  11:15:00  12:40:00  NIFTY26NOV25000CE  LONG    25     108.00     110.50  time_stop                +62.50     42.73     +19.77

OPEN POSITIONS
  since     symbol             side  qty   entry     ltp    stop  target  unrealized  state
  14:30:00  NIFTY26NOV25000CE  LONG   25  115.00  116.50  110.00  125.00      +37.50  ACTIVE

ORDERS REFUSED
  lot_size       2
  market_closed  1

TICKS REFUSED
  late  3

DATA
  late_for_candle  2

NOTES
  BANKNIFTY26NOVFUT has no contract row: tick 0.05, lot 1

TOTALS
  orders                              7
  closed positions                    3
  won / lost                      2 / 1
  win rate                        66.7%
  profit factor                    0.03
  max drawdown (booked only)   6,476.41
  gross                       -4,827.50
  charges                      1,459.35
  charges on contract notes    1,459.00
  net                         -6,286.85
  unrealized, still open         +37.50

HOW FAR TO TRUST THIS: mid fills, 5 bps slippage, 250 ms latency
  fills made                                            8
  optimistic (mid or ltp, the side was there)           8
  on a quote older than 1 s                             1
  on a stale quote                                      1
  walked through a candle                               1
  first after a gap                                     1
  without the side to cross (no bid or no ask)          0
  gross with mid fills                          -4,827.50
  gross with bid_ask fills                      -4,837.50
  difference                                       -10.00
  OPTIMISTIC FILLS: a real order would have paid the spread.

WRITTEN
  runs/replay-1/report.html
"""  # noqa: E501


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


def test_a_narrow_terminal_never_cuts_a_number() -> None:
    out = io.StringIO()
    print_summary(sample(), Console(file=out, width=60, force_terminal=True))
    assert "51,705.00" in out.getvalue()
    assert "-6,455.06" in out.getvalue()


def test_a_name_with_control_characters_cannot_write_over_the_terminal() -> None:
    script = EventScript()
    order_id = script.enter(at("09:20:00"), "EVIL\x1b[2J\n", "BUY", 25, 10_000)
    script.leave(at("09:21:00"), order_id, 10_100, "take_profit")
    summary = summarize(script.events, FACTS, marks={})
    assert "EVIL?[2J?" in summary_text(summary)
    out = io.StringIO()
    print_summary(summary, Console(file=out, width=200, force_terminal=True))
    assert "\x1b[2J" not in out.getvalue()


def test_a_long_list_shows_its_first_and_last_rows_and_says_so() -> None:
    script = EventScript()
    for minute in range(100):
        ts = at("09:20:00") + minute * 60_000_000_000
        order_id = script.enter(ts, NIFTY_CE, "BUY", 25, 10_000)
        script.leave(ts + 1_000_000_000, order_id, 10_100, "take_profit")
    text = summary_text(summarize(script.events, FACTS, marks={}))
    assert "40 rows between the first and the last are not shown here" in text
    assert text.count("take_profit") == 60


def test_a_run_without_events_is_said_to_be_one() -> None:
    summary = summarize([], RunFacts(run_id="empty", profile=FACTS.profile), marks={})
    text = summary_text(summary)
    assert "no trading events" in text
    assert "no exits" in text
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
    left = sum((each.charges for each in summary.open_rows), Decimal(0))
    assert sum(each.gross_paise for each in summary.exits) == ledger.realized_paise
    assert sum(each.bid_ask_paise for each in summary.exits) == ledger.realized_bid_ask_paise
    assert sum((each.charges for each in summary.exits), left) == ledger.charges
    for groups in (summary.by_strategy, summary.by_symbol, summary.by_reason):
        assert sum(each.gross_paise for each in groups) == ledger.realized_paise
        assert sum((each.charges for each in groups), Decimal(0)) == ledger.charges
    assert summary.honesty.net_paise == ledger.realized_paise - whole_paise(ledger.charges)
    assert summary.numbers.trades == sum(each.closed for each in ledger.strategies.values())
