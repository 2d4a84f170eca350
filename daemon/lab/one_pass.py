"""`run_variants`: many variants of a run in one pass over the data.

    run_variants(
        variants: Sequence[Config],
        *,
        data_dir: str | os.PathLike[str] | None = None,
        classes: Mapping[str, type] | None = None,      # strategies in no module, by id
        on_done: Callable[[int, Outcome], None] | None = None,
    ) -> list[Outcome]

`on_done` gets the place of a variant in `variants` and its outcome as soon as that is known, in
whatever order; the list has the order of `variants`. Only what is wrong with the call itself is
raised: whatever ends a variant is the cause of its outcome.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from daemon.lab.alone import run_alone
from daemon.lab.outcome import Outcome, is_equal
from daemon.lab.outcomes import Outcomes
from daemon.lab.touching import one_by_one
from daemon.runtime.machine import StrategyClasses
from daemon.runtime.one_pass import Entry, Pass, entries_by_data
from daemon.settings.config import Config

OnDone = Callable[[int, Outcome], None]
"""Take the place of a variant and its outcome."""


def run_variants(
    variants: Sequence[Config],
    *,
    data_dir: str | os.PathLike[str] | None = None,
    classes: StrategyClasses | None = None,
    on_done: OnDone | None = None,
) -> list[Outcome]:
    """Return the outcome of each variant; one that fails ends nothing but itself.

    Variants of the same data share one pass over them, and one variant of each pass is run alone
    too, before it: where that gives another result, all of the pass are run again one by one, each
    in a process of its own. `classes` are strategies that are in no module, by id. `on_done` is
    called with the place of a variant and its outcome as soon as that is known. Raises nothing of a
    variant.
    """
    group = _Group(None if data_dir is None else Path(data_dir), classes)
    found: dict[int, Outcome] = {}
    failed = Outcomes()
    groups = entries_by_data(list(enumerate(variants)), failed, group.data_dir)
    for outcomes in (failed.by_place, *(group.run(entries, variants) for entries in groups)):
        found |= outcomes
        for place, outcome in outcomes.items():
            if on_done is not None:
                on_done(place, outcome)
    return [found[place] for place in range(len(variants))]


class _Group:
    """Runs variants of the same data."""

    def __init__(self, data_dir: Path | None, classes: StrategyClasses | None) -> None:
        self.data_dir = data_dir
        self._classes = classes

    def run(self, entries: Sequence[Entry], variants: Sequence[Config]) -> dict[int, Outcome]:
        """Return the outcomes by place."""
        configs = {entry.place: variants[entry.place] for entry in entries}
        sample = sample_of(configs)
        alone = run_alone(configs[sample], self.data_dir, self._classes)
        if len(configs) == 1:
            return {sample: alone}
        outcomes = self._pass(entries)
        if is_equal(outcomes[sample], alone):
            return outcomes
        return one_by_one(configs, outcomes, sample, self.data_dir, self._classes)

    def _pass(self, entries: Sequence[Entry]) -> dict[int, Outcome]:
        outcomes = Outcomes(entries)
        try:
            made = Pass(entries, outcomes, data_dir=self.data_dir, classes=self._classes)
        except Exception as error:  # noqa: BLE001 - the data: it ends all of the group
            for entry in entries:
                outcomes.fail(entry.place, error)
        else:
            made.run()
        return outcomes.by_place


def sample_of(configs: Mapping[int, Config]) -> int:
    """Return the place of the variant that is run alone too: always the same of the same ones."""
    places = list(configs)
    total = hashlib.blake2b(digest_size=8)
    for config in configs.values():
        total.update(msgspec.msgpack.encode(config))
    return places[int.from_bytes(total.digest(), "big") % len(places)]
