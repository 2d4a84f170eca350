"""The account's numbers for Prometheus. What is not known has no sample: never a made-up number.

Names end in their base unit, counters in `_total`; labels are of few values, never an order's id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from daemon import VERSION
from daemon.domain.dates import MILLISECOND_NS, SECOND_NS
from daemon.domain.money import PAISE_PER_RUPEE
from daemon.domain.risk_state import RiskState
from daemon.journal.files import DATABASE
from daemon.metrics.histogram import HistogramRow
from daemon.web.monitoring.daemon_numbers import (
    DaemonNumbers,
    daemon_numbers,
    file_bytes,
    resident_bytes,
)
from daemon.web.panels.header import header_panel
from daemon.web.panels.pnl import open_ltp_paise
from daemon.web.panels.view import View

PREFIX: Final = "fnopaper_"
WITHOUT_TRADE: Final = "without_trade"
"""The label `strategy` of what orders without a trade made."""
_Labels = tuple[str, ...]


class _Values(Protocol):
    """A value for each combination of labels; None where it is not known."""

    def items(self) -> Iterable[tuple[_Labels, float | None]]:
        """Return labels with their values."""


def exposition(view: View) -> bytes:
    """Return the numbers as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(_Families(list(families(view))))
    return generate_latest(registry)


def families(view: View) -> Iterator[Metric]:
    """Yield every metric, also those without a sample now."""
    numbers = daemon_numbers(view.watched.directory)
    yield from _daemon(view, numbers)
    yield from _timings(numbers)
    yield from _orders(view)
    yield from _money(view)


class _Families(Collector):
    """What the library collects from."""

    def __init__(self, found: list[Metric]) -> None:
        self._found = found

    def collect(self) -> list[Metric]:
        """Return the metrics."""
        return self._found


def _daemon(view: View, numbers: DaemonNumbers) -> Iterator[Metric]:
    header = header_panel(view)
    version = view.book.process.version or VERSION
    yield _gauge("build_info", "The daemon's version.", {(version,): 1}, ("version",))
    yield _gauge("up", "Whether a daemon trades the account.", {(): int(view.is_alive)})
    yield _gauge(
        "session_open", "Whether a session is open.", {(): int(header["session"]["is_open"])}
    )
    age_ms = header["feed"]["age_ms"]
    age_s = None if age_ms is None else age_ms * MILLISECOND_NS / SECOND_NS
    yield _gauge("feed_age_seconds", "Since the newest tick.", {(): age_s})
    yield _counter("ticks_received", "Rows since the daemon's start.", {(): numbers.ticks})
    for name, key, text in (
        ("feed_reconnects", "reconnects", "Times that the feed's link was made again."),
        ("feed_gaps", "gaps", "Times that data was missed."),
        ("late_decisions", "late_decisions", "Decisions made long after they were due."),
    ):
        yield _counter(name, f"{text} Since the daemon's start.", {(): numbers.counters.get(key)})
    size = file_bytes(view.watched.directory / DATABASE)
    yield _counter("journal_bytes", "Size of the journal's database.", {(): size})
    yield _counter("journal_events", "Events in the journal.", {(): view.book.seq})
    memory = resident_bytes(view.pid if view.is_alive else None)
    yield _gauge("process_resident_memory_bytes", "The daemon's memory.", {(): memory})


def _timings(numbers: DaemonNumbers) -> Iterator[Metric]:
    for name, text in (
        ("loop_lag", "How much later than asked for a timer of the daemon's event loop came."),
        ("tick_to_fill", "From the arrival of a tick until the fill decided at it is on disk."),
        ("journal_fsync", "What a commit of the journal waited for the disk."),
    ):
        yield _histogram(f"{name}_seconds", text, numbers.timing(name))


def _orders(view: View) -> Iterator[Metric]:
    counts, ledger = view.book.counts, view.book.ledger
    text = "Entries by what became of them."
    yield _counter("orders", text, counts.orders, ("strategy", "status"))
    yield _counter("fills", "Fills by the rule of their price.", counts.fills, ("side", "mode"))
    refusals = {(reason,): count for reason, count in ledger.refusals.items()}
    yield _counter("rejections", "Refused entries by reason.", refusals, ("reason",))
    held = len(view.positions()) + len(ledger.untraded.positions)
    yield _gauge("open_positions", "Open positions.", {(): held})
    states = {(state.value,): int(state is ledger.risk.state) for state in RiskState}
    yield _gauge("trading_state", "1 for the risk state in force.", states, ("state",))


def _money(view: View) -> Iterator[Metric]:
    ledger = view.book.ledger
    realised: dict[_Labels, float | None] = {
        (name,): _rupees(tally.realized_paise) for name, tally in ledger.strategies.items()
    }
    if not view.untraded.is_empty:
        realised[WITHOUT_TRADE,] = _rupees(ledger.untraded.realized_paise)
    text = "Gross profit and loss of what was closed."
    yield _gauge("realised_pnl_rupees", text, realised, ("strategy",))
    open_paise = open_ltp_paise(view)
    unrealised = None if open_paise is None else _rupees(open_paise)
    text = "Gross profit and loss of what is open, at the last prices."
    yield _gauge("unrealised_pnl_rupees", text, {(): unrealised})
    charges = {(kind,): float(rupees) for kind, rupees in view.book.counts.charges.items()}
    yield _counter("charges_rupees", "Charges by kind.", charges, ("kind",))
    used = None if view.margin is None else view.margin.used_rupees
    yield _gauge("margin_used_rupees", "What positions and entries block, approximately.",
                 {(): used})  # fmt: skip


def _rupees(paise: int) -> float:
    return paise / PAISE_PER_RUPEE


def _gauge(name: str, text: str, values: _Values, labels: _Labels = ()) -> Metric:
    return _filled(GaugeMetricFamily(f"{PREFIX}{name}", text, labels=labels), values)


def _counter(name: str, text: str, values: _Values, labels: _Labels = ()) -> Metric:
    """Return a counter; the library ends its name in `_total`."""
    return _filled(CounterMetricFamily(f"{PREFIX}{name}", text, labels=labels), values)


def _histogram(name: str, text: str, row: HistogramRow | None) -> Metric:
    """Return a histogram, whose buckets add up as the format has them."""
    family = HistogramMetricFamily(f"{PREFIX}{name}", text)
    if row is not None:
        bounds = [*map(floatToGoString, row.bounds_s), "+Inf"]
        family.add_metric([], list(zip(bounds, accumulate(row.counts), strict=True)), row.sum_s)
    return family


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: _Values) -> Metric:
    for labels, value in sorted(values.items()):
        if value is not None:
            family.add_metric(labels, value)
    return family
