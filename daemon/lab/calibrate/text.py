"""A calibration as lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from daemon.lab.calibrate.calibration import Calibration, RuleError
from daemon.lab.calibrate.words import (
    clock_lines,
    latencies,
    limits_line,
    omission_lines,
    rupees,
    signed_ticks,
    slippage_line,
    suggestion_lines,
    title,
    width_line,
)

_HEADER = ("", "mean", "within (95 %)", "median", "p90", "bps", "rupees/order", "distance")
_LABEL = 11


def calibration_text(found: Calibration) -> str:
    """Return the outcome as text; every line stands for itself."""
    return "\n".join(line.rstrip() for line in _lines(found)) + "\n"


def _lines(found: Calibration) -> Iterator[str]:
    yield f"How wrong is paper? {title(found)}"
    yield from _labelled("files", found.files)
    yield from _labelled("clock", list(clock_lines(found.clock)))
    yield ""
    yield "Paper error in ticks: above 0 you paid more than paper says"
    yield from _table([_HEADER, *(_rule_row(rule) for rule in _shown(found))])
    if found.has_latency:
        yield ""
        yield "Mean distance in ticks by latency"
        yield from _table(_distances(found))
    yield ""
    yield from _labelled("suggested", list(suggestion_lines(found)))
    yield from _labelled("how sure", [width_line(found)])
    yield from _labelled("slippage", [slippage_line(found)])
    if found.limits is not None:
        yield from _labelled("limits", [limits_line(found.limits)])
    for by, groups in found.groups.items():
        if len(groups) > 1:
            told = [
                f"{group.name} {signed_ticks(group.figures.ticks.mean)} ({group.orders})"
                for group in groups
            ]
            yield from _labelled(f"by {by}", ["; ".join(told)])
    yield ""
    yield "No measurement of this kind can tell:"
    yield from (f"  {line}" for line in found.unidentifiable)
    for name, lines in (("Notes", found.notes), ("Left out", omission_lines(found))):
        if lines:
            yield ""
            yield f"{name}:"
            yield from (f"  {line}" for line in lines)


def _labelled(label: str, lines: Sequence[str]) -> Iterator[str]:
    for at, line in enumerate(lines):
        yield (
            f"{label if at == 0 else '':{_LABEL}}{line}"
            if len(label) < _LABEL
            else f"{label}: {line}"
        )


def _shown(found: Calibration) -> list[RuleError]:
    """Return every profile at the nearest latency."""
    latency_ms = found.nearest.latency_ms
    return [rule for rule in found.rules if rule.latency_ms == latency_ms]


def _rule_row(rule: RuleError) -> tuple[str, ...]:
    ticks = rule.figures.ticks
    name = f"{rule.profile} +{rule.latency_ms} ms" if rule.latency_ms else rule.profile
    return (
        name, signed_ticks(ticks.mean),
        f"{signed_ticks(rule.low_ticks)} to {signed_ticks(rule.high_ticks)}",
        signed_ticks(ticks.median), signed_ticks(ticks.p90), f"{rule.figures.bps.mean:+.1f}",
        rupees(rule.figures.rupees.mean), f"{rule.distance_ticks:.2f}",
    )  # fmt: skip


def _distances(found: Calibration) -> Iterator[tuple[str, ...]]:
    tried = latencies(found)
    yield ("", *(f"{latency} ms" for latency in tried))
    for profile in dict.fromkeys(rule.profile for rule in found.rules):
        own = {rule.latency_ms: rule for rule in found.rules if rule.profile == profile}
        yield (profile, *(f"{own[latency].distance_ticks:.2f}" for latency in tried))


def _table(rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]) -> Iterator[str]:
    cells = list(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        first, *rest = (cell for cell in row)
        others = (cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))
        yield "  ".join([f"  {first.ljust(widths[0])}", *others])
