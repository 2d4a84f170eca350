"""The instruments cache: whole files only, by day, usable offline."""

from __future__ import annotations

import datetime as dt
import gzip
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.domain.dates import parse_ts
from daemon.errors import FeedError, TokenRefused
from feeds.contracts.instruments_file import InstrumentsFile
from feeds.kite import dump as dump_module
from feeds.kite.dump import BadDump, Dump, InstrumentsCache, check_dump, dump_date
from feeds.kite.responses import BadRequest
from tests.kit.golden import data_directory
from tests.kit.kite_api import Answer, KiteApi, Reply, dump, gzipped, kite_api, refusal

TODAY: Final = dt.date(2026, 11, 23)
NAME: Final = "NFO-2026-11-23.csv"
GOOD: Final = dump(20)


def get(directory: Path, api: KiteApi) -> Dump:
    never = any(isinstance(each, Reply) and each.silent for each in api.answers)
    with api.client(timeout_s=0.05 if never else 30.0) as http:
        return InstrumentsCache(directory, http, TODAY).get("NFO")


def old(directory: Path, date: str, data: bytes = GOOD) -> Path:
    path = directory / f"NFO-{date}.csv"
    path.write_bytes(data)
    return path


def test_a_dump_is_downloaded_once_a_day(tmp_path: Path) -> None:
    place = tmp_path / "cache"
    with kite_api(gzipped(GOOD)) as api:
        first = get(place, api)
        again = get(place, api)
    assert first == again == Dump(place / NAME, TODAY, "")
    assert first.path.read_bytes() == GOOD
    assert len(api.requests) == 1
    assert os.listdir(place) == [NAME]
    assert InstrumentsCache(place, None, TODAY).get("NFO") == first, "offline"


def test_a_cached_dump_is_read_as_any_instruments_file(tmp_path: Path) -> None:
    with kite_api(gzipped(GOOD)) as api:
        path = get(tmp_path, api).path
    row = InstrumentsFile(path, ["NIFTY26NOV23050CE"], []).find("NIFTY26NOV23050CE")
    assert row is not None
    assert (row.strike_paise, row.lot_size, row.tick_paise) == (23_050_00, 65, 5)
    assert (row.expiry, row.name, row.instrument_type) == ("2026-11-23", "NIFTY", "CE")


BAD: Final[list[Answer]] = [
    gzipped(GOOD, cut=5),
    gzipped(GOOD[:-1]),
    gzipped(GOOD[:-40]),
    gzipped(GOOD + GOOD.splitlines(keepends=True)[1]),
    gzipped(dump(0)),
    gzipped(b"<html>maintenance</html>\n"),
    gzipped(b""),
    gzipped(dump(20, "BFO")),
    Reply(body=GOOD, sent=300),
    Reply(503),
    Reply(429),
    Reply(silent=True),
]


@pytest.mark.parametrize("answer", BAD)
def test_a_bad_download_leaves_the_newest_good_file_in_use(tmp_path: Path, answer: Answer) -> None:
    old(tmp_path, "2026-11-19")
    wanted = old(tmp_path, "2026-11-20")
    spoilt = old(tmp_path, "2026-11-21", GOOD[:-7])
    old(tmp_path, "2026-11-24")  # of a clock that was wrong
    with kite_api(answer) as api:
        found = get(tmp_path, api)
    assert found._replace(warning="") == Dump(wanted, dt.date(2026, 11, 20), "")
    assert f"{spoilt.name} is not used" in found.warning
    assert "3 days old" in found.warning
    assert "\n" not in found.warning
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize("answer", BAD)
def test_without_any_good_file_a_bad_download_ends_the_run(tmp_path: Path, answer: Answer) -> None:
    old(tmp_path, "2026-11-20", b"")
    with kite_api(answer) as api, pytest.raises(FeedError, match="no instruments of NFO") as told:
        get(tmp_path, api)
    assert "\n" not in str(told.value)


def test_offline_without_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="offline"):
        InstrumentsCache(tmp_path / "none", None, TODAY).get("NFO")


def test_a_refused_login_is_not_hidden_by_an_old_file(tmp_path: Path) -> None:
    old(tmp_path, "2026-11-20")
    for answer, kind in (
        (refusal(403, "TokenException", "x"), TokenRefused),
        (refusal(400, "InputException", "x"), BadRequest),
    ):
        with kite_api(answer) as api, pytest.raises(kind):
            get(tmp_path, api)


def test_todays_file_is_downloaded_again_if_it_is_damaged(tmp_path: Path) -> None:
    old(tmp_path, "2026-11-23", GOOD[:-9])
    with kite_api(gzipped(GOOD)) as api:
        found = get(tmp_path, api)
    assert found.date == TODAY
    assert "NFO-2026-11-23.csv is not used" in found.warning
    assert found.path.read_bytes() == GOOD


def test_a_full_disk_leaves_no_part_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    old(tmp_path, "2026-11-20")
    with kite_api(gzipped(GOOD)) as api:
        found = get(tmp_path, api)
    assert "instruments_cache" in found.warning
    assert os.listdir(tmp_path) == ["NFO-2026-11-20.csv"]


def test_old_files_are_kept_up_to_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump_module, "FILES_MAX", 3)
    for day in range(10, 20):
        old(tmp_path, f"2026-11-{day}", b"")
    mine = tmp_path / "notes.csv"
    mine.write_text("mine")
    with kite_api(gzipped(GOOD)) as api:
        get(tmp_path, api)
    left = sorted(os.listdir(tmp_path))
    assert left == ["NFO-2026-11-18.csv", "NFO-2026-11-19.csv", NAME, "notes.csv"]


def test_before_half_past_eight_the_dump_is_yesterdays() -> None:
    assert dump_date(parse_ts("2026-11-23T08:29:59")) == dt.date(2026, 11, 22)
    assert dump_date(parse_ts("2026-11-23T08:30:00")) == TODAY
    assert dump_date(parse_ts("2026-11-24T00:10:00")) == TODAY


@given(st.integers(0, len(GOOD) - 1))
def test_a_dump_that_is_cut_within_a_line_is_never_taken(cut: int) -> None:
    part = GOOD[:cut]
    if part.endswith(b"\n") and part.count(b"\n") > 1:
        return  # whole lines: only the compression's own end mark can tell
    with pytest.raises(BadDump):
        check_dump(part, "NFO")


@given(st.binary(max_size=400))
def test_any_bytes_are_judged_without_a_crash(data: bytes) -> None:
    for each in (data, GOOD + data, data + GOOD):
        with suppress(BadDump):
            assert check_dump(each, "NFO") > 0


def test_real_dumps_are_whole_and_readable(tmp_path: Path) -> None:
    data = data_directory()
    place = (data or Path("absent")) / "kite-instruments-2026-08"
    if not place.is_dir():
        pytest.skip("the real instruments dumps are not on this machine")
    nfo = gzip.decompress((place / "nfo_instruments.csv.gz").read_bytes())
    nse = gzip.decompress((place / "nse_instruments_2026-07-30.csv.gz").read_bytes())
    assert check_dump(nfo, "NFO") == 34_764
    assert check_dump(nse, "NSE") == 9_985
    with kite_api(gzipped(nse)) as api, api.client() as http:
        path = InstrumentsCache(tmp_path, http, TODAY).get("NSE").path
    index = InstrumentsFile(path, ["NIFTY 50"], []).find("NIFTY 50")
    assert index is not None
    assert index.is_index
