"""What an installation needs is declared as package data; `make wheel-test` installs a wheel."""

from __future__ import annotations

import tomllib
from pathlib import Path

from daemon import VERSION
from daemon.rules.loader import SHIPPED_RULES

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SETUPTOOLS = PROJECT["tool"]["setuptools"]
ONLY_IN_A_CLONE = {"configs/install_service.sh"} | {
    each.relative_to(ROOT).as_posix()
    for each in (ROOT / "configs/box").rglob("*")
    if each.is_file()
}
"""They install or pack a clone."""


def shipped() -> set[str]:
    """The files of configs/ that a wheel gets: package data, and modules."""
    found: set[Path] = set()
    for package, patterns in SETUPTOOLS["package-data"].items():
        directory = ROOT.joinpath(*package.split("."))
        assert directory.is_dir(), package
        for pattern in (*patterns, "*.py"):
            found |= set(directory.glob(pattern))
    return {each.relative_to(ROOT).as_posix() for each in found}


def test_every_file_of_the_configurations_is_shipped() -> None:
    files = (each for each in (ROOT / "configs").rglob("*") if each.is_file())
    wanted = {each.relative_to(ROOT).as_posix() for each in files if each.suffix != ".pyc"}
    assert wanted - shipped() == ONLY_IN_A_CLONE


def test_every_file_of_the_charts_is_shipped() -> None:
    assets = ROOT / "daemon/charts/assets"
    files = {each.relative_to(ROOT).as_posix() for each in assets.iterdir()}
    assert len(files) >= 8
    assert files <= shipped()


def test_the_rules_lie_where_an_installed_package_looks_for_them() -> None:
    assert SHIPPED_RULES == ROOT / "configs/rules"  # next to `daemon` in site-packages, too
    assert "configs*" in SETUPTOOLS["packages"]["find"]["include"]


def test_the_program_starts_by_a_module_that_nobody_else_has() -> None:
    assert PROJECT["project"]["scripts"] == {"run_fno_paper": "run_fno_paper:main"}
    assert SETUPTOOLS["py-modules"] == ["run_fno_paper"]
    assert PROJECT["project"]["version"] == VERSION
