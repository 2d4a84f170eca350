"""What holds for all tests.

Examples of properties are the same in every run, so that a run says something of the change and not
of its luck; FNO_FRESH_EXAMPLES=1 draws others. None is timed: a busy machine is no fault.
"""

from __future__ import annotations

import os
import signal
import sys

import hypothesis
import pytest

from tests.kit import loopback_only

UNTIMED = hypothesis.settings(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("fixed", UNTIMED, derandomize=True)
hypothesis.settings.register_profile("fresh", UNTIMED, derandomize=False, print_blob=True)
hypothesis.settings.load_profile("fresh" if "FNO_FRESH_EXAMPLES" in os.environ else "fixed")


def pytest_configure() -> None:
    """Prepare this process and the programs that it starts.

    Hangups reach the tests and the programs, also where `nohup` started us. Bytecode is kept,
    also where the environment says otherwise, since the program is started hundreds of times;
    FNO_NO_BYTECODE is for a copy whose files are about to change (`tests/kit/copied.py`).
    """
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    loopback_only.watch()
    if "FNO_NO_BYTECODE" in os.environ:
        return
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(trylast=True)  # behind the fixtures' own ends
def pytest_runtest_teardown() -> None:
    """Fail a test that tried to reach another machine, also where its code caught the refusal."""
    tried, loopback_only.OUTSIDE[:] = list(loopback_only.OUTSIDE), []
    if tried:
        pytest.fail(f"beyond this machine: {', '.join(tried)}")
