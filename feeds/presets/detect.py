"""Find the preset of a file: by name, or by its header and shape."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from daemon.errors import ConfigError
from feeds.files.recorded_files import file_error, first_line
from feeds.files.table import suggest
from feeds.presets.preset import Preset
from feeds.presets.raw import document, is_json
from feeds.presets.table import BY_NAME, PRESETS
from feeds.presets.upstox import is_upstox

AUTO = "auto"


def preset_of(name: str, path: Path) -> Preset:
    """Return a preset by its name, or the one that fits the file for `auto`.

    Raises ConfigError for a name that there is not, FeedError for a file that fits none or several,
    or not the one that is named.
    """
    if name == AUTO:
        return _fitting(path)
    if name not in BY_NAME:
        raise ConfigError(
            f"{path}: preset: expected auto or one of {', '.join(BY_NAME)}, was {name!r}"
            + suggest(name, list(BY_NAME))
        )
    preset = BY_NAME[name]
    if preset.shape == "csv" and not _has_header(preset, names := _header(path)):
        raise file_error(path, _difference(preset, names), "check the preset, or write `auto`")
    if (preset.shape in ("csv", "bare_csv")) == is_json(path):
        raise file_error(
            path, f"is not in the shape of {name}", "check the preset, or write `auto`"
        )
    return preset


def _fitting(path: Path) -> Preset:
    found = list(_json_presets(path) if is_json(path) else _csv_presets(path))
    if len(found) == 1:
        return found[0]
    if found:
        either = " and ".join(preset.name for preset in found)
        raise file_error(path, f"may be of {either}", "name the `preset`")
    if is_json(path):
        raise file_error(path, "no preset has JSON of this shape", "describe it in `columns`")
    names = _header(path)
    nearest = max(
        (preset for preset in PRESETS if preset.shape == "csv"), key=lambda each: _near(each, names)
    )
    raise file_error(
        path, f"no preset has its header; the nearest is {_difference(nearest, names)}",
        "describe it in `columns`",
    )  # fmt: skip


def _csv_presets(path: Path) -> Iterator[Preset]:
    names = _header(path)
    for preset in PRESETS:
        if preset.shape == "csv" and _has_header(preset, names):
            yield preset
        width = preset.shape == "bare_csv" and len(names) == len(preset.header)
        if width and re.fullmatch(preset.first_time, names[0]):
            yield preset


def _json_presets(path: Path) -> Iterator[Preset]:
    held = document(path)
    for preset in PRESETS:
        if preset.shape == "json_rows":
            first = _first_row(held, preset.path)
            width = len(preset.header) <= len(first) <= len(preset.header) + len(preset.optional)
            if first and width and re.fullmatch(preset.first_time, str(first[0])):
                yield preset
        elif preset.shape == "upstox" and is_upstox(held):
            yield preset
        elif preset.shape == "json_columns" and isinstance(held, Mapping):
            inner = held.get("data") if isinstance(held.get("data"), Mapping) else held
            if inner is not None and set(preset.header) <= set(inner):
                yield preset


def _first_row(held: Any, keys: Sequence[str]) -> list[Any]:
    """Return the first row under these keys, empty without one."""
    for key in keys:
        held = held.get(key) if isinstance(held, Mapping) else None
    if isinstance(held, list) and held and isinstance(held[0], list):
        return held[0]
    return []


def _header(path: Path) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([first_line(path)]))]
    except csv.Error as error:
        raise file_error(path, f"its header is damaged ({error})", "mend its first line") from error


def _has_header(preset: Preset, names: Sequence[str]) -> bool:
    known = [name.casefold() for name in (*preset.header, *preset.optional)]
    found = [name.casefold() for name in names]
    return len(found) >= len(preset.header) and found == known[: len(found)]


def _near(preset: Preset, names: Sequence[str]) -> tuple[int, int]:
    known = {name.casefold() for name in preset.header}
    found = {name.casefold() for name in names}
    return len(known & found) - len(known ^ found), -len(known)


def _difference(preset: Preset, names: Sequence[str]) -> str:
    """Say what a header lacks and has besides, by a preset."""
    own = {name.casefold() for name in (*preset.header, *preset.optional)}
    found = {name.casefold() for name in names}
    lacking = [name for name in preset.header if name.casefold() not in found]
    besides = [name for name in names if name.casefold() not in own]
    parts = [f"lacks {', '.join(lacking)}"] * bool(lacking)
    parts += [f"has {', '.join(besides)}"] * bool(besides)
    return f"{preset.name}: it {' and '.join(parts) or 'has the columns in another order'}"
