"""A configuration file is read exactly, or refused with file, line, path, expected and found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors import ConfigError, ExitCode
from daemon.settings.check import check_config, fingerprint, render_config
from daemon.settings.config import (
    Config,
    ExecutionConfig,
    FeedConfig,
    KiteApiConfig,
    ReplayConfig,
    ReplayFile,
)
from daemon.settings.file import load_config

CONFIGS = Path(__file__).parents[2] / "configs"
STRATEGY = "strategies:\n  list:\n    - {id: a, module: m, class: C%s}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "c.yaml"


def load(file: Path, text: str, overrides: dict[str, Any] | None = None) -> Config:
    file.write_text(text)
    return load_config(file, overrides)


def refusal(file: Path, text: str, overrides: dict[str, Any] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load(file, text, overrides)
    message = str(caught.value)
    assert caught.value.exit_code is ExitCode.BAD_CONFIG
    assert "\n" not in message
    return message.replace(str(file), "c.yaml")


@pytest.mark.parametrize("name", ["dev", "replay", "live"])
def test_shipped_configurations_load(name: str) -> None:
    check_config(load_config(CONFIGS / f"{name}.yaml"))


def test_the_development_configuration_has_the_defaults_of_execution() -> None:
    config = load_config(CONFIGS / "dev.yaml")
    assert config.execution == Config().execution
    assert config.feed == Config().feed
    ids = [each.id for each in config.strategies.items]
    assert ids == ["ema_trend", "opening_range", "short_straddle"]
    assert config.strategies.items[2].params["at"] == "09:20"


def test_a_file_with_only_a_version_is_all_defaults(file: Path) -> None:
    assert load(file, "version: 1\n") == Config()


def test_whole_numbers_are_fine_where_a_number_is_expected(file: Path) -> None:
    assert load(file, "execution: {slippage_bps: 3}").execution.slippage_bps == 3.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version: 2", "c.yaml:1: version: expected one of 1, was 2"),
        ("- 1", "c.yaml:1: expected a mapping, was a list"),
        ("executoin: {}", "c.yaml:1: executoin: unknown key; did you mean 'execution'?"),
        (
            "execution:\n  engine: v3\n  trail_stp_r: 1",
            "c.yaml:3: execution.trail_stp_r: unknown key; did you mean 'trail_step_r'?",
        ),
        ("risk: {zzz: 1}", "c.yaml:1: risk.zzz: unknown key; known are daily_loss_rupees, "),
        (
            "execution:\n  trail_step_r: 0",
            "c.yaml:2: execution.trail_step_r: expected a number > 0 and <= 100, was 0",
        ),
        (
            "execution:\n\n  time_stop_bars: 2.5",
            "c.yaml:3: execution.time_stop_bars: expected a whole number >= 0 and "
            "<= 1000000000, was 2.5",
        ),
        (
            "execution:\n  fill_mode: middle",
            "c.yaml:2: execution.fill_mode: expected one of bid_ask, depth, ltp, mid, was 'middle'",
        ),
        (
            "execution:\n  enable_trailing: yes",
            "c.yaml:2: execution.enable_trailing: expected true or false, was 'yes'",
        ),
        (
            "execution: {time_stop_bars: 010}",
            "expected a whole number >= 0 and <= 1000000000, was '010'",
        ),
        (
            "execution: {reject_after_s: 9:15}",
            "expected a number > 0 and <= 1000000000, was '9:15'",
        ),
        ("execution: {latency_ms: 1e2}", "expected a whole number >= 0 and <= 3600000, was 100.0"),
        ("execution:", "c.yaml:1: execution: expected a mapping, was null"),
        ("execution: {latency_ms: true}", "was true"),
        ("execution: {slippage_bps: .nan}", "c.yaml:1: expected a finite number, was .nan"),
        (
            "execution:\n  latency_ms: 30000",
            "c.yaml:1: execution: latency_ms must be less than reject_after_s",
        ),
        (
            "execution: {refusals: {far_limits: on}}",
            "c.yaml:1: execution: refusals: expected names of price_step, price_band, far_limit,",
        ),
        (
            "execution: {refusals: {lpp: maybe}}",
            "c.yaml:1: execution: refusals.lpp: expected on or off, was 'maybe'",
        ),
        (
            "execution: {max_spread_pct: 0}",
            "c.yaml:1: execution.max_spread_pct: expected a number > 0 and <= 100 or null, was 0",
        ),
        (
            "risk: {max_open_positions: 0}",
            "expected a whole number >= 1 and <= 1000000000 or null, was 0",
        ),
        ("account: a b", "c.yaml:1: account: expected text like "),
        (
            "strategies:\n  list:\n    - id: a\n      module: m",
            "c.yaml:3: strategies.list[0]: expected the key 'class', which is missing",
        ),
        (
            "strategies:\n  list:\n    - id: a\n      module: m\n      class: C\n"
            "      symbols:\n        - A\n        - 5",
            "c.yaml:8: strategies.list[0].symbols[1]: expected text, was 5",
        ),
        (
            STRATEGY % ", exits: {trail_stop_r: 1}",
            "c.yaml:3: strategies.list[0].exits.trail_stop_r: unknown key; "
            "did you mean 'trail_step_r'?",
        ),
        (
            "feed:\n  replay:\n    files:\n      - path: x\n        columns:\n          ts: t\n"
            "          ltp: 3",
            "c.yaml:7: feed.replay.files[0].columns.ltp: expected text or a list, was 3",
        ),
    ],
)
def test_a_misfit_is_told_with_line_path_expected_and_found(
    file: Path, text: str, said: str
) -> None:
    assert said in refusal(file, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "strategies:\n  list:\n    - {id: a, module: m, class: C}\n"
            "    - {id: b, module: m, class: C}\n    - {id: a, module: m, class: C}",
            "c.yaml:5: strategies.list[2].id: 'a' is already list[0]",
        ),
        (STRATEGY % ", timeframe: 1x", "c.yaml:3: strategies.list[0].timeframe: expected a timef"),
        (STRATEGY % ", exits: {partial_exit_pct: 1.0}", "exits.partial_exit_pct: expected a numbe"),
        (STRATEGY % ", exits: {trail_step_r: 0}", "exits.trail_step_r: expected a number > 0"),
        (STRATEGY % ", exits: {time_stop_bars: -1}", "exits.time_stop_bars: expected a whole"),
        ("feed:\n  kind: replay", "c.yaml:1: feed.replay.files: expected at least one file"),
        ("feed:\n  replay:\n    speed: 0", "c.yaml:3: feed.replay.speed: expected 'max' or a"),
        ("feed: {replay: {speed: fast}}", "speed: expected 'max' or a number > 0, was 'fast'"),
        ("feed: {replay: {speed: nan}}", "was 'nan'"),
        ("feed: {replay: {speed: true}}", "speed: expected text, was true"),
        ("feed: {replay: {start: tomorrow}}", "start: expected an ISO date and time"),
        ("feed: {replay: {end: 2026-13-01}}", "end: expected an ISO date and time"),
        ("feed: {replay: {start: 2026-11-19, end: 2026-11-18}}", "end after the start"),
        ("feed: {synthetic: {date: 18-11-2026}}", "feed.synthetic.date: expected a date such as"),
        (
            "feed:\n  replay:\n    settlements:\n      - {underlying: NIFTY, date: x, close: 1}",
            "c.yaml:4: feed.replay.settlements[0].date: expected a date such as",
        ),
        (
            "feed:\n  replay:\n    settlements:\n"
            "      - {underlying: NIFTY, date: 2026-11-23, close: 1}\n"
            "      - {underlying: NIFTY, date: 2026-11-23, close: 2}",
            "c.yaml:5: feed.replay.settlements[1]: is already given as settlements[0]",
        ),
        ("feed: {replay: {files: [{path: a, timeframe: 0m}]}}", "files[0].timeframe: expected"),
        (
            "universe:\n  instruments:\n    - {tradingsymbol: A}\n    - {tradingsymbol: A}",
            "c.yaml:4: universe.instruments[1].tradingsymbol: 'A' is already instruments[0]",
        ),
        ("universe: {instruments: [{tradingsymbol: A, expiry: soon}]}", "expiry: expected a date"),
    ],
)
def test_keys_that_contradict_each_other_are_told_with_their_line(
    file: Path, text: str, said: str
) -> None:
    assert said in refusal(file, text)


def test_check_config_refuses_what_no_file_has_been_through() -> None:
    feed = msgspec.structs.replace(Config().feed, kind="replay")
    with pytest.raises(ConfigError, match=r"^feed\.replay\.files: expected at least one file"):
        check_config(msgspec.structs.replace(Config(), feed=feed))
    check_config(Config())


@pytest.mark.parametrize("speed", ["max", "10", "0.5", '"2"'])
def test_speed_is_max_or_a_number(file: Path, speed: str) -> None:
    config = load(file, f"feed: {{replay: {{speed: {speed}}}}}")
    assert config.feed.replay.speed == speed.strip('"')


def test_overrides_lie_over_the_file_by_path_or_nested(file: Path) -> None:
    text = "execution:\n  fill_mode: ltp\n  slippage_bps: 1\n"
    config = load(
        file,
        text,
        {"execution.fill_mode": "bid_ask", "risk": {"max_open_positions": 2}, "account": "x",
         "execution": {"latency_ms": 5}, "feed.replay.speed": 2},
    )  # fmt: skip
    assert config.execution.fill_mode == "bid_ask"
    assert (config.execution.slippage_bps, config.execution.latency_ms) == (1, 5)
    assert (config.risk.max_open_positions, config.account) == (2, "x")
    assert config.feed.replay.speed == "2"


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"execution.fill_mod": "ltp"}, "execution.fill_mod: unknown key; did you mean 'fill_mode"),
        ({"execution.slippage_bps": -1}, "c.yaml with overrides: execution.slippage_bps: expected"),
        ({"account.name": "x"}, "overrides: expected a mapping above 'name', was 'dev'"),
        ({"execution.slippage_bps": float("nan")}, "expected a finite number, was nan"),
        ({"strategies.warmup_candles": 2**70}, "expected an integer of at most 64 bits"),
        ({"account": b"x"}, "overrides: account: expected a plain value, was a bytes"),
    ],
)
def test_overrides_are_checked_like_the_file(
    file: Path, overrides: dict[str, Any], said: str
) -> None:
    assert said in refusal(file, "account: dev", overrides)


def test_a_written_default_and_a_left_out_key_are_the_same_run(file: Path) -> None:
    config = load(file, "execution: {slippage_bps: 5.0, stale_after_s: 5}")
    assert render_config(config) == render_config(Config())
    assert fingerprint(config) == fingerprint(Config())


def test_the_rendered_configuration_reads_back_as_itself(file: Path) -> None:
    config = load_config(CONFIGS / "dev.yaml")
    assert load(file, render_config(config)) == config


@pytest.mark.parametrize(
    "overrides",
    [
        {"out": "elsewhere"}, {"log.level": "DEBUG"}, {"metrics.interval_s": 2},
        {"feed.replay.speed": "10"}, {"feed.replay.block_rows": 7},
    ],
)  # fmt: skip
def test_the_fingerprint_ignores_how_a_run_is_carried_out(
    file: Path, overrides: dict[str, Any]
) -> None:
    assert fingerprint(load(file, "version: 1", overrides)) == fingerprint(Config())


@pytest.mark.parametrize(
    "overrides",
    [
        {"execution.slippage_bps": 6}, {"feed.synthetic.seed": 43}, {"risk.max_open_positions": 1},
        {"strategies.list": [{"id": "a", "module": "m", "class": "C"}]}, {"rules.directory": "r"},
    ],
)  # fmt: skip
def test_the_fingerprint_changes_with_what_decides_trades(
    file: Path, overrides: dict[str, Any]
) -> None:
    assert fingerprint(load(file, "version: 1", overrides)) != fingerprint(Config())


WORDS = st.text("ab.\n'{", max_size=4)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS
KEYS = st.sampled_from(["list", "replay", "files", "path", "speed", "id", "params"]) | WORDS
TREES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3),
    max_leaves=8,
)
TOP = st.sampled_from([*Config.__struct_fields__, "feed.replay", "strategies.list", "x.y"])


@given(st.dictionaries(TOP, TREES, max_size=4))
def test_any_overrides_give_a_configuration_or_one_line_of_error(overrides: dict[str, Any]) -> None:
    said = ""
    try:
        render_config(load_config(CONFIGS / "replay.yaml", overrides))
    except ConfigError as error:
        said = str(error)
    assert "\n" not in said


@pytest.mark.parametrize(
    ("config", "of_0_2_0"),
    [
        (Config(), "d3739c8ea7183cbd01b30ad49d7bb0b68bd648100fe003eb0635ed5eca314e33"),
        (
            Config(
                feed=FeedConfig(
                    kind="replay",
                    replay=ReplayConfig(
                        files=[ReplayFile(path="a.csv")], warmup=[ReplayFile(path="b.csv")]
                    ),
                )
            ),
            "5c9bd232224a2633e0bedc01a692ec90057d64b292ea9afbf191f27a340a3163",
        ),
    ],
    ids=["defaults", "recordings"],
)
def test_a_configuration_without_newer_settings_keeps_its_fingerprint(
    config: Config, of_0_2_0: str
) -> None:
    assert fingerprint(config) == of_0_2_0


@pytest.mark.parametrize(
    "execution",
    [
        ExecutionConfig(enable_break_even=True),
        ExecutionConfig(break_even_at_r=2),
        ExecutionConfig(break_even_with_charges=True),
        ExecutionConfig(trail_after_r=1),
    ],
)
def test_a_setting_that_moves_stops_is_part_of_the_fingerprint(execution: ExecutionConfig) -> None:
    assert fingerprint(Config(execution=execution)) != fingerprint(Config())
    written = ExecutionConfig(
        enable_break_even=False, break_even_at_r=1, break_even_with_charges=False, trail_after_r=0
    )
    assert fingerprint(Config(execution=written)) == fingerprint(Config())


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("break_even_at_r", "0", "> 0"),
        ("break_even_at_r", "100.5", "<= 100"),
        ("trail_after_r", "-0.5", ">= 0"),
        ("trail_after_r", "101", "<= 100"),
        ("enable_break_even", "1", "true or false"),
        ("break_even_with_charges", "at_entry", "true or false"),
    ],
)
def test_a_setting_that_moves_stops_has_its_bounds(
    file: Path, key: str, value: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=f"execution.{key}.*{said}"):
        load(file, f"version: 1\nexecution:\n  {key}: {value}\n")


def test_the_page_listens_where_it_is_told_and_no_address_has_a_port(file: Path) -> None:
    loaded = load(file, "web: {enabled: true, port: 8600, listen: '::1', hosts: [desk.example]}")
    assert (loaded.web.listen, loaded.web.hosts) == ("::1", ["desk.example"])
    assert "web.listen" in refusal(file, "web: {listen: 'a b'}")
    assert "web.port" in refusal(file, "web: {port: 0}")
    assert "web.hosts[0]" in refusal(file, "web: {hosts: ['desk/example']}")


def test_kites_api_has_a_listener_and_rates_of_its_own(file: Path) -> None:
    usual = load(file, "account: a")
    assert usual.web.kite == KiteApiConfig(enabled=True, listen="127.0.0.1", port=None)
    assert (usual.api.rates, usual.api.default_protection) == ("kite", 0)
    text = "web: {kite: {port: 9000, listen: '::1'}}\napi: {rates: 'off', default_protection: -1}"
    loaded = load(file, text)
    assert (loaded.web.kite.port, loaded.web.kite.listen) == (9_000, "::1")
    assert (loaded.api.rates, loaded.api.default_protection) == ("off", -1)
    assert "web.kite.port" in refusal(file, "web: {kite: {port: 0}}")
    assert "api.rates" in refusal(file, "api: {rates: slow}")
    assert "api.default_protection" in refusal(file, "api: {default_protection: -2}")
