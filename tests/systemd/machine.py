"""A machine with the real service manager, made of namespaces: nothing outside of it changes."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from tests.kit.cli import ROOT

SCRIPT: Final = ROOT / "tests/systemd/machine.sh"
SYSTEMD: Final = Path("/lib/systemd/systemd")
PROGRAM: Final = Path("opt/run_fno_paper")
USER: Final = "run_fno_paper"
_TARGET: Final = """[Unit]
Requires=basic.target
After=basic.target
"""
_ENTRY: Final = """#!/opt/run_fno_paper/.venv/bin/python
import sys
sys.path.insert(0, "/opt/run_fno_paper")
from daemon.main import main
main()
"""


class NoMachine(Exception):
    """It cannot be made here; the text says why."""


def check_requirements() -> None:
    """Raises NoMachine."""
    if os.geteuid() != 0:
        raise NoMachine("namespaces and mounts need root")
    if not SYSTEMD.exists():
        raise NoMachine(f"{SYSTEMD} is not installed")
    for tool in ("unshare", "nsenter", "pivot_root", "ip", "mount"):
        if shutil.which(tool) is None:
            raise NoMachine(f"{tool} is not installed")


def cgroup2() -> Path:
    """Where the one hierarchy of control groups is mounted. Raises NoMachine."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(where)
    raise NoMachine("no cgroup2 is mounted")


class Machine:
    """`run` runs a command in it, as root."""

    def __init__(self, init: int) -> None:
        self._init = init

    def run(self, *command: str, check: bool = True, timeout_s: float = 120) -> str:
        """What it printed; raises with everything that it said."""
        done = subprocess.run(
            ["nsenter", f"--target={self._init}", "--all", "--root", *command],
            capture_output=True, text=True, check=False, timeout=timeout_s,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout + (done.stderr if not check else "")

    def show(self, *names: str, unit: str) -> dict[str, str]:
        """Properties of a unit."""
        text = self.run("systemctl", "show", unit, *(f"-p{each}" for each in names))
        return dict(line.split("=", 1) for line in text.splitlines())

    def wait(self, is_so: Callable[[], bool], within_s: float, what: str) -> float:
        """Seconds until it is so; looked at ten times a second, as nobody tells us."""
        began = time.monotonic()
        while not is_so():
            if time.monotonic() - began > within_s:
                raise AssertionError(f"not within {within_s} s: {what}\n{self.log()}")
            time.sleep(0.1)
        return time.monotonic() - began

    def log(self, lines: int = 60) -> str:
        """The end of what the manager and its services said."""
        return self.run("journalctl", "--no-pager", "-o", "cat", f"-n{lines}", check=False)


def lay_out(files: Path) -> None:
    """What the machine has and this one has not: the program, its user, the target."""
    program = files / PROGRAM
    for each in ("daemon", "feeds", "strategies", "configs"):
        shutil.copytree(ROOT / each, program / each, ignore=shutil.ignore_patterns("__pycache__"))
    binary = program / ".venv/bin"
    binary.mkdir(parents=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (binary / "python").symlink_to(f"/opt/python/bin/{version}")
    (program / ".venv/pyvenv.cfg").write_text("home = /opt/python/bin\n")
    entry = binary / "run_fno_paper"
    entry.write_text(_ENTRY)
    entry.chmod(0o755)
    (program / "artifacts").mkdir()
    shutil.chown(program / "artifacts", 990, 990)
    units = files / "etc/systemd/system"
    units.mkdir(parents=True)
    (units / "machine.target").write_text(_TARGET)
    for name, line in (("passwd", f"{USER}:x:990:990::/nonexistent:/bin/false"),
                       ("group", f"{USER}:x:990:")):  # fmt: skip
        known = (Path("/etc") / name).read_text()
        (files / "etc" / name).write_text(f"{known}{line}\n")
    for name in ("run_fno_paper@.service", "run_fno_paper@.timer"):
        shutil.copy(ROOT / "configs" / name, units)


@contextlib.contextmanager
def machine(prepare: Callable[[Path], None]) -> Iterator[Machine]:
    """It has booted; it is gone afterwards. `prepare` adds files to its root."""
    check_requirements()
    group = cgroup2() / f"fno-machine-{os.getpid()}"
    group.mkdir()
    with tempfile.TemporaryDirectory(prefix="fno-machine-") as name:
        place, files = Path(name) / "machine", Path(name) / "files"
        place.mkdir()
        files.mkdir()
        lay_out(files)
        prepare(files)
        said = Path(name) / "said"
        process = _started(group, place, files, said)
        try:
            made = Machine(_child_of(process, said))
            made.wait(lambda: "running" in made.run("systemctl", "is-system-running", check=False),
                      60, "systemd has booted")  # fmt: skip
            yield made
        finally:
            _end(process, group)


def _started(group: Path, place: Path, files: Path, said: Path) -> subprocess.Popen[bytes]:
    def enter() -> None:
        (group / "cgroup.procs").write_text(str(os.getpid()))

    libraries = Path(sys.prefix) / "lib"
    with said.open("wb") as output:
        return subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--net", "--ipc", "--uts", "--cgroup",
             SCRIPT, place, files, sys.base_prefix, libraries],
            preexec_fn=enter, stdout=output, stderr=output,
        )  # fmt: skip


def _child_of(process: subprocess.Popen[bytes], said: Path) -> int:
    """The first process of the machine, once it is systemd."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if process.poll() is not None:
            raise NoMachine(f"the machine did not come up: {said.read_text()[-400:]}")
        for each in children.read_text().split():
            if Path(f"/proc/{each}/comm").read_text().strip() == "systemd":
                return int(each)
        time.sleep(0.05)
    raise NoMachine("the machine did not come up within 30 s")


def _end(process: subprocess.Popen[bytes], group: Path) -> None:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if process.poll() is None:
        for each in children.read_text().split():
            os.kill(int(each), signal.SIGKILL)  # the first process takes all others with it
        process.wait()
    for below in sorted(group.rglob("*"), reverse=True):
        if below.is_dir():
            below.rmdir()
    group.rmdir()
