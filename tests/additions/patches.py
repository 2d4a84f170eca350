"""Three additions as changes of files: an exit rule, a fill model, a feed."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple


class Edit(NamedTuple):
    """A text of a file, there exactly once, and what takes its place."""

    path: str
    old: str
    new: str


class Addition(NamedTuple):
    """`heading` of ARCHITECTURE tells how it is done; `test` is a test file that then passes."""

    name: str
    heading: str
    files_max: int
    created: dict[str, str]
    edits: tuple[Edit, ...]
    test: str

    @property
    def touched(self) -> set[str]:
        """Return the files of the program that it creates or changes."""
        return set(self.created) | {edit.path for edit in self.edits}


def apply(addition: Addition, place: Path) -> None:
    """Make the changes in a copy. Raises ValueError if the program has moved away from them."""
    for path, text in addition.created.items():
        if (place / path).exists():
            raise ValueError(f"{addition.name}: {path} exists already")
        (place / path).write_text(text, encoding="utf-8")
    for edit in addition.edits:
        text = (place / edit.path).read_text(encoding="utf-8")
        if text.count(edit.old) != 1:
            raise ValueError(f"{addition.name}: {edit.path}: expected once: {edit.old!r}")
        (place / edit.path).write_text(text.replace(edit.old, edit.new), encoding="utf-8")


FILL_MODEL: Final = Addition(
    name="fill model",
    heading="Add a fill model",
    files_max=3,
    created={},
    edits=(
        Edit(
            "daemon/exchange/fills.py",
            'FillMode = Literal["mid", "bid_ask", "ltp"]\n',
            'FillMode = Literal["mid", "bid_ask", "ltp", "worse"]\n',
        ),
        Edit(
            "daemon/exchange/fills.py",
            '    if mode == "ltp":\n        return 2 * ltp, "ltp"\n',
            '    if mode == "ltp":\n        return 2 * ltp, "ltp"\n'
            '    if mode == "worse":\n'
            '        last = base_half(ltp, bid, ask, side, "ltp")\n'
            '        crossed = base_half(ltp, bid, ask, side, "bid_ask")\n'
            '        return max(last, crossed) if side == "BUY" else min(last, crossed)\n',
        ),
        Edit(
            "daemon/settings/config.py",
            'fill_mode: Literal["mid", "bid_ask", "ltp", "depth"] = "mid"\n',
            'fill_mode: Literal["mid", "bid_ask", "ltp", "worse", "depth"] = "mid"\n',
        ),
    ),
    test='''"""An order gets the worse of the last price and the side that it crosses to."""

import pytest

from tests.kit.market import Market


@pytest.mark.parametrize(
    ("signal", "ltp", "expected"),
    [("BUY", 100, 101), ("BUY", 102, 102), ("SELL", 100, 99), ("SELL", 98, 98)],
)
def test_the_worse_price_is_paid(signal: str, ltp: float, expected: float) -> None:
    market = Market(fill_mode="worse")
    market.tick(ltp, bid=99, ask=101)
    market.signal(signal, 25)
    assert market.position.entry_paise == expected * 100
''',
)

EXIT_RULE: Final = Addition(
    name="exit rule",
    heading="Add an exit rule",
    files_max=2,
    created={
        "daemon/execution/exits/three_r.py": '''"""Leave as a whole at three times the risk."""

from __future__ import annotations

from daemon.domain.events import ExitDemand
from daemon.domain.order import OrderState
from daemon.domain.position import Position
from daemon.execution.exits.rule import Exit, ExitRule


class ThreeR(ExitRule):
    """The target of a position that named no target of its own."""

    def ahead(self, position: Position) -> int | None:
        """Return the price three R beyond the entry."""
        if position.target_paise is not None or not position.r_paise:
            return None
        return position.entry_paise + 3 * position.sign * position.r_paise

    def exit_at(self, position: Position, ltp_paise: int) -> Exit | None:
        """Leave with all that is open once the price is there."""
        level = self.ahead(position)
        if level is None or position.sign * (ltp_paise - level) < 0:
            return None
        demand = ExitDemand(
            quantity=position.quantity, level_paise=level, ltp_paise=ltp_paise
        )
        return Exit(OrderState.TP_PENDING, "take_profit", demand)
''',
    },
    edits=(
        Edit(
            "daemon/execution/exits/rules.py",
            "from daemon.execution.exits.take_profit import TakeProfitManager\n",
            "from daemon.execution.exits.take_profit import TakeProfitManager\n"
            "from daemon.execution.exits.three_r import ThreeR\n",
        ),
        Edit(
            "daemon/execution/exits/rules.py",
            "        TakeProfitManager(elsewhere),\n",
            "        TakeProfitManager(elsewhere),\n        ThreeR(),\n",
        ),
    ),
    test='''"""A position without a target leaves at three R."""

import pytest

from tests.kit.market import Market


@pytest.mark.parametrize(("signal", "sl", "short_of", "there"), [
    ("BUY", 90, 129.95, 130), ("SELL", 110, 70.05, 70),
])
def test_a_position_leaves_at_three_r(
    signal: str, sl: float, short_of: float, there: float
) -> None:
    market = Market(enable_trailing=False)
    market.tick(100)
    market.signal(signal, 25, sl=sl)
    market.tick(short_of)
    assert market.moves()[-1] == ("ACTIVE", "active")
    market.tick(there)
    assert market.moves()[-1] == ("CLOSED", "take_profit")
''',
)

FEED: Final = Addition(
    name="feed",
    heading="Add a feed",
    files_max=3,
    created={
        "feeds/sawtooth.py": '''"""A market of one future that rises for a minute and falls back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import numpy as np

