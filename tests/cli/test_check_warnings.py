"""What `check` warns of: settings that a run would take and that trade nothing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from daemon.cli.check_data import ROWS, slow_files
from daemon.runtime.build import build
from daemon.settings.file import load_config
from feeds.replay import ReplayFeed
from tests.kit.cli import FUTURE, Result, invoke, tick_rows, write_config, write_ticks

DAY = "2026-11-18"


def checked(tmp_path: Path, rows: list[str], *, strategies: str = "", more: str = "") -> Result:
    ticks = write_ticks(tmp_path / "ticks.csv", rows)
    return check(write_config(tmp_path / "c.yaml", ticks, strategies=strategies, more=more))


def check(config: Path) -> Result:
    done = invoke("check", config)
    assert done.code == 0, done.err
    assert "valid. Feed" in done.out.splitlines()[0]
    return done


def warnings_of(done: Result) -> list[str]:
    lines = done.out.splitlines()[1:]
    assert all(line.startswith("warning: ") for line in lines)
    return [line.removeprefix("warning: ") for line in lines]


def script(tmp_path: Path, *lines: dict[str, object], name: str = "script") -> str:
    path = tmp_path / "script.jsonl"
    whole = {"symbol": FUTURE, "signal": "BUY", "qty": 130}
    path.write_text("".join(json.dumps(whole | line) + "\n" for line in lines))
    return (
        f"    - {{id: {name}, module: strategies.scripted, class: Scripted, "
        f"params: {{file: {path}}}}}\n"
    )


def ema(**params: object) -> str:
    return (
        "    - {id: ema, module: strategies.ema_trend, class: EmaTrend, "
        f"symbols: [{FUTURE}], params: {json.dumps(params)}}}\n"
    )


def test_nothing_is_warned_of_where_nothing_is_wrong(tmp_path: Path) -> None:
    wish = script(tmp_path, {"ts": f"{DAY}T09:20:00"})
    done = checked(tmp_path, list(tick_rows(3 * ROWS)), strategies=wish + ema(quantity=130))
    assert warnings_of(done) == []
    assert done.err == ""


@pytest.mark.parametrize("shift", [-330, 330])
def test_times_that_are_5_30_off_are_warned_of_with_the_setting(tmp_path: Path, shift: int) -> None:
    rows = []
    for minute in range(375):
        at = 9 * 60 + 15 + minute + shift
        rows.append(f"{DAY}T{at // 60:02d}:{at % 60:02d}:00,{FUTURE},25000,,")
    [text] = warnings_of(checked(tmp_path, rows))
    first = "03:45:00" if shift < 0 else "14:45:00"
    assert text.startswith(f"{tmp_path}/ticks.csv: most rows are outside their session (the first")
    assert first in text
    setting = "`zone: UTC`" if shift < 0 else "`epoch_zone: Asia/Kolkata`"
    assert f"set {setting} for the file" in text


def test_files_that_warm_the_strategies_are_looked_at_too(tmp_path: Path) -> None:
    utc = [
        f"2026-11-17T{(225 + n) // 60:02d}:{(225 + n) % 60:02d}:00,{FUTURE},25000,,"
        for n in range(375)
    ]
    warmup = write_ticks(tmp_path / "warmup.csv", utc)
    config = write_config(tmp_path / "c.yaml", write_ticks(tmp_path / "t.csv", tick_rows(50)))
    text = config.read_text().replace("    files:", f"    warmup: [{{path: {warmup}}}]\n    files:")
    config.write_text(text)
    [warning] = warnings_of(check(config))
    assert warning.startswith(f"{warmup}: most rows are outside their session")


def test_a_recording_from_before_the_open_is_not_taken_for_utc(tmp_path: Path) -> None:
    early = [f"{DAY}T09:{n // 60:02d}:{n % 60:02d},{FUTURE},25000,," for n in range(900)]
    assert warnings_of(checked(tmp_path, [*early, *tick_rows(900)])) == []


def test_a_file_of_a_holiday_is_warned_of(tmp_path: Path) -> None:
    rows = [each.replace(DAY, "2026-11-22") for each in tick_rows(50)]
    [text] = warnings_of(checked(tmp_path, rows))
    assert "no row is inside its session (the first at 2026-11-22 09:15:00)" in text


def test_rows_that_would_be_late_are_warned_of_with_the_remedy(tmp_path: Path) -> None:
    [text] = warnings_of(checked(tmp_path, [*tick_rows(90), *tick_rows(10)]))
    assert "at its ends 10 of 100 rows (10.0%) were refused as `late`" in text
    assert "`order: received`" in text


def test_the_end_of_a_long_file_is_looked_at_too(tmp_path: Path) -> None:
    rows = [*tick_rows(5 * ROWS), *tick_rows(200)]
    plain = write_ticks(tmp_path / "t.csv", rows)
    zipped = tmp_path / "t.csv.gz"
    zipped.write_bytes(gzip.compress(plain.read_bytes()))
    for ticks in (plain, zipped):
        [text] = warnings_of(check(write_config(tmp_path / "c.yaml", ticks)))
        assert "200 of 2,000 rows (10.0%) were refused as `late`" in text


def test_of_parquet_only_the_ends_are_read(tmp_path: Path) -> None:
    rows = list(tick_rows(22_000))
    config = write_config(tmp_path / "c.yaml", write_ticks(tmp_path / "t.csv", rows))
    own = tmp_path / "t.parquet"
    assert invoke("convert", config, own).code == 0
    table = pq.read_table(own)
    pq.write_table(table, own, row_group_size=500)
    parts = build(load_config(write_config(tmp_path / "p.yaml", own)))
    assert isinstance(parts.feed, ReplayFeed)
    [edges] = parts.feed.recording.edges(ROWS)
    assert [len(each) for each in edges.blocks()] == [ROWS, ROWS]
    assert edges.head is not None
    assert edges.tail is not None
    ts = table["ts"].to_pylist()
    assert edges.head.ts.tolist() == ts[:ROWS]
    assert edges.tail.ts.tolist() == ts[-ROWS:]
    read = sum(len(block) for block in parts.feed.recording.blocks())
    assert read == len(rows)
    assert warnings_of(check(tmp_path / "p.yaml")) == []


@pytest.mark.parametrize("count", [1, ROWS - 1, ROWS, ROWS + 1, 2 * ROWS, 2 * ROWS + 1, 9 * ROWS])
def test_no_row_is_in_both_ends_of_a_file(tmp_path: Path, count: int) -> None:
    config = write_config(tmp_path / "c.yaml", write_ticks(tmp_path / "t.csv", tick_rows(count)))
    parts = build(load_config(config))
    assert isinstance(parts.feed, ReplayFeed)
    [edges] = parts.feed.recording.edges(ROWS)
    sizes = [len(each) for each in edges.blocks()]
    assert sizes == [each for each in (min(count, ROWS), min(max(count - ROWS, 0), ROWS)) if each]
    times = [ts for each in edges.blocks() for ts in each.ts.tolist()]
    assert len(set(times)) == len(times)


def test_a_file_that_breaks_off_is_warned_of(tmp_path: Path) -> None:
    [text] = warnings_of(checked(tmp_path, [*tick_rows(50), "never,X,1,,"]))
    assert text.startswith("the run will end where the file can no longer be read: ")
    assert "row 51" in text


def test_a_file_without_rows_is_warned_of(tmp_path: Path) -> None:
    ticks = tmp_path / "ticks.csv"
    ticks.write_text("ts,symbol,ltp\n")
    assert warnings_of(check(write_config(tmp_path / "c.yaml", ticks))) == [f"{ticks}: has no rows"]


@pytest.mark.parametrize(
    ("span", "told"),
    [
        ({"start": "2026-11-19"}, "none of them fits start 2026-11-19"),
        ({"end": "2026-11-17"}, "none of them fits end 2026-11-17"),
        ({"end": "2026-11-18"}, ""),
        ({"start": "2026-11-18T09:15:30"}, ""),
    ],
)
def test_a_file_outside_the_replayed_span_is_warned_of(
    tmp_path: Path, span: dict[str, str], told: str
) -> None:
    config = write_config(tmp_path / "c.yaml", write_ticks(tmp_path / "t.csv", tick_rows(60)))
    [(name, value)] = span.items()
    text = config.read_text()
    config.write_text(text.replace("  replay:\n", f"  replay:\n    {name}: '{value}'\n"))
    texts = warnings_of(check(config))
    assert len(texts) == bool(told)
    assert all(told in each for each in texts)


def test_a_symbol_in_another_case_is_warned_of(tmp_path: Path) -> None:
    rows = [each.replace(FUTURE, FUTURE.lower()) for each in tick_rows(50)]
    texts = warnings_of(checked(tmp_path, rows, strategies=ema(quantity=130)))
    name = f"names {FUTURE.lower()!r}, the universe has {FUTURE!r}: the case must be the same"
    assert any(each.endswith(name) for each in texts)
    assert any("were refused as `unknown_instrument`" in each for each in texts)
    assert f"strategy ema: no file has a row of {FUTURE}: it will see no candle" in texts


def test_a_symbol_that_first_trades_in_the_middle_of_a_file_is_found(tmp_path: Path) -> None:
    rows = list(tick_rows(5 * ROWS))
    rows[2_500] = rows[2_500].replace(FUTURE, "OTHER")
    config = write_config(
        tmp_path / "c.yaml", write_ticks(tmp_path / "t.csv", rows),
        strategies=ema(quantity=130).replace(f"[{FUTURE}]", "[OTHER]"),
    )  # fmt: skip
    other = "  instruments:\n    - {tradingsymbol: OTHER, lot_size: 65, tick_size: 0.05}\n"
    config.write_text(config.read_text().replace("  instruments:\n", other))
    assert warnings_of(check(config)) == []


def test_an_underlying_in_another_case_is_warned_of(tmp_path: Path) -> None:
    straddle = (
        "    - {id: straddle, module: strategies.short_straddle, class: ShortStraddle, "
        "params: {underlying: nifty, quantity: 130}}\n"
    )
    texts = warnings_of(checked(tmp_path, list(tick_rows(50)), strategies=straddle))
    assert "strategy straddle: underlying 'nifty' is 'NIFTY' in the universe" in "\n".join(texts)


def test_a_live_underlying_in_lower_case_is_warned_of(tmp_path: Path) -> None:
    config = tmp_path / "live.yaml"
    config.write_text(
        "version: 1\nfeed: {kind: kite}\n"
        "universe: {underlyings: [{name: nifty}, {name: BANKNIFTY}]}\n"
    )
    done = invoke("check", config)
    assert done.code == 0
    [text] = [each for each in warnings_of(done) if "underlyings" in each]
    assert "'nifty': Kite's names are upper case, such as 'NIFTY'" in text


def test_a_quantity_that_is_no_multiple_of_the_lot_is_warned_of(tmp_path: Path) -> None:
    texts = warnings_of(checked(tmp_path, list(tick_rows(50)), strategies=ema(quantity=100)))
    assert texts == [
        f"strategy ema: 100 of {FUTURE} (lot 65) is no multiple of the lot: such orders are "
        "refused `lot_size`"
    ]


@pytest.mark.parametrize(
    ("quantity", "more", "is_told"),
    [
        (65, "", True),
        (0, "", True),
        (130, "", False),
        (130, "execution: {partial_exit_pct: 0.4}\n", True),
        (65, "execution: {enable_partial_exit: false}\n", False),
        (65, "execution: {engine: v2}\n", False),
    ],
)
def test_a_partial_exit_that_can_have_no_lot_is_warned_of(
    tmp_path: Path, quantity: int, more: str, is_told: bool
) -> None:
    strategy = ema(quantity=quantity)
    texts = warnings_of(checked(tmp_path, list(tick_rows(50)), strategies=strategy, more=more))
    assert len(texts) == is_told
    units = quantity or 65
    start = f"strategy ema: `partial_exit_pct` of {units} of {FUTURE} (lot 65) is less than one lot"
    assert all(each.startswith(start) for each in texts)


def test_a_script_is_judged_by_its_own_exits(tmp_path: Path) -> None:
    off = {"enable_partial_exit": False}
    wish = script(tmp_path, {"ts": f"{DAY}T09:15:10", "qty": 65, "exits": off})
    assert warnings_of(checked(tmp_path, list(tick_rows(50)), strategies=wish)) == []


def test_scripted_intents_that_come_to_nothing_are_warned_of(tmp_path: Path) -> None:
    wish = script(
        tmp_path,
        {"ts": f"{DAY}T09:15:10", "qty": 66},
        {"ts": f"{DAY}T09:15:11", "symbol": FUTURE.lower()},
        {"ts": f"{DAY}T09:14:00"},
        {"ts": f"{DAY}T16:00:00"},
        {"ts": f"{DAY}T09:15:20", "signal": "EXIT", "qty": 0},
    )
    texts = warnings_of(checked(tmp_path, list(tick_rows(50)), strategies=wish))
    assert [each.removeprefix("strategy script: ") for each in texts] == [
        f"the script's {FUTURE.lower()!r} is not in the universe: such orders are refused "
        f"`unknown_symbol`; did you mean {FUTURE}?",
        f"1 of the script's 5 intents come after the last row and are never sent (the first: {DAY} "
        f"16:00:00; the last row is at {DAY} 09:15:49)",
        f"1 of the script's 5 intents come before the first row and are sent at it (the first: "
        f"{DAY} 09:14:00; the first row is at {DAY} 09:15:00)",
        f"2 of the script's 5 intents come outside the session (the first: {DAY} 09:14:00): such "
        "orders are refused `market_closed`",
        f"66 of {FUTURE} (lot 65) is no multiple of the lot: such orders are refused `lot_size`",
    ]


def test_gtts_that_are_always_refused_are_warned_of(tmp_path: Path) -> None:
    leg = {"trigger": 90, "side": "BUY", "qty": 65, "price": 91}
    line = {"ts": f"{DAY}T09:15:10", "do": "gtt", "symbol": "NIFTY", "legs": [leg]}
    wish = script(tmp_path, name="gtts")
    (tmp_path / "script.jsonl").write_text(json.dumps(line) + "\n")
    rows = list(tick_rows(50))
    assert warnings_of(checked(tmp_path, rows, strategies=wish)) == [
        "a script asks for GTTs: with `fill_mode: mid` they are refused `no_exchange`; they need "
        "`fill_mode: depth`"
    ]
    depth = checked(tmp_path, rows, strategies=wish, more="execution: {fill_mode: depth}\n")
    [said] = warnings_of(depth)
    assert said.startswith("a script's GTT of 'NIFTY' is refused `unknown_symbol`: it is not in ")


@pytest.mark.parametrize(
    ("params", "told"), [({"lots": 3}, 0), ({"quantity": 0}, 0), ({"quantity": 9}, 1)]
)
def test_of_a_user_s_own_strategy_only_a_quantity_is_judged(
    tmp_path: Path, params: dict[str, int], told: int
) -> None:
    (tmp_path / "own_strategy_of_mine.py").write_text(
        "class Own:\n    def __init__(self, *, lots: int = 1, quantity: int = 0):\n        pass\n"
        "    def on_candle(self, candle, view):\n        return None\n"
    )
    own = "    - {id: own, module: own_strategy_of_mine, class: Own, params: " + json.dumps(params)
    texts = warnings_of(checked(tmp_path, list(tick_rows(5)), strategies=own + "}\n"))
    assert len(texts) == told
    assert all(each.startswith(f"strategy own: 9 of {FUTURE} (lot 65)") for each in texts)


def test_a_large_text_file_is_announced_with_the_time_it_takes(tmp_path: Path) -> None:
    large, small, parquet = (tmp_path / each for each in ("l.csv", "s.csv", "p.parquet"))
    for path, size in ((large, 300_000_000), (small, 1_000), (parquet, 300_000_000)):
        with path.open("wb") as file:
            file.truncate(size)
    [text] = slow_files([large, small, parquet])
    assert text.startswith(f"{large}: reading 300 MB to the end, which takes about ")


@pytest.mark.parametrize(("unit", "warned"), [(1, False), (100, True)])
def test_prices_in_paise_are_warned_of(tmp_path: Path, unit: int, warned: bool) -> None:
    rows = [
        f"{DAY}T09:{20 + n // 60:02d}:{n % 60:02d},{FUTURE},{(25_000 + n % 40 * 0.5) * unit},,"
        for n in range(120)
    ]
    texts = [each for each in warnings_of(checked(tmp_path, rows)) if "paise" in each]
    assert len(texts) == warned
    if warned:
        assert f"every price of {FUTURE} is a multiple of 10.00, a hundred times" in texts[0]
        assert "divide them by 100" in texts[0]


@pytest.mark.parametrize(("minutes", "warned"), [(1, False), (5, True), (15, True)])
def test_candles_that_are_further_apart_than_their_timeframe_are_warned_of(
    tmp_path: Path, minutes: int, warned: bool
) -> None:
    lines = ["ts,open,high,low,close,volume"]
    for at in range(9 * 60 + 15, 15 * 60 + 15, minutes):
        price = 25_000 + at % 7 + 0.1
        lines.append(
            f"{DAY} {at // 60:02d}:{at % 60:02d}:00,{price},{price + 1},{price},{price},65"
        )
    (tmp_path / "candles.csv").write_text("\n".join(lines) + "\n")
    config = tmp_path / "c.yaml"
    config.write_text(
        "version: 1\nfeed: {kind: replay, replay: {files: [{path: candles.csv, kind: candles, "
        f"symbol: {FUTURE}}}]}}}}\n"
    )
    texts = [each for each in warnings_of(check(config)) if "apart" in each]
    assert len(texts) == warned
    if warned:
        assert f"no two candles of {FUTURE} are less than {minutes} minutes apart" in texts[0]
        assert f"set `timeframe: {minutes}m` for the file" in texts[0]


def test_what_is_assumed_of_an_unknown_symbol_is_warned_of(tmp_path: Path) -> None:
    write_ticks(tmp_path / "ticks.csv", [f"{DAY}T09:20:{n:02d},XY,{100 + n},," for n in range(9)])
    config = tmp_path / "c.yaml"
    config.write_text("version: 1\nfeed: {kind: replay, replay: {files: [{path: ticks.csv}]}}\n")
    [text] = warnings_of(check(config))
    assert text == "No contract row: tick 0.05 and lot 1 assumed for XY. Charged as shares: XY."


def to_cost(strategy: str, **exits: bool) -> str:
    """A strategy's line with exit settings of its own."""
    return strategy.rstrip("\n").removesuffix("}") + f", exits: {json.dumps(exits)}}}\n"


