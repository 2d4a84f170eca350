"""What holds for all tests."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Hangups reach the tests and the programs that they start, also where `nohup` started us."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
