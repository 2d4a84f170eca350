"""GTTs in a script: read as written, and driven through the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.domain.events import GttMoved
from daemon.domain.gtt_requests import DeleteGtt, ModifyGtt, PlaceGtt, TimedGtt
from daemon.errors import ConfigError
from daemon.execution.context import NoStrategies
from strategies.gtt_lines import read_gtt_line
from strategies.scripted import Scripted
from tests.broker.test_gtt import OCO, GttMarket
from tests.kit.market import CALL, OPEN

LEGS = (
    b'[{"trigger": 95, "side": "SELL", "qty": 65, "price": 94.5},'
    b' {"trigger": 110, "side": "SELL", "qty": 65, "price": 109.5}]'
)
PLACE = (
    b'{"ts": "2026-11-18 09:20", "do": "gtt", "symbol": "%s", "legs": %s, "last_price": 100}'
    % (CALL.encode(), LEGS)
)


def test_a_line_places_modifies_or_deletes() -> None:
    assert read_gtt_line(PLACE) == ("2026-11-18 09:20", PlaceGtt(OCO))
    assert read_gtt_line(PLACE.replace(b'"do"', b'"gtt": 7, "do"'))[1] == ModifyGtt(7, OCO)
    assert read_gtt_line(b'{"ts": 1, "do": "gtt", "gtt": 7}') == (1, DeleteGtt(7))


@pytest.mark.parametrize(
    "line",
    [
        '{"ts": "09:20", "do": "gtt"}',
        '{"ts": "2026-11-18 09:20", "do": "gtt", "symbol": "X"}',
        '{"ts": "2026-11-18 09:20", "do": "gtt", "gtt": 0}',
        '{"ts": "2026-11-18 09:20", "do": "gtt", "gtt": 1, "side": "BUY"}',
        '{"ts": "2026-11-18 09:20", "do": "gtt", "gtt": 1, "legs": []}',
        '{"ts": "2026-11-18 09:20", "do": "gtt", "gtt": 1, "symbol": ""}',
        '{"ts": "2026-11-18 09:20", "do": "gtt", "gtt": 1, "last_price": 0}',
        PLACE.decode().replace("94.5", "94.501"),
        PLACE.decode().replace('"qty": 65', '"qty": -1'),
    ],
)
def test_a_line_that_is_not_understood_is_refused_with_its_number(
    tmp_path: Path, line: str
) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text(f"\n{line}\n")
    with pytest.raises(ConfigError, match=r"script\.jsonl:2: "):
        Scripted(file=str(script))


def test_a_script_has_intents_and_gtts(tmp_path: Path) -> None:
    script = tmp_path / "script.jsonl"
    intent = b'{"ts": "2026-11-18 09:16", "symbol": "X", "signal": "BUY", "qty": 1}'
    script.write_bytes(intent + b"\n" + PLACE)
    scripted = Scripted(file=str(script))
    assert len(scripted.timed_intents("MIS")) == 1
    assert [asked.request for asked in scripted.timed_gtts()] == [PlaceGtt(OCO)]


def test_what_a_script_asks_is_due_at_the_first_input_at_its_time() -> None:
    strategies = NoStrategies()
    strategies.timed_gtts = [
        TimedGtt(ts=OPEN + 2_000_000_000, request=PlaceGtt(OCO)),
        TimedGtt(ts=OPEN + 4_000_000_000, request=DeleteGtt(1)),
    ]
    market = GttMarket(strategies=strategies)
    for _ in range(5):
        market.print_(100)
    told = [(e.kind, (e.ts - OPEN) // 10**9) for e in market.events if isinstance(e, GttMoved)]
    assert told == [("created", 2), ("deleted", 4)]
