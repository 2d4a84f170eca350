"""`run_fno_paper demo`: the session that ships with the program, run again and checked.

It writes nothing, so it also tells whether an installation works on a read-only disk.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from daemon.domain.money import PAISE_PER_RUPEE
from daemon.report.summary import RunSummary
from daemon.rules.loader import SHIPPED_RULES
from daemon.runtime.simulate import run
from daemon.settings.file import load_config

SAMPLE: Final = SHIPPED_RULES.parent / "sample.yaml"


class Figures(NamedTuple):
    """What the sample session comes to. Paise."""

    trades: int
    gross_paise: int
    net_paise: int


KNOWN: Final = Figures(trades=9, gross_paise=-3_578_575, net_paise=-4_921_691)
"""The figures of this version, the same on every machine; `make run` shows them too."""


class Demo(NamedTuple):
    """The run's summary, a line about its figures, and whether they are not the known ones."""

    summary: RunSummary
    verdict: str
    differs: bool


def demo() -> Demo:
    """Run the sample session in memory and check its figures. Raises DaemonError."""
    summary = run(load_config(SAMPLE, {})).summary
    return _compared(summary, figures_of(summary), KNOWN)


def figures_of(summary: RunSummary) -> Figures:
    """Return the figures of a run that are checked."""
    quality = summary.fill_quality
    return Figures(summary.numbers.trades, quality.gross_paise, quality.net_paise)


def _compared(summary: RunSummary, found: Figures, known: Figures) -> Demo:
    if found == known:
        return Demo(summary, f"as it should be: {_told(found)}", differs=False)
    return Demo(
        summary,
        f"this installation computes {_told(found)}, and should {_told(known)}: do not trust it; "
        "install the locked versions (requirements.lock) into an environment of its own",
        differs=True,
    )


def _told(figures: Figures) -> str:
    gross, net = (f"{paise / PAISE_PER_RUPEE:+,.2f}" for paise in figures[1:])
    return f"{figures.trades} trades, gross {gross}, net {net} rupees"
