"""The plan that `plan new` writes: a short straddle, every line explained."""

from __future__ import annotations

from pathlib import Path
from typing import Final

TEMPLATE: Final = Path(__file__).parents[2] / "configs" / "starter" / "plan.yaml"
_NAME: Final = "my-straddle"


def template_text(name: str) -> str:
    """Return the template with this id."""
    return TEMPLATE.read_text(encoding="utf-8").replace(_NAME, name)
