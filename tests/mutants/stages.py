"""Which tests are asked about a mutant, cheapest first: unit, then property, then golden."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Final

from tests.kit.cli import ROOT

_NAMED: Final = "tests/test_execution_engine_v3_new.py"
_GOLDEN: Final = ("tests/golden",)
_ENGINE_PROPERTIES: Final = (
    "tests/properties/test_structures.py",
    "tests/properties/test_fast_forward.py",
    "tests/properties/test_symmetries.py",
    "tests/properties/test_tick_strategies.py",
    "tests/properties/test_restart.py",
    "tests/properties/test_differential.py",
)
_SLOW_UNIT: Final = ("tests/unit/test_docs_", "tests/unit/test_supply.py")
_JOURNAL_PROPERTIES: Final = ("tests/properties/test_restart.py",)


def stages_of(path: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return the stages for a file of the program, as (name, test files), none of them twice."""
    area = Path(path).parts[1]
    module = path.removesuffix(".py").replace("/", ".")
    own = _unit_tests(rf"\b{re.escape(module)}\b")
    near = [each for each in _unit_tests(rf"\bdaemon\.{area}\b") if each not in own]
    properties = _JOURNAL_PROPERTIES if area == "journal" else _ENGINE_PROPERTIES
    found = [
        ("own unit", tuple(own)),
        ("unit", (*near, _NAMED)),
        ("property", properties),
        ("golden", _GOLDEN),
    ]
    return [(name, tests) for name, tests in found if tests]


@cache
def _unit_tests(pattern: str) -> list[str]:
    """Return the unit test files that import what the pattern says, smallest first."""
    files = sorted((ROOT / "tests/unit").glob("test_*.py"), key=lambda each: each.stat().st_size)
    names = {each: str(each.relative_to(ROOT)) for each in files}
    return [
        names[each]
        for each in files
        if not names[each].startswith(_SLOW_UNIT)
        and re.search(rf"^\s*(from|import) .*{pattern}", each.read_text(), re.MULTILINE)
    ]
