"""Whether an account is well, in one line: for a monitor that wakes somebody up."""

from __future__ import annotations

from typing import NamedTuple

from daemon.domain.dates import MILLISECOND_NS
from daemon.journal.words import seconds
from daemon.visible import visible
from daemon.web.panels.header import header_panel, mode_of
from daemon.web.panels.view import View


class Health(NamedTuple):
    """Whether all is well, and why."""

    ok: bool
    why: str


def health_of(view: View) -> Health:
    """Return whether the daemon trades as it should; outside sessions it need not run."""
    header = header_panel(view)
    if not header["session"]["is_open"]:
        return Health(True, "no session is open")
    mode = mode_of(view)
    if mode == "finished":
        return Health(True, "the run is finished")
    if mode == "dead":
        stopped = view.book.process.error or view.book.process.stopped
        return Health(False, visible(f"no daemon runs{f' ({stopped})' if stopped else ''}"))
    if header["token"]["state"] == "refused":
        return Health(False, "the broker refuses the login")
    feed = header["feed"]
    if feed["is_stale"]:
        return Health(False, f"no tick for {seconds(feed['age_ms'] * MILLISECOND_NS)}")
    return Health(True, "the daemon trades")
