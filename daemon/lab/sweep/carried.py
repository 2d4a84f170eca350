"""What a configuration carries over a night, which `split: day` would cut off."""

from __future__ import annotations

from collections.abc import Iterator

from daemon.plans.terms.plan import Plan
from daemon.settings.config import Config


def carried(config: Config) -> Iterator[tuple[str, str]]:
    """Yield each key by which something outlives a session, with why."""
    if config.capital_rupees is not None:
        yield "capital_rupees", "the cash of a day is what the days before left"
    for item in config.strategies.items:
        if item.enabled and item.product != "MIS":
            yield f"strategies.{item.id}.product", f"{item.product} positions are held over nights"
    for plan in config.plans.items:
        if plan.enabled:
            yield from _of_plan(plan)


def holds_over_nights(config: Config) -> bool:
    """Return whether positions may be held over a night, as far as the configuration says."""
    return any(key != "capital_rupees" for key, _ in carried(config))


def _of_plan(plan: Plan) -> Iterator[tuple[str, str]]:
    at = f"plans.{plan.id}"
    if plan.product != "MIS":
        yield f"{at}.product", f"{plan.product} positions are held over nights"
    if plan.exit is not None and plan.exit.dte is not None:
        yield f"{at}.exit.dte", "a round ends on a later day"
    if plan.exit is not None and plan.exit.sessions:
        yield f"{at}.exit.sessions", "a round ends on a later day"
    if plan.roll is not None:
        yield f"{at}.roll", "a round continues in a later contract"
