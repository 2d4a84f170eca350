"""Where log lines go; nothing else configures loguru."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from loguru import logger

from daemon.config import LogConfig
from daemon.errors import ConfigError

if TYPE_CHECKING:
    from loguru import Record

_TRACEBACK: Final = "traceback"
_REST: Final = "_rest"
_APART: Final = (_TRACEBACK, _REST)


def start_logging(config: LogConfig, *, quiet: bool = False) -> None:
    """Send log lines to stderr, and to a file if one is configured.

    `quiet` leaves the terminal to the progress bar: only warnings are written there. Variables
    are never printed with a traceback (`diagnose`), they could hold a secret. Raises ConfigError
    if the file cannot be written.
    """
    logger.remove()
    as_json = config.format == "json"
    form = "{message}" if as_json else _text
    level = "WARNING" if quiet else config.level
    logger.add(
        _to_stderr, level=level, format=form, serialize=as_json, diagnose=False, backtrace=False
    )
    if not config.file:
        return
    try:
        logger.add(
            config.file,
            level=config.level,
            format=form,
            serialize=as_json,
            rotation="50 MB",
            retention=10,
            diagnose=False,
            backtrace=False,
        )
    except OSError as error:
        raise ConfigError(
            f"log.file: {config.file}: cannot be written: {error.strerror}"
        ) from error


def _text(record: Record) -> str:
    """One line, what was bound as name=value after the message, a traceback below it."""
    bound = record["extra"]
    rest = "".join(f" {name}={value}" for name, value in bound.items() if name not in _APART)
    below = f"\n{bound[_TRACEBACK]}".rstrip() if _TRACEBACK in bound else ""
    # Not written into the format itself: braces and tags of a value are no markup.
    bound[_REST] = rest + below
    return "{time:YYYY-MM-DD HH:mm:ss.SSS} {level: <7} {message}{extra[" + _REST + "]}\n{exception}"


def _to_stderr(message: str) -> None:
    # Looked up at each line: the progress bar puts itself in its place to stay below the lines.
    sys.stderr.write(message)
    sys.stderr.flush()