from daemon.domain.dates import SECOND_NS
from daemon.domain.inputs import Input
from daemon.domain.instrument import Instrument, Universe
from daemon.domain.ticks import Ticks
from feeds.stream.feed import OfflineFeed


class SawtoothFeed(OfflineFeed):
    """Pushes 3,600 ticks, one a second."""

    name: Final = "sawtooth"

    def __init__(self, first_ts: int) -> None:
        self._first_ts = first_ts
        self.universe = Universe([
            Instrument(
                instrument_token=1, tradingsymbol="SAWTOOTH", segment="NFO-FUT", lot_size=1
            )
        ])

    async def inputs(self) -> AsyncIterator[Input]:
        """Yield everything as one block."""
        seconds = np.arange(3600, dtype=np.int64)
        yield Ticks(
            ts=self._first_ts + seconds * SECOND_NS,
            instrument=np.zeros(3600, dtype=np.int32),
            ltp=1_000_000 + seconds % 60 * 100,
        )

    def quality(self) -> dict[str, int]:
        """Return no counters: nothing is odd about it."""
        return {}
''',
    },
    edits=(
        Edit(
            "daemon/settings/feeds.py",
            'kind: Literal["replay", "synthetic", "kite"] = "synthetic"\n',
            'kind: Literal["replay", "synthetic", "kite", "sawtooth"] = "synthetic"\n',
        ),
        Edit(
            "daemon/runtime/feed_kinds.py",
            "from feeds.stream.feed import Feed\n",
            "from feeds.sawtooth import SawtoothFeed\nfrom feeds.stream.feed import Feed\n",
        ),
        Edit(
            "daemon/runtime/feed_kinds.py",
            "KINDS: Final[dict[str, FeedKind]] = {\n",
            "KINDS: Final[dict[str, FeedKind]] = {\n"
            '    "sawtooth": FeedKind(\n'
            "        lambda config, rules, reading: SawtoothFeed(1_794_976_200_000_000_000),\n"
            '        speed=lambda feed: "max",\n'
            "    ),\n",
        ),
    ),
    test='''"""A whole run of the new feed, by the command that a trader uses."""

from pathlib import Path

from tests.kit.cli import invoke, only_run, summary_of


def test_a_session_of_the_new_feed_is_played(tmp_path: Path) -> None:
    path = tmp_path / "sawtooth.yaml"
    path.write_text(f"version: 1\\nout: {tmp_path / 'out'}\\nfeed: {{kind: sawtooth}}\\n")
    done = invoke("--config", path)
    assert done.code == 0, done.err
    assert summary_of(only_run(tmp_path / "out"))["ticks"] == 3600
''',
)

ADDITIONS: Final = (EXIT_RULE, FILL_MODEL, FEED)
