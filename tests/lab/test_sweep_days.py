"""`split: day`: a row a session, only where nothing is carried over a night."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.errors import ConfigError, FeedError
from daemon.lab import simulate
from daemon.lab.sweep.file import load_sweep
from daemon.lab.sweep.jobs import JobMaker
from daemon.lab.sweep.rounds import Written
from tests.lab.sweep_kit import Desk, Inline
from tests.lake.kit import fill, opening

DAYS = "  list: [{}, {execution.slippage_bps: 0}]\n  split: day\n  warmup_sessions: 1\n"
