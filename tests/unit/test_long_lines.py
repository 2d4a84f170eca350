"""A line that does not end is refused by file and line, and never read into memory as a whole."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.errors import ConfigError, DaemonError, FeedError
from daemon.files import text_lines
from daemon.files.text_lines import LINE_MAX, LongLine, bounded_lines, csv_records, read_stored
from daemon.files.yaml_document import read_document
from daemon.settings.config import Config
from feeds.contracts.instruments_file import InstrumentsFile
from feeds.contracts.lookup import read_contracts
from feeds.files.recorded_files import line_chunks
from strategies.scripted import Scripted
from tests.unit.test_feeds_kit import read_until_fault

MIB = 1 << 20
LONG = 48 * MIB
CSV = b'ts,symbol,ltp\n2026-11-18 10:00:00,X,100\n2026-11-18 10:00:01,X,101\n2026-11-18,"X'
JSONL = b'{"ts":"2026-11-18 10:00:00","symbol":"X","ltp":100}\n' * 2 + b'{"ts":"'
SCRIPT = b'{"ts":"2026-11-18T10:00:00","symbol":"X","signal":"BUY","qty":1}\n' * 2 + b'{"ts":"'
DUMP = (
    b"instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,"
    b'lot_size,instrument_type,segment,exchange\n1,1,X,X,0,,0,0.05,1,EQ,NSE,NSE\n2,"'
)


def endless(path: Path, start: bytes) -> Path:
    """A file whose last line has 48 MiB, plain or gzip by its name."""
    part = b"1" * MIB
    with gzip.open(path, "wb", 1) if path.suffix == ".gz" else path.open("wb") as file:
        file.write(start)
        for _ in range(LONG // MIB):
            file.write(part)
    return path


def recording(path: Path) -> None:
    blocks, error = read_until_fault(path)
    assert sum(len(each) for each in blocks) == 2, "the rows before the long line are given"
    raise error


def instruments(path: Path) -> None:
    InstrumentsFile(path, ["X"], [])


def contracts(path: Path) -> None:
    read_contracts([path])


def script(path: Path) -> None:
    Scripted(file=str(path))


def settings(path: Path) -> None:
    read_document(path).to(Config)


@pytest.mark.parametrize(
    ("name", "start", "read", "kind", "where"),
    [
        ("t.csv", CSV, recording, FeedError, "line 4"),
        ("t.csv.gz", CSV, recording, FeedError, "line 4"),
        ("t.jsonl", JSONL, recording, FeedError, "line 3"),
        ("t.jsonl.gz", JSONL, recording, FeedError, "line 3"),
        ("script.jsonl", SCRIPT, script, ConfigError, ":3:"),
        ("dump.csv", DUMP, instruments, ConfigError, "line 3"),
        ("dump.csv.gz", DUMP, instruments, ConfigError, "line 3"),
        ("dump.csv", DUMP, contracts, ConfigError, "line 3"),
        ("c.yaml", b"account: x", settings, ConfigError, "at most 1048576 bytes"),
    ],
)
def test_an_endless_line_is_refused_where_it_begins_and_takes_little_memory(
    tmp_path: Path,
    name: str,
    start: bytes,
    read: Callable[[Path], None],
    kind: type[DaemonError],
    where: str,
) -> None:
    path = endless(tmp_path / name, start)
    tracemalloc.start()
    try:
        with pytest.raises(kind) as caught:
            read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    text = str(caught.value)
    assert str(path) in text
    assert where in text
    assert "\n" not in text
    assert peak < 12 * MIB, f"{peak / MIB:.0f} MiB for a line of {LONG // MIB} MiB"


def test_a_header_that_does_not_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="line 1 is longer than 1,048,576 bytes"):
        read_until_fault(endless(tmp_path / "t.csv", b"ts,symbol"))


@pytest.mark.parametrize("size", [1 << 12, 1 << 19])
@pytest.mark.parametrize("ending", [b"\n", b""])
def test_a_line_of_exactly_the_limit_is_read_and_one_byte_more_is_not(
    tmp_path: Path, size: int, ending: bytes
) -> None:
    path = tmp_path / "t.csv"
    whole = b"head\nrow\n" + b"x" * LINE_MAX + ending
    path.write_bytes(whole)
    assert b"".join(line_chunks(path, size)) == whole
    assert b"".join(bounded_lines(io.BytesIO(whole))) == whole
    path.write_bytes(b"head\nrow\n" + b"x" * (LINE_MAX + 1) + ending)
    with pytest.raises(FeedError, match="line 3 is longer than"):
        list(line_chunks(path, size))
    with path.open("rb") as file, pytest.raises(LongLine) as caught:
        list(bounded_lines(file))
    assert caught.value.line == 3


def test_a_csv_record_may_have_several_lines_but_not_all_of_the_file() -> None:
    short = 'a,"two\nlines"\nb,c\n'
    assert list(csv_records(io.StringIO(short))) == [["a", "two\nlines"], ["b", "c"]]
    # each end of a line is inside quotes, so that the record never ends
    endless_record = io.StringIO("a,b\n" + '"' + '","\n' * (LINE_MAX // 4))
    with pytest.raises(LongLine) as caught:
        list(csv_records(endless_record))
    assert caught.value.line == 2


def test_a_stored_file_beyond_the_limit_is_refused_without_reading_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_lines, "STORED_MAX", 10 * MIB)
    path = tmp_path / "summary.json"
    path.write_bytes(b" " * 10 * MIB)
    assert len(read_stored(path)) == 10 * MIB
    path.write_bytes(b" " * (10 * MIB + 1))
    with pytest.raises(ValueError, match="larger than 10 MiB"):
        read_stored(path)
