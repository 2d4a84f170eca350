"""Exported tables: exact money, times with their zone, and text that stays text."""

from __future__ import annotations

import builtins
import csv
import datetime as dt
import io
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.dates import IST, SECOND_NS, iso_ist
from daemon.errors import UsageError
from daemon.export import parquet_file, xlsx_file
from daemon.export.columns import Column, Kind, Row, Rows, RunningPaise, rupees_plain
from daemon.export.csv_file import write_csv
from daemon.export.file import check_file, write_table
from daemon.export.parquet_file import write_parquet
from daemon.export.texts import harmless
from daemon.export.xlsx_file import write_xlsx
from daemon.journal.schema import JournalMeta
from daemon.metrics.fill_quality import whole_paise

AT = 1_795_000_000 * SECOND_NS + 123_456_789
COLUMNS = (
    Column("name"), Column("count", Kind.WHOLE), Column("net", Kind.MONEY),
    Column("at", Kind.TIME), Column("day", Kind.DATE), Column("won", Kind.FLAG),
)  # fmt: skip
META = JournalMeta(run_id="=run", account="a", program_version="0", created_ts=AT)
NASTY = ["=1+1", "+1", "-1", "@x", "\uff1d1", '=HYPERLINK("x")', "a\n=b", "\x1b[2J", "\u202e", ","]


def rows(*given: Row) -> Rows:
    return Rows(COLUMNS, iter(given))


def row(name: str = "x", paise: int | None = -1234567) -> Row:
    return (name, 7, paise, AT, dt.date(2026, 11, 18), True)


def csv_rows(*given: Row) -> list[list[str]]:
    file = io.BytesIO()
    assert write_csv(file, rows(*given)) == len(given)
    return list(csv.reader(io.StringIO(file.getvalue().decode(), newline="")))


