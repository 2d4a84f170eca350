"""Inputs of a configuration are next to it, whatever directory the user stands in."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from daemon.errors import ConfigError
from daemon.settings.check import fingerprint, render_config
from daemon.settings.config import Config, Origin
from daemon.settings.file import load_config
from daemon.settings.inputs import kept_config, misplaced_inputs

INPUTS: dict[str, tuple[str, Callable[[Config], str]]] = {
    "files": (
        "feed: {kind: replay, replay: {files: [{path: %s}]}}",
        lambda config: config.feed.replay.files[0].path,
    ),
    "warmup": (
        "feed: {replay: {warmup: [{path: %s}]}}",
        lambda config: config.feed.replay.warmup[0].path,
    ),
    "instruments_file": (
        "universe: {instruments_file: %s}",
        lambda config: config.universe.instruments_file,
    ),
    "rules.directory": ("rules: {directory: %s}", lambda config: config.rules.directory),
    "strategies.path": ("strategies: {path: [%s]}", lambda config: config.strategies.path[0]),
    "params.file": (
        "strategies: {list: [{id: a, module: strategies.scripted, class: Scripted,"
        " params: {file: %s}}]}",
        lambda config: str(config.strategies.items[0].params["file"]),
    ),
}


class Desk:
    """A directory with a configuration, and another one that the user stands in."""

    def __init__(self, place: Path) -> None:
        self.beside, self.working = place / "desk", place / "working"
        self.beside.mkdir()
        self.working.mkdir()

    def load(self, text: str, overrides: dict[str, Any] | None = None) -> Config:
        (self.beside / "c.yaml").write_text(text)
        return load_config(self.beside / "c.yaml", overrides)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(tmp_path)
    monkeypatch.chdir(made.working)
    return made


@pytest.fixture(params=INPUTS)
def named(request: pytest.FixtureRequest) -> tuple[str, Callable[[Config], str]]:
    return INPUTS[request.param]


def test_an_input_is_taken_from_next_to_the_configuration(
    desk: Desk, named: tuple[str, Callable[[Config], str]]
) -> None:
    for place in (desk.beside, desk.working):
        (place / "x").touch()
    config = desk.load(named[0] % "x")
    assert named[1](config) == str(desk.beside / "x")
    assert list(misplaced_inputs(config)) == []


def test_an_input_that_is_nowhere_is_looked_for_next_to_the_configuration(
    desk: Desk, named: tuple[str, Callable[[Config], str]]
) -> None:
    config = desk.load(named[0] % "sub/../x")
    assert named[1](config) == str(desk.beside / "x")
    assert list(misplaced_inputs(config)) == []


def test_an_input_in_the_working_directory_only_is_taken_with_a_line_that_names_both(
    desk: Desk, named: tuple[str, Callable[[Config], str]]
) -> None:
    (desk.working / "x").touch()
    config = desk.load(named[0] % "x")
    assert named[1](config) == str(desk.working / "x")
    (line,) = misplaced_inputs(config)
    assert str(desk.working / "x") in line
    assert str(desk.beside / "x") in line
    assert "0.4" in line


def test_a_path_that_is_named_twice_is_told_once(desk: Desk) -> None:
    (desk.working / "x").touch()
    config = desk.load("feed: {kind: replay, replay: {files: [{path: x}, {path: ./x}]}}")
    assert len(list(misplaced_inputs(config))) == 1


def test_a_full_path_and_one_under_a_variable_stay_as_they_are(
    desk: Desk, named: tuple[str, Callable[[Config], str]], tmp_path: Path
) -> None:
    for text in (f"{tmp_path}/x", "'${FNO_DATA}/x'"):
        config = desk.load(named[0] % text)
        assert named[1](config) == text.strip("'")
        assert config.origin == Origin()


def test_a_home_directory_is_filled_in(
    desk: Desk, named: tuple[str, Callable[[Config], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/trader")
    assert named[1](desk.load(named[0] % "~/x")) == "/home/trader/x"


def test_the_home_of_an_unknown_user_is_refused_with_the_line(desk: Desk) -> None:
    with pytest.raises(ConfigError) as refused:
        desk.load("version: 1\nrules:\n  directory: ~nobody-here/x")
    assert str(refused.value) == (
        f"{desk.beside}/c.yaml:3: rules.directory: expected the home directory of a known user, "
        "was '~nobody-here/x'"
    )


def test_what_the_command_line_names_is_in_the_working_directory(desk: Desk) -> None:
    (desk.beside / "x").touch()
    files = {"feed.kind": "replay", "feed.replay.files": [{"path": "x"}]}
    config = desk.load("rules: {directory: r}", files)
    assert config.feed.replay.files[0].path == str(desk.working / "x")
    assert config.rules.directory == str(desk.beside / "r")
    assert list(misplaced_inputs(config)) == []


def test_what_a_run_writes_stays_relative_to_the_working_directory(desk: Desk) -> None:
    config = desk.load("out: o\nlog: {file: l}\nmetrics: {path: m}")
    assert (config.out, config.log.file, config.metrics.path) == ("o", "l", "m")
    kept = kept_config(config)
    assert (kept.out, kept.log.file) == (f"{desk.working}/o", f"{desk.working}/l")
    assert kept_config(Config()).log.file == ""


def test_a_strategys_own_file_is_its_own_business(desk: Desk) -> None:
    (desk.beside / "x").touch()
    listed = "strategies: {list: [{id: a, module: mine, class: M, params: {file: x}}]}"
    assert desk.load(listed).strategies.items[0].params == {"file": "x"}


def test_the_fingerprint_is_that_of_what_was_written(
    desk: Desk, named: tuple[str, Callable[[Config], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = fingerprint(desk.load(named[0] % "x"))
    (desk.working / "x").touch()
    assert fingerprint(desk.load(named[0] % "x")) == beside
    monkeypatch.chdir("/")
    assert fingerprint(desk.load(named[0] % "x")) == beside
    assert fingerprint(desk.load(named[0] % "y")) != beside


def test_the_fingerprint_of_a_configuration_that_is_moved_stays(tmp_path: Path) -> None:
    text = (
        "feed: {kind: replay, replay: {files: [{path: x}]}}\n"
        "strategies: {list: [{id: a, module: mine, class: M}]}"
    )
    prints = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.py").touch()
        (tmp_path / name / "c.yaml").write_text(text)
        config = load_config(tmp_path / name / "c.yaml")
        assert config.strategies.path == [str(tmp_path / name)]
        prints.add(fingerprint(config))
    assert len(prints) == 1


def test_without_inputs_by_name_a_fingerprint_is_that_of_version_0_2_0(desk: Desk) -> None:
    values = msgspec.json.decode(render_config(Config()))
    assert values["strategies"].pop("path") == []
    assert "path" not in values["strategies"]
    assert fingerprint(desk.load("strategies: {path: [.]}")) == fingerprint(Config())


def test_a_runs_own_copy_is_taken_as_it_is_from_anywhere(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk.beside / "mine.py").touch()
    config = desk.load(
        "feed: {kind: replay, replay: {files: [{path: x}]}}\n"
        "strategies: {list: [{id: a, module: mine, class: M}]}"
    )
    copy = tmp_path / "config.json"
    copy.write_text(render_config(kept_config(config)))
    monkeypatch.chdir("/")
    again = load_config(copy)
    assert again == msgspec.structs.replace(config, out=f"{desk.working}/artifacts")
    assert fingerprint(again) == fingerprint(config)


def test_a_relative_configuration_is_next_to_itself(desk: Desk) -> None:
    config_file = desk.working / "c.yaml"
    config_file.write_text("rules: {directory: r}")
    assert load_config(Path("c.yaml")).rules.directory == os.path.join(desk.working, "r")
