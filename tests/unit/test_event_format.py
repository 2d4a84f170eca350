"""Format 2 of the trading events: what has its default is left out, what is unknown is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from daemon.domain.events import (
    Charges,
    Excursion,
    ExitDemand,
    Fill,
    Levels,
    OrderCreated,
    StopMoved,
    TradingEvent,
    decode_event,
    encode_event,
    event_fields,
)
from daemon.domain.ledger import Ledger
from daemon.domain.order import ExitRules
from daemon.errors import JournalCorrupt
from daemon.execution.helpers import event_view
from daemon.journal.ends import cursor_hash
from daemon.journal.head import HeadFile, Tail
from daemon.journal.schema import chain, genesis
from daemon.journal.store import JournalMeta, JournalStore
from tests.kit.sample_events import EventWriter, S, sample_events, worked_example

META = JournalMeta(run_id="run-1", account="dev")
PARTS: tuple[Any, ...] = (
    *get_args(TradingEvent), Fill, Charges, ExitDemand, Levels, Excursion, ExitRules
)  # fmt: skip


def copy_of(value: Any) -> Any:
    """The same value in other objects, as a file or a computation gives it."""
    kind = type(value)
    if isinstance(value, msgspec.Struct):
        fields = {name: copy_of(getattr(value, name)) for name in value.__struct_fields__}
        return kind(**fields)
    return kind(str(value)) if kind in (float, int) else value


def test_no_default_is_written_of_what_came_with_format_2() -> None:
    for event in sample_events():
        line = encode_event(event)
        for name in (b"break_even", b"trail_after_r", b'reason":"trailing_stop"}'):
            assert name not in line
        assert b"null" not in line or isinstance(event, OrderCreated)


def test_equal_events_are_equal_bytes_whatever_objects_they_are_made_of() -> None:
    for event in sample_events():
        assert encode_event(copy_of(event)) == encode_event(event)


def test_a_setting_that_is_not_its_default_is_written_and_read() -> None:
    rules = ExitRules(break_even_at_r=1.5, trail_after_r=0.5)
    assert b"1.5" in msgspec.json.encode(rules)
    assert msgspec.json.decode(msgspec.json.encode(rules), type=ExitRules) == rules


def test_every_part_of_an_event_refuses_a_field_that_it_does_not_know() -> None:
    for kind in PARTS:
        assert kind.__struct_config__.forbid_unknown_fields, kind
        assert kind.__struct_config__.omit_defaults, kind


def test_defaults_that_the_encoder_omits_are_known_by_identity() -> None:
    safe = (None, False, True, "", 0)
    settled = {"reason", "order_type", "validity"}
    for kind in PARTS:
        for field in msgspec.structs.fields(kind):
            plain = field.default is not msgspec.NODEFAULT
            assert not plain or field.name in settled or any(field.default is one for one in safe)


def test_the_ledger_knows_which_rule_moved_a_stop_last() -> None:
    writer, ledger = EventWriter(), Ledger()
    worked_example(writer)
    order = writer.events[0].order_id
    seen = []
    for event in writer.events[:-1]:
        ledger.apply(event)
        if order in ledger.positions:
            seen.append((type(event).__name__, ledger.positions[order].stop_moved_by))
    moved = [by for name, by in seen if name == "StopMoved"]
    assert moved == ["trailing_stop", "trailing_stop"]
    rest = next(at for at, event in enumerate(writer.events) if getattr(event, "fill", None)
                and event.to_state is S.ACTIVE)  # type: ignore[union-attr]  # fmt: skip
    folded = Ledger()
    for event in writer.events[: rest + 1]:
        folded.apply(event)
    assert folded.positions[order].stop_moved_by == ""
    last = folded.seq
    move = StopMoved(
        seq=last + 1, ts=writer.ts, input_no=99, order_id=order, stop_from_paise=9500,
        stop_to_paise=10_000, steps=0, ltp_paise=10_500, reason="break_even",
    )  # fmt: skip
    folded.apply(decode_event(encode_event(move)))
    assert folded.positions[order].stop_moved_by == "break_even"


def planted(directory: Path, body: bytes) -> None:
    """A journal whose one event a later program wrote: chains, cursor and head are right."""
    with JournalStore.create(directory, META) as store:
        store.append(sample_events()[:1], input_no=1)
        tail = store.tail
    link = chain(genesis(META, "events"), body)
    after = Tail(
        seq=1, hash=link, op_seq=0, op_hash=tail.op_hash, input_no=1,
    )  # fmt: skip
    with closing(sqlite3.connect(directory / "journal.db")) as database, database:
        database.execute("UPDATE events SET body = ?, hash = ?", (body.decode(), link))
        database.execute("UPDATE cursor SET hash = ?", (cursor_hash(after),))
    head = HeadFile(directory / "head")
    for _ in range(2):
        head.write(after)
    head.close()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'{"event"', b'{"limb":2,"event"', "unknown field `limb`"),
        (b'"created"', b'"amended"', "Invalid value 'amended'"),
        (b'"exits":{', b'"exits":{"hedge":true,', "unknown field `hedge`"),
    ],
)
def test_what_a_later_program_wrote_is_refused_in_one_line(
    tmp_path: Path, old: bytes, new: bytes, said: str
) -> None:
    body = encode_event(sample_events()[0]).replace(old, new, 1)
    planted(tmp_path, body)
    for refused in (
        lambda: JournalStore.open_whole(tmp_path),
        lambda: list(JournalStore.open(tmp_path).events()),
        lambda: JournalStore.open(tmp_path, write=True),
    ):
        with pytest.raises(JournalCorrupt, match=said) as found:
            refused()
        assert "the version of this program that wrote it" in str(found.value)
        assert "\n" not in str(found.value)
        assert found.value.exit_code == 65


@pytest.mark.parametrize("event", sample_events()[:8])
def test_an_embedder_sees_every_field_as_before(event: TradingEvent) -> None:
    names = ["event", *event.__struct_fields__]
    assert list(event_fields(event)) == names
    told = event_view(event)
    assert list(told) == [name.replace("_half_paise", "_rupees").replace("_paise", "_rupees")
                          for name in names]  # fmt: skip
    assert msgspec.json.decode(msgspec.json.encode(event_fields(event))) == event_fields(event)
