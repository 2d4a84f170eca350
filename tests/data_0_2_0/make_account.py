# mypy: ignore-errors
"""Makes the account of this directory with the program of version 0.2.0, see README.md.

`PYTHONPATH=TREE_OF_0_2_0 python make_account.py PLACE [SEED]`, not with this version's tree.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import anyio
import anyio.to_thread
import yaml

from daemon import VERSION
from daemon.domain.ledger import Ledger
from daemon.journal.recovery import fold
from daemon.journal.store import JournalStore
from tests.kit.cli import PROGRAM, finished, metrics_of
from tests.kit.live import (
    ACCOUNT,
    free_port,
    market,
    program_at,
    run,
    script_of,
    server_of,
    until,
    write_live_config,
)

ROWS = 1_500
"""About four minutes of the sample session of 18 November 2026."""


async def morning(place: Path, seed: int) -> None:
    """Trade the beginning of the session, switch a strategy off, stop: the day is not over."""
    of, port = market(), free_port()
    config = write_live_config(place, of, script_of(of, seed, every_s=2), port=port)
    settings = yaml.safe_load(config.read_text())
    settings["out"] = "."  # the recording keeps paths as they are written
    settings["strategies"]["list"][0]["params"]["file"] = "live.jsonl"
    config.write_text(yaml.safe_dump(settings))
    first = int(of.block.ts[0])
    async with server_of(of, port, blocks=[of.block.rows(0, ROWS)]):
        daemon = program(place, program_at(first, 1), "--config", config.name)
        await until(lambda: metrics_of(place).get("ticks") == ROWS, within_s=60)
        told = await anyio.to_thread.run_sync(
            finished,
            program(place, PROGRAM, "command", ACCOUNT, "strategy_off", "ema", "--out", "."),
        )
        assert told.code == 0, told.err
        daemon.send_signal(signal.SIGTERM)
        ended = await anyio.to_thread.run_sync(finished, daemon)
        assert ended.code == 0, ended.err


def program(place: Path, code: str, *arguments: str) -> subprocess.Popen[str]:
    """The command line in the directory of the account."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=place, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ledger_of(place: Path) -> Ledger:
    with JournalStore.open(place / "accounts" / ACCOUNT) as store:
        store.verify()
        return fold(store)


def main() -> None:
    assert str(VERSION) == "0.2.0", VERSION
    place = Path(sys.argv[1])
    place.mkdir(parents=True)
    run(morning, place, int(sys.argv[2]) if len(sys.argv) > 2 else 3)
    for position in ledger_of(place).open_positions():
        print(
            position.order_id, position.product, position.quantity, "of", position.opened_quantity,
            "rest" if position.on_rest else "", f"ladder {position.ladder_steps}",
        )  # fmt: skip


if __name__ == "__main__":
    main()
