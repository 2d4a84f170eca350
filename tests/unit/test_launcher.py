"""What is wrong with an installation is one line before anything else is imported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import run_fno_paper
from run_fno_paper import mixed, shadowed, untested_platform, unusable_platform

ROOT = Path(__file__).parents[2]
OURS = '"""Ours."""\n\nVERSION = "1"\n'
PYTHON_DAEMON = "from .daemon import DaemonContext\n"


def package(place: Path, name: str, text: str = OURS) -> Path:
    init = place / name / "__init__.py"
    init.parent.mkdir(parents=True)
    init.write_text(text)
    return init


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of its own, first on Python's path, with nothing of ours imported."""
    place = tmp_path / "home"
    for name in run_fno_paper.PACKAGES:
        package(place, name)
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(place))
    return place


def test_an_installation_of_its_own_is_fine(home: Path) -> None:
    assert shadowed(home) == ""
    assert mixed(home) == ""


def test_this_tree_is_fine() -> None:
    assert shadowed(ROOT) == ""
    assert mixed(ROOT) == ""


@pytest.mark.parametrize("name", run_fno_paper.PACKAGES)
def test_another_package_of_that_name_is_told_with_both_places_and_what_to_do(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    other = package(tmp_path / "site", name)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    said = shadowed(home)
    assert "\n" not in said
    assert str(other) in said
    assert str(home / name / "__init__.py") in said
    assert "environment of its own (pipx)" in said
    assert ("pip uninstall python-daemon" in said) == (name == "daemon")


def test_a_package_that_was_overwritten_is_told(home: Path) -> None:
    init = home / "daemon/__init__.py"
    init.write_text(PYTHON_DAEMON)
    said = shadowed(home)
    assert said.startswith(f"another package has overwritten {init} (probably python-daemon")
    assert said.endswith("; uninstall it and install this program again, into an environment of "
                         "its own (pipx)")  # fmt: skip


def test_a_package_that_went_with_another_is_told(home: Path) -> None:
    init = home / "daemon/__init__.py"
    init.unlink()
    assert shadowed(home).startswith(f"{init} is missing, perhaps removed with another package")


def test_python_daemon_in_the_same_directory_is_a_warning(home: Path) -> None:
    (home / "daemon/daemon.py").touch()
    assert shadowed(home) == ""
    assert str(home / "daemon") in mixed(home)


def test_linux_is_the_platform_and_any_other_is_told_in_a_line() -> None:
    assert unusable_platform("linux") == untested_platform("linux") == ""
    assert "WSL2" in unusable_platform("win32")
    assert unusable_platform("darwin") == ""
    assert "only Linux is" in untested_platform("darwin")


def test_an_unusable_installation_ends_with_78_and_a_usable_one_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[bool] = []
    monkeypatch.setattr("daemon.main.main", lambda: started.append(True))
    monkeypatch.setattr(run_fno_paper, "shadowed", lambda home: "another package")
    with pytest.raises(SystemExit) as ended:
        run_fno_paper.main()
    assert (ended.value.code, started) == (78, [])
    assert capsys.readouterr().err == "run_fno_paper: another package\n"
    monkeypatch.undo()
    monkeypatch.setattr("daemon.main.main", lambda: started.append(True))
    run_fno_paper.main()
    assert started == [True]
    assert capsys.readouterr().err == ""
