"""`make systemd`: the real unit under the real systemd, in a machine of namespaces.

Nothing of the unit is changed. Its configuration is the live demo's, whose ticks come from a
second service of the same machine; there is no other network.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from daemon.journal.operations import KINDS
from tests.kit.cli import ROOT
from tests.kit.figures import merge_figures
from tests.systemd.machine import PROGRAM, USER, Machine, NoMachine, machine
from tests.systemd.user import check_installed_for_a_user, prepare_user

ACCOUNT: Final = "live-demo"
UNIT: Final = f"run_fno_paper@{ACCOUNT}"
CONFIG: Final = f"{PROGRAM}/configs/{ACCOUNT}.yaml"
SPEED: Final = 40
WATCHDOG_S: Final = 30
TICKER: Final = f"""[Service]
ExecStart=/{PROGRAM}/.venv/bin/run_fno_paper serve-ticks configs/sample_depth.parquet \
--speed {SPEED} --port 9292
WorkingDirectory=/{PROGRAM}
User={USER}
"""
LOGIN: Final = {"version": 1, "api_key": "demo", "access_token": "demo-secret"}


def prepare(files: Path) -> None:
    """The demo's configuration in place of the live one, a login, and the server of ticks."""
    text = (ROOT / "configs/live-demo.yaml").read_text()
    text = re.sub(r"^(out|    credentials_file):.*\n", "", text, flags=re.M)
    program = files / PROGRAM
    for name in ("live.yaml", f"{ACCOUNT}.yaml"):  # a user installs the first by default
        (program / "configs" / name).write_text(text)
    (files / "etc/systemd/system/ticker.service").write_text(TICKER)
    login = files / "etc/run_fno_paper/kite.json"
    login.parent.mkdir()
    login.write_text(json.dumps(LOGIN | {"login_ts": time.time_ns()}))
    login.chmod(0o600)
    prepare_user(files)


