"""A lake in a store: copied once by the hash of its bytes, put there whole, refused in a line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.fs as pafs
import pytest

from daemon.domain.ticks import Ticks
from daemon.errors import ConfigError, FeedError
from daemon.settings.config import ReplayConfig
from daemon.settings.file import load_config
from feeds.lake import remote
from feeds.lake.days import Span
from feeds.lake.layout import dates_in, day_directory
from feeds.lake.remote import copied, is_remote, lake_root, put
from tests.lake.kit import DAYS, lake, read

ALL = Span(dt.date.min, dt.date.max)
FIRST = dt.date.fromisoformat(DAYS[0])


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An S3 of this process, on loopback."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield ":".join(map(str, server.get_host_and_port()))
    server.stop()


@pytest.fixture(params=["directory", pytest.param("s3", marks=pytest.mark.ci)])
def address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty place of a store: a directory, through the same library, or an S3."""
    if request.param == "directory":
        (tmp_path / "store").mkdir()
        return f"file://{tmp_path}/store/lake"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    where = request.getfixturevalue("endpoint")
    bucket = f"lakes-{tmp_path.name.replace('_', '-').lower()}"[:60].strip("-")
    how = f"endpoint_override={where}&scheme=http&region=us-east-1&allow_bucket_creation=true"
    store, root = pafs.FileSystem.from_uri(f"s3://{bucket}?{how}")
    store.create_dir(root)
    return f"s3://{bucket}/lake?{how}"


def same(one: Ticks, other: Ticks) -> bool:
    columns = ("ts", "instrument", "ltp", "volume")
    return all(np.array_equal(getattr(one, each), getattr(other, each)) for each in columns)


def test_what_was_put_there_is_what_comes_back(address: str, tmp_path: Path) -> None:
    own = lake(tmp_path / "own")
    put(own, address)
    here = copied(address, ALL, (), tmp_path / "here")
    assert same(read(here), read(own))


def test_only_what_is_wanted_is_copied_and_only_once(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(lake(tmp_path / "own"), address)
    here = copied(address, Span(FIRST, FIRST), ("NIFTY",), tmp_path / "here")
    assert dates_in(here) == [FIRST]
    names = [path.name for path in day_directory(here, FIRST).iterdir() if path.is_dir()]
    assert names == ["underlying=NIFTY"]
    part = next(here.rglob("*.parquet"))
    before = part.stat().st_mtime_ns
    monkeypatch.setattr(remote, "_download", None)  # nothing is left to be copied
    copied(address, Span(FIRST, FIRST), ("NIFTY",), here)
    assert part.stat().st_mtime_ns == before


def test_a_copy_that_was_harmed_is_copied_again(address: str, tmp_path: Path) -> None:
    own = lake(tmp_path / "own")
    put(own, address)
    here = copied(address, ALL, (), tmp_path / "here")
    part = next(here.rglob("*.parquet"))
    part.write_bytes(b"x" * part.stat().st_size)
    assert same(read(copied(address, ALL, (), here)), read(own))


def test_bytes_that_changed_in_the_store_are_refused(address: str, tmp_path: Path) -> None:
    put(lake(tmp_path / "own"), address)
    store, root = pafs.FileSystem.from_uri(address)
    found = store.get_file_info(pafs.FileSelector(root, recursive=True))
    part = next(info.path for info in found if info.path.endswith(".parquet"))
    with store.open_output_stream(part) as stream:
        stream.write(b"other bytes")
    with pytest.raises(FeedError, match="its bytes are not those that were written"):
        copied(address, ALL, (), tmp_path / "here")


def test_a_day_counts_when_its_facts_are_there_and_one_that_went_goes_here_too(
    address: str, tmp_path: Path
) -> None:
    put(lake(tmp_path / "own"), address)
    here = copied(address, ALL, (), tmp_path / "here")
    store, root = pafs.FileSystem.from_uri(address)
    store.delete_file(f"{root}/ticks/date={DAYS[1]}/_day.json")
    copied(address, ALL, (), here)
    assert [date.isoformat() for date in dates_in(here)] == [DAYS[0], DAYS[2]]


def test_a_day_that_is_there_already_is_not_put_twice(address: str, tmp_path: Path) -> None:
    own = lake(tmp_path / "own", DAYS[:1])
    put(own, address)
    with pytest.raises(FeedError, match=f"has {DAYS[0]} already"):
        put(lake(own, DAYS[1:]), address)
    assert [date.isoformat() for date in dates_in(copied(address, ALL, (), tmp_path / "h"))] == [
        DAYS[0]
    ]


def test_a_store_that_cannot_be_used_is_told_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"^nowhere://x/y: cannot be used \(") as told:
        copied("nowhere://x/y", ALL, (), tmp_path / "here")
    assert "\n" not in str(told.value)


def test_a_path_is_no_address(tmp_path: Path) -> None:
    assert is_remote("s3://bucket/lake")
    assert not is_remote("lake")
    assert lake_root(ReplayConfig(lake=str(tmp_path))) == tmp_path


def test_a_live_recording_goes_to_a_directory(tmp_path: Path) -> None:
    path = tmp_path / "live.yaml"
    path.write_text("version: 1\nrecording: {lake: 's3://b/lake'}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"recording\.lake: expected a directory"):
        load_config(path)


def test_an_address_is_not_taken_for_a_path(tmp_path: Path) -> None:
    path = tmp_path / "replay.yaml"
    path.write_text(
        "version: 1\nfeed: {kind: replay, replay: {lake: 's3://b/lake'}}\n", encoding="utf-8"
    )
    assert load_config(path).feed.replay.lake == "s3://b/lake"
