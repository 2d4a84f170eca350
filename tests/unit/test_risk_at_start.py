"""A start says in which risk state it finds the account."""

from __future__ import annotations

from pathlib import Path

from loguru import logger

from daemon.domain.inputs import Input
from tests.kit.account_life import command, live, ticks, write_account


def started(place: Path, *given: Input, rows: tuple[int, int]) -> list[str]:
    """Live through some rows, then some inputs; return the warnings about the risk state."""
    said: list[str] = []
    sink = logger.add(lambda message: said.append(message.record["message"]), level="WARNING")
    try:
        live(place, [*ticks(*rows), *given])
    finally:
        logger.remove(sink)
    return [line for line in said if line.startswith("risk state")]


def test_an_account_that_was_left_halted_says_so_at_its_next_start(tmp_path: Path) -> None:
    write_account(tmp_path)
    assert started(tmp_path, command(40, "risk_halted"), rows=(0, 40)) == []
    assert started(tmp_path, command(60, "risk_active"), rows=(41, 60)) == [
        "risk state HALTED: a person said so; new entries are refused and waiting ones cancelled, "
        "exits work, until the command risk_active, from before this start"
    ]
    assert started(tmp_path, rows=(61, 70)) == []
