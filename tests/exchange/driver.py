"""Run a neutral scenario, plain dicts, on the paper exchange and return neutral events.

A scenario has `setup` (instruments, execution) and `inputs`: ticks, clocks, gaps and closes, each
with the requests that follow it. Prices are in paise, times in ns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from daemon.domain.exchange_order import ExchangeOrder, Modification, OrderTerms
from daemon.domain.instrument import Instrument
from daemon.exchange.depth_book import ContractDay, Levels, MarketTick
from daemon.exchange.exchange_settings import ExchangeSettings
from daemon.exchange.paper_exchange import PaperExchange
from daemon.exchange.reports import ExecutionReport
from tests.oracle.exchange_scenario import Cancel, Modify, New, Scenario

MS = 1_000_000
KINDS = {"option": "CE", "future": "FUT", "share": "EQ"}
Dict = Mapping[str, Any]


def settings_of(execution: Dict) -> ExchangeSettings:
    """Read the keys of `execution` as a configuration writes them."""
    latency: Dict = execution.get("latency") or {}
    every: int = execution.get("latency_ms", 0)
    refusals = {
        name: value in (True, "on") for name, value in execution.get("refusals", {}).items()
    }
    mode = execution.get("fill_mode", "depth")
    return ExchangeSettings(
        fill_mode=mode,
        slippage_bps=execution.get("slippage_bps", 0 if mode == "depth" else 5),
        slippage_ticks=execution.get("slippage_ticks", 0),
        enter_ns=latency.get("enter_ms", every) * MS,
        modify_ns=latency.get("modify_ms", every) * MS,
        cancel_ns=latency.get("cancel_ms", every) * MS,
        reject_after_ns=round(execution.get("reject_after_s", 30) * 1000 * MS),
        stale_after_ns=round(execution.get("stale_after_s", 5) * 1000 * MS),
        market_rest=execution.get("market_rest", "rest"),
        escalate=execution.get("escalate", "market"),
        escalate_after_ns=execution.get("escalate_after_ms", 3000) * MS,
        resting=execution.get("resting", "queue"),
        queue_evidence=execution.get("queue_evidence", "last_qty"),
        autoslice=execution.get("autoslice", mode == "depth"),
        refusals=refusals,
    )


def instrument_of(row: Dict, number: int) -> Instrument:
    """Return the contract that a setup describes."""
    return Instrument(
        instrument_token=number + 1,
        tradingsymbol=row["symbol"],
        instrument_type=KINDS[row["kind"]],  # type: ignore[arg-type]
        tick_paise=row["step_paise"],
        lot_size=row["lot"],
    )


class Driver:
    """One exchange, one scenario; knows which quotes are believed."""

    def __init__(self, setup: Dict) -> None:
        rows = setup["instruments"]
        self.symbols = {row["symbol"]: at for at, row in enumerate(rows)}
        self.settings = settings_of(setup.get("execution", {}))
        instruments = [instrument_of(row, at) for at, row in enumerate(rows)]
        self.exchange = PaperExchange(instruments, self.settings, self.believes)
        self.believed = [False] * len(rows)
        self.last_tick = 0
        self.quote_ts = [0] * len(rows)
        self.now = 0
        self.input_no = 0
        self.max_age = round(setup.get("execution", {}).get("quote_max_age_s", 60) * 1000 * MS)
        self.reports: list[ExecutionReport] = []
        self.events: list[dict[str, Any]] = []
        for at, row in enumerate(rows):
            self.exchange.start_day(at, day_of(row, str(setup.get("date", ""))))

    def believes(self, instrument: int) -> bool:
        """Answer for the engine: no gap, no silence since the quote, not too old."""
        is_silent = self.now - self.last_tick > self.settings.stale_after_ns
        is_old = self.now - self.quote_ts[instrument] > self.max_age
        return self.believed[instrument] and not is_silent and not is_old

    def play(self, inputs: Iterable[Dict]) -> list[dict[str, Any]]:
        """Give every input to the exchange and return the neutral events."""
        for row in inputs:
            self.take(row)
        return self.events

    def take(self, row: Dict) -> None:
        """Give one input, then the requests that were sent after it."""
        self.now, self.input_no = row["ts"], row.get("input_no", self.input_no + 1)
        if tick := row.get("tick"):
            self._tick(tick)
        else:
            self.note(self.exchange.advance(self.now))
            if "gap" in row:
                self.believed = [False] * len(self.believed)
                self.exchange.forget_taken()
        for request in row.get("requests", ()):
            self.send(request)

    def _tick(self, tick: Dict) -> None:
        at = self.symbols[tick["symbol"]]
        self.note(self.exchange.advance(self.now, ticking=at))
        self.believe(at, tick)
        self.note(self.exchange.on_tick(at, market_tick(self.now, tick)))

    def believe(self, at: int, tick: Dict) -> None:
        """Note what quotes may be believed after a tick: none from before a silence."""
        if self.last_tick and self.now - self.last_tick > self.settings.stale_after_ns:
            self.exchange.forget_taken()
            self.believed = [False] * len(self.believed)
        self.last_tick = self.quote_ts[at] = self.now
        self.believed[at] = tick.get("believed", True)

    def send(self, request: Dict) -> None:
        """Send one request at the time of the input before it."""
        if "new" in request:
            index = self.symbols[request["symbol"]]
            terms = terms_of(request, index)
            reports = self.exchange.submit(
                request["new"], terms, self.now, open_units=request.get("open")
            )
        elif "modify" in request and request["modify"] not in self.exchange.orders:
            return
        elif "modify" in request:
            reports = self.exchange.modify(request["modify"], change_of(request), self.now)
        else:
            reports = []
            for order in self._named(request["cancel"]):
                reason = request.get("reason", "")
                reports += self.exchange.cancel(order.order_id, reason, self.now)
        self.note(reports)

    def _named(self, label: str) -> list[ExchangeOrder]:
        """Return the order of a label, or the slices of one that was sent in slices."""
        if label in self.exchange.orders:
            return [self.exchange.orders[label]]
        return []

    def note(self, reports: list[ExecutionReport]) -> None:
        """Keep reports, and the neutral events that they are."""
        self.reports += reports
        self.events += [neutral(report, self.input_no) for report in reports]


def run(scenario: Scenario) -> list[dict[str, Any]]:
    """Run a scenario of the oracle."""
    return Driver(setup_of(scenario)).play(rows_of(scenario))


def setup_of(scenario: Scenario) -> dict[str, Any]:
    """Return the setup of a scenario of the oracle, which knows no greatest age of a quote."""
    execution = {**scenario.setup.execution, "quote_max_age_s": 10**9}
    instruments = [asdict(contract) for contract in scenario.setup.instruments]
    return {"instruments": instruments, "execution": execution}


def rows_of(scenario: Scenario) -> list[dict[str, Any]]:
    """Return the inputs of a scenario of the oracle as a driver takes them."""
    rows: list[dict[str, Any]] = []
    groups: set[str] = set()
    for item in scenario.inputs:
        row: dict[str, Any] = {"ts": item.ts, "input_no": item.input_no}
        row[type(item.what).__name__.lower()] = asdict(item.what)
        row["requests"] = [_request(request, groups) for request in item.requests]
        rows.append(row)
    return rows


def _request(request: New | Modify | Cancel, groups: set[str]) -> dict[str, Any]:
    row = asdict(request)
    row[type(request).__name__.lower()] = row.pop("label")
    if isinstance(request, New) and request.group:
        if request.group not in groups:
            row["open"] = request.open_units or request.quantity
        groups.add(request.group)
    return row


def day_of(row: Dict, date: str) -> ContractDay:
    """Return a contract's session and limits."""
    low, high = row.get("band") or (0, 0)
    return ContractDay(
        opens=row["opens"],
        closes=row["closes"],
        freeze_quantity=row.get("freeze") or 0,
        low_band_paise=low,
        high_band_paise=high,
        date=date,
    )


