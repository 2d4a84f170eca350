"""The sweep file: YAML in, a sweep and the configuration that it varies out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from daemon.errors import ConfigError
from daemon.files.yaml_document import Document, Step, read_document
from daemon.lab.sweep.problems import problems
from daemon.lab.sweep.terms import Sweep, SweepFile
from daemon.settings.file import ConfigFile


class LoadedSweep(NamedTuple):
    """A sweep file that was read and checked, with the configuration that it varies."""

    path: Path
    config_path: Path
    """Absolute."""
    sweep: Sweep
    base: ConfigFile
    document: Document

    def error(self, key: tuple[Step, ...], text: str) -> ConfigError:
        """Return an error at a key of `sweep`, with file and line."""
        return self.document.error(("sweep", *key), text)


def load_sweep(path: Path) -> LoadedSweep:
    """Read a sweep file and the configuration it names. Raises ConfigError: file, line, path."""
    document = read_document(path)
    if "sweep" not in document.root.value:
        text = "expected the keys `config` and `sweep` of a sweep, as configs/sweep.yaml has them"
        raise document.error((), f"{text}; is this a configuration?")
    written = document.to(SweepFile)
    config_path = Path(os.path.abspath(path.parent / Path(written.config).expanduser()))
    loaded = LoadedSweep(path, config_path, written.sweep, ConfigFile(config_path), document)
    for key, text in problems(written.sweep):
        raise loaded.error(key, text)
    return loaded
