"""`make docs-output`: write what the sample run prints into the documents that show it.

tests/unit/test_docs_commands.py fails when the documents are behind.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
README: Final = ROOT / "README.md"
GUIDE: Final = ROOT / "docs" / "EXECUTION_ENGINE_V3_GUIDE.md"
TRADES_SHOWN: Final = 4
_SHOWN: Final = ("RUN", "NOTES", "TRADES", "BY STRATEGY", "TOTALS", "HOW FAR TO TRUST THIS")


def printed(*arguments: str) -> str:
    """Return what the program prints to a pipe."""
    command = [sys.executable, "-m", "daemon.main", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, encoding="utf-8")
    return done.stdout


def shortened(summary: str) -> str:
    """Return the parts of a summary that the README shows, of the trades the first few."""
    parts = [part for part in summary.rstrip("\n").split("\n\n") if part.startswith(_SHOWN)]
    return "\n\n".join(_first_trades(part) for part in parts) + "\n"


def _first_trades(part: str) -> str:
    lines = part.splitlines()
    most = 2 + 2 * TRADES_SHOWN  # title, header, two lines a trade
    if not part.startswith("TRADES") or len(lines) <= most:
        return part
    return "\n".join([*lines[:most], "  ..."])


def with_output(document: str, name: str, output: str) -> str:
    """Return the document with the block `<!-- output: name -->` replaced."""
    marker = f"<!-- output: {name} -->"
    before, after = document.split(marker)
    rest = after.split("<!-- end -->", 1)[1]
    return f"{before}{marker}\n```text\n{output}```\n<!-- end -->{rest}"


def main() -> None:
    """Run the sample and rewrite the blocks."""
    with tempfile.TemporaryDirectory() as out:
        summary = printed("--config", "configs/sample.yaml", "--out", out)
        [run_id] = re.findall(r"^RUN (\S+)", summary)
        readme = re.sub(r"replay-[0-9a-f]{8}-001", run_id, README.read_text(encoding="utf-8"))
        README.write_text(with_output(readme, "sample", shortened(summary)), encoding="utf-8")
        guide = GUIDE.read_text(encoding="utf-8")
        for order in re.findall(r"<!-- output: explain (\S+) -->", guide):
            story = printed("journal", "explain", order, "--out", out).rstrip("\n") + "\n"
            guide = with_output(guide, f"explain {order}", story)
        GUIDE.write_text(guide, encoding="utf-8")


if __name__ == "__main__":
    main()
