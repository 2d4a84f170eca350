"""The runbook's stories, done by its own commands; what a machine must bring is only recorded.

`systemctl`, `git` and `make` are stood in for by a line in a file. An account of 0.2.0 is `NAME`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.kit.cli import PROGRAM, ROOT
from tests.kit.of_0_2_0 import unpack_account

pytestmark = pytest.mark.ci
RUNBOOK: Final = (ROOT / "docs/RUNBOOK.md").read_text(encoding="utf-8")
ELSEWHERE: Final = ("systemctl", "git", "make")


class Place(NamedTuple):
    """A directory like a clone's, and what was told to the machine in it."""

    root: Path
    account: Path

    def told(self) -> list[str]:
        """The commands that only a real machine can do."""
        return (self.root / "told").read_text().splitlines()


def commands(name: str) -> str:
    """The commands of a story as the runbook shows them."""
    part = RUNBOOK.split(f"<!-- runs: {name} -->")[1].split("<!-- end -->")[0]
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", part, re.DOTALL | re.MULTILINE)
    return "".join(blocks).replace("$ .venv", ".venv").replace("NAME", "live")


def executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    executable(
        tmp_path / ".venv/bin/run_fno_paper",
        f"PYTHONPATH='{ROOT}' exec '{sys.executable}' -W error -c '{PROGRAM}' \"$@\"",
    )
    for name in ELSEWHERE:
        executable(tmp_path / "bin" / name, f'echo "{name} $@" >> "{tmp_path}/told"')
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    account = unpack_account(tmp_path / "artifacts")
    return Place(tmp_path, account)


def done(place: Place, name: str) -> str:
    """Do a story as somebody would who types it, and return what it prints."""
    env = os.environ | {
        "PATH": f"{place.root}/bin:{os.environ['PATH']}",
        "HOME": str(place.root / "home"), "XDG_CONFIG_HOME": str(place.root / "home/.config"),
    }  # fmt: skip
    ended = subprocess.run(
        ["/bin/sh", "-eu"], input=commands(name), cwd=place.root, env=env, timeout=110,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_first_quarter_of_an_hour_leads_to_a_checked_configuration(place: Place) -> None:
    printed = done(place, "first")
    assert "as it should be: 9 trades" in printed
    assert "configs/mine.yaml: keys and values are right" in printed
    written = (place.root / "configs/mine.yaml").read_text()
    assert "account: mine\n" in written
    assert "web: {enabled: true}\nalerts: {enabled: true}\n" in written
    secret = place.root / "home/.config/run_fno_paper/alerts.json"
    assert secret.stat().st_mode & 0o777 == 0o600


def test_the_week_ends_with_a_verified_copy_a_report_and_a_table(place: Place) -> None:
    for day in range(10, 20):
        (place.root / f"backups/2020-01-{day}").mkdir(parents=True)
    printed = done(place, "week")
    assert "intact, 500 events" in printed
    assert "a backup that verifies, 500 events" in printed
    kept = sorted(each.name for each in (place.root / "backups").iterdir())
    assert len(kept) == 8
    assert (place.root / "backups" / kept[-1] / "journal.db").is_file()
    [report, table] = sorted((place.root / "reports").iterdir(), key=lambda each: each.suffix)[::-1]
    assert report.suffix == ".html"
    assert len(table.read_text().splitlines()) > 1


def test_a_backup_is_restored_by_the_commands_shown(place: Place) -> None:
    before = (place.account / "journal.db").read_bytes()
    printed = done(place, "restore")
    assert printed.count("intact, 500 events") == 1
    assert (place.root / "artifacts/accounts/live.before/journal.db").read_bytes() == before
    assert place.told() == [
        "systemctl --user stop run_fno_paper@live",
        "systemctl --user start run_fno_paper@live",
    ]


def test_an_upgrade_backs_up_before_it_changes_anything(place: Place) -> None:
    printed = done(place, "upgrade")
    assert "a backup that verifies, 500 events" in printed
    assert "as it should be: 9 trades" in printed
    assert printed.count("intact, 500 events") == 2
    assert (place.root / "backups/before-0.3/journal.db").is_file()
    assert place.told() == [
        "systemctl --user stop run_fno_paper",
        "git fetch --tags", "git checkout v0.3.0", "make setup", "make install-service",
        "systemctl --user start run_fno_paper@live",
    ]  # fmt: skip