BREAK_EVEN = "enable_break_even: true, break_even_with_charges: true"


@pytest.mark.parametrize(("execution", "exits", "places"), [
    (f"charges: false, {BREAK_EVEN}", {}, ["execution"]),
    (f"charges: true, {BREAK_EVEN}", {"break_even_with_charges": True}, []),
    ("charges: false, break_even_with_charges: true", {}, []),
    ("charges: false, break_even_with_charges: true", {"enable_break_even": True},
     ["strategy ema"]),
    ("charges: false", {"enable_break_even": True}, []),
    ("charges: false", {"enable_break_even": True, "break_even_with_charges": True},
     ["strategy ema"]),
    (f"charges: false, {BREAK_EVEN}", {"enable_break_even": False}, ["execution"]),
])  # fmt: skip
def test_a_cost_with_charges_where_none_are_charged_is_warned_of(
    tmp_path: Path, execution: str, exits: dict[str, bool], places: list[str]
) -> None:
    done = checked(
        tmp_path, list(tick_rows(3 * ROWS)), strategies=to_cost(ema(quantity=130), **exits),
        more=f"execution: {{{execution}}}\n",
    )  # fmt: skip
    assert warnings_of(done) == [
        f"{place}: `break_even_with_charges` has nothing to count, as `execution.charges` is "
        "false: the stop moves to the entry price"
        for place in places
    ]
