"""Strategies that go with a task: a node need not have their files.

What lies under `strategies.path`, or next to the configuration, travels as text. What is installed
travels as its hash alone: a node has it, and has it alike.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from daemon.errors import ConfigError
from daemon.lab.sweep.sources import strategy_files
from daemon.lab.sweep.tasks import Job, StrategySource, Task
from daemon.settings.config import Config

_Modules = tuple[tuple[str, ...], tuple[str, ...]]
"""The modules of the enabled strategies, and where they are searched."""


class Luggage:
    """What goes with the tasks of a sweep; each set of strategies is read once."""

    def __init__(self) -> None:
        self._known: dict[_Modules, list[StrategySource]] = {}

    def packed(self, task: Task) -> Task:
        """Return the task with the source of its strategies. Raises ConfigError."""
        found = {
            (source.directory, source.name): source
            for job in task.jobs
            for source in self._sources(job.config)
        }
        return replace(task, sources=tuple(found.values()))

    def _sources(self, config: Config) -> list[StrategySource]:
        strategies = config.strategies
        modules = tuple(item.module for item in strategies.items if item.enabled)
        key = (modules, tuple(strategies.path))
        if key not in self._known:
            files = {path for paths in strategy_files(config).values() for path in paths}
            self._known[key] = [_source(path, strategies.path) for path in sorted(files)]
        return self._known[key]


def unpacked(task: Task, place: Path) -> Task:
    """Return the task with the strategies that came with it, written below `place`.

    Raises ConfigError for an installed one that this machine has otherwise.
    """
    directories: dict[str, str] = {}
    for source in task.sources:
        if not source.directory:
            _check_installed(source)
            continue
        root = directories.setdefault(source.directory, str(place / f"{len(directories)}"))
        path = Path(root, *PurePosixPath(source.name).parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source.text, encoding="utf-8", newline="")
    jobs = tuple(_moved(job, directories) for job in task.jobs)
    return replace(task, jobs=jobs, sources=())


def _source(path: Path, directories: Iterable[str]) -> StrategySource:
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    for directory in directories:
        root = Path(directory).resolve()
        if path.is_relative_to(root):
            name = path.relative_to(root).as_posix()
            try:
                text = data.decode()
            except UnicodeDecodeError as error:
                raise ConfigError(f"{path}: is no UTF-8 text ({error})") from error
            return StrategySource(directory=directory, name=name, text=text, sha256=sha256)
    return StrategySource(name=_installed_name(path), sha256=sha256)


def _installed_name(path: Path) -> str:
    """Return the name of an installed file from where its outermost package lies."""
    root = path.parent
    while (root / "__init__.py").is_file():
        root = root.parent
    return path.relative_to(root).as_posix()


def _check_installed(source: StrategySource) -> None:
    found = next(filter(Path.is_file, (Path(each, source.name) for each in sys.path)), None)
    if found is None:
        raise ConfigError(f"no {source.name} of that text")
    if hashlib.sha256(found.read_bytes()).hexdigest() != source.sha256:
        raise ConfigError(f"another text in {found}")


def _moved(job: Job, directories: dict[str, str]) -> Job:
    strategies = job.config.strategies
    path = [directories.get(each, each) for each in strategies.path]
    config = replace(job.config, strategies=replace(strategies, path=path))
    return replace(job, config=config)