def cells(path: Path | io.BytesIO, sheet: int = 1) -> list[dict[str, tuple[str, str]]]:
    """The rows of a sheet: column letter -> (type, text); a formula fails."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as book:
        root = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{sheet}.xml"))
    assert not list(root.iter(f"{space}f"))
    found = []
    for line in root.iter(f"{space}row"):
        of: dict[str, tuple[str, str]] = {}
        for cell in line.iter(f"{space}c"):
            text = "".join(part.text or "" for part in cell.iter() if part.tag != f"{space}c")
            of[cell.attrib["r"].rstrip("0123456789")] = (cell.attrib.get("t", "n"), text)
        found.append(of)
    return found


def test_a_csv_has_rupees_and_indian_times_with_their_zone() -> None:
    head, line = csv_rows(row())
    assert head == ["name", "count", "net_rupees", "at", "day", "won"]
    assert line == ["x", "7", "-12345.67", iso_ist(AT), "2026-11-18", "yes"]
    assert line[3].endswith("+05:30")
    assert dt.datetime.fromisoformat(line[3]).utcoffset() == IST.utcoffset(None)


@pytest.mark.parametrize("text", NASTY)
def test_no_text_becomes_a_formula_or_another_cell(text: str) -> None:
    _, line = csv_rows(row(text))
    assert len(line) == len(COLUMNS)
    assert line[0][0] not in "=+-@\uff1d"
    assert line[0].isprintable()
    file = io.BytesIO()
    write_xlsx(file, rows(row(text)), "t", AT)
    assert cells(file)[1]["A"][0] == "inlineStr"


def test_a_negative_amount_is_a_number_and_no_text() -> None:
    assert harmless(Kind.MONEY, -5) == "-0.05"
    assert harmless(Kind.TEXT, "-5") == "'-5"
    assert harmless(Kind.TEXT, None) == ""


def test_a_workbook_has_numbers_for_money_and_counts() -> None:
    file = io.BytesIO()
    assert write_xlsx(file, rows(row(), row(paise=None), row(paise=10**15)), "t", AT) == 3
    _, first, second, third = cells(file)
    assert (first["B"], first["C"]) == (("n", "7"), ("n", "-12345.67"))
    assert first["D"] == ("inlineStr", iso_ist(AT))
    assert "C" not in second
    assert third["C"] == ("inlineStr", "10000000000000.00")


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_money_is_exact_to_the_paisa_in_every_format(paise: int) -> None:
    assert Decimal(rupees_plain(paise)) * 100 == paise
    assert round(Decimal(f"{paise / 100:.16G}") * 100) == paise  # as XlsxWriter writes it


def test_a_parquet_file_has_whole_paise_nanoseconds_and_its_version(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    assert write_table(path, "trades", rows(row(), row("=1", None)), META) == 2
    found = pq.read_table(path)
    assert found.column_names == ["name", "count", "net_paise", "at", "day", "won"]
    assert found["net_paise"].to_pylist() == [-1234567, None]
    assert str(found.schema.field("at").type) == "timestamp[ns, tz=Asia/Kolkata]"
    assert found["at"].cast(pa.int64()).to_pylist() == [AT, AT]
    assert found["name"].to_pylist() == ["x", "=1"]
    metadata = found.schema.metadata
    assert metadata[b"run_fno_paper.export"] == b"1"
    assert metadata[b"run_fno_paper.table"] == b"trades"
    assert metadata[b"run_fno_paper.run_id"] == b"=run"


@given(st.lists(st.decimals(0, 10**6, places=4), max_size=60))
def test_rounded_parts_add_up_to_the_rounded_sum(parts: list[Decimal]) -> None:
    rounded = RunningPaise()
    taken = [rounded.take(part) for part in parts]
    assert sum(taken) == whole_paise(sum(parts, Decimal(0)))
    exact = zip(parts, taken, strict=True)
    assert all(abs(part * 100 - paise) <= 1 for part, paise in exact)


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_equal_tables_give_equal_bytes_and_an_old_file_is_replaced(
    ending: str, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{name}.{ending}" for name in ("a", "b")]
    paths[0].write_text("old")
    for path in paths:
        write_table(path, "trades", rows(row(), row()), META)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert sorted(tmp_path.iterdir()) == paths


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_a_table_that_breaks_off_leaves_the_old_file(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"t.{ending}"
    path.write_text("old")

    def broken() -> Iterator[Row]:
        yield row()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_table(path, "trades", Rows(COLUMNS, broken()), META)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_a_place_that_cannot_be_written_is_one_line(ending: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        write_table(tmp_path / "no" / f"t.{ending}", "trades", rows(row()), META)


def test_a_full_disk_under_a_workbook_is_one_line() -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_xlsx(Full(), rows(row()), "t", AT)


def test_rows_beyond_a_sheet_follow_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_file, "SHEET_ROWS", 4)
    file = io.BytesIO()
    assert write_xlsx(file, rows(*[row(str(each)) for each in range(7)]), "t", AT) == 7
    names = [[line["A"][1] for line in cells(file, sheet)] for sheet in (1, 2, 3)]
    assert names == [["name", "0", "1", "2"], ["name", "3", "4", "5"], ["name", "6"]]


def test_a_workbook_without_its_library_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] == "xlsxwriter":
            raise ImportError(name)
        return real(name, *rest, **more)

    for name in [name for name in sys.modules if name.split(".")[0] == "xlsxwriter"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match=r"pip install 'run-fno-paper\[xlsx\]'"):
        check_file(Path("t.xlsx"))
    check_file(Path("t.csv"))


@pytest.mark.parametrize("name", ["t", "t.xls", "t.CSV", "t.csv.gz"])
def test_another_ending_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"expected a name that ends in \.csv, \.xlsx, \.parquet"):
        check_file(Path(name))


@pytest.mark.ci
@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_memory_does_not_grow_with_the_rows(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_file, "GROUP_ROWS", 125)

    def peak(count: int) -> int:
        made = Rows(COLUMNS, (row(f"order-{each}", each) for each in range(count)))
        tracemalloc.start()
        try:
            assert write_table(tmp_path / f"t.{ending}", "trades", made, META) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    # whole, 5,000 rows would be a megabyte; a Parquet file's footer grows with its groups
    assert peak(5_000) < peak(1_250) * 1.2 + 100_000


def test_a_batch_of_parquet_ends_where_the_rows_do() -> None:
    file = io.BytesIO()
    assert write_parquet(file, rows(), {}) == 0
    assert pq.read_table(io.BytesIO(file.getvalue())).num_rows == 0
