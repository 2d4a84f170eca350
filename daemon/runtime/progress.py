"""What a run shows while it runs: a bar on a terminal, plain log lines elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio
from loguru import logger

from daemon.domain.account_totals import net_paise
from daemon.domain.dates import iso_ist
from daemon.domain.money import rupees_text
from daemon.report.text import count

if TYPE_CHECKING:
    from daemon.runtime.app import App

BAR_EVERY_S: Final = 0.25
LINE_EVERY_S: Final = 5.0


class Speed:
    """Ticks per second since the last look."""

    def __init__(self) -> None:
        self._ticks = 0
        self._at = anyio.current_time()

    def look(self, ticks: int) -> float:
        """Return the rate since the last call."""
        now = anyio.current_time()
        rate = (ticks - self._ticks) / max(now - self._at, 1e-9)
        self._ticks, self._at = ticks, now
        return rate


def status_line(app: App, rate: float) -> str:
    """Return session time, ticks, ticks/s, open positions and net P&L in a line of 80 columns.

    Net of all charges so far, as each exit's line in the log is, with open positions at market.
    """
    now = app.engine.at.now
    session = iso_ist(now)[5:19].replace("T", " ") if now >= 0 else "no tick yet   "
    ledger = app.ledger
    net = net_paise(ledger) + app.engine.engine.unrealized_paise()
    return (
        f"{session} {count(app.engine.intake.rows):>9} ticks {count(round(rate)):>7}/s "
        f"{len(ledger.positions):>3} open net P&L {rupees_text(net):>11}"
    )


async def show_bar(app: App) -> None:
    """Show a live line on the terminal until cancelled."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task, speed = bar.add_task("starting"), Speed()
        while True:
            await anyio.sleep(BAR_EVERY_S)
            bar.update(task, description=status_line(app, speed.look(app.engine.intake.rows)))


async def show_lines(app: App) -> None:
    """Write a log line now and then until cancelled."""
    speed = Speed()
    while True:
        await anyio.sleep(LINE_EVERY_S)
        logger.info(status_line(app, speed.look(app.engine.intake.rows)))
