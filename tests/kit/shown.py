"""What a metrics file showed, held against the journal that it was made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from daemon.journal.recovery import fold
from daemon.journal.store import JournalStore
from daemon.metrics.collector import MetricsCollector
from daemon.metrics.fill_quality import FillProfile
from daemon.settings.file import load_config

SHOWN: Final = (
    "total_orders", "active_positions", "realized_pnl", "refusals", "orders_by_state", "exits",
)  # fmt: skip
OF_A_POSITION: Final = ("order_id", "quantity", "average_price", "stop", "target", "state")


def shown_wrong(readings: Iterable[Mapping[str, Any]], directory: Path, config: Path) -> list[str]:
    """What readings of the metrics file say otherwise than the journal at their `seq`."""
    profile = FillProfile.of(load_config(config).execution)
    wrong = []
    with JournalStore.open(directory) as store:
        for shown in readings:
            seq = shown["seq"]
            if seq > store.last_seq:
                wrong.append(
                    f"the metrics showed event {seq}, the journal ends at {store.last_seq}"
                )
                continue
            told = MetricsCollector(profile, ledger=fold(store, seq)).snapshot(now_ts=0)
            wrong += [
                f"{key} at event {seq}: shown {shown[key]}, the journal says {told[key]}"
                for key in SHOWN
                if shown[key] != told[key]
            ]
            if of_positions(shown) != of_positions(told):
                wrong.append(f"positions at event {seq}: {of_positions(shown)} were shown")
    return wrong


def of_positions(shown: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of each position what follows from the events alone."""
    return [{key: each[key] for key in OF_A_POSITION} for each in shown["positions"]]
