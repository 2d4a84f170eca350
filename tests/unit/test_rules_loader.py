"""Rule files that are refused, and where the error says they are wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from daemon.errors import ConfigError
from daemon.rules import load_rulebook
from daemon.rules.loader import SHIPPED_RULES


def refusal(folder: Path, file: str, old: str, new: str) -> str:
    """What loading says of the shipped rules after one edit of one file."""
    shutil.copytree(SHIPPED_RULES, folder, dirs_exist_ok=True)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError) as caught:
        load_rulebook(folder)
    message = str(caught.value)
    assert message.startswith(f"{folder / file}:")
    assert "\n" not in message
    return message.removeprefix(f"{folder / file}:")


def test_a_copy_of_the_shipped_rules_loads(tmp_path: Path) -> None:
    load_rulebook(Path(shutil.copytree(SHIPPED_RULES, tmp_path / "rules")))


def test_every_row_names_its_source(tmp_path: Path) -> None:
    said = refusal(tmp_path, "charges.yaml", "    source: domain facts 6\n", "")
    assert said == "10: brokerage[0]: expected the key 'source', which is missing"


def test_an_unknown_key_is_refused_with_a_near_match(tmp_path: Path) -> None:
    said = refusal(tmp_path, "charges.yaml", "    most_rupees:", "    most_rupee:")
    assert said == "13: brokerage[0].most_rupee: unknown key; did you mean 'most_rupees'?"


@pytest.mark.parametrize(
    "file", ["calendar.yaml", "charges.yaml", "contracts.yaml", "margins.yaml"]
)
def test_an_unknown_version_is_refused(tmp_path: Path, file: str) -> None:
    said = refusal(tmp_path, file, "version: 1", "version: 2")
    assert said.endswith("version: expected one of 1, was 2")


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("calendar.yaml", "from: 2026-08-03", "from: 2026-8-3", "expected a date such as"),
        ("calendar.yaml", "from: 2026-08-03", "from: 2009-08-03", "expected a date after 2010"),
        ("calendar.yaml", '"15:40"', "15:61", "close: expected text like"),
        ("calendar.yaml", '"15:40"', '"09:15"', "expected it to open before it closes"),
        ("calendar.yaml", "segments: [BFO]", "segments: [NFO]", "expected a segment of BSE"),
        ("calendar.yaml", "exchange: BSE", "exchange: MCX", "one of BSE, NSE, was 'MCX'"),
        ("calendar.yaml", "date: 2022-03-18", "date: 2022-03-01", "expected a date from"),
        ("calendar.yaml", "date: 2022-03-18", "date: 2023-03-18", "expected a date from"),
        ("calendar.yaml", "from: 2023-01-01", "from: 2022-12-31", "without overlap"),
        ("calendar.yaml", "from: 2024-03-02", "from: 2024-01-20", "expected a date after"),
        ("charges.yaml", "percent: 0.0125", "percent: 0.00000000001", "at most 10 decimals"),
        ("charges.yaml", "percent: 0.0125", "percent: -0.0125", "expected a number >= 0"),
        ("charges.yaml", "percent: 0.0125", "percent: x", "expected a decimal number, was 'x'"),
        ("charges.yaml", "percent: 18", "percent: 18.125", "gst[0].percent: expected"),
        ("charges.yaml", "side: BUY", "side: BOTH", "one of BUY, SELL or null, was 'BOTH'"),
        ("margins.yaml", "class: share", "class: bond", "one of index, share, was 'bond'"),
        ("margins.yaml", "scan_percent: 9.3", "scan_percent: 9.30001", "at most 4 decimals"),
        ("margins.yaml", "scan_percent: 9.3", f"scan_percent: 9.{30 * '3'}", "at most 4 decimals"),
        ("margins.yaml", "scan_percent: 9.3", "scan_percent: .nan", "expected a finite number"),
        ("margins.yaml", "scan_percent: 9.3", "scan_percent: 101", "from 0 to 100"),
        ("margins.yaml", "from: 2024-11-20", "from: 2022-11-20", "expected a date after 2023"),
        ("contracts.yaml", "units: 25", "units: 0", "units: expected a whole number >= 1"),
        ("contracts.yaml", "from: 2024-05-02", "from: 2022-05-02", "expected a date after"),
    ],
)
def test_a_wrong_value_is_told_with_its_path(
    tmp_path: Path, file: str, old: str, new: str, expected: str
) -> None:
    assert expected in refusal(tmp_path, file, old, new)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"calendar\.yaml: cannot be read: No such file"):
        load_rulebook(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("class: equity", "class: futures", "expected a date after"),
        ("  - from: 2017-07-01\n    percent: 18\n    source: domain facts 6\n", "  []\n", "a row"),
    ],
)
def test_a_table_without_a_needed_row_is_refused(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert expected in refusal(tmp_path, "charges.yaml", old, new)
