"""`python -m daemon.cli.unit_account FILE`: whose service a configuration is, for its installer."""

from __future__ import annotations

import sys
from pathlib import Path

from daemon.errors import DaemonError
from daemon.settings.file import load_config


def main() -> None:
    """Print the account's name; a configuration that is wrong is one line on stderr and code 1."""
    try:
        sys.stdout.write(f"{load_config(Path(sys.argv[1])).account}\n")
    except DaemonError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
