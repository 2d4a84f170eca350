"""A lake gives back what was written, in the order received, and names what it lacks."""

from __future__ import annotations

import datetime as dt
import json
from itertools import chain, pairwise
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.domain.ticks import Ticks
from daemon.errors import ConfigError, FeedError
from daemon.settings.config import ReplayConfig
from feeds.lake.layout import DAY_FILE, DayFacts, PartFacts, read_day
from feeds.lake.reader import LakeTicks
from feeds.lake.writer import AlreadyThere, sha256_of
from feeds.stream.blocks import join
from feeds.stream.overlap import overlapping
from tests.lake.kit import DAYS, SECOND, UNIVERSE, fill, lake, opening, read, rows
from tests.unit.test_docs_formats import FORMATS, names
from tests.unit.test_docs_formats import rows as rows_of_table
from tests.unit.test_feeds_kit import cut, rows_of

DAY = DAYS[1]


def day_of(root: Path, day: str = DAY) -> Path:
    return root / "ticks" / f"date={day}"


def part_of(root: Path, underlying: str = "NIFTY", day: str = DAY, number: int = 0) -> Path:
    return day_of(root, day) / f"underlying={underlying}" / f"part-{number}.parquet"


def test_l1_one_part_for_each_date_and_underlying(tmp_path: Path) -> None:
    root = lake(tmp_path)
    found = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    assert found == sorted(
        f"ticks/date={day}/{name}"
        for day in DAYS
        for name in (
            DAY_FILE,
            *(f"underlying={of}/part-0.parquet" for of in ("BANKNIFTY", "NIFTY", "_other")),
        )
    )


def test_l1_seq_numbers_the_rows_of_the_day(tmp_path: Path) -> None:
    root = lake(tmp_path)
    numbers = [
        [*pq.read_table(part_of(root, of)).column("seq").to_numpy()]
        for of in ("BANKNIFTY", "NIFTY", "_other")
    ]
    assert all(own == sorted(own) for own in numbers)
    assert sorted(chain.from_iterable(numbers)) == list(range(60))


def test_l1_the_day_file_says_what_was_written(tmp_path: Path) -> None:
    facts = read_day(day_of(lake(tmp_path)))
    block = rows(DAY)
    assert (facts.rows, facts.date, facts.source) == (60, DAY, ["made up"])
    assert (facts.first_ts, facts.last_ts) == (int(block.ts.min()), int(block.ts.max()))
    for part in facts.parts:
        path = part_of(tmp_path, part.underlying)
        assert part.sha256 == sha256_of(path)
        assert part.bytes == path.stat().st_size


@settings(max_examples=8, deadline=None)
@given(size=st.integers(1, 200), seed=st.integers(0, 9), chunk=st.integers(1, 50))
def test_l2_the_rows_come_back_in_the_order_received(
    tmp_path_factory: pytest.TempPathFactory, size: int, seed: int, chunk: int
) -> None:
    root = tmp_path_factory.mktemp("lake")
    given_rows = join([rows(day, size, seed=seed) for day in DAYS])
    fill(root, cut(given_rows, chunk))
    assert rows_of(read(root)) == rows_of(given_rows)


def test_l2_dates_and_underlyings_are_chosen_by_file(tmp_path: Path) -> None:
    root = lake(tmp_path)
    part_of(root, "BANKNIFTY").unlink()  # not asked for: not looked at
    part_of(root, day=DAYS[0]).unlink()
    found = read(root, from_=DAYS[1], to=DAYS[2], underlyings=["NIFTY"])
    both = join([rows(day) for day in DAYS[1:]])
    assert rows_of(found) == rows_of(both.take(np.isin(both.instrument, (0, 2))))


def test_l2_a_second_recording_of_the_day_continues_its_numbers(tmp_path: Path) -> None:
    early, late = rows(DAY), rows(DAY, since_s=100)
    fill(tmp_path, [early])
    fill(tmp_path, [late])
    assert rows_of(read(tmp_path)) == rows_of(join([early, late]))
    numbers = pq.read_table(part_of(tmp_path, number=1)).column("seq").to_numpy()
    assert numbers.min() >= 60


def test_l2_a_late_file_has_no_numbers_and_the_day_is_merged_by_time(tmp_path: Path) -> None:
    whole = rows(DAY, 40)
    whole.ts = opening(DAY) + np.arange(40, dtype=np.int64) * SECOND
    mine = whole.instrument == 0
    fill(tmp_path, [whole.take(~mine)])
    fill(tmp_path, [whole.take(mine)])
    assert "seq" not in pq.read_schema(part_of(tmp_path, number=1)).names
    assert rows_of(read(tmp_path)) == rows_of(whole)


def test_l1_compaction_leaves_one_part_and_the_same_rows(tmp_path: Path) -> None:
    early, late = rows(DAY), rows(DAY, since_s=100)
    fill(tmp_path, [early])
    fill(tmp_path, [late])
    fill(tmp_path, [read(tmp_path)], replace=True)
    assert rows_of(read(tmp_path)) == rows_of(join([early, late]))
    assert [path.name for path in day_of(tmp_path).rglob("*.parquet")] == ["part-2.parquet"] * 3
    assert read_day(day_of(tmp_path)).source == ["made up"]


def test_the_same_rows_are_refused_a_second_time(tmp_path: Path) -> None:
    root = lake(tmp_path)
    before = sorted(root.rglob("*"))
    with pytest.raises(AlreadyThere, match=r"date=2026-11-16.*has these rows already"):
        fill(root, [rows(day) for day in DAYS])
    assert sorted(root.rglob("*")) == before


