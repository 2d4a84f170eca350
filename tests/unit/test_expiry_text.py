"""An expiry is YYYY-MM-DD inside, whatever it comes from: it is compared as text."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daemon.domain.instrument import Instrument
from daemon.errors import ConfigError, FeedError
from daemon.execution.helpers import create_execution_engine_v3
from daemon.runtime.build import build
from daemon.settings.config import Config, InstrumentConfig, UniverseConfig
from feeds.contracts.lookup import read_contracts
from feeds.contracts.universe import build_universe
from feeds.files.native_columns import KEY
from feeds.files.parquet_ticks import NativeFile
from feeds.recording.format import MAGIC, Kind, LogHeader, encode_header, record
from feeds.recording.reader import InputLog
from tests.kit.kite_dump import csv_text, day_rows

OTHERS = ("06-06-2024", "2024-06-06 00:00:00", "20240606", "2024-W23-4", "soon", "0", "2024-06-31")
CANONICAL = "2024-06-06"


@pytest.mark.parametrize("text", OTHERS)
def test_no_instrument_has_another_text(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a.* as YYYY-MM-DD"):
        Instrument(instrument_token=1, tradingsymbol="A", expiry=text)
    good = Instrument(instrument_token=1, tradingsymbol="A", expiry=CANONICAL)
    with pytest.raises(ValueError, match=r"expected a.* as YYYY-MM-DD"):
        msgspec.structs.replace(good, expiry=text)


def raw_rows(expiry: str) -> list[dict[str, Any]]:
    good = Instrument(instrument_token=1, tradingsymbol="A", expiry=CANONICAL)
    return [{**msgspec.to_builtins(good), "expiry": expiry}]


@pytest.mark.parametrize("text", OTHERS)
def test_a_native_file_with_another_text_is_refused(text: str, tmp_path: Path) -> None:
    header = msgspec.json.encode({"version": 1, "instruments": raw_rows(text)})
    columns = {"ts": pa.int64(), "instrument": pa.int32(), "ltp": pa.int64()}
    schema = pa.schema(list(columns.items()), {KEY: header})
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({name: pa.array([], kind) for name, kind in columns.items()},
                            schema=schema), path)  # fmt: skip
    with pytest.raises(FeedError, match=r"instrument table is damaged.*YYYY-MM-DD"):
        NativeFile(path)


@pytest.mark.parametrize("text", OTHERS)
def test_a_recording_with_another_text_is_refused(text: str, tmp_path: Path) -> None:
    header = LogHeader(
        account="a", date="2026-11-18", segment=1, program_version="0", config="{}",
        config_fingerprint="", instruments=[],
    )  # fmt: skip
    plain = {**msgspec.to_builtins(header), "instruments": raw_rows(text)}
    path = tmp_path / "a.inputs"
    path.write_bytes(MAGIC + record(Kind.HEADER, msgspec.json.encode(plain)))
    with pytest.raises(FeedError):
        InputLog(path)
    path.write_bytes(MAGIC + record(Kind.HEADER, encode_header(header)))
    assert InputLog(path).header == header


def test_rows_of_kites_dump_with_another_text_are_left_out_and_reported(tmp_path: Path) -> None:
    text = csv_text(day_rows())
    for number, other in enumerate(("06-06-2027", "20270606", "soon")):
        text += f"{9000 + number},1,A{number},A,0,{other},0,0.05,1,FUT,NFO-FUT,NFO\n"
    (tmp_path / "a.csv").write_text(text)
    read = read_contracts([tmp_path / "a.csv"])
    assert "3 of " in read.notes[0]
    assert not [each for each in read.symbols if each in ("A0", "A1", "A2")]


@pytest.mark.parametrize("text", ["06-06-2024", "soon", "2024-06-31", "2024-06-06 00:00:00"])
def test_a_configuration_with_another_text_is_refused(text: str) -> None:
    written = InstrumentConfig(tradingsymbol="A", instrument_type="FUT", expiry=text)
    with pytest.raises(ConfigError, match=r"universe\.instruments: A: "):
        build_universe(UniverseConfig(instruments=[written]))


def test_a_date_written_without_hyphens_is_the_same_date() -> None:
    written = InstrumentConfig(tradingsymbol="A", instrument_type="FUT", expiry="20240606")
    (found,) = build_universe(UniverseConfig(instruments=[written]))
    assert found.expiry == CANONICAL


def test_every_synthetic_contract_has_a_date() -> None:
    universe = build(Config()).feed.universe
    contracts = [each for each in universe if each.is_contract]
    assert len(contracts) > 10
    assert all(dt.date.fromisoformat(each.expiry).isoformat() == each.expiry for each in contracts)


def embedded(expiry: object) -> str:
    row = {"tradingsymbol": "A", "lot_size": 1, "expiry": expiry}
    return create_execution_engine_v3({"execution": {}}, [row]).universe[0].expiry


def test_an_embedder_may_give_a_date_a_datetime_or_its_text() -> None:
    midnight = dt.datetime(2024, 6, 6)  # noqa: DTZ001 - as libraries give it
    for given in (dt.date(2024, 6, 6), midnight, CANONICAL, "2024-06-06 00:00:00", "06-Jun-2024"):
        assert embedded(given) == CANONICAL
    assert embedded("") == embedded(None) == ""
    for text in ("06-06-2024", "soon", "2024-06-06 15:30:00"):
        with pytest.raises(ValueError, match="instrument 1: expected a date as YYYY-MM-DD"):
            embedded(text)
    with pytest.raises(ValueError, match="instrument 1: "):
        embedded(midnight.replace(hour=15))
