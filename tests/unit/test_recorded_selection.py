"""A live configuration on a recording: what its words mean there, and what is missing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from daemon.cli.check import check_file
from daemon.cli.run_notes import RULES as NOTES
from daemon.domain.dates import ist_ns
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from daemon.errors import ConfigError
from daemon.rules import load_rulebook
from daemon.runtime.build import build, build_feed, convert_recording, sessions_of, universe_to_read
from daemon.settings.config import (
    Config,
    FeedConfig,
    InstrumentConfig,
    OptionsConfig,
    ReplayConfig,
    ReplayFile,
    StrategiesConfig,
    StrategyConfig,
    UnderlyingConfig,
    UniverseConfig,
)
from daemon.settings.file import load_config
from feeds.files.native_writer import write_ticks
from feeds.recorded_selection import ResolvedConfig, resolve_on_recording
from feeds.recording.format import (
    MAGIC,
    Kind,
    LogHeader,
    encode_header,
    encode_input,
    record,
)
from tests.kit.cli import ROOT
from tests.kit.kite_dump import DAY, day_rows

RULES = load_rulebook()
SESSIONS = sessions_of(RULES)
LIVE = ROOT / "configs/live.yaml"
SAMPLE = str(ROOT / "configs/sample_session.parquet")
ROWS = {each.tradingsymbol: each for each in day_rows() if each.exchange in ("NSE", "NFO")}
NIFTY = UnderlyingConfig(name="NIFTY", futures=["current"])


def recording(
    place: Path, symbols: Iterable[str], *, date: dt.date = DAY, time: dt.time = dt.time(9, 15)
) -> str:
    """A native file of one tick of each symbol of the made-up day."""
    universe = Universe(ROWS[each] for each in symbols)
    path = place / f"{date}-{time:%H%M}.parquet"
    write_ticks(path, universe, [one_tick_each(len(universe), ist_ns(date, time))])
    return str(path)


def one_tick_each(count: int, ts: int) -> Ticks:
    """A block of one tick of each of so many instruments."""
    return Ticks(
        ts=np.full(count, ts, dtype=np.int64),
        instrument=np.arange(count, dtype=np.int32),
        ltp=np.full(count, 10_000, dtype=np.int64),
    )


def config_of(
    *paths: str,
    underlyings: Iterable[UnderlyingConfig] = (),
    singles: Iterable[str] = (),
    symbols: Iterable[str] = (),
    **replay: Any,
) -> Config:
    strategy = StrategyConfig(id="s", module="m", class_="C", symbols=list(symbols))
    return Config(
        feed=FeedConfig(
            kind="replay",
            replay=ReplayConfig(files=[ReplayFile(path=each) for each in paths], **replay),
        ),
        universe=UniverseConfig(
            underlyings=list(underlyings),
            instruments=[InstrumentConfig(tradingsymbol=each) for each in singles],
        ),
        strategies=StrategiesConfig(items=[strategy] if symbols else []),
    )


def resolved(*paths: str, **how: Any) -> ResolvedConfig:
    return resolve_on_recording(config_of(*paths, **how), RULES, SESSIONS)


def symbols_of(found: ResolvedConfig) -> list[str]:
    return [each.tradingsymbol for each in found.config.universe.instruments]


def options(*expiries: str) -> list[str]:
    return [
        f"NIFTY/{each}/{strike}{kind}"
        for each in expiries
        for strike in (24_950, 25_000, 25_050)
        for kind in ("CE", "PE")
    ]


# what words mean


def test_the_shipped_live_configuration_trades_the_future_of_the_sample(tmp_path: Path) -> None:
    config = load_config(LIVE, {"feed.kind": "replay", "feed.replay.files": [{"path": SAMPLE}]})
    parts = build(config)
    assert [each.symbols for each in parts.config.strategies.items] == [["NIFTY26NOVFUT"]]
    assert {"NIFTY 50", "NIFTY26NOVFUT", "NIFTY26NOV25000CE"} <= set(parts.feed.universe.symbols)
    assert len(parts.feed.universe) == 12
    text = "\n".join(parts.notes)
    assert "The contracts of 2026-11-18, the recording's first date: " in text
    assert "NIFTY:INDEX is NIFTY 50, NIFTY:FUT:current is NIFTY26NOVFUT" in text
    assert "weekly options of NIFTY are those of 2026-11-23" in text
    assert "the recording has no INDIA VIX" in text
    assert "5 wants 11 strikes of NIFTY 2026-11-23, the recording has 5 (24900 to 25100)" in text
    assert "universe.underlyings[1]: the recording has no futures or options of BANKNIFTY." in text


def test_the_notes_stand_in_the_summary_and_in_check(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    text = LIVE.read_text().replace(
        "  kind: kite\n", f"  kind: replay\n  replay: {{files: [{{path: {SAMPLE}}}]}}\n"
    )
    path.write_text(text)
    verdict, warnings, _ = check_file(path)
    assert "valid. Feed replay with 12 instruments" in verdict
    assert any("NIFTY:FUT:current is NIFTY26NOVFUT" in each for each in warnings)
    parts = SimpleNamespace(notes=("a note",))
    feed = SimpleNamespace(universe=[Instrument(instrument_token=1, tradingsymbol="NIFTY-I")])
    app: Any = SimpleNamespace(parts=parts, feed=feed)
    rules = {rule.__name__: rule for rule in NOTES}
    assert list(rules["_chosen_contracts"](app)) == ["a note"]
    assert list(rules["_without_expiry"](app)) == [
        "No expiry known, so never expired in this run: NIFTY-I."
    ]


@pytest.mark.parametrize(
    ("word", "symbol"),
    [("current", "NIFTY/2611FUT"), ("next", "NIFTY/2612FUT")],
)
@pytest.mark.parametrize("others", [True, False])
def test_a_future_is_the_same_whether_or_not_the_recording_has_the_others(
    tmp_path: Path, word: Any, symbol: str, *, others: bool
) -> None:
    futures = ["NIFTY/2611FUT", "NIFTY/2612FUT"] if others else [symbol]
    path = recording(tmp_path, ["NIFTY 50", *futures])
    wanted = UnderlyingConfig(name="NIFTY", futures=[word])
    found = resolved(path, underlyings=[wanted], symbols=[f"NIFTY:FUT:{word}", "NIFTY:INDEX"])
    assert symbols_of(found) == ["NIFTY 50", symbol]
    assert found.config.strategies.items[0].symbols == [symbol, "NIFTY 50"]
    assert len(found.notes) == 1


def test_a_future_that_the_recording_lacks_is_not_replaced_by_another(tmp_path: Path) -> None:
    path = recording(tmp_path, ["NIFTY 50", "NIFTY/2612FUT"])
    found = resolved(path, underlyings=[NIFTY])
    assert symbols_of(found) == ["NIFTY 50"]
    assert "no 'current' future of NIFTY: that expires on 2026-11-23" in found.notes[-1]
    with pytest.raises(ConfigError) as caught:
        resolved(path, underlyings=[NIFTY], symbols=["NIFTY:FUT:current"])
    assert str(caught.value) == (
        "strategies.list[0] (s): 'NIFTY:FUT:current' is not among the contracts of the recording on"
        " 2026-11-18; write one of: NIFTY:INDEX"
    )


@pytest.mark.parametrize(
    ("word", "expiry"),
    [
        ("weekly", "261123"),
        ("next_weekly", "261201"),
        ("monthly", "261123"),
        ("next_monthly", "261229"),
    ],
)
@pytest.mark.parametrize("alone", [True, False])
def test_options_are_those_of_the_expiry_that_the_word_means(
    tmp_path: Path, word: Any, expiry: str, *, alone: bool
) -> None:
    others = () if alone else ("261123", "261201", "261208", "261229")
    path = recording(tmp_path, dict.fromkeys(["NIFTY 50", *options(expiry, *others)]))
    wanted = OptionsConfig(expiry=word, strikes_each_side=1)
    found = resolved(path, underlyings=[UnderlyingConfig(name="NIFTY", options=wanted)])
    assert sorted(symbols_of(found)) == sorted(["NIFTY 50", *options(expiry)])
    assert len(found.notes) == 1


def test_options_that_the_recording_lacks_are_left_out_and_named(tmp_path: Path) -> None:
    path = recording(tmp_path, ["NIFTY 50", *options("261208")])
    wanted = UnderlyingConfig(name="NIFTY", options=OptionsConfig())
    found = resolved(path, underlyings=[wanted])
    assert symbols_of(found) == ["NIFTY 50"]
    assert (
        "no weekly options of NIFTY: those expire on 2026-11-23, it has 2026-12-08"
        in (found.notes[-1])
    )


def test_only_the_wanted_types_are_taken_and_a_small_window_is_reported(tmp_path: Path) -> None:
    path = recording(tmp_path, ["NIFTY 50", *options("261123")])
    wanted = OptionsConfig(types=("PE",), strikes_each_side=2)
    found = resolved(path, underlyings=[UnderlyingConfig(name="NIFTY", options=wanted)])
    assert len(symbols_of(found)) == 4
    assert (
        "2 wants 5 strikes of NIFTY 2026-11-23, the recording has 3 (24950 to 25050)"
        in (found.notes[-1])
    )


def test_a_contract_is_over_when_the_recording_begins_after_its_last_session(
    tmp_path: Path,
) -> None:
    symbols = ["NIFTY/2611FUT", "NIFTY/2612FUT"]
    for time, expected in ((dt.time(15, 39), 0), (dt.time(15, 40), 1)):
        path = recording(tmp_path, symbols, date=dt.date(2026, 11, 23), time=time)
        found = resolved(path, underlyings=[UnderlyingConfig(name="NIFTY", index=False,
                                                             futures=["current"])])  # fmt: skip
        assert symbols_of(found) == [symbols[expected]]


def test_several_days_have_the_contracts_of_the_first_that_is_replayed(tmp_path: Path) -> None:
    symbols = ["NIFTY/2611FUT", "NIFTY/2612FUT"]
    days = [
        recording(tmp_path, symbols, date=dt.date(2026, 11, day), time=dt.time(10))
        for day in (23, 25)
    ]
    how: dict[str, Any] = {"underlyings": [replace_index(NIFTY)], "symbols": ["NIFTY:FUT:current"]}
    assert symbols_of(resolved(*days, **how)) == ["NIFTY/2611FUT"]
    assert symbols_of(resolved(*reversed(days), **how)) == ["NIFTY/2611FUT"]
    assert symbols_of(resolved(*days, start="2026-11-24", **how)) == ["NIFTY/2612FUT"]


def replace_index(config: UnderlyingConfig) -> UnderlyingConfig:
    return UnderlyingConfig(name=config.name, index=False, futures=config.futures)


def test_where_the_rules_do_not_reach_the_recordings_own_order_counts(tmp_path: Path) -> None:
    path = recording(tmp_path, ["NIFTY/2611FUT", "NIFTY/2612FUT", "NIFTY/2701FUT"])
    far = UnderlyingConfig(name="NIFTY", index=False, futures=["far"])
    assert symbols_of(resolved(path, underlyings=[far])) == ["NIFTY/2701FUT"]


def test_the_log_of_a_live_day_is_a_recording_like_any_other(tmp_path: Path) -> None:
    symbols = ["NIFTY 50", "NIFTY/2611FUT", "NIFTY/2612FUT"]
    header = LogHeader(
        account="a", date=DAY.isoformat(), segment=1, program_version="0", config="{}",
        config_fingerprint="", instruments=[ROWS[each] for each in symbols],
    )  # fmt: skip
    path = tmp_path / "day.inputs"
    head = MAGIC + record(Kind.HEADER, encode_header(header))
    path.write_bytes(head + encode_input(one_tick_each(len(symbols), ist_ns(DAY, dt.time(9, 15)))))
    config = config_of(str(path), underlyings=[NIFTY], symbols=["NIFTY:FUT:current"])
    found = resolve_on_recording(config, RULES, SESSIONS).config
    universe = build_feed(found, RULES).universe
    assert list(universe) == [ROWS["NIFTY 50"], ROWS["NIFTY/2611FUT"]]


# without `underlyings`


def test_a_strategy_may_name_the_future_of_any_recording(tmp_path: Path) -> None:
    path = recording(tmp_path, ["NIFTY 50", "NIFTY/2611FUT"])
    found = resolved(path, symbols=["NIFTY:FUT:current"])
    assert found.config.strategies.items[0].symbols == ["NIFTY/2611FUT"]
    assert found.config.universe == UniverseConfig()


def test_a_configuration_without_such_names_stays_as_it_is_and_reads_nothing() -> None:
    config = config_of("/nowhere/a.parquet", symbols=["NIFTY26NOVFUT"])
    assert resolve_on_recording(config, RULES, SESSIONS) == ResolvedConfig(config)


# what cannot be resolved


def test_a_recording_without_contract_facts_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("ts,token,ltp\n2026-11-18 09:15:00,13238786,100\n")
    with pytest.raises(ConfigError) as caught:
        resolved(str(path), underlyings=[NIFTY])
    assert "the recording names no contract with an expiry" in str(caught.value)
    assert "name an `instruments_file`" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_symbols_of_a_foreign_file_are_contract_facts(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "ts,symbol,ltp\n2024-08-12 09:15:00,NIFTY24AUGFUT,100\n2024-08-12 09:15:00,NIFTY 50,99\n"
    )
    found = resolved(str(path), underlyings=[NIFTY], symbols=["NIFTY:FUT:current"])
    assert symbols_of(found) == ["NIFTY 50", "NIFTY24AUGFUT"]
    assert found.config.universe.instruments[1].expiry == "2024-08-29"


def test_a_recording_of_something_else_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    path = recording(tmp_path, ["RELIANCE/2611FUT"])
    with pytest.raises(ConfigError, match=re.escape("universe.underlyings[0]: the recording has")):
        resolved(path, underlyings=[NIFTY])


def test_a_recording_of_which_nothing_is_replayed_has_no_date(tmp_path: Path) -> None:
    path = recording(tmp_path, ["NIFTY/2611FUT"])
    with pytest.raises(ConfigError, match="no row of the recording is replayed"):
        resolved(path, underlyings=[NIFTY], start="2026-11-19")


def test_the_synthetic_market_has_no_underlyings_to_choose() -> None:
    with pytest.raises(ConfigError, match=r"underlyings: are for the feeds kite and replay"):
        load_config(LIVE, {"feed.kind": "synthetic"})


# reading without trading


def test_a_recording_is_converted_and_served_with_the_same_contracts(tmp_path: Path) -> None:
    path = recording(tmp_path, ["NIFTY 50", "NIFTY/2611FUT", "NIFTY/2612FUT"])
    config = config_of(path, underlyings=[NIFTY], symbols=["BANKNIFTY:FUT:current"])
    read = universe_to_read(config, RULES, None)
    assert [each.tradingsymbol for each in read.instruments] == ["NIFTY 50", "NIFTY/2611FUT"]
    assert convert_recording(config, tmp_path / "to.parquet").instruments == 2
