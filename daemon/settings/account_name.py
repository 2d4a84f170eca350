"""What an account may be called: its name is a directory's and a service's."""

from __future__ import annotations

import re
from typing import Final

from daemon.errors import UsageError

ACCOUNT_NAME: Final = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,39}\Z"
"""No dot or dash first: `..` is another directory, `-x` an option of every command."""


def is_account_name(text: str) -> bool:
    """Return whether `text` can be an account's name."""
    return re.fullmatch(ACCOUNT_NAME, text) is not None


def check_account_name(text: str) -> None:
    """Refuse a name that no account has, as given on a command line. Raises UsageError."""
    if not is_account_name(text):
        raise UsageError(
            f"account {text!r}: expected at most 40 letters, digits, _ . - of which the first "
            "is neither . nor -"
        )