def terms_of(request: Dict, instrument: int) -> OrderTerms:
    """Return what a new order says."""
    return OrderTerms(
        instrument=instrument,
        side=request["side"],
        quantity=request["quantity"],
        kind=request.get("order_type", "MARKET"),
        price_paise=request.get("price") or 0,
        trigger_paise=request.get("trigger") or 0,
        validity=request.get("validity", "DAY"),
        ttl_minutes=request.get("ttl_minutes") or 0,
        product=request.get("product", "MIS"),
        market_protection=request.get("market_protection"),
        group=request.get("group") or "",
        is_exit=request.get("is_exit", False),
        is_api=request.get("is_api", False),
    )


def change_of(request: Dict) -> Modification:
    """Return what a modification changes."""
    return Modification(
        quantity=request.get("quantity"),
        price_paise=request.get("price"),
        trigger_paise=request.get("trigger"),
        kind=request.get("order_type"),
        validity=request.get("validity"),
        ttl_minutes=request.get("ttl_minutes") or 0,
    )


def market_tick(ts: int, tick: Dict) -> MarketTick:
    """Return a tick as the exchange takes it; a broken book is dropped."""
    bids, asks = levels(tick.get("bids")), levels(tick.get("asks"))
    bid, ask = tick.get("bid") or 0, tick.get("ask") or 0
    if is_broken(bids or (), asks or ()):
        bids = asks = None
    ltq, volume = tick.get("ltq"), tick.get("volume")
    return MarketTick(
        ts=ts,
        ltp=tick["ltp"],
        ltq=ltq or 0,
        volume=-1 if volume is None else volume,
        bids=bids,
        asks=asks,
        bid=bid,
        ask=ask,
    )


def is_broken(bids: Levels, asks: Levels) -> bool:
    """Return whether a book crosses, is not in order, or shows a price twice."""
    down, up = [price for price, _ in bids], [price for price, _ in asks]
    is_crossed = bool(down and up) and down[0] > up[0]
    return is_crossed or down != sorted(set(down), reverse=True) or up != sorted(set(up))


def levels(rows: Iterable[Iterable[int]] | None) -> Levels | None:
    """Return one side of a book as the exchange takes it."""
    return None if rows is None else tuple((price, size) for price, size in rows)


def neutral(report: ExecutionReport, input_no: int) -> dict[str, Any]:
    """Return a report as a neutral event."""
    evidence = report.evidence
    is_fill, is_resting = report.kind == "filled", report.rule not in ("", "take")
    return {
        "ts": report.ts,
        "input_no": input_no,
        "order": report.order_id,
        "event": report.kind,
        "reason": report.reason,
        "status": report.state.value,
        "quantity": report.quantity if is_fill else None,
        "price": report.price_paise if is_fill else None,
        "rule": report.rule if is_fill else None,
        "filled": report.filled,
        "pending": report.pending,
        "ahead_before": evidence.ahead_before,
        "ahead_after": evidence.ahead_after,
        "market_before": evidence.market_before,
        "market_after": evidence.market_after,
        "growth": evidence.growth if is_resting else None,
        "ltq": (evidence.ltq or None) if is_resting else None,
        "displayed": (evidence.displayed or 0) if is_resting else None,
        "numbers": report.numbers,
    }
