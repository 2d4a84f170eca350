"""The service manager's files: what they promise, how exposed they are, how they are installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from daemon.errors import ExitCode
from tests.kit.cli import ROOT

UNIT: Final = ROOT / "configs/run_fno_paper@.service"
PAGE: Final = ROOT / "configs/run_fno_paper-web@.service"
FOLLOW: Final = ROOT / "configs/run_fno_paper-follow@.service"
TIMER: Final = ROOT / "configs/run_fno_paper@.timer"
INSTALL: Final = ROOT / "configs/install_service.sh"
EXPOSURE_MAX: Final = 1.5


def settings(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", path.read_text(), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def test_the_service_tells_when_it_is_ready_and_that_it_goes_on() -> None:
    unit = settings(UNIT)
    assert unit["Type"] == ["notify"]
    assert float(unit["WatchdogSec"][0]) >= 10
    assert unit["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert unit["LoadCredential"][0].startswith("kite.json:")


def test_what_starting_again_cannot_mend_is_not_started_again() -> None:
    unit = settings(UNIT)
    assert unit["Restart"] == ["on-failure"]
    prevented = {int(each) for each in unit["RestartPreventExitStatus"][0].split()}
    assert prevented == {
        ExitCode.USAGE, ExitCode.JOURNAL_CORRUPT, ExitCode.TOKEN_REFUSED, ExitCode.BAD_CONFIG,
    }  # fmt: skip
    assert int(unit["StartLimitBurst"][0]) < 10


def exposure(path: Path) -> float:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run(
        [analyze, "security", "--offline=yes", "--no-pager", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    score = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    if score is None:
        pytest.skip(f"systemd-analyze cannot judge a file here: {done.stderr.strip()[:200]}")
    return float(score[1])


@pytest.mark.parametrize("unit", [UNIT, PAGE, FOLLOW], ids=["daemon", "page", "alerts"])
def test_the_service_is_hardly_exposed(unit: Path) -> None:
    assert exposure(unit) <= EXPOSURE_MAX


def test_the_page_gives_way_first_and_takes_nothing_with_it() -> None:
    page, daemon = settings(PAGE), settings(UNIT)
    assert page["MemoryMax"] == ["512M"]
    assert page["Nice"] == ["10"]
    assert page["OOMScoreAdjust"] == ["500"]
    assert daemon["OOMPolicy"] == ["continue"]
    assert not {"BindsTo", "Requires", "PartOf", "Wants"} & (page.keys() | daemon.keys()) - {
        "Wants"
    }
    assert daemon["Wants"] == ["network-online.target"]
    assert "LoadCredential" not in page
    own = {"ProcSubset"}  # the page asks /proc/locks whether the daemon lives
    hardening = {name for name in daemon if name.startswith(("Protect", "Private", "Restrict"))}
    hardening |= {"NoNewPrivileges", "SystemCallFilter", "CapabilityBoundingSet", "ReadWritePaths"}
    for name in hardening - own - {"RestartPreventExitStatus"}:
        assert page[name] == daemon[name], name


def test_a_bare_service_would_be_found_exposed(tmp_path: Path) -> None:
    bare = tmp_path / "bare.service"
    bare.write_text("[Service]\nExecStart=/bin/true\n")
    assert exposure(bare) > 9


def test_the_units_have_no_line_that_the_manager_does_not_know(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    program = tmp_path / "run_fno_paper"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    files = [shutil.copy(TIMER, tmp_path / "run_fno_paper@paper.timer")]
    for each in (UNIT, PAGE, FOLLOW):
        unit = tmp_path / each.name.replace("@", "@paper")
        text = re.sub(r"^ExecStart=\S+", f"ExecStart={program}", each.read_text(), flags=re.M)
        unit.write_text(text)
        files.append(unit)
    done = subprocess.run(
        [analyze, "verify", *map(str, files)], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "run_fno_paper" in line]
    assert ours == []


def test_the_timer_asks_every_morning_before_the_open_in_indian_time() -> None:
    assert settings(TIMER)["OnCalendar"] == ["*-*-* 08:45:00 Asia/Kolkata"]
    assert settings(TIMER)["Persistent"] == ["yes"]


# installation


class Machine:
    """A home and a PATH of their own, with a service manager that keeps what it is told."""

    def __init__(self, place: Path) -> None:
        self.home = place / "home"
        self.home.mkdir()
        self.project = place / "project"
        (self.project / "configs").mkdir(parents=True)
        for each in (UNIT, PAGE, FOLLOW, TIMER, INSTALL, ROOT / "configs/live.yaml"):
            shutil.copy(each, self.project / "configs")
        program = self.project / ".venv/bin/run_fno_paper"
        program.parent.mkdir(parents=True)
        self.executable(program)
        self.bin = place / "bin"
        self.bin.mkdir()
        self.executable(
            program.with_name("python"),
            'if [ -n "${4-}" ]; then sed -n "s/^$4: {enabled: true.*/yes/p" "$3"\n'
            'else sed -n "s/^account: *//p" "$3"; fi',
        )
        for name in ("sh", "sed", "mkdir", "cp", "rm", "dirname"):
            found = shutil.which(name)
            assert found is not None
            (self.bin / name).symlink_to(found)
        self.told = place / "told"

    def executable(self, path: Path, text: str = "") -> None:
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def manager(self, text: str = "") -> None:
        self.executable(self.bin / "systemctl", f'echo "$@" >> {self.told}\n{text}')

    def install(
        self, cwd: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        script = self.project / "configs/install_service.sh"
        return subprocess.run(
            [str(script)], capture_output=True, text=True, check=False, cwd=cwd or self.project,
            env={"HOME": str(self.home), "PATH": str(self.bin), **environment},
        )  # fmt: skip

    @property
    def units(self) -> Path:
        return self.home / ".config/systemd/user"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_it_is_installed_for_the_user_and_the_timer_is_on(machine: Machine) -> None:
    machine.manager()
    done = machine.install(CONFIG="configs/live.yaml")
    assert done.returncode == 0, done.stderr
    unit = settings(machine.units / "run_fno_paper@paper.service")
    assert unit["WorkingDirectory"] == [str(machine.project)]
    assert unit["ExecStart"] == [
        f"{machine.project}/.venv/bin/run_fno_paper --config configs/live.yaml"
    ]
    assert unit["LoadCredential"] == [f"kite.json:{machine.home}/.config/run_fno_paper/kite.json"]
    assert unit["WantedBy"] == ["default.target"]
    assert (machine.units / "run_fno_paper@paper.timer").read_text() == TIMER.read_text()
    assert machine.told.read_text().splitlines()[1:] == [
        "--user daemon-reload", "--user enable --now run_fno_paper@paper.timer",
    ]  # fmt: skip
    assert "systemctl --user start run_fno_paper@paper\n" in done.stdout
    assert "no login yet" in done.stdout


def test_a_users_unit_asks_for_nothing_that_takes_root(machine: Machine) -> None:
    machine.manager()
    machine.install()
    unit = settings(machine.units / "run_fno_paper@paper.service")
    root = {"User", "CapabilityBoundingSet", "PrivateDevices", "ProtectSystem", "ReadWritePaths"}
    assert not root & unit.keys()
    assert {"NoNewPrivileges", "SystemCallFilter", "MemoryDenyWriteExecute"} <= unit.keys()
    assert unit["Type"] == ["notify"]


def test_the_page_is_on_only_if_the_configuration_says_so(machine: Machine) -> None:
    machine.manager()
    (machine.project / "configs/shown.yaml").write_text("account: shown\nweb: {enabled: true}\n")
    assert machine.install(CONFIG="configs/live.yaml").returncode == 0
    assert "run_fno_paper-web" not in machine.told.read_text()
    done = machine.install(CONFIG="configs/shown.yaml")
    assert done.returncode == 0, done.stderr
    page = "run_fno_paper-web@shown.service"
    assert machine.told.read_text().splitlines()[-1] == f"--user enable --now {page}"
    unit = settings(machine.units / page)
    assert unit["ExecStart"] == [
        f"{machine.project}/.venv/bin/run_fno_paper web --config configs/shown.yaml"
    ]
    assert not {"User", "ProtectSystem", "PrivateUsers", "ReadWritePaths"} & unit.keys()
    assert unit["MemoryMax"] == ["512M"]
    assert f"rm {machine.units}/run_fno_paper@shown.* {machine.units}/{page}\n" in done.stdout


def test_a_page_that_is_not_wanted_any_more_is_switched_off(machine: Machine) -> None:
    machine.manager()
    page = "run_fno_paper-web@paper.service"
    wants = machine.units / "default.target.wants"
    wants.mkdir(parents=True)
    (wants / page).symlink_to(machine.units / page)
    done = machine.install()
    assert done.returncode == 0, done.stderr
    assert machine.told.read_text().splitlines()[-1] == f"--user disable --now {page}"
    assert "the page of paper is off" in done.stdout


def test_what_sends_alerts_is_installed_only_if_the_configuration_says_so(
    machine: Machine,
) -> None:
    machine.manager()
    told = machine.project / "configs/told.yaml"
    told.write_text("account: told\nalerts: {enabled: true}\n")
    unit = "run_fno_paper-follow@told.service"
    done = machine.install(CONFIG="configs/told.yaml")
    assert done.returncode == 0, done.stderr
    assert machine.told.read_text().splitlines()[-1] == f"--user enable --now {unit}"
    written = settings(machine.units / unit)
    assert written["ExecStart"] == [
        f"{machine.project}/.venv/bin/run_fno_paper follow --config configs/told.yaml"
    ]
    assert not {"User", "ProtectSystem", "LoadCredential", "ReadWritePaths"} & written.keys()
    told.write_text("account: told\n")
    done = machine.install(CONFIG="configs/told.yaml")
    assert machine.told.read_text().splitlines()[-1] == f"--user disable --now {unit}"
    assert not (machine.units / unit).exists()
    assert f"{unit} is off" in done.stdout


@pytest.mark.parametrize(
    ("settings_of", "answer"),
    [
        ("alerts: {enabled: true}", "yes"),
        ("alerts: {enabled: true}\nweb: {enabled: true}", "no"),
        ("web: {enabled: true}", "no"),
    ],
)
def test_alerts_want_a_service_of_their_own_where_no_page_sends_them(
    settings_of: str, answer: str, tmp_path: Path
) -> None:
    config = tmp_path / "mine.yaml"
    config.write_text(f"version: 1\n{settings_of}\n")
    done = subprocess.run(
        [sys.executable, "-m", "daemon.cli.unit_account", str(config), "alerts"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (f"{answer}\n", "")


def test_without_a_service_manager_it_refuses_and_writes_nothing(machine: Machine) -> None:
    done = machine.install()
    assert done.returncode == 1
    assert "systemctl is not here" in done.stderr
    machine.manager("exit 1")
    done = machine.install()
    assert done.returncode == 1
    assert "does not answer" in done.stderr
    assert not machine.units.exists()


def test_a_configuration_that_is_not_there_is_refused(machine: Machine) -> None:
    machine.manager()
    done = machine.install(CONFIG="configs/none.yaml")
    assert done.returncode == 1
    assert "configs/none.yaml: no such configuration" in done.stderr
    assert not machine.units.exists()


def test_a_configuration_of_another_directory_is_written_with_its_full_path(
    machine: Machine, tmp_path: Path
) -> None:
    machine.manager()
    (tmp_path / "mine.yaml").write_text("account: mine\n")
    done = machine.install(cwd=tmp_path, CONFIG="mine.yaml")
    assert done.returncode == 0, done.stderr
    (started,) = settings(machine.units / "run_fno_paper@mine.service")["ExecStart"]
    assert started.endswith(f"--config {tmp_path}/mine.yaml")


# the service of version 0.2.0

NOT_RUNNING = 'case "$*" in *is-active*) exit 3;; esac'


def installed_before(machine: Machine, config: str = "configs/live.yaml") -> None:
    """What version 0.2.0 left in the user's directory of units."""
    machine.units.mkdir(parents=True)
    (machine.units / "run_fno_paper.service").write_text(
        "[Service]\nWorkingDirectory=/x\n"
        f"ExecStart={machine.project}/.venv/bin/run_fno_paper --config {config}\n"
    )
    (machine.units / "run_fno_paper.timer").write_text("[Timer]\n")
    own = machine.units / "run_fno_paper.service.d"
    own.mkdir()
    (own / "override.conf").write_text("[Service]\nMemoryMax=4G\n")


