"""Inputs that a configuration names by path: where they are looked for, and how a run keeps them.

An input is looked for next to the configuration file; one that the command line names, in the
working directory. What a run writes (`out`, `log.file`, `metrics.path`) is no input.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from daemon.files.user import user_directory
from daemon.files.yaml_document import Document, Step, found
from daemon.rules.local import LOCAL_RULES
from daemon.settings.config import Config, Origin

_EACH: Final = None
"""Every item of a list."""
_INPUTS: Final[tuple[tuple[str | None, ...], ...]] = (
    ("feed", "replay", "files", _EACH, "path"),
    ("feed", "replay", "warmup", _EACH, "path"),
    ("feed", "replay", "lake"),
    ("universe", "instruments_file"),
    ("margin", "span_file"),
    ("rules", "directory"),
    ("rules", "local"),
    ("strategies", "path", _EACH),
    ("alerts", "channels_file"),
    ("web", "metrics_token_file"),
)
_SCRIPTED: Final = "strategies.scripted"
_ADDRESS: Final = "://"
"""What the address of a store has (`s3://bucket/lake`), which is no path."""
_VARIABLE: Final = "${"
"""How a path begins that is under a directory of the environment (`${FNO_DATA}`)."""


def locate_inputs(config: Config, document: Document) -> Config:
    """Return the configuration with absolute paths of inputs; `origin` says what was written.

    A run's own copy of its configuration is left as it is. Raises ConfigError for the home
    directory of an unknown user.
    """
    if config.origin != Origin():
        return config
    values: dict[str, Any] = msgspec.to_builtins(config)
    directory = os.path.abspath(Path(document.file).parent)
    written: dict[str, str] = {}
    misplaced: dict[str, None] = {}
    if not config.rules.local and (own := own_rules(directory)):
        values["rules"]["local"] = own
        written[own] = ""
    for at in list(_inputs(values)):
        text = _get(values, at)
        path = _expanded(text, at, document)
        place = os.path.abspath(path)
        if document.line(at):  # not laid over by the command line
            nearby = os.path.abspath(os.path.join(directory, path))
            if os.path.exists(nearby) or not os.path.exists(place):
                place = nearby
            elif place != nearby:
                misplaced[place] = None
        if place != text:
            _put(values, at, place)
            written[place] = text
    search: list[str] = values["strategies"]["path"]
    if directory not in search and _has_module(config, directory):
        search.insert(0, directory)
    elif not written:
        return config
    values["origin"] = {"directory": directory, "written": written, "misplaced": [*misplaced]}
    return msgspec.convert(values, Config)


def own_rules(directory: str) -> str:
    """Return the absolute path of the user's own rules where none are named, "" if there are none.

    They are looked for in `directory`, then in the user's configuration directory.
    """
    user = user_directory()
    for place in (Path(directory), *([user] if user is not None else [])):
        if os.path.lexists(place / LOCAL_RULES):  # a link to nothing is a mistake, to be told
            return os.path.abspath(place / LOCAL_RULES)
    return ""


def misplaced_inputs(config: Config) -> Iterator[str]:
    """Yield a line about each input that was found in the working directory only."""
    origin = config.origin
    for place in origin.misplaced:
        text = origin.written[place]
        nearby = os.path.abspath(os.path.join(origin.directory, text))
        yield (
            f"{text} is taken from the working directory ({place}) because it is not next to the "
            f"configuration ({nearby}); version 0.4 will look only there: move it, or write its "
            "full path"
        )


def as_written(values: dict[str, Any], origin: Origin) -> dict[str, Any]:
    """Put the inputs back into plain values as they were written, for the fingerprint."""
    strategies = values["strategies"]
    # The configuration's own directory is searched always.
    strategies["path"] = [place for place in strategies["path"] if place != origin.directory]
    for at in _inputs(values):
        _put(values, at, origin.written.get(_get(values, at), _get(values, at)))
    return values


def without_places(values: dict[str, Any], content: Callable[[str], str]) -> dict[str, Any]:
    """Put what files hold in the place of their paths in plain values: where they lie decides
    nothing.

    `content` says it of a file or a directory. Recordings and modules are left empty.
    """
    for at in list(_inputs(values)):
        if at[0] in ("feed", "alerts", "web") or at[:2] == ("strategies", "path"):
            _put(values, at, "")
        else:
            _put(values, at, content(_get(values, at)))
    values["strategies"]["path"] = []
    return values


def kept_config(config: Config) -> Config:
    """Return the configuration as a run keeps it: with absolute paths for what it writes, too."""
    log, recording = config.log, config.recording
    if log.file:
        log = replace(log, file=os.path.abspath(log.file))
    if recording.lake:
        recording = replace(recording, lake=os.path.abspath(recording.lake))
    return replace(config, out=os.path.abspath(config.out), log=log, recording=recording)


def _inputs(values: dict[str, Any]) -> Iterator[tuple[Step, ...]]:
    """Yield where in the plain values a path of an input is."""
    for pattern in _INPUTS:
        yield from (at for at in matches(values, pattern) if _is_a_path(_get(values, at)))
    for number, strategy in enumerate(values["strategies"]["list"]):
        if strategy["module"] == _SCRIPTED and _is_a_path(strategy["params"].get("file")):
            yield "strategies", "list", number, "params", "file"


def matches(
    values: Any, pattern: tuple[str | None, ...], at: tuple[Step, ...] = ()
) -> Iterator[tuple[Step, ...]]:
    """Yield every path in plain values that a pattern names; None in it is each item of a list."""
    if not pattern:
        yield at
        return
    step, *rest = pattern
    for each in range(len(values)) if step is _EACH else (step,):
        yield from matches(values[each], tuple(rest), (*at, each))


def _is_a_path(text: Any) -> bool:
    if not isinstance(text, str) or text == "":
        return False
    return not text.startswith(_VARIABLE) and _ADDRESS not in text


def _get(values: Any, at: tuple[Step, ...]) -> Any:
    for step in at:
        values = values[step]
    return values


def _put(values: Any, at: tuple[Step, ...], value: str) -> None:
    _get(values, at[:-1])[at[-1]] = value


def _expanded(text: str, at: tuple[Step, ...], document: Document) -> str:
    """Return the path with `~` and `~user` replaced by the home directory."""
    path = os.path.expanduser(text) if "\0" not in text else text
    if path.startswith("~") and path == text:
        raise document.error(at, f"expected the home directory of a known user, was {found(text)}")
    return path


def _has_module(config: Config, directory: str) -> bool:
    """Return whether a strategy's module is a file next to the configuration."""
    for strategy in config.strategies.items:
        names = strategy.module.split(".")
        stem = os.path.join(directory, *names)
        if not all(map(str.isidentifier, names)):
            continue
        if os.path.isfile(f"{stem}.py") or os.path.isfile(os.path.join(stem, "__init__.py")):
            return True
    return False
