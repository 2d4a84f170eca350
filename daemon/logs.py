"""Where log lines go; nothing else configures loguru."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from loguru import logger

from daemon.config import LogConfig
from daemon.errors import ConfigError
from daemon.log_repeats import Repeats, is_shown

if TYPE_CHECKING:
    from loguru import Record

_TRACEBACK: Final = "traceback"
_REST: Final = "_rest"
_MEGABYTE: Final = 1_000_000
_APART: Final = (_TRACEBACK, _REST)


def start_logging(config: LogConfig, *, quiet: bool = False, account: str = "") -> None:
    """Send log lines to stderr, and to a file if one is configured; called again it starts anew.

    `quiet` leaves the terminal to the progress bar: only warnings are written there. `account` is
    bound to every line. Variables are never printed with a traceback (`diagnose`), they could
    hold a secret. Raises ConfigError if the file cannot be written.
    """
    logger.remove()
    logger.configure(extra={"account": account} if account else {}, patcher=Repeats())
    as_json = config.format == "json"
    form = "{message}" if as_json else _text
    level = "WARNING" if quiet else config.level
    logger.add(
        _to_stderr,
        level=level,
        format=form,
        filter=is_shown,
        serialize=as_json,
        diagnose=False,
        backtrace=False,
    )
    if not config.file:
        return
    try:
        logger.add(
            config.file,
            level=config.level,
            format=form,
            filter=is_shown,
            serialize=as_json,
            rotation=config.rotation_mb * _MEGABYTE,
            retention=config.retention_files,
            opener=_private,
            diagnose=False,
            backtrace=False,
        )
    except OSError as error:
        raise ConfigError(
            f"log.file: {config.file}: cannot be written: {error.strerror}"
        ) from error


def _private(path: str, flags: int) -> int:
    """Opened for the daemon's own user alone."""
    return os.open(path, flags, 0o600)


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
