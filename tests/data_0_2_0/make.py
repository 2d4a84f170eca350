# mypy: ignore-errors
"""Makes the files of this directory with the program of version 0.2.0, see README.md."""

from __future__ import annotations

import gzip
import inspect
import json
import os
import shutil
import sys
import tarfile
from pathlib import Path
from typing import Any

import typer.main
from daemon.build import convert_recording
from daemon.config_check import fingerprint, render_config
from daemon.config_file import load_config

import daemon.errors
import daemon.execution.helpers
import strategies.strategy
from daemon import VERSION
from daemon.cli.run import run
from daemon.domain.candle import Candle
from daemon.domain.instrument import Instrument
from daemon.main import app
from tests.kit.cli import exported, only_run

HERE = Path(__file__).parent
HELPERS = (
    "create_execution_engine_v3", "should_use_v3", "convert_to_order_intent",
    "update_positions_from_tick", "on_candle_close", "get_v3_positions", "get_v3_metrics",
)  # fmt: skip
"""As the guide lists them."""


def main() -> None:
    assert str(VERSION) == "0.2.0", VERSION
    tree, account, work = map(Path, sys.argv[1:4])
    shutil.copytree(tree / "configs", HERE / "configs", ignore=shutil.ignore_patterns(
        "*.parquet", "rules", "*.sh", "*.service", "*.timer"), dirs_exist_ok=True)  # fmt: skip
    convert(tree)
    keep_run(work)
    keep_meanings(tree)
    (HERE / "faces.json").write_text(json.dumps(faces(), indent=1, sort_keys=True) + "\n")
    with tarfile.open(HERE / "account.tar.xz", "w:xz") as tar:
        tar.add(account, arcname="place", filter=plain)


def plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Without who made it and when, and without snapshots and the socket."""
    if "/snapshot-" in member.name or member.name.endswith((".sock", "-wal", "-shm", "/lock")):
        return None
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    return member


def convert(tree: Path) -> None:
    """The first forty minutes of the sample as native ticks of 0.2.0."""
    (HERE / "ticks.parquet").unlink(missing_ok=True)
    files = [{"path": str(tree / "configs/sample_session.parquet")}]
    cut = {"feed.replay.start": "2026-11-18T09:15:00", "feed.replay.end": "2026-11-18T09:42:00"}
    config = load_config(tree / "configs/sample.yaml", cut | {"feed.replay.files": files})
    convert_recording(config, HERE / "ticks.parquet")


def keep_run(work: Path) -> None:
    """One run of rich.yaml: what it wrote."""
    os.chdir(HERE)  # 0.2.0 looks for files in the working directory
    config = load_config(HERE / "rich.yaml", {"out": str(work), "log.level": "ERROR"})
    run(config)
    directory = only_run(work)
    for path in (directory / "summary.json", work / "analytics/runtime_metrics.json"):
        (HERE / path.name).write_text(path.read_text().replace(str(work), "artifacts"))
    (HERE / "export.jsonl.gz").write_bytes(gzip.compress(exported(directory), 9, mtime=0))


def keep_meanings(tree: Path) -> None:
    """What each configuration came to, every default in it."""
    found = {}
    for path in sorted([*HERE.glob("configs/**/*.yaml"), HERE / "rich.yaml"]):
        config = load_config(path)
        found[str(path.relative_to(HERE))] = {
            "fingerprint": fingerprint(config), "values": json.loads(render_config(config)),
        }  # fmt: skip
    (HERE / "meanings.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def faces() -> dict[str, Any]:
    """What 0.2.0 calls things that a user writes."""
    return {
        "commands": commands(typer.main.get_command(app), "run_fno_paper"),
        "exit_codes": {each.name: int(each) for each in daemon.errors.ExitCode},
        "view": public(strategies.strategy.View),
        "base_strategy": public(strategies.strategy.BaseStrategy),
        "candle": [*Candle.__struct_fields__],
        "instrument": [*Instrument.__struct_fields__],
        "helpers": [name for name in HELPERS if hasattr(daemon.execution.helpers, name)],
    }


def commands(command: Any, name: str) -> dict[str, list[str]]:
    """The options and arguments of each command."""
    found = {name: sorted(
        text for each in command.params for text in (*each.opts, *each.secondary_opts)
    )}  # fmt: skip
    for below, one in getattr(command, "commands", {}).items():
        found |= commands(one, f"{name} {below}")
    return found


def public(kind: type) -> dict[str, list[str]]:
    """What it has, with the names of a method's parameters."""
    found = {name: getattr(kind, name) for name in dir(kind) if not name.startswith("_")}
    return {
        name: list(inspect.signature(value).parameters) if callable(value) else []
        for name, value in found.items()
    }


if __name__ == "__main__":
    main()
