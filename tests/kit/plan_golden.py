"""The plans that ship, together on made-up days and on a real chain: what they do is pinned."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from daemon.domain.events import RoundMoved, TradingEvent, encode_event
from tests.kit import golden
from tests.kit.cli import ROOT, invoke
from tests.oracle.plan_compare import run_engine
from tests.plans.real_chain import monthly, real_scenario

KEPT: Final = ROOT / "tests/golden/plans.json"
MADE_UP: Final[dict[str, Any]] = {
    "version": 1,
    "account": "plans",
    "feed": {
        "kind": "synthetic",
        "synthetic": {
            "date": "2026-11-18",
            "sessions": 4,
            "strikes_each_side": 14,
            "ticks_per_second": 0.1,
            "depth": False,
        },
    },
    "execution": {"fill_mode": "bid_ask"},
}
"""Wednesday to Monday, which is an expiry day. The made-up market has no next weekly expiry."""
OVER_EXPIRIES: Final[dict[str, dict[str, Any]]] = {
    "calendar": {"date": "2026-11-18", "sessions": 1},
    "positional-roll": {"date": "2026-11-20", "sessions": 2},
}
"""The plans that trade more than one expiry, and the days: a Friday and the expiry day's roll."""


class Pinned(NamedTuple):
    """The hash of the events, and how each round ended for a person who reads a difference."""

    sha256: str
    rounds: list[str]


def shipped() -> list[dict[str, Any]]:
    """Return the plans of configs/plans as they are written."""
    return [
        plan
        for file in sorted((ROOT / "configs/plans").glob("*.yaml"))
        for plan in msgspec.yaml.decode(file.read_bytes())["plans"]["list"]
    ]


def on_made_up_days(place: Path) -> Pinned:
    """Run all shipped plans in one account over the days of MADE_UP."""
    return _run(MADE_UP, shipped(), place)


def over_two_expiries(name: str, place: Path) -> Pinned:
    """Run a plan of OVER_EXPIRIES over its days, with the next expiry listed too."""
    synthetic = MADE_UP["feed"]["synthetic"] | OVER_EXPIRIES[name]
    synthetic |= {"strikes_each_side": 16, "expiries": 2}
    market = MADE_UP | {"feed": {"kind": "synthetic", "synthetic": synthetic}}
    return _run(market, [plan for plan in shipped() if plan["id"] == name], place)


def _run(market: dict[str, Any], plans: list[dict[str, Any]], place: Path) -> Pinned:
    place.mkdir(exist_ok=True)
    config = place / "plans.yaml"
    config.write_bytes(msgspec.yaml.encode(market | {"plans": {"list": plans}}))
    done = golden.replay(str(config), place)
    table = place / "rounds.csv"
    arguments = [done.directory.name, "--to", table, "--table", "rounds", "--out", place]
    assert invoke("export", *arguments).code == 0
    with table.open(encoding="utf-8", newline="") as lines:
        return Pinned(done.sha256, sorted(_line(row) for row in csv.DictReader(lines)))


def _line(row: dict[str, str]) -> str:
    names = ("round", "state", "reason", "attempts", "filled", "stops", "net_rupees")
    return " ".join(row[name] or "-" for name in names)


def on_the_real_chain() -> Pinned:
    """Run all shipped plans on the real chain, weekly legs in its month; moves without money."""
    events = run_engine(real_scenario([monthly(plan) for plan in shipped()]), 100_000)
    body = b"\n".join(encode_event(event) for event in events)
    return Pinned(hashlib.sha256(body).hexdigest(), sorted(_moves(events)))


def _moves(events: Iterable[TradingEvent]) -> list[str]:
    last: dict[str, RoundMoved] = {}
    for event in events:
        if isinstance(event, RoundMoved) and event.from_state != event.to_state:
            last[event.round] = event
    return [f"{name} {moved.to_state} {moved.reason}" for name, moved in last.items()]


def pinned() -> dict[str, Pinned]:
    """Return what is checked in."""
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    return {name: Pinned(**each) for name, each in kept.items()}


def pin(found: dict[str, Pinned]) -> None:
    """Check in what is found."""
    body = {name: each._asdict() for name, each in sorted(found.items())}
    KEPT.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
