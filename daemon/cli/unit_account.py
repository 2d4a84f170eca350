"""`python -m daemon.cli.unit_account FILE [web]`: what the installer of a service must know."""

from __future__ import annotations

import sys
from pathlib import Path

from daemon.errors import DaemonError
from daemon.settings.file import load_config


def main() -> None:
    """Print the account's name, with `web` whether its page is wanted: `yes` or `no`.

    A configuration that is wrong is one line on stderr and code 1.
    """
    try:
        config = load_config(Path(sys.argv[1]))
    except DaemonError as error:
        sys.exit(str(error))
    page = "yes" if config.web.enabled else "no"
    sys.stdout.write(f"{page if sys.argv[2:] == ['web'] else config.account}\n")


if __name__ == "__main__":
    main()
