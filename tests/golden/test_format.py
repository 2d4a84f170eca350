"""Format 2 of the events changed their bytes and nothing else.

`format1/NAME.jsonl.gz` is what `journal export` wrote of each golden recording in the last version
with format 1; `format1/hashes.json` has the hashes that were pinned for them.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from daemon.domain.events import TradingEvent, decode_event, encode_event
from daemon.domain.ledger import Ledger
from tests.kit import golden
from tests.kit.cli import exported

OLD = Path(__file__).parent / "format1"
NAMES = ("sample", *golden.RECORDINGS)


def old_export(name: str) -> bytes:
    return gzip.decompress((OLD / f"{name}.jsonl.gz").read_bytes())


def decoded(export: bytes) -> list[TradingEvent]:
    return [decode_event(line) for line in export.splitlines()]


def folded(events: list[TradingEvent]) -> Ledger:
    ledger = Ledger()
    for event in events:
        ledger.apply(event)
    return ledger


@pytest.mark.parametrize("name", NAMES)
def test_the_old_exports_are_those_that_were_pinned(name: str) -> None:
    pinned = json.loads((OLD / "hashes.json").read_text())
    assert hashlib.sha256(old_export(name)).hexdigest() == pinned[name]


@pytest.mark.parametrize("name", NAMES)
def test_each_recording_trades_as_it_did_in_format_1(name: str, tmp_path: Path) -> None:
    if name != "sample" and (reason := golden.missing(name)):
        pytest.skip(reason)
    config = golden.SAMPLE if name == "sample" else golden.example(name)
    now, before = exported(golden.replay(config, tmp_path).directory), old_export(name)
    events = decoded(now)
    assert events == decoded(before)  # every field of every order, fill, level and move
    assert folded(events) == folded(decoded(before))
    assert folded(events).realized_paise != 0
    assert len(now) < 0.9 * len(before)


@pytest.mark.parametrize("name", NAMES)
def test_an_event_of_format_1_is_written_again_in_format_2(name: str) -> None:
    for line in old_export(name).splitlines():
        event = decode_event(line)
        assert decode_event(encode_event(event)) == event
        assert encode_event(decode_event(encode_event(event))) == encode_event(event)
