"""What holds for all tests."""

from __future__ import annotations

import os
import signal
import sys


def pytest_configure() -> None:
    """Prepare this process and the programs that it starts.

    Hangups reach the tests and the programs, also where `nohup` started us. Bytecode is kept,
    also where the environment says otherwise: the program is started hundreds of times.
    """
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
