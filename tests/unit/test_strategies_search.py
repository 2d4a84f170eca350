"""A strategy's file is found next to the configuration, and no name ever means two files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.domain.instrument import Instrument, Universe
from daemon.errors import ConfigError
from daemon.settings.config import StrategiesConfig, StrategyConfig
from daemon.settings.file import load_config
from strategies import search
from strategies.engine import StrategyEngineV2

UNIVERSE = Universe([Instrument(instrument_token=1, tradingsymbol="A")])
SOURCE = (
    "from strategies.strategy import BaseStrategy\n{more}\n"
    "class Mine(BaseStrategy):\n    where = {where!r}\n"
    "    def on_candle(self, candle, view):\n        return None\n"
)


@pytest.fixture(autouse=True)
def no_directories() -> Iterator[None]:
    yield
    search._search_in(())


def write(directory: Path, name: str, *, more: str = "") -> Path:
    file = directory / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(SOURCE.format(where=str(directory), more=more))
    return file


def where(module: str, *directories: Path) -> str:
    """The directory that the class was loaded from."""
    config = StrategyConfig(id="a", module=module, class_="Mine")
    path = [str(each) for each in directories]
    engine = StrategyEngineV2(StrategiesConfig(items=[config], path=path), UNIVERSE)
    found: str = engine._runners["a"].on_candle.__self__.where  # type: ignore[union-attr]
    return found


def refusal(module: str, *directories: Path) -> str:
    with pytest.raises(ConfigError) as refused:
        where(module, *directories)
    assert "\n" not in str(refused.value)
    return str(refused.value).removeprefix("strategy 'a': module: ")


def test_a_file_next_to_the_configuration_is_found_by_its_name(tmp_path: Path) -> None:
    write(tmp_path, "s_mine.py")
    file = tmp_path / "c.yaml"
    file.write_text("strategies: {list: [{id: a, module: s_mine, class: Mine}]}")
    config = load_config(file)
    engine = StrategyEngineV2(config.strategies, UNIVERSE)
    assert list(engine.reports()) == ["a"]


def test_a_file_under_the_path_is_found_by_its_name(tmp_path: Path) -> None:
    write(tmp_path / "two", "s_mine.py")
    assert where("s_mine", tmp_path / "one", tmp_path / "two") == str(tmp_path / "two")


def test_a_module_of_a_package_is_found_too(tmp_path: Path) -> None:
    write(tmp_path, "s_ideas/one.py", more="from s_ideas import two")
    write(tmp_path, "s_ideas/two.py")
    assert where("s_ideas.one", tmp_path) == str(tmp_path)


def test_a_strategy_imports_other_files_of_its_directory(tmp_path: Path) -> None:
    write(tmp_path, "s_mine.py", more="import s_helper")
    write(tmp_path, "s_helper.py")
    assert where("s_mine", tmp_path) == str(tmp_path)


def test_files_of_one_name_in_two_configurations_are_not_mixed_up(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for directory in (one, two):
        write(directory, "s_helper.py")
        right = f"import s_helper; assert s_helper.Mine.where == {str(directory)!r}"
        write(directory, "s_mine.py", more=right)
    assert [where("s_mine", each) for each in (one, two, one)] == [str(one), str(two), str(one)]
    assert str(two) not in sys.path


def test_packages_of_one_name_in_two_configurations_are_not_mixed_up(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for directory in (one, two):
        write(directory, "s_desk/__init__.py")
        write(directory, "s_desk/ideas.py")
    found = [where("s_desk.ideas", each) for each in (one, two, one)]
    assert found == [str(one), str(two), str(one)]


def test_two_strategies_of_one_configuration_share_a_module(tmp_path: Path) -> None:
    write(tmp_path, "s_mine.py")
    first = search.import_strategy("s_mine", [str(tmp_path)])
    assert search.import_strategy("s_mine", [str(tmp_path)]) is first


@pytest.mark.parametrize("name", ["random", "sys", "numpy"])
def test_a_file_with_the_name_of_a_standard_or_installed_module_is_refused(
    tmp_path: Path, name: str
) -> None:
    before = sys.modules.get(name)
    file = write(tmp_path, f"{name}.py")
    said = refusal(name, tmp_path)
    assert said.startswith(f"{file} has the name of an installed module (")
    assert said.endswith("); rename the file")
    assert sys.modules.get(name) is before


def test_a_file_that_a_shipped_package_hides_is_refused_with_what_to_write(tmp_path: Path) -> None:
    file = write(tmp_path, "strategies/s_mine.py")
    said = refusal("strategies.s_mine", tmp_path)
    assert said.startswith(f"{file} cannot be 'strategies.s_mine', as 'strategies' is an installed")
    assert said.endswith(f"add {file.parent} to strategies.path and write module: s_mine")
    assert where("s_mine", tmp_path / "strategies") == str(tmp_path)


def test_a_file_with_the_name_of_a_shipped_strategy_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "strategies/ema_trend.py")
    assert "has the name of an installed module" in refusal("strategies.ema_trend", tmp_path)


def test_a_name_in_two_directories_is_refused_with_both(tmp_path: Path) -> None:
    files = [write(tmp_path / each, "s_mine.py") for each in ("one", "two")]
    said = refusal("s_mine", tmp_path / "one", tmp_path / "two")
    assert said == f"'s_mine' is {files[0]} and {files[1]}; rename one of them"


def test_a_directory_that_pythonpath_names_as_well_is_one_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "s_pythonpath.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert where("s_pythonpath", tmp_path) == str(tmp_path)
    assert sys.path.count(str(tmp_path)) == 1
    search._search_in(())
    assert sys.path.count(str(tmp_path)) == 1
    del sys.modules["s_pythonpath"]


def test_another_file_of_that_name_on_pythonpath_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "desk", "s_mine.py")
    write(tmp_path / "path", "s_mine.py")
    monkeypatch.syspath_prepend(str(tmp_path / "path"))
    assert str(tmp_path / "path" / "s_mine.py") in refusal("s_mine", tmp_path / "desk")


def test_directories_that_are_searched_hide_nothing(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise AssertionError('not this one')")
    write(tmp_path, "s_mine.py", more="import json")
    where("s_mine", tmp_path)
    import json

    assert json.loads("1") == 1


def test_a_file_that_cannot_be_imported_is_told_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "s_broken.py").write_text("1 / 0")
    assert refusal("s_broken", tmp_path) == (
        "'s_broken' cannot be imported: ZeroDivisionError: division by zero"
    )