def test_a_write_that_fails_leaves_no_part_and_the_day_as_it_was(tmp_path: Path) -> None:
    root = lake(tmp_path, DAYS[:1])

    def broken() -> object:
        yield rows(DAYS[1])
        raise FeedError("cut")

    with pytest.raises(FeedError, match="cut"):
        fill(root, broken())  # type: ignore[arg-type]
    assert not day_of(root).exists()
    assert rows_of(read(root)) == rows_of(rows(DAYS[0]))


def test_hidden_names_and_parts_that_are_not_listed_are_ignored(tmp_path: Path) -> None:
    root = lake(tmp_path)
    for name in (".part-1.tmp", "_SUCCESS", "part-7.parquet"):
        (part_of(root).parent / name).write_bytes(b"half")
    (root / "ticks" / "_tmp").mkdir()
    assert len(read(root)) == 180


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda root: part_of(root).unlink(), "no such file"),
        (lambda root: part_of(root).write_bytes(part_of(root).read_bytes()[:-9]), "is cut"),
        (lambda root: (day_of(root) / DAY_FILE).unlink(), "has no _day.json"),
        (lambda root: (day_of(root) / DAY_FILE).write_text('{"version": 2}'), "cannot be used"),
        (lambda root: day_of(root).rename(day_of(root, "2026-11-19")), "is of 2026-11-17"),
    ],
)
def test_l2_a_day_that_is_missing_or_cut_is_named(tmp_path: Path, harm: object, words: str) -> None:
    root = lake(tmp_path)
    harm(root)  # type: ignore[operator]
    with pytest.raises(FeedError, match=rf"date=2026-11-1[79].*{words}"):
        read(root)
    assert len(read(root, unusable_days="skip")) == 120


def test_l2_a_damaged_day_is_refused_where_it_is_and_skipped_whole_on_request(
    tmp_path: Path,
) -> None:
    root = lake(tmp_path)
    data = bytearray(part_of(root).read_bytes())
    data[60] ^= 0xFF
    part_of(root).write_bytes(data)
    with pytest.raises(FeedError, match=r"date=2026-11-17.*damaged"):
        read(root)
    ticks = LakeTicks(ReplayConfig(lake=str(root), unusable_days="skip"), root)
    kept = join(list(ticks.blocks(UNIVERSE)))
    assert rows_of(kept) == rows_of(join([rows(DAYS[0]), rows(DAYS[2])]))
    assert ticks.counts == {"skipped_days": 1}
    assert "date=2026-11-17" in ticks.skipped[0]


def test_l2_a_session_without_a_directory_is_named(tmp_path: Path) -> None:
    root = lake(tmp_path, (DAYS[0], DAYS[2]))
    with pytest.raises(FeedError, match="has no 2026-11-17, which had a session"):
        read(root, session=lambda instrument, date: (0, 1))
    assert len(read(root, session=lambda instrument, date: None)) == 120


def test_an_underlying_that_a_day_lacks_is_named(tmp_path: Path) -> None:
    root = lake(tmp_path)
    with pytest.raises(FeedError, match="has no SENSEX, it has BANKNIFTY, NIFTY, _other"):
        read(root, underlyings=["NIFTY", "SENSEX"])


def test_a_lake_that_is_none_or_has_no_such_date_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="expected a lake"):
        read(tmp_path)
    with pytest.raises(FeedError, match="it has from 2026-11-16 to 2026-11-18"):
        read(lake(tmp_path), from_="2027-01-01")
    with pytest.raises(ConfigError, match="expected dates"):
        read(tmp_path, to="yesterday")


def test_the_day_file_is_plain_json_with_a_version(tmp_path: Path) -> None:
    told = json.loads((day_of(lake(tmp_path)) / DAY_FILE).read_bytes())
    assert told["version"] == 1
    assert dt.date.fromisoformat(told["date"])


@settings(deadline=None)
@given(
    ranges=st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 5)).map(lambda r: (r[0], r[0] + r[1])),
        max_size=8,
    )
)
def test_l2_groups_follow_each_other_and_only_those_that_overlap_are_merged(
    ranges: list[tuple[int, int]],
) -> None:
    groups = overlapping(ranges)
    assert sorted(chain.from_iterable(groups)) == list(range(len(ranges)))
    ends = [
        (min(ranges[at][0] for at in group), max(ranges[at][1] for at in group)) for group in groups
    ]
    assert all(one[1] < other[0] for one, other in pairwise(ends))
    for group in groups:  # each but the first begins within the reach of those before it
        own = sorted(ranges[at] for at in group)
        assert all(
            first <= max(last for _, last in own[:at]) for at, (first, _) in enumerate(own) if at
        )


def test_the_day_file_is_documented() -> None:
    table = rows_of_table(FORMATS, "<!-- day file -->")
    shown = [name for cells in table for name in names(cells[0])]
    assert sorted(shown) == sorted(field.name for field in msgspec.structs.fields(DayFacts))
    told = next(cells[1] for cells in table if names(cells[0]) == ["parts"])
    assert names(told) == [field.name for field in msgspec.structs.fields(PartFacts)]


def test_a_row_of_no_instrument_is_kept(tmp_path: Path) -> None:
    block = rows(DAY)
    assert (block.instrument < 0).any()
    fill(tmp_path, [block])
    assert rows_of(read(tmp_path)) == rows_of(block)
    assert isinstance(block, Ticks)