def units_of(machine: Machine) -> set[str]:
    return {each.name for each in machine.units.iterdir()}


def test_the_service_of_before_is_taken_over_with_its_own_settings(machine: Machine) -> None:
    machine.manager(NOT_RUNNING)
    installed_before(machine)
    done = machine.install()
    assert done.returncode == 0, done.stderr
    assert units_of(machine) == {
        "run_fno_paper@paper.service", "run_fno_paper@paper.timer", "run_fno_paper@paper.service.d",
        "run_fno_paper-web@paper.service",
    }  # fmt: skip
    assert (machine.units / "run_fno_paper@paper.service.d/override.conf").exists()
    assert machine.told.read_text().splitlines()[1:] == [
        "--user disable --now run_fno_paper.timer",
        "--user is-active --quiet run_fno_paper.service",
        "--user daemon-reload",
        "--user enable --now run_fno_paper@paper.timer",
    ]
    (line,) = [each for each in done.stdout.splitlines() if each.startswith("run_fno_paper.serv")]
    assert line == (
        "run_fno_paper.service is run_fno_paper@paper now: the old timer is off, the old files are "
        "gone"
    )


def test_the_account_of_before_goes_on_beside_a_second_one(machine: Machine) -> None:
    machine.manager(NOT_RUNNING)
    installed_before(machine)
    (machine.project / "configs/second.yaml").write_text("account: second\n")
    done = machine.install(CONFIG="configs/second.yaml")
    assert done.returncode == 0, done.stderr
    for account, config in (("paper", "live"), ("second", "second")):
        (started,) = settings(machine.units / f"run_fno_paper@{account}.service")["ExecStart"]
        assert started.endswith(f"--config configs/{config}.yaml")
        assert f"--user enable --now run_fno_paper@{account}.timer" in machine.told.read_text()
    assert not {"run_fno_paper.service", "run_fno_paper.timer"} & units_of(machine)


