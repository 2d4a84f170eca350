"""`run_fno_paper hook`: addresses are made, listed and removed (W15)."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.cli.hook import list_, new, remove
from daemon.errors import UsageError
from daemon.web.hooks.store import HOOKS_FILE, HookBook


@pytest.fixture
def account(tmp_path: Path) -> Path:
    directory = tmp_path / "accounts" / "desk"
    directory.mkdir(parents=True)
    return directory


def made(out: Path, name: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Make a hook and return its token."""
    new("desk", name, "ext", "tradingview", "buy", 2, 5, ["NIFTY1!=NIFTY26NOVFUT", "X"], out)
    said = capsys.readouterr().out
    return said.splitlines()[0].rpartition("/hook/")[2]


def test_w15_a_hook_is_shown_once_and_known_by_its_token(
    account: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = made(tmp_path, "one", capsys)
    found = HookBook(account / HOOKS_FILE).of(token)
    assert found is not None
    assert (found.id, found.action, found.lots) == ("one", "BUY", 2)
    assert found.symbols == {"NIFTY1!": "NIFTY26NOVFUT", "X": "X"}
    list_("desk", tmp_path)
    listed = capsys.readouterr().out
    assert "one: tradingview for ext, BUY, up to 2 lots, NIFTY1!=NIFTY26NOVFUT, X" in listed
    assert token not in listed
    assert token not in (account / HOOKS_FILE).read_text()


def test_w15_a_removed_hook_is_unknown(
    account: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    token = made(tmp_path, "one", capsys)
    remove("desk", "one", tmp_path)
    assert HookBook(account / HOOKS_FILE).of(token) is None
    with pytest.raises(UsageError, match="not known"):
        remove("desk", "one", tmp_path)
    capsys.readouterr()
    list_("desk", tmp_path)
    assert capsys.readouterr().out == "no hooks\n"


def test_w15_a_hook_that_makes_no_sense_is_refused_and_nothing_is_written(
    account: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path, "one", capsys)
    before = (account / HOOKS_FILE).read_bytes()
    wrong = [
        ("one", "tradingview", "", 1, None, "there is one of this name"),
        ("two", "chartink", "", 1, None, "--action"),
        ("a b", "tradingview", "", 1, None, "id"),
        ("two", "telegram", "", 1, None, "map"),
        ("two", "tradingview", "hold", 1, None, "action"),
        ("two", "tradingview", "", 0, None, "lots"),
        ("two", "tradingview", "", 1, ["NIFTY="], "NAME=CONTRACT"),
    ]
    for name, kind, action, lots, symbols, text in wrong:
        with pytest.raises(UsageError, match=text):
            new("desk", name, "ext", kind, action, lots, 5, symbols, tmp_path)
    with pytest.raises(UsageError, match="not under"):
        list_("other", tmp_path)
    assert (account / HOOKS_FILE).read_bytes() == before
