"""`python -m daemon.cli.unit_account FILE [web|alerts]`: what the installer of a service asks."""

from __future__ import annotations

import sys
from pathlib import Path

from daemon.errors import DaemonError
from daemon.settings.file import load_config


def main() -> None:
    """Print the account's name, or `yes` or `no`: whether its page or its `follow` is wanted.

    Where the page runs it sends the alerts, and `follow` is not wanted.
    A configuration that is wrong is one line on stderr and code 1.
    """
    try:
        config = load_config(Path(sys.argv[1]))
    except DaemonError as error:
        sys.exit(str(error))
    wanted = {
        "web": config.web.enabled,
        "alerts": config.alerts.enabled and not config.web.enabled,
    }
    asked = sys.argv[2] if len(sys.argv) > 2 else ""
    answer = ("yes" if wanted[asked] else "no") if asked else config.account
    sys.stdout.write(f"{answer}\n")


if __name__ == "__main__":
    main()
