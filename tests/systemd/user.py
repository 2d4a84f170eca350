"""`make install-service` for one user, under that user's real manager."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

from tests.systemd.machine import PROGRAM, Machine

NAME: Final = "trader"
NUMBER: Final = 991
HOME: Final = Path("srv/trader")
RUNTIME: Final = f"/run/user/{NUMBER}"
UNITS: Final = HOME / ".config/systemd/user"
UNIT: Final = "run_fno_paper@live-demo"
_OLD: Final = {
    "run_fno_paper.service": f"""[Service]
WorkingDirectory=/{HOME}/run_fno_paper
ExecStart=/{HOME}/run_fno_paper/.venv/bin/run_fno_paper --config configs/live.yaml
""",
    "run_fno_paper.timer": """[Timer]
OnCalendar=*-*-* 08:45:00 Asia/Kolkata
[Install]
WantedBy=timers.target
""",
}
"""What version 0.2.0 had installed, as far as it matters."""
_MANAGER: Final = f"""[Unit]
After=basic.target
[Service]
User={NAME}
Type=notify
Environment=XDG_RUNTIME_DIR={RUNTIME} HOME=/{HOME}
ExecStartPre=+/bin/install --directory --owner={NAME} --group={NAME} --mode=700 {RUNTIME}
ExecStart=/lib/systemd/systemd --user
Delegate=yes
"""


def prepare_user(files: Path) -> None:
    """A user with a home, a login, a copy of the project, and a manager to be started."""
    (files / "etc/systemd/system/user-manager.service").write_text(_MANAGER)
    for name, line in (("passwd", f"{NAME}:x:{NUMBER}:{NUMBER}::/{HOME}:/bin/sh"),
                       ("group", f"{NAME}:x:{NUMBER}:")):  # fmt: skip
        path = files / "etc" / name
        path.write_text(f"{path.read_text()}{line}\n")
    project = files / HOME / "run_fno_paper"
    shutil.copytree(files / PROGRAM / "configs", project / "configs")
    (project / "artifacts").mkdir()
    (project / ".venv").symlink_to(f"/{PROGRAM}/.venv")
    settings = files / HOME / ".config/run_fno_paper"
    settings.mkdir(parents=True)
    shutil.copy(files / "etc/run_fno_paper/kite.json", settings)
    (files / UNITS).mkdir(parents=True)
    for name, text in _OLD.items():
        (files / UNITS / name).write_text(text)
    home = files / HOME
    for each in (home, *home.rglob("*")):
        if not each.is_symlink():
            shutil.chown(each, NUMBER, NUMBER)


def check_installed_for_a_user(on: Machine) -> str:
    """Install, start, look, stop; gives the status line that was seen."""

    def as_user(*command: str) -> str:
        return on.run(
            "setpriv", f"--reuid={NAME}", f"--regid={NAME}", "--clear-groups",
            "env", f"XDG_RUNTIME_DIR={RUNTIME}", f"HOME=/{HOME}", *command,
        )  # fmt: skip

    def show(*names: str) -> dict[str, str]:
        text = as_user("systemctl", "--user", "show", UNIT, *(f"-p{n}" for n in names))
        return dict(line.split("=", 1) for line in text.splitlines())

    def status() -> str:
        return show("StatusText")["StatusText"]

    on.run("systemctl", "start", "user-manager")
    as_user("systemctl", "--user", "enable", "--now", "run_fno_paper.timer")
    said = as_user(f"/{HOME}/run_fno_paper/configs/install_service.sh")
    assert f"run_fno_paper.service is {UNIT} now" in said, said
    assert "the timer is on" in said
    timers = as_user("systemctl", "--user", "list-timers", "--no-pager")
    assert f"{UNIT}.timer" in timers
    assert "run_fno_paper.timer" not in timers
    as_user("systemctl", "--user", "start", UNIT)
    on.wait(lambda: bool(re.match(r"feed live .* ticks", status())), 30, "a user's feed is live")
    seen = status()
    as_user("systemctl", "--user", "stop", UNIT)
    ended = show("ActiveState", "Result", "ExecMainStatus")
    assert ended == {"ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"}, ended
    return seen
