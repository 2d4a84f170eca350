"""The key of a job: equal keys, equal outcomes, so what is done is not run again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from daemon import VERSION
from daemon.domain.events import EVENT_VERSION
from daemon.errors import ConfigError
from daemon.rules.loader import SHIPPED_RULES
from daemon.settings.check import deciding_values
from daemon.settings.config import Config

_HEX: Final = 32


class RunKeys:
    """Makes the keys of a sweep's jobs; each file that configurations name is read once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def run_key(self, config: Config, *, data: str, sources: Mapping[str, str], split: str) -> str:
        """Return the key of a run: 32 hex digits.

        `data` is the hash of its recordings, `sources` those of its strategies by id. The program's
        version, the schema of its events and every file that the configuration names are in it;
        where files lie, the account and what a run writes are not. Raises ConfigError for a file
        that cannot be read.
        """
        values = self._values(config)
        return _hex(
            {
                "program": VERSION, "events": EVENT_VERSION, "config": values, "data": data,
                "sources": sources, "split": split,
            }
        )  # fmt: skip

    def identity(self, config: Config, sources: Mapping[str, str]) -> str:
        """Return what makes a variant a try of its own: settings and its strategies' source.

        Neither the recordings nor the program's version count. Raises ConfigError.
        """
        values = self._values(config)
        del values["feed"]
        return _hex({"config": values, "sources": sources})

    def _values(self, config: Config) -> dict[str, Any]:
        values = deciding_values(config, self._content)
        del values["account"]
        rules = values["rules"]
        rules["directory"] = rules["directory"] or self._content(str(SHIPPED_RULES))
        replay = values["feed"]["replay"]
        for name in ("from", "to", "unusable_days"):  # which days these are is in the data's hash
            del replay[name]
        return values

    def _content(self, place: str) -> str:
        if place not in self._known:
            self._known[place] = _content(Path(place))
        return self._known[place]


def _content(path: Path) -> str:
    """Return the hash of a file, or of the files of a directory with their names."""
    try:
        if not path.is_dir():
            return hashlib.sha256(path.read_bytes()).hexdigest()
        files = sorted(file for file in path.rglob("*") if file.is_file())
        listed = [
            (str(file.relative_to(path)), hashlib.sha256(file.read_bytes()).hexdigest())
            for file in files
        ]
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    return _hex(listed)


def _hex(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()[:_HEX]
