"""Read a vendor's file whole, as columns under its own names, whatever its shape."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa

from feeds.files.columns import Column, array_of
from feeds.files.csv_ticks import CsvTable
from feeds.files.recorded_files import file_error
from feeds.presets.preset import Preset
from feeds.presets.upstox import is_upstox, upstox_columns

_JSON_MAX: Final = 1 << 28
"""A JSON document is held in memory as objects; longer ones are no vendor's answer."""


def is_json(path: Path) -> bool:
    """Return whether a file's text begins as a JSON document does. Raises FeedError."""
    return _start(path, 64).lstrip()[:1] in (b"{", b"[")


def read_columns(path: Path, preset: Preset) -> dict[str, Column]:
    """Return the columns that the preset needs, under the file's names. Raises FeedError."""
    needed = sorted(set(preset.columns.values()))
    if preset.shape in ("csv", "bare_csv"):
        bare = preset.header if preset.shape == "bare_csv" else None
        return _csv(CsvTable(path, names=bare), needed)
    if preset.shape == "upstox":
        return _upstox(document(path), path)
    found = _at(document(path), preset.path, path)
    if preset.shape == "json_columns":
        return _lists(found, needed, path)
    return _rows(found, preset, needed, path)


def document(path: Path) -> Any:
    """Return a JSON file's content, of JSON Lines as a list. Raises FeedError."""
    data = _start(path, _JSON_MAX + 1)
    if len(data) > _JSON_MAX:
        raise file_error(path, "is a JSON document of more than 256 MB", "cut it into days")
    try:
        return msgspec.json.decode(data)
    except (ValueError, RecursionError) as error:
        with suppress(ValueError, RecursionError):
            return msgspec.json.Decoder().decode_lines(data)
        raise file_error(path, f"is no JSON document ({error})", "get a whole copy") from error


def _start(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as probe:
            zipped = probe.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if zipped else path.open("rb") as file:
            return bytes(file.read(size))
    except (OSError, EOFError, zlib.error) as error:
        raise file_error(path, f"cannot be read ({error})", "get a whole copy") from error


def _upstox(held: Any, path: Path) -> dict[str, Column]:
    if not is_upstox(held):
        raise file_error(path, "expected frames or records of Upstox", "check the preset")
    return upstox_columns(held)


def _csv(table: CsvTable, needed: Sequence[str]) -> dict[str, Column]:
    parts: dict[str, list[Column]] = {name: [] for name in needed}
    where = {name: (name,) for name in needed}
    for batch in table.batches(where):
        for name in needed:
            parts[name].append(batch.columns[name])
    return {
        name: pa.concat_arrays(found) if found else pa.nulls(0) for name, found in parts.items()
    }


def _at(found: Any, keys: Sequence[str], path: Path) -> Any:
    """Return what lies under these keys."""
    for key in keys:
        if not isinstance(found, Mapping) or key not in found:
            where = ".".join(keys)
            raise file_error(
                path, f"expected {where} in it", "check that the preset is the right one"
            )
        found = found[key]
    return found


def _lists(found: Any, needed: Sequence[str], path: Path) -> dict[str, Column]:
    if isinstance(found, Mapping) and isinstance(found.get("data"), Mapping):
        found = found["data"]
    lists = {name: found.get(name) for name in needed} if isinstance(found, Mapping) else {}
    lengths = {len(each) for each in lists.values() if isinstance(each, list)}
    if len(lengths) != 1 or not all(isinstance(each, list) for each in lists.values()):
        raise file_error(path, f"expected lists of one length: {', '.join(needed)}", "get it again")
    return {name: array_of(values) for name, values in lists.items() if values is not None}


def _rows(found: Any, preset: Preset, needed: Sequence[str], path: Path) -> dict[str, Column]:
    rows = list(_sound_rows(found, preset, path))
    places = {name: preset.header.index(name) for name in needed}
    return {name: array_of([row[at] for row in rows]) for name, at in places.items()}


def _sound_rows(found: Any, preset: Preset, path: Path) -> Iterator[list[Any]]:
    widths = range(len(preset.header), len(preset.header) + len(preset.optional) + 1)
    if not isinstance(found, list):
        raise file_error(path, "expected a list of candles", "check the preset")
    for number, row in enumerate(found, 1):
        if not isinstance(row, list) or len(row) not in widths:
            raise file_error(
                path, f"expected {', '.join(preset.header)}, was {str(row)[:80]}", "get it again",
                row=number,
            )  # fmt: skip
        yield row