class Checks:
    """Facts about the service, in the order in which a day might show them."""

    def __init__(self, on: Machine) -> None:
        self.on = on
        self.figures: dict[str, Any] = {}

    def journal(self, *arguments: str) -> str:
        """A command of the program about the account, as the service's user."""
        program = f"/{PROGRAM}/.venv/bin/run_fno_paper"
        return self.on.run(
            "setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups",
            "sh", "-c", f'cd /{PROGRAM} && exec "$@"', "sh",
            program, "journal", *arguments, "--run", ACCOUNT,
        )  # fmt: skip

    def main_process(self) -> int:
        return int(self.on.show("MainPID", unit=UNIT)["MainPID"])

    def seq(self) -> int:
        """What the status line says is on disk; -1 while it says nothing."""
        found = re.search(r"seq (\d+)$", self.on.show("StatusText", unit=UNIT)["StatusText"])
        return int(found[1]) if found else -1

    def is_running_again(self, before: int) -> bool:
        now = self.on.show("ActiveState", "MainPID", unit=UNIT)
        return now["ActiveState"] == "active" and int(now["MainPID"]) not in (0, before)

    def operations(self, kind: str) -> int:
        """How many of a kind the account's journal has."""
        return self.journal("show", "--operations").count(KINDS[kind])

    # the checks

    def exposure_is_low(self) -> None:
        said = self.on.run("systemd-analyze", "security", "--no-pager", UNIT, check=False)
        score = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
        assert score, said
        self.figures["exposure"] = float(score[1])
        assert float(score[1]) <= 1.5

    def start_returns_once_it_is_ready(self) -> None:
        self.on.run("systemctl", "start", "ticker")
        began = time.monotonic()
        self.on.run("systemctl", "start", UNIT)
        self.figures["ready_s"] = round(time.monotonic() - began, 2)
        state = self.on.show("ActiveState", "SubState", "StatusText", "NRestarts", unit=UNIT)
        assert (state["ActiveState"], state["SubState"]) == ("active", "running"), state
        self.on.wait(lambda: self.operations("start") == 1, 10, "the journal has its start")

    def the_status_line_is_of_what_is_on_disk(self) -> None:
        self.on.wait(lambda: self.seq() > 0, 60, "the status line shows events")
        status, seq = self.on.show("StatusText", unit=UNIT)["StatusText"], self.seq()
        assert re.match(r"feed live \([\d.]+ s ago\), [\d,]+ ticks, \d+ open, gross P&L ", status)
        assert self.journal("verify")
        assert self.seq() >= seq
        self.figures["status"] = status

    def it_is_confined(self) -> None:
        lines = self.on.run("cat", f"/proc/{self.main_process()}/status").splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        assert status["Seccomp"] == "2"
        assert status["NoNewPrivs"] == "1"
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
        assert status["Uid"].split()[0] == "990"

    def a_reload_is_taken_by_the_same_process(self) -> None:
        before = self.main_process()
        config = f"/{CONFIG}"
        self.on.run("sed", "-i", "s/max_open_positions: 10/max_open_positions: 9/", config)
        self.on.run("systemctl", "reload", UNIT)
        self.on.wait(lambda: "max_open_positions" in self.on.log(), 10, "the reload is logged")
        assert self.main_process() == before
        assert self.operations("config_change") == 1

    def killed_it_comes_back_and_goes_on(self) -> None:
        before, seq = self.main_process(), self.seq()
        self.on.run("kill", "-KILL", str(before))
        took = self.on.wait(lambda: self.is_running_again(before), 40, "it runs again")
        self.on.wait(lambda: self.seq() >= seq, 40, "what was shown is there again")
        assert self.on.show("NRestarts", unit=UNIT)["NRestarts"] == "1"
        assert self.operations("recovered") == 1
        self.figures["back_after_kill_s"] = round(took, 1)

    def standing_still_it_is_killed_by_the_watchdog_and_comes_back(self) -> None:
        before, seq = self.main_process(), self.seq()
        began = time.monotonic()
        self.on.run("kill", "-STOP", str(before))
        self.on.wait(lambda: "Watchdog timeout" in self.on.log(), WATCHDOG_S + 10, "the watchdog")
        self.figures["watchdog_s"] = round(time.monotonic() - began, 1)
        self.on.wait(lambda: self.is_running_again(before), 60, "it runs again")
        self.figures["back_after_stall_s"] = round(time.monotonic() - began, 1)
        self.on.wait(lambda: self.seq() >= seq, 40, "what was shown is there again")
        assert self.operations("recovered") == 2
        [line] = [e for e in self.on.log(400).splitlines() if "Watchdog timeout" in e]
        self.figures["watchdog_said"] = line

    def a_stop_is_quick_and_in_order(self) -> None:
        began = time.monotonic()
        self.on.run("systemctl", "stop", UNIT)
        self.figures["stop_s"] = round(time.monotonic() - began, 2)
        assert self.figures["stop_s"] <= 5
        state = self.on.show("ActiveState", "Result", "ExecMainStatus", "ExecMainCode", unit=UNIT)
        assert (state["ActiveState"], state["Result"]) == ("inactive", "success"), state
        assert state["ExecMainStatus"] == "0"
        assert self.operations("stop") == 1, "those before it were killed"
        self.journal("verify")

    def it_is_gone_without_a_trace_of_the_login(self) -> None:
        self.on.run("sh", "-c", f"! grep -rq demo-secret /{PROGRAM}/artifacts")
        found = self.on.run("ls", "/run/credentials", check=False)
        assert f"{UNIT}.service" not in found

    def what_a_restart_cannot_mend_is_not_restarted(self) -> None:
        self.on.run("systemctl", "reset-failed", UNIT, check=False)
        config = f"/{CONFIG}"
        self.on.run("sed", "-i", "s/fill_mode/fil_mode/", config)
        self.on.run("systemctl", "start", UNIT, check=False)
        state = self.on.show("ActiveState", "NRestarts", "ExecMainStatus", unit=UNIT)
        assert state == {"ActiveState": "failed", "NRestarts": "0", "ExecMainStatus": "78"}, state
        assert "did you mean 'fill_mode'?" in self.on.log()

    def the_timer_rings_before_the_open(self) -> None:
        self.on.run("systemctl", "start", f"{UNIT}.timer")
        shown = self.on.show("NextElapseUSecRealtime", unit=f"{UNIT}.timer")
        due = shown["NextElapseUSecRealtime"]
        told = self.on.run("env", "TZ=Asia/Kolkata", "date", "-d", due, "+%H:%M")
        assert told.strip() == "08:45", due

    def installed_for_one_user_it_runs_in_that_users_manager(self) -> None:
        self.figures["status_of_a_user"] = check_installed_for_a_user(self.on)


def all_of(checks: Checks) -> Mapping[str, Callable[[], None]]:
    """Name and check, in order."""
    return {
        name.replace("_", " "): getattr(checks, name)
        for name in (
            "exposure_is_low",
            "start_returns_once_it_is_ready",
            "the_status_line_is_of_what_is_on_disk",
            "it_is_confined",
            "a_reload_is_taken_by_the_same_process",
            "killed_it_comes_back_and_goes_on",
            "standing_still_it_is_killed_by_the_watchdog_and_comes_back",
            "a_stop_is_quick_and_in_order",
            "it_is_gone_without_a_trace_of_the_login",
            "what_a_restart_cannot_mend_is_not_restarted",
            "the_timer_rings_before_the_open",
            "installed_for_one_user_it_runs_in_that_users_manager",
        )
    }


def main() -> int:
    """0 if every fact holds, and where there can be no such machine."""
    began = time.monotonic()
    try:
        with machine(prepare) as on:
            checks = Checks(on)
            for name, check in all_of(checks).items():
                check()
                print(f"holds  {name}", flush=True)
            version = on.run("systemctl", "--version").splitlines()[0]
    except NoMachine as reason:
        print(f"skipped: {reason}")
        return 0
    figures = checks.figures | {
        "systemd": version, "checks": len(all_of(checks)),
        "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip
    print(figures)
    merge_figures("systemd", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
