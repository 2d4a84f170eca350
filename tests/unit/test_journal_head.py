"""The head file byte by byte: two slots in turn, and what a spoiled one leaves."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import JournalCorrupt, JournalIOError
from daemon.journal.head import HeadFile, Tail, encode_slot, read_head

SECOND_SLOT = 4096


def tail(seq: int, op_seq: int = 0, input_no: int = 0) -> Tail:
    return Tail(seq=seq, hash=b"h", op_seq=op_seq, op_hash=b"o", input_no=input_no)


@contextmanager
def head_file(path: Path) -> Iterator[HeadFile]:
    head = HeadFile(path)
    try:
        yield head
    finally:
        head.close()


def slots(path: Path) -> list[bytes]:
    data = path.read_bytes()
    assert len(data) == 2 * SECOND_SLOT
    return [data[:SECOND_SLOT].rstrip(), data[SECOND_SLOT:].rstrip()]


def test_a_slot_is_a_checksum_and_the_tail_in_256_bytes() -> None:
    slot = encode_slot(tail(7, 3, 5))
    assert len(slot) == 256
    assert slot.endswith(b" \n")
    check, body = slot[:16], slot[17:].rstrip()
    assert check == hashlib.blake2b(body, digest_size=8).hexdigest().encode()
    assert json.loads(body) == {
        "seq": 7, "hash": "aA==", "op_seq": 3, "op_hash": "bw==", "input_no": 5
    }  # fmt: skip


def test_a_new_file_has_both_slots_and_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with head_file(tmp_path / "head"):
        assert (tmp_path / "head").read_bytes() == b" " * 8192
    assert len(synced) == 1


def test_a_file_with_one_slot_gets_the_room_for_the_other_and_keeps_its_own(
    tmp_path: Path,
) -> None:
    path = tmp_path / "head"
    path.write_bytes(encode_slot(tail(4)))
    with head_file(path) as head:
        assert path.stat().st_size == 8192
        assert read_head(path) == tail(4)
        head.write(tail(5))
    assert slots(path) == [encode_slot(tail(4)).rstrip(), encode_slot(tail(5)).rstrip()]


def test_the_slots_are_written_in_turn(tmp_path: Path) -> None:
    path = tmp_path / "head"
    with head_file(path) as head:
        head.write(tail(1))
        assert slots(path) == [encode_slot(tail(1)).rstrip(), b""]
        head.write(tail(2))
        head.write(tail(3))
    assert slots(path) == [encode_slot(tail(3)).rstrip(), encode_slot(tail(2)).rstrip()]
    assert read_head(path) == tail(3)
    with head_file(path) as head:  # opened again: the older one is written over
        head.write(tail(4))
    assert slots(path) == [encode_slot(tail(3)).rstrip(), encode_slot(tail(4)).rstrip()]


@pytest.mark.parametrize("first", [tail(0), tail(0, 1), tail(0, 0, 1)])
def test_the_head_of_an_empty_journal_is_not_written_over(tmp_path: Path, first: Tail) -> None:
    path = tmp_path / "head"
    with head_file(path) as head:
        head.write(first)
    with head_file(path) as head:
        head.write(tail(1))
    assert slots(path) == [encode_slot(first).rstrip(), encode_slot(tail(1)).rstrip()]


@pytest.mark.parametrize(("older", "newer"), [
    (tail(1, 9, 9), tail(2, 0, 0)), (tail(1, 1, 9), tail(1, 2, 0)), (tail(1, 1, 1), tail(1, 1, 2)),
])  # fmt: skip
@pytest.mark.parametrize("swapped", [False, True])
def test_the_newer_slot_counts_wherever_it_is(
    tmp_path: Path, older: Tail, newer: Tail, swapped: bool
) -> None:
    path = tmp_path / "head"
    pair = (newer, older) if swapped else (older, newer)
    path.write_bytes(encode_slot(pair[0]).ljust(SECOND_SLOT) + encode_slot(pair[1]))
    assert read_head(path) == newer


def test_each_write_is_on_disk_when_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with head_file(tmp_path / "head") as head:
        monkeypatch.setattr(os, "fdatasync", fail)
        with pytest.raises(OSError, match="Input/output error"):
            head.write(tail(1))


def test_a_write_that_was_cut_short_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with head_file(tmp_path / "head") as head:
        write = os.pwrite
        monkeypatch.setattr(os, "pwrite", lambda at, data, offset: write(at, data[:200], offset))
        with pytest.raises(OSError, match="the head file took 200 of 256 bytes"):
            head.write(tail(1))


def test_closing_twice_closes_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = HeadFile(tmp_path / "head")
    closed: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(os, "close", closed.append)
        head.close()
        head.close()
    assert len(closed) == 1
    os.close(closed[0])


@pytest.mark.parametrize("at", [0, 16, 17, 30])
def test_a_slot_with_a_wrong_byte_is_none(tmp_path: Path, at: int) -> None:
    slot = bytearray(encode_slot(tail(2)))
    slot[at] ^= 1
    path = tmp_path / "head"
    path.write_bytes(encode_slot(tail(1)).ljust(SECOND_SLOT) + slot)
    found = read_head(path)
    assert found == (tail(2) if at == 16 else tail(1))  # at 16 is only the space


@pytest.mark.parametrize("content", [None, b"", b" " * 8192, b"x" * 8192])
def test_without_a_readable_slot_the_journal_is_refused(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "head"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(JournalCorrupt, match="head: the head file is missing or unreadable"):
        read_head(path)


def test_a_body_that_is_no_tail_is_no_slot(tmp_path: Path) -> None:
    body = b'{"seq": "seven"}'
    check = hashlib.blake2b(body, digest_size=8).hexdigest().encode()
    path = tmp_path / "head"
    path.write_bytes(encode_slot(tail(1)).ljust(SECOND_SLOT) + check + b" " + body)
    assert read_head(path) == tail(1)


def test_a_head_that_the_disk_does_not_give_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> Any:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(JournalIOError, match=r"head: cannot be read \(Input/output error\)"):
        read_head(tmp_path / "head")
