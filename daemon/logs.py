"""Where log lines go; nothing else configures loguru."""

from __future__ import annotations

import sys

from loguru import logger

from daemon.config import LogConfig

_TEXT = "{time:YYYY-MM-DD HH:mm:ss.SSS} {level: <7} {message} {extra}"


def start_logging(config: LogConfig, *, quiet: bool = False) -> None:
    """Send log lines to stderr, and to a file if one is configured.

    `quiet` leaves the terminal to the progress bar: only warnings are written there. Variables
    are never printed with a traceback (`diagnose`), they could hold a secret.
    """
    logger.remove()
    as_json = config.format == "json"
    level = "WARNING" if quiet else config.level
    logger.add(
        sys.stderr, level=level, format=_TEXT, serialize=as_json, diagnose=False, backtrace=False
    )
    if config.file:
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
