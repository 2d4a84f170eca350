"""`run_fno_paper command`: a person tells the running daemon something."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from daemon.control.socket import Request, send_command
from daemon.errors import UsageError
from daemon.runtime.run_files import ACCOUNTS, refuse_unreadable
from daemon.settings.account_name import check_account_name

_WITH_TARGET: Final = {
    "manual_exit": "the order's id",
    "strategy_on": "the strategy's id",
    "strategy_off": "the strategy's id",
}
_ALONE: Final = ("kill_switch", "reload")


def tell(out: Path, account: str, command: str, target: str) -> str:
    """Send a command to the daemon of an account; its answer. Raises UsageError or Refused."""
    if command not in _WITH_TARGET and command not in _ALONE:
        known = ", ".join([*_ALONE, *_WITH_TARGET])
        raise UsageError(f"command: expected one of {known}, was {command!r}")
    if command in _WITH_TARGET and not target:
        raise UsageError(f"command {command}: expected {_WITH_TARGET[command]} after it")
    check_account_name(account)
    request = msgspec.convert({"command": command, "target": target}, Request)
    directory = out / ACCOUNTS / account
    refuse_unreadable(directory)
    return send_command(directory, request)
