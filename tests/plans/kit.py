"""Plans as dicts and as structs, and the findings about them."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import msgspec

from daemon.files.yaml_document import dotted_path
from daemon.plans.terms.finding import Finding
from daemon.plans.terms.plan import Plan
from daemon.plans.terms.plan_checks import plan_errors
from daemon.plans.terms.warnings import plan_warnings

Dict = dict[str, Any]


def leg(id_: str, side: str = "sell", type_: str = "CE", **more: Any) -> Dict:
    return {"id": id_, "side": side, "type": type_, "expiry": "weekly", **more}


def straddle(**more: Any) -> Dict:
    legs = [leg("ce", stop={"percent": 25}), leg("pe", type_="PE", stop={"percent": 25})]
    given = {"id": "p", "underlying": "NIFTY", "entry": {"at": "09:20"}, "exit": {"at": "15:15"}}
    return {**given, "legs": legs, **more}


def with_leg(plan: Dict, number: int = 0, **more: Any) -> Dict:
    """Return the plan with keys of one leg laid over; a value None takes the key away."""
    found = copy.deepcopy(plan)
    merged = {**found["legs"][number], **more}
    found["legs"][number] = {key: each for key, each in merged.items() if each is not None}
    return found


def decode(plan: Dict) -> Plan:
    return msgspec.convert(plan, Plan)


def errors(plan: Dict) -> list[str]:
    return shown(plan_errors((), decode(plan)))


def warnings(plan: Dict) -> list[str]:
    decoded = decode(plan)
    assert list(plan_errors((), decoded)) == []
    return shown(plan_warnings((), decoded))


def shown(findings: Iterable[Finding]) -> list[str]:
    return [f"{dotted_path(path)}: {text}" for path, text in findings]
