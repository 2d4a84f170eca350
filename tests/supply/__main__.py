"""`make sbom`, `make licences`: write what the lock files bring in."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.supply.licences import table
from tests.supply.packages import RUNTIME_LOCK, packages
from tests.supply.sbom import sbom


def main() -> None:
    """Write one of the two documents."""
    parser = argparse.ArgumentParser(prog="python -m tests.supply")
    parser.add_argument("what", choices=("sbom", "licences"))
    parser.add_argument("--to", type=Path, required=True)
    arguments = parser.parse_args()
    text = table() if arguments.what == "licences" else sbom(packages(RUNTIME_LOCK))
    arguments.to.parent.mkdir(parents=True, exist_ok=True)
    arguments.to.write_text(text, encoding="utf-8")
    print(arguments.to)


if __name__ == "__main__":
    main()
