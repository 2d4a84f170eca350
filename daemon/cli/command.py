"""`run_fno_paper command`, `pause`, `resume`, `speed`: what a person tells a running process."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from daemon.control.socket import Request, send_command
from daemon.errors import UsageError
from daemon.runtime.run_files import ACCOUNTS, find_run, refuse_unreadable
from daemon.settings.account_name import check_account_name

_WITH_TARGET: Final = {
    "manual_exit": "the order's id",
    "strategy_on": "the strategy's id",
    "strategy_off": "the strategy's id",
}
_NO_PACED_RUN: Final = "no paced run is at work here: it is over, or it runs at speed max"
_ALONE: Final = ("kill_switch", "reload", "risk_active", "risk_reducing", "risk_halted")


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


def tell_run(out: Path, run: str, command: str, speed: str = "") -> str:
    """Send a command about its pace to a paced run; its answer. Raises UsageError or Refused."""
    request = msgspec.convert({"command": command, "target": speed}, Request)
    return send_command(find_run(run, out), request, unanswered=_NO_PACED_RUN)
