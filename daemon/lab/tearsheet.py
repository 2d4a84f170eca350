"""A tear sheet by quantstats (extra `tearsheet`): returns in, its page out, offline and quiet.

It is given each day's result as a share of the capital, never equity, of which it would make
returns that compound. Its page asks a server for an icon and has a script; neither is kept.
"""

from __future__ import annotations

import logging
import re
import sys
import tempfile
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from daemon.domain.money import PAISE_PER_RUPEE
from daemon.errors import UsageError
from daemon.files.replace import replace_file
from daemon.lab.numbers.days import Days
from daemon.lab.numbers.ratios import SESSIONS_A_YEAR

INSTALL: Final = "pip install 'run-fno-paper[tearsheet]'"
FEWEST_DAYS: Final = 2
_POLICY: Final = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">"
)
_ACTIVE: Final = re.compile(
    r"<link\b[^>]*>|<script\b.*?</script>|\sonload=\"[^\"]*\"", re.DOTALL | re.IGNORECASE
)


def write_tearsheet(out: Path, title: str, days: Days, capital_rupees: float | None) -> Path:
    """Write the tear sheet of a run's days to `out` in one step and return its path.

    Raises UsageError where there is no capital, there are too few days, or the extra is not
    installed, and OSError.
    """
    if not capital_rupees:
        raise UsageError(
            "--tearsheet: returns are shares of capital_rupees, which this configuration does not "
            "have; write it and run again"
        )
    if len(days.dates) < FEWEST_DAYS:
        raise UsageError(f"--tearsheet: expected at least 2 days, was {len(days.dates)}")
    page = _page(title, days, capital_rupees)
    replace_file(out, page.encode("utf-8", "replace"))
    return out


def returns_of(days: Days, capital_rupees: float) -> list[float]:
    """Return each day's result as a share of the capital, without compounding."""
    return [change / PAISE_PER_RUPEE / capital_rupees for change in days.changes_paise]


def _page(title: str, days: Days, capital_rupees: float) -> str:
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as place:
        warnings.simplefilter("ignore")  # the library's own, about what it calls
        logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
        pandas, reports = _libraries()
        returns = pandas.Series(
            returns_of(days, capital_rupees), pandas.DatetimeIndex(days.dates), name=title
        )
        path = Path(place) / "tearsheet.html"
        reports.html(
            returns, benchmark=None, rf=0.0, title=title, output=str(path), compounded=False,
            periods_per_year=SESSIONS_A_YEAR,
        )  # fmt: skip
        return inert(path.read_text(encoding="utf-8"))


def inert(page: str) -> str:
    """Return a page without scripts and without what it would fetch, and a policy that says so."""
    return _ACTIVE.sub("", page).replace("<head>", f"<head>{_POLICY}", 1)


def _libraries() -> tuple[Any, Any]:
    """Return pandas and `quantstats.reports`, which draws without a window."""
    try:
        if "matplotlib.pyplot" not in sys.modules:
            import_module("matplotlib").use("Agg")
        return import_module("pandas"), import_module("quantstats.reports")
    except ImportError as error:
        raise UsageError(f"--tearsheet: needs quantstats: {INSTALL}") from error
