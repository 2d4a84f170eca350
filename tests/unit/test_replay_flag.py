"""`--replay` with several files."""

from __future__ import annotations

import pytest

from daemon.cli.arguments import spread_replay


@pytest.mark.parametrize(
    ("given", "spread"),
    [
        ("", ""),
        ("--replay A", "--replay A"),
        ("--replay A B", "--replay A --replay B"),
        ("--replay A --replay B", "--replay A --replay B"),
        (
            "--config c --replay A B C --out o",
            "--config c --replay A --replay B --replay C --out o",
        ),
        ("--replay A B --speed max --replay C", "--replay A --replay B --speed max --replay C"),
        ("--replay=A --out o", "--replay=A --out o"),
        ("check c.yaml", "check c.yaml"),
        ("journal show --limit 3", "journal show --limit 3"),
    ],
)
def test_several_files_after_one_flag_are_the_flag_repeated(given: str, spread: str) -> None:
    assert spread_replay(given.split()) == spread.split()
