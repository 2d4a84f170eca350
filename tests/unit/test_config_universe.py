"""Settings of `universe.underlyings` that contradict each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from daemon.errors import ConfigError
from daemon.settings.check import check_config
from daemon.settings.config import (
    Config,
    FeedConfig,
    OptionsConfig,
    UnderlyingConfig,
    UniverseConfig,
)
from daemon.settings.file import load_config


def check(*rows: UnderlyingConfig, kind: Any = "kite") -> None:
    config = Config(feed=FeedConfig(kind=kind), universe=UniverseConfig(underlyings=list(rows)))
    check_config(config)


def test_what_makes_sense_together_is_accepted() -> None:
    weekly = UnderlyingConfig(name="NIFTY", futures=["current", "far"], options=OptionsConfig())
    monthly = UnderlyingConfig(name="NIFTY", options=OptionsConfig(expiry="monthly"))
    check(weekly, monthly, UnderlyingConfig(name="BANKNIFTY"))
    check()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [UnderlyingConfig(name="A"), UnderlyingConfig(name="A", futures=["next"])],
            "universe.underlyings[1].name: 'A' with the same options is already underlyings[0]",
        ),
        (
            [UnderlyingConfig(name="A", futures=["next", "far", "next"])],
            "universe.underlyings[0].futures[2]: 'next' is already futures[0]",
        ),
        (
            [UnderlyingConfig(name="A", index=False, options=OptionsConfig())],
            "universe.underlyings[0].index: expected true, as the options follow the spot",
        ),
        (
            [UnderlyingConfig(name="A", index=False)],
            "universe.underlyings[0]: expected index: true, futures or options, none is wanted",
        ),
        (
            [UnderlyingConfig(name="A", options=OptionsConfig(types=()))],
            "universe.underlyings[0].options.types: expected CE, PE or both, was none",
        ),
        (
            [UnderlyingConfig(name="A", options=OptionsConfig(types=("CE", "CE")))],
            "universe.underlyings[0].options.types[1]: 'CE' is already types[0]",
        ),
    ],
)
def test_what_contradicts_itself_is_told_with_its_place(
    rows: list[UnderlyingConfig], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        check(*rows)
    assert str(caught.value) == said


def test_underlyings_are_for_the_live_feed_and_for_recordings() -> None:
    check(UnderlyingConfig(name="NIFTY"), kind="kite")
    with pytest.raises(ConfigError, match=r"^universe\.underlyings: are for the feeds kite and"):
        check(UnderlyingConfig(name="NIFTY"), kind="synthetic")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[CU, PE]", ".types[0]: expected one of CE, PE, was 'CU'"),
        ("[PE, 5]", ".types[1]: expected one of CE, PE, was 5"),
        ("CE", ".types: expected a list, was 'CE'"),
    ],
)
def test_a_type_of_option_that_there_is_not_is_told_with_its_place(
    written: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(
        "version: 1\nfeed: {kind: kite}\n"
        f"universe: {{underlyings: [{{name: NIFTY, options: {{types: {written}}}}}]}}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert said in str(caught.value)