def test_a_running_service_of_before_is_not_stopped_and_goes_at_the_next_installation(
    machine: Machine,
) -> None:
    machine.manager()
    installed_before(machine)
    done = machine.install()
    assert "it is running, so it goes on under the old name until it ends" in done.stdout
    assert "run_fno_paper.service" in units_of(machine)
    assert "run_fno_paper.timer" not in units_of(machine)
    assert "stop" not in machine.told.read_text()
    machine.manager(NOT_RUNNING)
    done = machine.install()
    assert done.returncode == 0, done.stderr
    assert {each for each in units_of(machine) if "@" not in each} == set()
    assert {e.name for e in (machine.units / "run_fno_paper@paper.service.d").iterdir()} == {
        "override.conf"
    }


def test_a_service_of_before_whose_account_is_not_known_is_left_as_it_is(machine: Machine) -> None:
    machine.manager(NOT_RUNNING)
    installed_before(machine, config="configs/gone.yaml")
    before = units_of(machine)
    done = machine.install()
    assert done.returncode == 1
    assert "configuration configs/gone.yaml cannot be read" in done.stderr
    assert units_of(machine) == before


@pytest.mark.ci
def test_the_account_of_a_configuration_is_told_to_the_installer(tmp_path: Path) -> None:
    def told(text: str, *more: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "c.yaml").write_text(text)
        return subprocess.run(
            [sys.executable, "-m", "daemon.cli.unit_account", str(tmp_path / "c.yaml"), *more],
            capture_output=True, text=True, check=False, cwd=ROOT,
        )  # fmt: skip

    assert told("version: 1\naccount: mine\n").stdout == "mine\n"
    assert told("account: mine\nweb: {enabled: true}\n", "web").stdout == "yes\n"
    assert told("account: mine\n", "web").stdout == "no\n"
    wrong = told("account: ..\n")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "c.yaml:1: account: expected text like" in wrong.stderr
    assert len(wrong.stderr.splitlines()) == 1


def test_the_script_can_be_run() -> None:
    assert os.access(INSTALL, os.X_OK)
