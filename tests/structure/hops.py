"""What a tick, an entry and a stop-out pass through; run as a file inside the checkout to measure.

Nothing is imported from this package, so that the same file measures a checkout of any age: it
uses only names that were in `tests.kit.drive` and `tests.kit.scenario` all along. Prints JSON.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

from daemon.domain.instrument import Instrument
from daemon.domain.intent import OrderIntent, Signal
from tests.kit.drive import inputs_of, make_engine

kit: Any = import_module("tests.kit.scenario")  # its configuration classes moved between versions

ROOT = Path.cwd()
PROGRAM = tuple(str(ROOT / package) + "/" for package in ("daemon", "feeds", "strategies"))
IST = dt.timezone(dt.timedelta(hours=5, minutes=30))
DATE = dt.date(2025, 10, 8)
OPEN = int(dt.datetime(2025, 10, 8, 9, 15, tzinfo=IST).timestamp()) * 1_000_000_000
CLOSE = int(dt.datetime(2025, 10, 8, 15, 30, tzinfo=IST).timestamp()) * 1_000_000_000
SECOND = 1_000_000_000
OPTION = Instrument(
    instrument_token=1,
    tradingsymbol="NIFTY25O1424700CE",
    lot_size=75,
    tick_paise=5,
    exchange="NFO",
    segment="NFO-OPT",
    name="NIFTY",
    expiry="2025-10-14",
    strike_paise=2_470_000,
    instrument_type="CE",
)


class Calls:
    """Every call from function to function of the program while it listens."""

    def __init__(self) -> None:
        self.calls = 0
        self.functions: set[tuple[str, str]] = set()
        self.class_switches = 0
        self.file_switches = 0

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        """Count one event of `sys.setprofile`."""
        place = _place(frame)
        if event != "call" or place is None:
            return
        self.calls += 1
        self.functions.add(place)
        caller = frame.f_back
        while caller is not None and _place(caller) is None:
            caller = caller.f_back
        before = None if caller is None else _place(caller)
        if before is not None:
            self.file_switches += before[0] != place[0]
            self.class_switches += _class(before) != _class(place)

    def figures(self) -> dict[str, int]:
        """Return the counts under the names of the table."""
        classes = {_class(place) for place in self.functions if "." in place[1]}
        return {
            "calls": self.calls,
            "functions": len(self.functions),
            "classes": len(classes),
            "files": len({path for path, _ in self.functions}),
            "switches of class": self.class_switches,
            "switches of file": self.file_switches,
        }


def _place(frame: FrameType) -> tuple[str, str] | None:
    """Return (file, qualified name) of a function of the program; None for others' and `<...>`."""
    code = frame.f_code
    if not code.co_filename.startswith(PROGRAM) or code.co_name.startswith("<"):
        return None
    return code.co_filename, code.co_qualname


def _class(place: tuple[str, str]) -> tuple[str, str]:
    """Return the file and class that a function is written in; the class is empty for a module."""
    return place[0], place[1].replace("<locals>.", "").rpartition(".")[0]


def listened(task: Callable[[], object]) -> dict[str, int]:
    """Return what one call of the task passes through."""
    heard = Calls()
    sys.setprofile(heard)
    try:
        task()
    finally:
        sys.setprofile(None)
    return heard.figures()


def measure() -> dict[str, dict[str, int]]:
    """Open one position by an intent, show it a tick, and stop it out."""
    scenario = kit.Scenario(
        instruments=(OPTION,),
        execution=kit.ExecutionConfig(enable_partial_exit=False, slippage_bps=0),
        risk=kit.RiskConfig(),
        sessions={(DATE, "NFO-OPT"): (OPEN, CLOSE)},
        inputs=(
            kit.Row(OPEN + SECOND, 0, 10_000, 9_995, 10_005),
            kit.Row(OPEN + 2 * SECOND, 0, 10_010, 10_005, 10_015),
            kit.Row(OPEN + 3 * SECOND, 0, 10_005, 10_000, 10_010),
            kit.Row(OPEN + 4 * SECOND, 0, 8_990, 8_985, 8_995),
        ),
    )
    engine = make_engine(scenario)
    first, second, plain, stop = inputs_of(scenario, 1)
    engine.handle(first)
    engine.handle(second)
    intent = OrderIntent(
        symbol=OPTION.tradingsymbol,
        signal=Signal.BUY,
        qty=75,
        sl_price=90.0,
        tp_price=120.0,
        timeframe="5m",
        strategy_id="measured",
    )
    ways = {
        "intent to ACTIVE": lambda: engine.process_signal(intent),
        "tick": lambda: engine.handle(plain),
        "stop-out": lambda: engine.handle(stop),
    }
    found = {}
    for way, task in ways.items():
        open_before = len(engine.ledger.open_positions())
        found[way] = listened(task)
        changed = len(engine.ledger.open_positions()) - open_before
        expected = {"intent to ACTIVE": 1, "tick": 0, "stop-out": -1}[way]
        assert changed == expected, f"{way}: {changed:+} open positions, expected {expected:+}"
    return found


if __name__ == "__main__":
    print(json.dumps(measure()))
