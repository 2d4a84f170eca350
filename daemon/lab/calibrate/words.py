"""What a calibration says in a trader's words: the same sentences on the terminal and the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from daemon.domain.money import rupees_text
from daemon.lab.calibrate.calibration import Calibration, Limits
from daemon.lab.calibrate.clock_offset import REACH_MS, ClockOffset
from daemon.report.text import count

_DOUBTS: Final = {
    "edge": f"it lies at the edge of +-{REACH_MS // 1000} s, the true one may be beyond",
    "not_unique": "another offset fits within 10 % as well",
    "large": "it is over 1.5 s",
}


def title(found: Calibration) -> str:
    """Return what was measured: orders, days, files."""
    span = found.first_day
    if found.last_day != found.first_day:
        span += f" to {found.last_day}"
    return f"{_counted(found.orders, 'order')} on {_counted(found.days, 'day')}, {span}"


def clock_lines(clock: ClockOffset | None) -> Iterator[str]:
    """Yield what is known of the clocks, worst last."""
    if clock is None:
        yield "not checked: no order has believed quotes for 10 s before and after it"
        return
    way = "slow" if clock.offset_ms < 0 else "fast"
    found = f"{abs(clock.offset_ms) / 1000:.1f} s {way}" if clock.offset_ms else "no offset"
    if not clock.doubts and not clock.applied:
        yield f"the recording's clock agrees with the exchange's (nearest: {found})"
    else:
        done = "applied" if clock.applied else "not applied"
        yield f"the recording's clock: {found} ({done})"
    for doubt in clock.doubts:
        yield f"clock_offset: {_DOUBTS[doubt]}"
    if "large" in clock.doubts and not clock.applied:
        yield "clock_offset: measure again with --apply-offset, or mend the recording's clock"


def suggestion_lines(found: Calibration) -> Iterator[str]:
    """Yield what is suggested, or what cannot be told apart, or why nothing is suggested."""
    said = found.suggestion
    if said.withheld:
        yield f"nothing suggested: {said.withheld}"
        yield f"nearest so far: {_nearest(found)}"
        return
    if said.fill_mode is None:
        modes = ", ".join([said.nearest_mode, *said.alike_modes])
        yield f"fill_mode: cannot be told apart: {modes}"
    else:
        yield f"fill_mode: {said.fill_mode}"
    if said.nearest_latency_ms is None:
        return
    if said.latency_ms is None:
        shown = [said.nearest_latency_ms, *said.alike_latencies_ms]
        yield f"latency_ms: cannot be told apart: {', '.join(map(str, shown))}"
    else:
        yield f"latency_ms: {said.latency_ms}"


def _nearest(found: Calibration) -> str:
    said = found.suggestion
    if said.nearest_latency_ms is None:
        return said.nearest_mode
    return f"{said.nearest_mode} with {said.nearest_latency_ms} ms"


def width_line(found: Calibration) -> str:
    """Return how sure the mean error of the nearest rule is, and how many orders would do."""
    width = found.width
    by = "days" if width.drawn_by == "day" else "orders: there are too few days"
    return (
        f"{_nearest(found)}: mean error within +-{width.ticks:.2f} ticks (95 %, drawn by {by}); "
        f">= {count(width.orders_for_one_tick)} orders for +-1 tick"
    )


def slippage_line(found: Calibration) -> str:
    """Return what orders paid against the middle of bid and ask when they were sent."""
    paid = found.slippage
    if paid is None or found.slippage_rupees is None:
        return "not known: no bid and ask are recorded"
    when = "when sent" if found.has_latency else "in the second of the fill"
    return (
        f"mean {signed_ticks(paid.mean)} ticks ({rupees(found.slippage_rupees)} rupees an order), "
        f"median {signed_ticks(paid.median)}, p90 {signed_ticks(paid.p90)}, against the mid {when}"
    )


def limits_line(limits: Limits) -> str:
    """Return how limit orders filled really and on paper."""
    real, paper = limits.both + limits.only_real, limits.both + limits.only_paper
    return (
        f"{_counted(limits.orders, 'limit order')}: filled really {count(real)}, on paper "
        f"{count(paper)}; both {count(limits.both)}, only really {count(limits.only_real)}, only "
        f"on paper {count(limits.only_paper)}, neither {count(limits.neither)} "
        f"(paper: {limits.source})"
    )


def omission_lines(found: Calibration) -> list[str]:
    """Return what was not measured, each with the file and line where it first stands."""
    return [
        f"{entry.where}: {entry.why} ({_counted(entry.orders, 'order')} left out)"
        for entry in found.omissions
    ]


def signed_ticks(value: float) -> str:
    """Return ticks with their sign."""
    return f"{value:+.2f}"


def rupees(value: float) -> str:
    """Return rupees with their sign, in Indian groups."""
    paise = round(value * 100)
    return f"{'+' if paise > 0 else ''}{rupees_text(paise)}"


def _counted(number: int, noun: str) -> str:
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def latencies(found: Calibration) -> Sequence[int]:
    """Return the latencies that were tried, ms."""
    return sorted({rule.latency_ms for rule in found.rules})
