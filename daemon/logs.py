"""Where log lines go; nothing else configures loguru."""

from __future__ import annotations

import sys

from loguru import logger

from daemon.config import LogConfig
from daemon.errors import ConfigError

_TEXT = "{time:YYYY-MM-DD HH:mm:ss.SSS} {level: <7} {message} {extra}"


def start_logging(config: LogConfig, *, quiet: bool = False) -> None:
    """Send log lines to stderr, and to a file if one is configured.

    `quiet` leaves the terminal to the progress bar: only warnings are written there. Variables
    are never printed with a traceback (`diagnose`), they could hold a secret. Raises ConfigError
    if the file cannot be written.
    """
    logger.remove()
    as_json = config.format == "json"
    level = "WARNING" if quiet else config.level
    logger.add(
        _to_stderr, level=level, format=_TEXT, serialize=as_json, diagnose=False, backtrace=False
    )
    if not config.file:
        return
    try:
        logger.add(
            config.file,
            level=config.level,
            format=_TEXT,
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


def _to_stderr(message: str) -> None:
    # Looked up at each line: the progress bar puts itself in its place to stay below the lines.
    sys.stderr.write(message)
    sys.stderr.flush()
