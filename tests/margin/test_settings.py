"""The settings of margins: what is refused, what a run without a capital keeps, what is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.cli.check import check_file
from daemon.domain.events import OrderMoved, encode_event
from daemon.domain.statistics import MarginStatus
from daemon.errors import ConfigError
from daemon.report.summary import summary_dict
from daemon.report.terminal import summary_text
from daemon.runtime.simulate import Simulated, run
from daemon.settings.check import fingerprint
from daemon.settings.config import Config, MarginConfig
from daemon.settings.file import load_config
from tests.kit.source import ROOT

SAMPLE = ROOT / "configs/sample.yaml"


def written(folder: Path, text: str) -> Path:
    path = folder / "run.yaml"
    path.write_text(f"version: 1\n{text}\n")
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("margin: {model: span_file}", "margin.span_file: expected a file with model: span_file"),
        ("margin: {span_file: x.spn}", "margin.span_file: expected a file with model: span_file"),
        ("margin: {model: kite}", "margin.model: kite is asked by a live run only"),
        ("margin: {model: guess}", "expected one of"),
        ("margin: {enforce: square_off}", "margin.enforce: square_off needs capital_rupees"),
        ("capital_rupees: 0", "capital_rupees: expected a number > 0"),
        ("capital_rupees: 1000.123", "capital_rupees: expected whole paise, was 1000.123"),
        ("capital_rupees: 1000\nmargin: {model: off}", "expected a model other than off"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(written(tmp_path, text))
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_configuration_without_a_capital_keeps_its_fingerprint_and_one_with_it_does_not() -> None:
    assert fingerprint(Config()) == fingerprint(Config(margin=MarginConfig()))
    assert fingerprint(Config(capital_rupees=500_000)) != fingerprint(Config())


def test_check_says_that_entries_are_gated(tmp_path: Path) -> None:
    gated = check_file(written(tmp_path, "capital_rupees: 500000")).verdict
    assert gated.endswith("capital 5,00,000.00 (entries are gated by approximate margins)")
    assert "capital" not in check_file(written(tmp_path, "")).verdict


def simulated(capital: float | None, *, block_rows: int = 65_536) -> Simulated:
    config = load_config(SAMPLE)
    replay = replace(config.feed.replay, block_rows=block_rows)
    feed = replace(config.feed, replay=replay)
    return run(replace(config, capital_rupees=capital, feed=feed))


def test_a_capital_that_is_enough_changes_no_event() -> None:
    without, rich = simulated(None), simulated(10_000_000)
    assert list(map(encode_event, rich.events)) == list(map(encode_event, without.events))
    assert without.summary.facts.margin is None, "nobody asked for it"
    margin = rich.summary.facts.margin
    assert margin is not None
    assert margin.peak_rupees > 0
    assert margin.free_paise is not None
    share = rich.summary.return_on_peak_margin
    assert share == rich.summary.fill_quality.net_paise / (margin.peak_rupees * 100)
    shown = summary_dict(rich.summary)
    assert shown["margin"]["peak"] == margin.peak_rupees
    assert shown["return_on_peak_margin"] == round(share, 4)
    assert MarginStatus.from_rupees(json.loads(json.dumps(shown["margin"]))) == margin
    text = summary_text(rich.summary)
    assert "peak margin (approximate)" in text
    assert "return on peak margin" in text


def test_a_capital_that_is_not_enough_refuses_and_says_so() -> None:
    poor = simulated(1_000)
    refused = [
        event
        for event in poor.events
        if isinstance(event, OrderMoved) and event.reason == "insufficient_margin"
    ]
    assert refused
    for event in refused:
        assert event.numbers is not None
        assert int(event.numbers["required_paise"]) > int(event.numbers["available_paise"])
    assert poor.summary.refusals["insufficient_margin"] == len(refused)
    assert not poor.summary.exits


def test_the_size_of_blocks_changes_neither_refusals_nor_figures() -> None:
    whole, pieces = (simulated(300_000, block_rows=rows) for rows in (65_536, 97))
    assert whole.summary.refusals["insufficient_margin"]
    assert whole.summary.exits
    assert list(map(encode_event, pieces.events)) == list(map(encode_event, whole.events))
    assert pieces.summary.facts.margin == whole.summary.facts.margin
