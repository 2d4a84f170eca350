"""The guide's scenarios are what the engine gives, and its code blocks run."""

from __future__ import annotations

import re

import pytest

from tests.kit.docs_scenarios import GUIDE, MARKED, SCENARIOS, computed, rewritten

TEXT = GUIDE.read_text(encoding="utf-8")
SHOWN = {found["name"]: found["table"] for found in MARKED.finditer(TEXT)}


@pytest.mark.parametrize("name", ["fill_prices", *SCENARIOS])
def test_a_table_of_the_guide_is_what_the_engine_gives(name: str) -> None:
    assert SHOWN.get(name) == computed(name), "run: python -m tests.kit.docs_scenarios"


def test_the_guide_shows_every_scenario_and_no_other() -> None:
    assert set(SHOWN) == {"fill_prices", *SCENARIOS}
    assert rewritten(TEXT) == TEXT


def test_a_changed_table_is_noticed() -> None:
    spoiled = TEXT.replace("65 leave at 95.00", "65 leave at 95.05")
    assert spoiled != TEXT
    assert rewritten(spoiled) == TEXT


def test_the_embedding_code_runs_as_written() -> None:
    section = TEXT.split("\n## Embedding\n")[1].split("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 3
    source = compile("\n".join(blocks), str(GUIDE), "exec")
    exec(source, {"__name__": "guide"})


def test_the_embedding_section_names_the_seven_functions() -> None:
    section = TEXT.split("\n## Embedding\n")[1].split("\n## ")[0]
    named = re.findall(r"^\| `(\w+)\(", section, re.MULTILINE)
    assert named == [
        "create_execution_engine_v3",
        "should_use_v3",
        "convert_to_order_intent",
        "update_positions_from_tick",
        "on_candle_close",
        "get_v3_positions",
        "get_v3_metrics",
    ]
