"""Send what happens in a run besides trading to the journal's operations and to the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from loguru import logger

from daemon import VERSION
from daemon.domain.dates import SECOND_NS, iso_ist
from daemon.domain.inputs import Command, Gap
from daemon.domain.order_requests import subject_of, verb_of
from daemon.journal.account_words import standing_sentence
from daemon.journal.store import Operation
from daemon.report.text import count
from daemon.runtime.build import Parts
from daemon.runtime.configured_rules import date_warnings
from daemon.runtime.depth_note import kinder_than_depth
from strategies.engine import LostEntry

CLOCK_NOTES: Final = ("clock_jump", "clock_behind")
"""Notes of the feed on the machine's clock, which are warnings; the rest is not."""
GAP_SYMBOLS: Final = 20
"""The symbols of a gap that are named; their number is always given."""


class RunLog:
    """Gathers operational events until they go to the journal with a batch."""

    def __init__(self, parts: Parts, run_id: str, before: Sequence[Operation]) -> None:
        """`before` are those of the start."""
        self._parts = parts
        self._run_id = run_id
        self._operations = list(before)
        self._disabled_logged: dict[str, int] = {}
        self._takes_commands = False

    @property
    def is_waiting(self) -> bool:
        """True while an operation waits for the journal."""
        return bool(self._operations)

    def take(self) -> list[Operation]:
        """Return the operations since the last call."""
        operations, self._operations = self._operations, []
        return operations

    def offer_commands(self) -> None:
        """Name the command that helps, from here on."""
        self._takes_commands = True

    def note(self, kind: str, detail: dict[str, Any], *, ts: int = 0) -> None:
        """Journal an operational event of `ts` (UTC ns, 0 = now) with the next batch."""
        ts = ts or max(self._parts.engine.at.now, 0)
        self._operations.append(Operation(ts=ts, kind=kind, detail=detail))

    def command(self, asked: Command, input_no: int) -> None:
        """Note what a person or a program asked for, for the commit of its input."""
        order = asked.order
        name = asked.command if order is None else verb_of(order)
        target = asked.target if order is None else subject_of(order)
        self.note("command", {"command": name, "target": target, "input_no": input_no})

    # the run

    def start(self) -> None:
        """Note that the run has started, and what is odd about it from the beginning."""
        engine, feed = self._parts.engine, self._parts.feed
        detail = {
            "version": VERSION,
            "engine": engine.engine.name,
            "feed": feed.name,
            "instruments": len(feed.universe),
        }
        self.note("start", detail)
        for instrument in feed.universe:
            if not instrument.has_contract_row:
                self.note("no_contract_row", {"tradingsymbol": instrument.tradingsymbol})
        if engine.fallback_reason:
            self.note("fallback_to_v2", {"reason": engine.fallback_reason})
            logger.bind(reason=engine.fallback_reason).error(
                "the v3 engine could not be built: trading on v2, WITHOUT managed exits"
            )
        logger.bind(**detail, run=self._run_id).info("run started")
        for text in kinder_than_depth(self._parts.config, feed):
            logger.warning(text)
        if said := standing_sentence(engine.ledger.risk):
            logger.warning("{}, from before this start", said)
        self._disabled()

    def first_input(self, ts: int) -> None:
        """Warn of data that the dated rules do not cover, by the date of its first input."""
        parts = self._parts
        for text in date_warnings(parts.config, parts.rules, parts.feed.universe, ts, ts):
            logger.warning("rules: {}", text)

    def stop(self, reason: str, cause: str, counters: Mapping[str, int]) -> None:
        """Note that the run ends, and the fault behind it (may be empty)."""
        detail: dict[str, Any] = {"reason": reason, "seq": self._parts.engine.ledger.seq}
        self.note("stop", detail | ({"error": cause} if cause else {}) | dict(counters))

    def end(self, reason: str) -> None:
        """Log the last line of the run."""
        seq = self._parts.engine.ledger.seq
        logger.bind(reason=reason, seq=seq, run=self._run_id).info("run ended")

    # the feed

    def feed_notes(self) -> None:
        """Note what happened to the feed."""
        for note in self._parts.feed.take_notes():
            self._operations.append(
                Operation(ts=max(note.ts, 0), kind=note.kind, detail=dict(note.detail))
            )
            level = "WARNING" if note.kind in CLOCK_NOTES else "INFO"
            logger.bind(**note.detail).log(level, "feed: {}", note.kind)

    def gap(self, gap: Gap) -> None:
        """Note that data was missed, and from when to when: exits after it are marked."""
        detail: dict[str, int | float | str | bool | None] = {
            "since": gap.since,
            "seconds": round((gap.ts - gap.since) / SECOND_NS, 3),
            "instruments": len(gap.symbols) or len(self._parts.feed.universe),
            "symbols": ",".join(gap.symbols[:GAP_SYMBOLS]),
        }
        self._operations.append(Operation(ts=gap.ts, kind="gap", detail=detail))
        logger.bind(**detail | {"since": iso_ist(gap.since)}).warning("data was missed")

    # strategies

    def strategies(self) -> None:
        """Note what happened to strategies and their intents."""
        strategies = self._parts.strategies
        if strategies.lost:
            for lost in strategies.take_lost():
                self._lost_entry(lost)
        faults = strategies.take_faults()
        for fault in faults:
            names = {"strategy_id": fault.strategy_id, "error": fault.error}
            self.note("strategy_fault", names, ts=fault.ts)
            logger.bind(
                fact="strategy_error",
                **names,
                at=iso_ist(fault.ts) if fault.ts else "",
                traceback=fault.traceback_text,
            ).error(
                "strategy {} raised {}; its intents of this call are lost",
                fault.strategy_id,
                fault.error,
            )
        if faults:
            self._disabled()

    def _disabled(self) -> None:
        """Note strategies that failed too often, each once; after a start those that still are."""
        for strategy_id, since in self._parts.strategies.disabled().items():
            if self._disabled_logged.get(strategy_id) == since:
                continue
            self._disabled_logged[strategy_id] = since
            self.note("strategy_disabled", {"strategy_id": strategy_id}, ts=since)
            remedy = ""
            if self._takes_commands:
                account = self._parts.config.account
                remedy = f"; `command {account} strategy_on {strategy_id}` brings it back"
            logger.bind(
                fact="strategy_disabled", strategy_id=strategy_id, since=iso_ist(since)
            ).error(
                "strategy {} failed too often and is not called any more{}", strategy_id, remedy
            )
            self._disabled_with_positions(strategy_id)

    def _disabled_with_positions(self, strategy_id: str) -> None:
        """Say that what a disabled strategy holds is left to the engine's exits."""
        held = [
            position.tradingsymbol
            for position in self._parts.engine.ledger.open_positions()
            if position.strategy_id == strategy_id
        ]
        if held:
            fact = "strategy_disabled_with_positions"
            logger.bind(fact=fact, strategy_id=strategy_id, positions=len(held)).error(
                "strategy {} is not called any more and holds {}: stops, targets and square-off "
                "still apply, nothing else closes them",
                strategy_id, ", ".join(held),
            )  # fmt: skip

    def _lost_entry(self, lost: LostEntry) -> None:
        """Note an entry that lost to a conflict."""
        intent = lost.loss.intent
        detail = {
            "strategy_id": intent.strategy_id,
            "intent": f"{intent.signal} {intent.qty} {intent.symbol}",
            "kept": lost.loss.kept,
            "rule": lost.rule,
            "to": lost.loss.to,
        }
        self.note("conflict_lost", detail, ts=lost.ts)
        winner = f"strategy {lost.loss.to}" if lost.loss.to else "an equal on the other side"
        logger.bind(fact="lost_entry", at=iso_ist(lost.ts), **detail).info(
            "{}, strategy {}: lost to {} by {}{}",
            detail["intent"],
            intent.strategy_id,
            winner,
            lost.rule.replace("_", " "),
            f", {count(lost.loss.kept)} units kept" if lost.loss.kept else "",
        )
