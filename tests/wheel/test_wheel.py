"""`make wheel-test`: the wheel in a fresh environment outside the tree, used as a user would.

It builds and installs, so it is in the tier of CI; tests/unit/test_packaging.py is quick.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.kit.cli import ROOT
from tests.unit.test_packaging import ONLY_IN_A_CLONE

pytestmark = pytest.mark.ci
SOURCES: Final = ("daemon", "feeds", "strategies", "configs")
FILES: Final = ("pyproject.toml", "run_fno_paper.py", "README.md", "LICENSE")
SHORT: Final = "feed: {kind: synthetic, synthetic: {ticks_per_second: 0.05}}\n"
STRATEGY: Final = (
    "strategies: {list: [{id: ema, module: strategies.ema_trend, class: EmaTrend,"
    " symbols: [NIFTY26NOVFUT]}]}\n"
)


class Installed(NamedTuple):
    """The wheel, and the environment it is installed in."""

    wheel: Path
    environment: Path

    @property
    def packages(self) -> Path:
        (found,) = self.environment.glob("lib/python3*/site-packages")
        return found

    def run(
        self, directory: Path, *arguments: str, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the console script in a directory, without a home and what this process has set."""
        program = self.environment / "bin/run_fno_paper"
        return subprocess.run(
            [program, *arguments], cwd=directory, env={"PATH": "/usr/bin:/bin", **(env or {})},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("wheel")
    source = place / "source"
    for name in SOURCES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, source / name)
    pip("wheel", "--no-build-isolation", "--wheel-dir", place, source)
    (wheel,) = place.glob("*.whl")
    found = Installed(wheel, place / "environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", found.environment], check=True)
    # The libraries of this environment, but not the project itself: a path is no site directory.
    (found.packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    pip("--python", found.environment / "bin/python", "install", wheel)
    shutil.rmtree(source)
    return found


def pip(*arguments: object) -> None:
    options = ("--quiet", "--disable-pip-version-check", "--no-input")
    command = [sys.executable, "-m", "pip", *options, *map(str, arguments), "--no-deps"]
    subprocess.run(command, check=True, env=os.environ | {"PIP_NO_INDEX": "1"})


def test_the_wheel_carries_all_that_the_tree_has(installed: Installed) -> None:
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for name in SOURCES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted - names == ONLY_IN_A_CLONE
    assert not [each for each in names if each.startswith("tests/")]


def test_a_synthetic_session_runs_in_any_directory(installed: Installed, tmp_path: Path) -> None:
    shutil.copy(ROOT / "configs/dev.yaml", tmp_path)
    checked = installed.run(tmp_path, "check", "dev.yaml")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "dev.yaml: valid. Feed synthetic" in checked.stdout
    (tmp_path / "short.yaml").write_text(SHORT + STRATEGY)
    done = installed.run(tmp_path, "--config", "short.yaml")
    assert done.returncode == 0, done.stderr
    assert "feed     synthetic" in done.stdout


def test_the_sample_runs_and_is_reported(installed: Installed, tmp_path: Path) -> None:
    sample = installed.packages / "configs/sample.yaml"
    done = installed.run(tmp_path, "--config", str(sample))
    assert done.returncode == 0, done.stderr
    assert "ticks    85,305" in done.stdout
    reported = installed.run(tmp_path, "report")
    assert (tmp_path / reported.stdout.strip()).is_file()


def test_the_demo_checks_its_figures_in_an_empty_directory(
    installed: Installed, tmp_path: Path
) -> None:
    done = installed.run(tmp_path, "demo")
    assert done.returncode == 0, done.stderr
    assert "  net                                      -49,216.91" in done.stdout.splitlines()
    assert "as it should be: 9 trades" in done.stdout
    assert not list(tmp_path.iterdir())


IN_THE_BOX: Final = """
mount --make-rprivate / && mount -t tmpfs tmpfs /mnt || exit 99
for place in python environment libraries; do
    mkdir "/mnt/$place" && mount --bind "$1" "/mnt/$place" || exit 99
    shift
done
mount -o remount,ro /mnt && mount -o remount,bind,ro / || exit 99
cd / && touch /tmp/written 2> /dev/null && exit 99
as_user() {
    setpriv --reuid 10001 --regid 10001 --clear-groups --inh-caps=-all --no-new-privs \\
        env -i LD_LIBRARY_PATH=/mnt/python/lib PYTHONPATH="$1:/mnt/libraries" \\
        /mnt/python/bin/python3 "$2" "$3" $4
}
as_user "" -c "" || exit 99
as_user "$(echo /mnt/environment/lib/python3*/site-packages)" -m run_fno_paper demo
"""
"""99: this machine does not let a test make such a box. The places: Python, program, libraries."""


def test_the_demo_works_on_a_read_only_root_as_a_stranger_without_a_home(
    installed: Installed,
) -> None:
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"):
        pytest.skip("only root can make a read-only root and become uid 10001")
    box = ["unshare", "--mount", "sh", "-c", IN_THE_BOX, "box"]
    places = (sys.base_prefix, str(installed.environment), sysconfig.get_path("purelib"))
    done = subprocess.run([*box, *places], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode == 99:
        pytest.skip(f"this machine makes no such box: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    assert "as it should be: 9 trades" in done.stdout


@pytest.mark.parametrize("on_path", [True, False])
def test_the_commands_that_init_prints_work_as_they_are(
    installed: Installed, tmp_path: Path, on_path: bool
) -> None:
    path = f"{installed.environment}/bin:/usr/bin:/bin" if on_path else "/usr/bin:/bin"
    written = installed.run(tmp_path, "init", "my desk", env={"PATH": path})
    assert written.returncode == 0, written.stderr
    commands = written.stdout.split("next:\n")[1]
    assert ("  run_fno_paper check" in commands) == on_path
    done = subprocess.run(
        ["/bin/sh", "-e"], input=commands, cwd=tmp_path, env={"PATH": path},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "paper.yaml: valid" in done.stdout
    assert "TRADES" in done.stdout
    assert list((tmp_path / "my desk/artifacts/runs").glob("*/report.html"))


def test_nothing_is_written_into_the_installation(installed: Installed, tmp_path: Path) -> None:
    before = listing(installed.packages)
    for path in (installed.packages, *installed.packages.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    (tmp_path / "short.yaml").write_text(SHORT + STRATEGY)
    done = installed.run(tmp_path, "--config", "short.yaml")
    assert done.returncode == 0, done.stderr
    assert listing(installed.packages) == before
    for path in (installed.packages, *installed.packages.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)


def listing(directory: Path) -> set[tuple[Path, int]]:
    return {(each, each.stat().st_mtime_ns) for each in directory.rglob("*") if each.is_file()}


def test_python_daemon_in_its_place_is_one_line(installed: Installed, tmp_path: Path) -> None:
    other = tmp_path / "other/daemon"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("from .daemon import DaemonContext\n")
    done = installed.run(tmp_path, "--version", env={"PYTHONPATH": str(other.parent)})
    assert done.returncode == 78
    (line,) = done.stderr.splitlines()
    assert str(other / "__init__.py") in line
    assert "pip uninstall python-daemon" in line
